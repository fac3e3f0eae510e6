"""Write what the sieve is sure of: close the checks of very many portfolios that are on target, in few statements."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from core.application.check_result import Outcome, measured_details
from core.application.collect_later import collected_later
from core.application.in_turns import in_turns
from core.application.keep_pinned import Wish, keep_pinned
from core.application.market import Market, Moment
from core.application.month_digest import Looked, tell_month
from core.application.pack_sweep import PACKED, Sure
from core.application.schedule_checks import DueRow, DueSlot, next_slot
from core.domain.ids import Symbol
from core.ports.clock import Clock
from core.ports.store import Store, UnitOfWork


async def write_sure(
    store: Store,
    market: Market,
    clock: Clock,
    moment: Moment,
    sure: Sequence[Sure],
    closes: Mapping[Symbol, Decimal],
) -> None:
    """Write the outcome of each, in parts; a portfolio that was touched meanwhile is left to the next round."""
    slots = _NextSlots(market, moment)
    with collected_later():
        async for start in in_turns(range(0, len(sure), PACKED), 1):
            part = sure[start : start + PACKED]
            async with store.begin() as work:
                same = await work.columns.still_plain([each.portfolio for each in part])
                kept = [each for each in part if each.portfolio.id in same]
                await _write(work, kept, slots, moment, clock.now())
    if closes:
        async with store.begin() as work:
            await work.instruments.record_closes(moment.session.date, closes)


async def _write(
    work: UnitOfWork, sure: Sequence[Sure], slots: _NextSlots, moment: Moment, now: datetime
) -> None:
    outcome = Outcome.ON_TARGET.value
    closing = [
        (each.check.id, outcome, json.dumps(measured_details(*each.measured))) for each in sure
    ]
    won = await work.checks.finish_many(closing, now)
    done = [each.portfolio for each in sure if each.check.id in won]
    await work.checks.add_due_many(slots.rows([each for each in sure if each.check.id in won]))
    wishes = [Wish(each.id, each.home_chat_id, each.policy.pinned) for each in done]
    await keep_pinned(work, wishes, now, checked_at=moment.now)
    before = [
        Looked(each.id, each.household_id, each.checked) for each in done if each.policy.digest
    ]
    await tell_month(work, before, moment.session.date, now)


class _NextSlots:
    """The next check by policy, each calculated once."""

    def __init__(self, market: Market, moment: Moment) -> None:
        self._market = market
        self._moment = moment
        self._known: dict[int, DueSlot | None] = {}

    def rows(self, sure: Sequence[Sure]) -> list[DueRow]:
        """The rows of the next checks, where the calendar has one."""
        for each in sure:
            policy = each.portfolio.policy
            if id(policy) not in self._known:
                self._known[id(policy)] = next_slot(self._market, policy, self._moment)
        found = ((each.portfolio, self._known[id(each.portfolio.policy)]) for each in sure)
        return [(portfolio.id, *slot) for portfolio, slot in found if slot is not None]
