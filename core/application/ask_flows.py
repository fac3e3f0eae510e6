"""Ask flows: where money moves at a broker, let the broker tell what came and went, for a look back.

It names days and no hours, so a value of such a day may have the money in it or not: those values are left out, and the
money counts from noon of its day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import partial

from core.application.measured import Measured, Span
from core.application.side_by_side import side_by_side
from core.domain.cash_moves import CashKind, CashMove, Income, income_of
from core.domain.performance import Flow
from core.domain.portfolio import Account, ManagedPortfolio
from core.domain.refusals import NotBuiltYet
from core.domain.session import NEW_YORK
from core.ports.broker import BrokerError, Brokers, TellsCash

_NOON = time(12)


async def ask_flows(
    brokers: Brokers, managed: ManagedPortfolio, span: Span
) -> tuple[Span, Income] | None:
    """The span with the flows that brokers tell, and what they have paid and charged in it.

    None where one of them does not tell, cannot be asked now, or tells of something that has no certain value.
    """
    if not span.values:
        return None
    since = _day(span.values[0])
    jobs = [partial(_asked, brokers, account, since) for account in managed.accounts]
    moves: list[CashMove] = []
    for told in await side_by_side(jobs):
        if told is None or any(move.kind is CashKind.UNCLEAR for move in told):
            return None
        moves += told
    return _with_flows(span, moves)


async def _asked(brokers: Brokers, account: Account, since: date) -> Sequence[CashMove] | None:
    try:
        broker = brokers.of(account)
        return await broker.cash_moves(since) if isinstance(broker, TellsCash) else None
    except (BrokerError, NotBuiltYet):
        return None


def _with_flows(span: Span, moves: Sequence[CashMove]) -> tuple[Span, Income] | None:
    paid = [move for move in moves if move.kind is CashKind.PAID]
    days = {move.day for move in paid}
    values = tuple(each for each in span.values if _day(each) not in days)
    if not values:
        return None
    first, last = _day(values[0]), _day(values[-1])
    flows = tuple(
        Flow(datetime.combine(move.day, _NOON, NEW_YORK), move.amount)
        for move in paid
        if first < move.day < last
    )
    within = [move for move in moves if first < move.day <= last]
    return replace(span, values=values, flows=flows), income_of(within)


def _day(measured: Measured) -> date:
    """The exchange's day on which something was measured."""
    return measured.valued.at.astimezone(NEW_YORK).date()
