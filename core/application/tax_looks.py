"""Looks for taxes: what a scheduled check looks for beside the drift: losses to harvest, and switches back.

They ride on the checks that there are. What a check did of them is written with its outcome, in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from core.application.check_drift import SETTLED, judge_snapshot
from core.application.check_result import CheckResult, Outcome
from core.application.market import Moment
from core.application.take_snapshot import plan_request
from core.application.tell import deciders
from core.application.tell_channels import enqueue
from core.domain.due_date import CalendarRule, is_date_due
from core.domain.harvest import (
    LOSSES_SLOT,
    HarvestTerms,
    Later,
    Switch,
    SwitchState,
    TaxLook,
    WayBack,
    pairs_of,
    wanted_back,
)
from core.domain.ids import PortfolioId, ProposalId, Symbol
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.plan import Plan, PlanRequest, ReasonCode
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio, Snapshot
from core.domain.proposal import Cause
from core.domain.risk import Limits, Rooms
from core.domain.session import DueCheck
from core.domain.tax.wash import WINDOW
from core.planning.harvest import harvest
from core.planning.losses import DAY
from core.planning.switch_back import switch_back
from core.ports.store import UnitOfWork

AGAIN = WINDOW + DAY
"""After how long a way back is looked for again that was offered, or left because of its tax."""

_MAY_LOOK = frozenset({Outcome.ON_TARGET, Outcome.NOTHING_HELPS})


@dataclass(frozen=True, slots=True)
class TaxDue:
    """What a portfolio is to be looked at for: losses by which terms, and switches whose day has come."""

    terms: HarvestTerms | None = None
    switches: tuple[Switch, ...] = ()


def terms_of(policy: Policy, coming: frozenset[Symbol] = frozenset()) -> HarvestTerms:
    """From which loss on a policy harvests."""
    return HarvestTerms(policy.harvest_loss, policy.harvest_percent, coming)


async def read_tax_due(
    work: UnitOfWork, portfolios: Sequence[ManagedPortfolio], moment: Moment
) -> dict[PortfolioId, TaxDue]:
    """What is due of these portfolios; those with nothing due are missing."""
    today = moment.session.date
    ids = [managed.portfolio.id for managed in portfolios]
    switches: dict[PortfolioId, tuple[Switch, ...]] = {}
    for switch in await work.harvests.waiting(ids, today):
        found = switches.get(switch.portfolio_id, ())
        switches[switch.portfolio_id] = (*found, switch)
    wanted = [managed for managed in portfolios if harvests(managed.policy)]
    looked = (
        await work.checks.latest_of([m.portfolio.id for m in wanted], LOSSES_SLOT) if wanted else {}
    )
    due: dict[PortfolioId, TaxDue] = {
        number: TaxDue(switches=each) for number, each in switches.items()
    }
    for managed in wanted:
        number = managed.portfolio.id
        if _is_due(managed.policy, today, looked.get(number)):
            coming = await coming_purchases(work, managed)
            terms = terms_of(managed.policy, coming)
            due[number] = replace(due.get(number, TaxDue()), terms=terms)
    return due


def harvests(policy: Policy) -> bool:
    """Whether a policy has losses looked for on dates of their own."""
    return policy.harvest_loss > 0 and policy.harvest_look is not CalendarRule.OFF


def _is_due(policy: Policy, today: date, looked: date | None) -> bool:
    """A portfolio that was never looked at is due at once."""
    return looked is None or is_date_due(policy.harvest_look, today, looked)


async def coming_purchases(work: UnitOfWork, managed: ManagedPortfolio) -> frozenset[Symbol]:
    """The symbols that the household's other portfolios are about to buy, by plans that are open or under way.

    Where the money of a sale waits to be invested, by whatever its portfolio may buy.
    """
    household = managed.portfolio.household_id
    accounts = (await work.taxes.accounts_of([household])).get(household, ())
    every = {account.portfolio_id for account in accounts} | {managed.portfolio.id}
    others = every - {managed.portfolio.id}
    plans = await work.proposals.blocking(sorted(others))
    buys = {
        trade.symbol
        for proposals in plans.values()
        for proposal in proposals
        for trade in proposal.revision.plan.buys
    }
    waiting = await work.checks.unfinished(sorted(every), SETTLED)
    for each in await work.portfolios.many(sorted(waiting)):
        buys |= set(each.targets.served_by) if each.targets is not None else set()
    return frozenset(buys)


# --- judging -------------------------------------------------------------------------------------


def look_for_taxes(
    managed: ManagedPortfolio,
    snapshot: Snapshot,
    result: CheckResult,
    due: TaxDue,
    limits: Limits,
    rooms: Rooms | None,
) -> CheckResult:
    """Look for ways back, then for losses, where the check has nothing to propose; pure.

    What stands against it for now (another proposal first) leaves everything due as it was.
    """
    if result.outcome not in _MAY_LOOK or snapshot.session is None:
        return result
    found = _ways_back(managed, snapshot, result, due.switches, limits, rooms)
    if found.outcome is Outcome.PROPOSED or due.terms is None:
        return found
    look = found.tax_look or TaxLook()
    tried = judge_snapshot(
        managed, snapshot, limits=limits, rooms=rooms, planner=partial(harvest, terms=due.terms)
    )
    if tried.outcome is Outcome.PROPOSED:
        return replace(tried, tax_look=replace(look, for_losses=True, cause=Cause.HARVEST))
    return replace(found, tax_look=replace(look, for_losses=True))


def _ways_back(
    managed: ManagedPortfolio,
    snapshot: Snapshot,
    result: CheckResult,
    switches: Sequence[Switch],
    limits: Limits,
    rooms: Rooms | None,
) -> CheckResult:
    if not switches or snapshot.session is None:
        return result
    request = plan_request(managed, snapshot)
    wanted, over = _wanted(managed, request, switches)
    if not wanted:
        return replace(result, tax_look=TaxLook(over=over))
    ways = [way for _, way in wanted]
    tried = judge_snapshot(
        managed, snapshot, limits=limits, rooms=rooms, planner=partial(switch_back, wanted=ways)
    )
    if tried.plan is None:
        return result
    look = _sorted_out(tried.plan, wanted, over, snapshot.session)
    if tried.outcome is Outcome.PROPOSED:
        return replace(tried, tax_look=replace(look, cause=Cause.SWITCH_BACK))
    return replace(result, tax_look=look)


Wanted = tuple[tuple[Switch, ...], WayBack]


def _wanted(
    managed: ManagedPortfolio, request: PlanRequest, switches: Sequence[Switch]
) -> tuple[list[Wanted], tuple[Switch, ...]]:
    """The switches by the way back that they share, and those of which nothing is left, or whose line has changed."""
    numbers = [account.id for account in managed.accounts]
    places = {number: at for at, number in enumerate(numbers) if at < len(request.accounts)}
    groups: dict[tuple[int, Symbol, Symbol], tuple[Switch, ...]] = {}
    for switch in switches:
        if switch.account_id in places:
            key = places[switch.account_id], switch.bought, switch.sold
            groups[key] = (*groups.get(key, ()), switch)
    wanted: list[Wanted] = []
    over: list[Switch] = []
    served_by = request.targets.served_by
    for (at, held, before), group in sorted(groups.items()):
        account = request.accounts[at]
        way = wanted_back(group, account.name, account.lots)
        line = served_by.get(held)
        if way is None or line is None or line != served_by.get(before):
            over += group
        else:
            wanted.append((group, way))
    return wanted, tuple(over)


def _sorted_out(
    plan: Plan, wanted: Sequence[Wanted], over: tuple[Switch, ...], today: date
) -> TaxLook:
    """What becomes of each switch: offered with the plan, or looked for again on a day."""
    traded = {(pair.sale.account, pair.sale.symbol) for pair in pairs_of(plan)}
    reasons = iter(skip.reason for skip in plan.skipped)  # in the order of what was wanted
    offered: list[Switch] = []
    later: list[Later] = []
    for group, way in wanted:
        if (way.account, way.held) in traded:
            offered += group
            continue
        reason = next(reasons, None)
        until = reason.until if reason is not None else None
        is_taxed = reason is not None and reason.code is ReasonCode.SWITCH_TAXED
        again = max(until or today + AGAIN, today + DAY)
        later += [Later(switch, again, reason if is_taxed else None) for switch in group]
    return TaxLook(offered=tuple(offered), later=tuple(later), over=over)


# --- writing -------------------------------------------------------------------------------------


async def write_tax_look(
    work: UnitOfWork,
    managed: ManagedPortfolio,
    check: DueCheck,
    look: TaxLook,
    proposal_id: ProposalId | None,
    now: datetime,
) -> None:
    """Keep what a check looked for, in the transaction in which the check is closed."""
    if look.for_losses:
        await _note_losses(work, check, look, now)
    if look.over:
        await work.harvests.settle(_ids(look.over), SwitchState.OVER)
    for each in look.later:
        await work.harvests.look_again([each.switch.id], each.look_from)
        if each.reason is not None:
            await _tell_kept(work, managed, each, now)
    if look.offered and proposal_id is not None:
        again = check.session + AGAIN
        await work.harvests.look_again(_ids(look.offered), again, proposal_id)


def _ids(switches: Collection[Switch]) -> list[int]:
    return [switch.id for switch in switches]


async def _note_losses(work: UnitOfWork, check: DueCheck, look: TaxLook, now: datetime) -> None:
    await work.checks.add_due(check.portfolio_id, check.session, LOSSES_SLOT, check.due_at)
    row = await work.checks.by_slot(check.portfolio_id, check.session, LOSSES_SLOT)
    if row is not None:
        is_found = look.cause is Cause.HARVEST
        outcome = Outcome.PROPOSED if is_found else Outcome.ON_TARGET
        await work.checks.finish(row.check.id, outcome, "{}", now)


async def _tell_kept(
    work: UnitOfWork, managed: ManagedPortfolio, later: Later, now: datetime
) -> None:
    """Say why a substitute is kept though its 30 days are over."""
    values: Mapping[str, object] = later.reason.values if later.reason is not None else {}
    data = {
        "sold": later.switch.sold,
        "bought": later.switch.bought,
        "until": later.look_from.isoformat(),
        **{name: str(value) for name, value in values.items()},
    }
    mark = f"{later.switch.id}:{later.look_from}"
    items = [
        OutboxItem(
            MessageKind.SWITCH_KEPT,
            chat,
            f"switch_kept:{mark}:{chat}",
            managed.portfolio.id,
            data=data,
        )
        for chat in await deciders(work, managed.portfolio)
    ]
    await enqueue(work, items, now)
