"""What Alpaca's answers say, as values of ours; each reader raises Unreadable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from core.adapters.alpaca_api.exact import (
    Record,
    flag_of,
    instant_of,
    maybe_instant,
    maybe_number,
    number_of,
    record_of,
    records_of,
    text_of,
)
from core.adapters.alpaca_api.faults import Unreadable
from core.domain.cash_moves import CashKind, CashMove
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO
from core.domain.opening import CashInLieu, ShareMove
from core.domain.order import Fill
from core.domain.plan import Side
from core.domain.session import Session
from core.ports.broker import BrokerAccount, BrokerAsset, BrokerClock

EXCHANGE_ZONE = ZoneInfo("America/New_York")
CASH_ACCOUNT = Decimal(1)
"""The multiplier of an account without margin."""


@dataclass(frozen=True, slots=True)
class AlpacaAccountRecord:
    """An account; ``has_margin``: it could buy with borrowed money."""

    account: BrokerAccount
    has_margin: bool


@dataclass(frozen=True, slots=True)
class AlpacaPosition:
    """Shares held (a short position is negative), how many no open sale has spoken for, and what all have cost."""

    symbol: Symbol
    quantity: Decimal
    available: Decimal
    is_stock: bool
    asset_id: str
    price: Decimal | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class AlpacaOrder:
    """An order as Alpaca has it, with Alpaca's word for its state."""

    client_order_id: ClientOrderId
    broker_order_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None
    status: str
    is_day_order: bool
    changed_at: datetime | None
    ended_at_close: bool
    replaced_by: str | None


def read_account(value: object) -> AlpacaAccountRecord:
    """An account; its cash is what purchases may be paid with, never borrowed money.

    ``buying_power`` of a margin account is a multiple of its cash; open purchases lower
    ``non_marginable_buying_power`` but not ``cash``: the least of them is what is really there.
    """
    record = record_of(value)
    amounts = [maybe_number(record, n) for n in ("non_marginable_buying_power", "buying_power")]
    cash = min([number_of(record, "cash"), *(a for a in amounts if a is not None)])
    multiplier = maybe_number(record, "multiplier")
    blocks = ("account_blocked", "trading_blocked", "trade_suspended_by_user")
    is_restricted = record.get("status") != "ACTIVE" or any(
        flag_of(record, name, default=False) for name in blocks
    )
    name = record.get("account_number") or text_of(record, "id")
    account = BrokerAccount(str(name), text_of(record, "currency"), max(cash, ZERO), is_restricted)
    return AlpacaAccountRecord(account, multiplier is None or multiplier > CASH_ACCOUNT)


def read_positions(value: object) -> list[AlpacaPosition]:
    """All positions, those in other things than stocks too."""
    return [read_position(record) for record in records_of(value)]


def read_position(value: object) -> AlpacaPosition:
    """One position."""
    record = record_of(value)
    quantity = number_of(record, "qty")
    available = maybe_number(record, "qty_available")
    return AlpacaPosition(
        Symbol(text_of(record, "symbol")),
        quantity,
        quantity if available is None else available,
        text_of(record, "asset_class") == "us_equity",
        text_of(record, "asset_id"),
        maybe_number(record, "current_price"),
        maybe_number(record, "cost_basis"),
    )


def read_asset(value: object) -> BrokerAsset:
    """An asset; one that is not active does not trade."""
    record = record_of(value)
    return BrokerAsset(
        symbol=Symbol(text_of(record, "symbol")),
        asset_id=text_of(record, "id"),
        name=text_of(record, "name"),
        is_tradable=flag_of(record, "tradable") and record.get("status") == "active",
        is_fractionable=flag_of(record, "fractionable"),
    )


def read_clock(value: object) -> BrokerClock:
    """The exchange's clock."""
    record = record_of(value)
    return BrokerClock(
        instant_of(record, "timestamp"),
        flag_of(record, "is_open"),
        next_open=instant_of(record, "next_open"),
        next_close=instant_of(record, "next_close"),
    )


def read_sessions(value: object) -> tuple[Session, ...]:
    """The sessions of the calendar, whose times are New York's."""
    return tuple(_session(record) for record in records_of(value))


def _session(record: Record) -> Session:
    try:
        day = date.fromisoformat(text_of(record, "date"))
        opens, closes = (
            datetime.strptime(f"{day} {text_of(record, name)}", "%Y-%m-%d %H:%M")
            .replace(tzinfo=EXCHANGE_ZONE)
            .astimezone(ZoneInfo("UTC"))
            for name in ("open", "close")
        )
    except ValueError:
        raise Unreadable("Alpaca's calendar has a day that cannot be read") from None
    return Session(day, opens, closes)


def read_order(value: object) -> AlpacaOrder:
    """An order. One for an amount of money has no quantity: it is as large as what was filled."""
    record = record_of(value)
    filled = number_of(record, "filled_qty")
    quantity = maybe_number(record, "qty")
    ended, due = maybe_instant(record, "canceled_at"), maybe_instant(record, "expires_at")
    try:
        side = Side(text_of(record, "side"))
    except ValueError:
        raise Unreadable("Alpaca's answer has an order that neither buys nor sells") from None
    return AlpacaOrder(
        client_order_id=ClientOrderId(text_of(record, "client_order_id")),
        broker_order_id=text_of(record, "id"),
        symbol=Symbol(text_of(record, "symbol")),
        side=side,
        quantity=filled if quantity is None else quantity,
        filled=filled,
        average_price=maybe_number(record, "filled_avg_price"),
        status=text_of(record, "status"),
        is_day_order=record.get("time_in_force") == "day",
        changed_at=maybe_instant(record, "updated_at"),
        ended_at_close=ended is not None and due is not None and ended >= due,
        replaced_by=record.get("replaced_by"),
    )


def read_fills(records: Iterable[object], broker_order_id: str) -> tuple[Fill, ...]:
    """The executions of one order, each once, oldest first, in whatever order and number they came.

    Alpaca takes no commission; its regulatory fees are activities of their own.
    """
    fills = {}
    for value in records:
        record = record_of(value)
        if record.get("order_id") == broker_order_id:
            fill = _fill(record)
            fills[fill.execution_id] = fill
    return tuple(sorted(fills.values(), key=lambda fill: (fill.at, fill.execution_id)))


def _fill(record: Record) -> Fill:
    return Fill(
        execution_id=text_of(record, "id"),
        quantity=number_of(record, "qty"),
        price=number_of(record, "price"),
        commission=ZERO,
        at=instant_of(record, "transaction_time"),
    )


def read_moves(records: Iterable[object]) -> tuple[ShareMove, ...]:
    """Purchases, sales and splits, each once. A split in several entries (old shares out, new ones in) is one move.

    A split is of the start of its day. What is cancelled did not happen.
    """
    by_id = {text_of(record, "id"): record for record in map(record_of, records)}
    moves: list[ShareMove] = []
    splits: dict[tuple[Symbol, date], ShareMove] = {}
    for name, record in by_id.items():
        if record.get("activity_type") == "FILL":
            moves.append(_trade(name, record))
        elif record.get("status") != "canceled":
            move = _split(name, record)
            before = splits.get((move.symbol, move.day))
            shares = move.shares + (before.shares if before else ZERO)
            splits[move.symbol, move.day] = replace(move, shares=shares)
    return (*moves, *(move for move in splits.values() if move.shares))


def _trade(name: str, record: Record) -> ShareMove:
    shares, at = number_of(record, "qty"), instant_of(record, "transaction_time")
    is_purchase = text_of(record, "side") == "buy"
    return ShareMove(
        name,
        Symbol(text_of(record, "symbol")),
        shares if is_purchase else -shares,
        at,
        at.astimezone(EXCHANGE_ZONE).date(),
        number_of(record, "price"),
        str(record.get("order_id") or ""),
    )


def read_in_lieu(records: Iterable[object]) -> tuple[CashInLieu, ...]:
    """Payments for fractions of shares, each once. What is cancelled, or names no symbol or money, says nothing."""
    found = {}
    for record in map(record_of, records):
        amount = maybe_number(record, "net_amount") or ZERO
        if record.get("status") != "canceled" and record.get("symbol") and amount > ZERO:
            name, symbol = text_of(record, "id"), Symbol(text_of(record, "symbol"))
            found[name] = CashInLieu(name, symbol, amount, _day(record))
    return tuple(found.values())


_CASH_KINDS = {
    **dict.fromkeys(("ACATC", "CSD", "CSW", "JNLC"), CashKind.PAID),
    **dict.fromkeys(("INT", "INTNRA", "INTTW", "INTPNL"), CashKind.INTEREST),
    **dict.fromkeys(("CFEE", "FEE", "PTC"), CashKind.FEE),
    **dict.fromkeys(("ACATS", "EXTRD", "JNLS"), CashKind.UNCLEAR),
}
"""Alpaca's kinds of activity beside trades; every kind that begins with ``DIV`` is about a dividend."""

_WITHIN = frozenset({"CIL", "MA", "NC", "REORG", "SC", "SPIN", "SPLIT", "SSO", "SSP"})
"""Corporate actions: what they change is a part of the gain."""


def read_cash_moves(records: Iterable[object]) -> tuple[CashMove, ...]:
    """What came and went beside trades, each once, oldest first; what is cancelled says nothing.

    A kind that is not known is unclear where it moved money.
    """
    found = {}
    for record in map(record_of, records):
        kind, amount = text_of(record, "activity_type"), maybe_number(record, "net_amount") or ZERO
        if record.get("status") == "canceled" or kind in {"FILL", *_WITHIN}:
            continue
        means = CashKind.DIVIDEND if kind.startswith("DIV") else _CASH_KINDS.get(kind)
        if means is CashKind.UNCLEAR or amount:
            name = text_of(record, "id")
            found[name] = CashMove(name, means or CashKind.UNCLEAR, amount, _day(record))
    return tuple(sorted(found.values(), key=lambda move: (move.day, move.name)))


def _day(record: Record) -> date:
    try:
        return date.fromisoformat(text_of(record, "date")[:10])
    except ValueError:
        raise Unreadable("Alpaca tells of something on a day that cannot be read") from None


def _split(name: str, record: Record) -> ShareMove:
    day = _day(record)
    start = datetime.combine(day, time(), EXCHANGE_ZONE)
    return ShareMove(name, Symbol(text_of(record, "symbol")), number_of(record, "qty"), start, day)
