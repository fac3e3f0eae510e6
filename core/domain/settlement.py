"""Settlement: when the money of a sale has really come, and what may not be sold before that.

Trades in US shares settle one settlement day after the trade (T+1: SEC rule 15c6-1, since 28 May 2024). In a cash
account it is a *good-faith violation* to buy with the proceeds of a sale that has not settled, and to sell what was
bought before it has (Federal Reserve Regulation T, 12 CFR 220.8; brokers' pages on cash accounts). So what was bought
in a session in which the account also sold is not sold before the money of that session has settled. That is a
little more than the rule asks for: the purchase may have been paid with money that was there. It costs one session
at most, or two around a bank holiday on which the exchange is open: then nothing settles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from core.domain.ids import Symbol
from core.domain.order import Order
from core.domain.plan import Side
from core.domain.session import NEW_YORK

_MONDAY = 0
_SECOND_WEEK = range(8, 15)


@dataclass(frozen=True, slots=True)
class SessionTrades:
    """What an account traded in one session: what it bought, and whether it sold anything."""

    session: date
    bought: frozenset[Symbol]
    has_sold: bool


def trades_by_session(orders: Iterable[Order]) -> tuple[SessionTrades, ...]:
    """Group the executions of orders by the exchange's date."""
    bought: dict[date, set[Symbol]] = {}
    sold: set[date] = set()
    for order in orders:
        for fill in order.fills:
            day = exchange_date(fill.at)
            bought.setdefault(day, set())
            if order.side is Side.BUY:
                bought[day].add(order.symbol)
            else:
                sold.add(day)
    return tuple(
        SessionTrades(day, frozenset(symbols), day in sold)
        for day, symbols in sorted(bought.items())
    )


def exchange_date(instant: datetime) -> date:
    """The exchange's date at an instant."""
    return instant.astimezone(NEW_YORK).date()


def is_settlement_day(session: date) -> bool:
    """Whether trades settle on a session: not on the bank holidays on which the exchange is open.

    Those are Columbus Day (the second Monday of October) and Veterans Day (11 November); 2020-03-10 settles.
    """
    is_columbus = session.month == 10 and session.weekday() == _MONDAY  # noqa: PLR2004 - October
    if is_columbus and session.day in _SECOND_WEEK:
        return False
    return (session.month, session.day) != (11, 11)


def settles_in(traded: date, later: Iterable[date]) -> date | None:
    """The session of ``later`` in which what was traded on a day settles; None where it is beyond them."""
    return next((day for day in later if day > traded and is_settlement_day(day)), None)


def held_until_settled(
    trades: Iterable[SessionTrades], sessions: Iterable[date], today: date
) -> frozenset[Symbol]:
    """What may not be sold today; ``sessions`` are those since the oldest of the trades, today's included."""
    until_today = sorted(day for day in sessions if day <= today)
    held: set[Symbol] = set()
    for day in trades:
        if day.has_sold and settles_in(day.session, until_today) is None:
            held |= day.bought
    return frozenset(held)
