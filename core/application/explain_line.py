"""Explain a line: what it should be, what it is, since when it is too far away, and what open plans do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.application.check_result import Outcome
from core.application.follow_rules import verdict_now
from core.application.market import Market
from core.application.measured import number_of
from core.application.show_status import Status, show_status
from core.domain.drift import DriftLine, OutsideLine
from core.domain.ids import PortfolioId, ProposalId, Symbol
from core.domain.membership import Member
from core.domain.plan import Skipped, Trade
from core.domain.proposal import Proposal, ProposalState
from core.domain.rules import Verdict
from core.ports.broker import Brokers
from core.ports.store import CheckRecord, Store

NO_RULES = Verdict()
CHECKS_READ = 400
"""How far back it is looked for since when: more than a year of daily checks."""


@dataclass(frozen=True, slots=True)
class Since:
    """The first of the checks in a row that found a line beyond its band; ``is_first``: the one before did not."""

    at: datetime
    is_first: bool


@dataclass(frozen=True, slots=True)
class PlanFor:
    """What an open proposal does about a line: its trades, or why it leaves it alone."""

    proposal_id: ProposalId
    revision: int
    state: ProposalState
    trades: tuple[Trade, ...]
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class LineStory:
    """A line of a portfolio, and all that is known of it; without ``line`` and ``outside`` there is no such line.

    ``since`` is None where the line is inside its band, and where no check has found it beyond. ``verdict`` is what
    rules for market conditions come to now; asked where the line is beyond its band and no plan does anything about it.
    """

    status: Status
    line: DriftLine | None = None
    outside: OutsideLine | None = None
    since: Since | None = None
    plans: tuple[PlanFor, ...] = ()
    verdict: Verdict = NO_RULES


async def explain_line(
    store: Store,
    brokers: Brokers,
    market: Market,
    *,
    member: Member,
    portfolio_id: PortfolioId,
    symbol: Symbol,
) -> LineStory:
    """Gather a line's story, by its symbol or by one that counts towards it; raises what the status raises."""
    status = await show_status(store, brokers, market, member=member, portfolio_id=portfolio_id)
    if status.drift is None:
        return LineStory(status)
    line = next((each for each in status.drift.lines if symbol in _symbols(each)), None)
    if line is None:
        found = (each for each in status.drift.outside if each.symbol == symbol)
        return LineStory(status, outside=next(found, None))
    since = None
    if line.breached:
        async with store.read() as work:
            records = await work.checks.recent(portfolio_id, CHECKS_READ)
        since = beyond_since(records, line.symbol)
    made = (_plan_for(proposal, line) for proposal in status.open_proposals)
    plans = tuple(plan for plan in made if plan is not None)
    verdict = NO_RULES
    if line.breached and not plans:
        verdict = await verdict_now(store, market, portfolio_id)
    return LineStory(status, line, since=since, plans=plans, verdict=verdict)


def _symbols(line: DriftLine) -> frozenset[Symbol]:
    return frozenset({line.symbol, *(part.symbol for part in line.parts)})


def _plan_for(proposal: Proposal, line: DriftLine) -> PlanFor | None:
    plan, symbols = proposal.revision.plan, _symbols(line)
    trades = tuple(each for each in plan.trades if each.symbol in symbols)
    skipped = tuple(each for each in plan.skipped if each.symbol in symbols)
    if not trades and not skipped:
        return None
    return PlanFor(proposal.id, proposal.revision.number, proposal.state, trades, skipped)


def beyond_since(records: Sequence[CheckRecord], symbol: Symbol) -> Since | None:
    """Since which check, of these (the newest first), every one that measured has found a line beyond its band."""
    at: datetime | None = None
    for record in records:
        if number_of(record, "total") is None:
            continue
        beyond = _beyond(record)
        if beyond is None:
            break
        if symbol not in beyond:
            return None if at is None else Since(at, is_first=True)
        at = record.check.due_at
    return None if at is None else Since(at, is_first=False)


def _beyond(record: CheckRecord) -> frozenset[str] | None:
    """The lines that a check found beyond their bands; None where it did not note them."""
    noted = json.loads(record.detail).get("beyond")
    if noted is None:
        return frozenset() if record.outcome == Outcome.ON_TARGET else None
    return frozenset(str(noted).split())
