"""A broker in memory whose misbehaviour is scripted, and the family of them.

Deliberately simple arithmetic: fills are whole, at the price set, without spread or commission, so
that a test's figures can be checked in the head.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.cash_moves import CashMove
from core.domain.ids import AccountId, ClientOrderId, Symbol
from core.domain.look import Held
from core.domain.money import ZERO, purchase_cost, sale_proceeds
from core.domain.opening import BrokerCosts, CashInLieu, PositionCost, ShareMove
from core.domain.order import AT_BROKER, Fill, OrderState
from core.domain.packed import PackedAccount, PackedHoldings, PackedLines
from core.domain.plan import Side
from core.domain.portfolio import Account, Holdings
from core.domain.refusals import NotBuiltYet, NotEnoughCash
from core.ports.broker import (
    AccountReplaced,
    AccountReport,
    Broker,
    BrokerAccount,
    BrokerAmbiguous,
    BrokerAsset,
    BrokerClock,
    BrokerError,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    Dedup,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
    SeenOrder,
)
from core.ports.clock import MarketClock
from core.ports.hand_kept import HandKept
from tests.fakes.clock import FakeMarketClock

STEP = Decimal("0.001")
Number = Decimal | int | str


class Mishap(StrEnum):
    """What happens to one submitted order instead of being filled at once."""

    LOST_ANSWER = "lost_answer"  # recorded and filled, but the caller gets BrokerAmbiguous
    NEVER_ARRIVED = "never_arrived"  # BrokerAmbiguous, and nothing recorded
    LATE = "late"  # as LOST_ANSWER, but not found by the next `late_lookups` look-ups
    UNAVAILABLE = "unavailable"  # BrokerUnavailable, certainly not sent
    REFUSED = "refused"  # OrderRefused with the code `refusal_code`
    PARTIAL = "partial"  # half is filled now, the rest at the next look-up
    RESTING = "resting"  # accepted, and filled at the next look-up
    STUCK = "stuck"  # accepted, never filled, expires at the close
    DENIED_LATER = "denied_later"  # accepted, and from then on the broker denies that it has it


@dataclass
class _Kept:
    """An order as the fake has it."""

    order: BrokerOrder
    limit_price: Decimal | None
    submitted_at: datetime
    hidden_lookups: int = 0
    is_stuck: bool = False
    is_denied: bool = False

    @property
    def is_open(self) -> bool:
        return self.order.state in AT_BROKER and not self.is_denied

    @property
    def is_shown(self) -> bool:
        return not self.is_denied and not self.hidden_lookups

    @property
    def remaining(self) -> Decimal:
        return self.order.quantity - sum((fill.quantity for fill in self.order.fills), ZERO)


@dataclass
class FakeBroker:
    """One account in memory; `prices` may be changed by the test at any time.

    `submits` has every request that arrived or tried to. `mishaps` are used up one per submit (None: all goes well).
    `hold`, where set, is waited for before a submit does anything: a hanging broker.
    Where sales do not settle at once, and unsettled money may not be used, they bring no usable cash that day.
    `read_error` is raised by everything but submit. `opens` is the account that the keys open now, where it is another.
    `others` are somebody else's orders; `asset_ids` are the broker's own names of symbols.
    """

    prices: dict[Symbol, Decimal] = field(default_factory=dict)
    cash: Decimal = ZERO
    positions: dict[Symbol, Decimal] = field(default_factory=dict)
    account_id: str = "FAKE-1"
    currency: str = "USD"
    name: str = "fake"
    dedup: Dedup = Dedup.FOREVER
    dedup_window: timedelta | None = None
    has_fractions: bool = True
    halted: set[Symbol] = field(default_factory=set)
    is_open: bool = True
    is_restricted: bool = False
    uses_own_quotes: bool = False
    is_live: bool = False
    settles_at_once: bool = True
    may_use_unsettled: bool = True
    others_trade: bool = False
    lot_methods: tuple[str, ...] = ("fifo",)
    opens: str | None = None
    others: list[BrokerOrder] = field(default_factory=list)
    asset_ids: dict[Symbol, str] = field(default_factory=dict)
    moves: tuple[ShareMove, ...] | None = ()
    costs_of: dict[Symbol, Decimal] = field(default_factory=dict)
    asked_costs: int = 0
    in_lieu: tuple[CashInLieu, ...] = ()
    cash_told: tuple[CashMove, ...] | None = None
    asked_trades: int = 0
    reports: list[datetime | None] = field(default_factory=list)
    market_clock: MarketClock = field(default_factory=FakeMarketClock)
    mishaps: deque[Mishap | None] = field(default_factory=deque)
    late_lookups: int = 2
    refusal_code: str = "other"
    hold: asyncio.Event | None = None
    read_error: BrokerError | None = None
    submits: list[OrderRequest] = field(default_factory=list)
    cancels: list[ClientOrderId] = field(default_factory=list)
    lookups: list[ClientOrderId] = field(default_factory=list)
    _kept: list[_Kept] = field(default_factory=list)
    _transfers: set[str] = field(default_factory=set)
    _unsettled: list[tuple[date, Decimal]] = field(default_factory=list)
    _executions: int = 0

    @property
    def traits(self) -> BrokerTraits:
        return BrokerTraits(
            name=self.name,
            dedup=self.dedup,
            uses_own_quotes=self.uses_own_quotes,
            has_fractions=self.has_fractions,
            is_live=self.is_live,
            settles_at_once=self.settles_at_once,
            may_use_unsettled=self.may_use_unsettled,
            others_trade=self.others_trade,
            lot_methods=self.lot_methods,
        )

    # --- what a test does ------------------------------------------------------------------------

    def set_price(self, symbol: str, price: Number) -> None:
        """Change a price; resting orders notice at their next look-up."""
        self.prices[Symbol(symbol)] = Decimal(price)

    def close_market(self) -> None:
        """End the session: what is open expires."""
        self.is_open = False
        for kept in self._kept:
            if kept.is_open:
                kept.order = replace(kept.order, state=OrderState.EXPIRED)

    def deny_orders(self, *, is_denied: bool = True) -> None:
        """Say of every order so far that there is none, as a paper account does that was reset; or of none any more."""
        for kept in self._kept:
            kept.is_denied = is_denied

    def somebody_orders(
        self, symbol: str, quantity: Number = 1, *, id_: str = "by-hand-1", filled: Number = 0
    ) -> None:
        """Let somebody else have an order here; filled in whole it is not open any more."""
        fills = (
            (Fill(f"{id_}-fill", Decimal(filled), Decimal(1), ZERO, datetime.now(UTC)),)
            if filled
            else ()
        )
        state = OrderState.FILLED if filled == quantity else OrderState.SUBMITTED
        order = BrokerOrder(
            ClientOrderId(id_), f"other-{id_}", Symbol(symbol), Side.BUY, Decimal(quantity), state
        )
        self.others.append(replace(order, fills=fills))

    @property
    def orders(self) -> tuple[BrokerOrder, ...]:
        """Every order ever taken, duplicates too: what the broker really has."""
        return tuple(kept.order for kept in self._kept)

    # --- the port --------------------------------------------------------------------------------

    async def account(self) -> BrokerAccount:
        await self._read(is_any_account=True)
        usable = self.cash - self._held()
        name = self.opens or self.account_id
        return BrokerAccount(name, self.currency, usable, self.is_restricted)

    async def holdings(self) -> Holdings:
        await self._read()
        bound = self._held()
        positions = {s: q for s, q in self.positions.items() if q}
        return Holdings(self.cash - bound, positions, bound)

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        await self._read()
        return {
            symbol: BrokerAsset(
                symbol, f"id-{symbol}", symbol, symbol not in self.halted, self.has_fractions
            )
            for symbol in symbols
            if symbol in self.prices
        }

    async def clock(self) -> BrokerClock:
        await self._read()
        now = await self.market_clock.now()
        later = now + timedelta(hours=3)
        return BrokerClock(now, self.is_open, next_open=later, next_close=later)

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        self.submits.append(request)
        if self.hold is not None:
            await self.hold.wait()
        now = await self.market_clock.now()
        mishap = self.mishaps.popleft() if self.mishaps else None
        if mishap is Mishap.UNAVAILABLE:
            raise BrokerUnavailable("scripted: the broker cannot be reached")
        if mishap is Mishap.NEVER_ARRIVED:
            raise BrokerAmbiguous("scripted: the connection broke before the order arrived")
        self._require_new(request.client_order_id, now)
        if mishap is Mishap.REFUSED:
            raise OrderRefused(self.refusal_code, "scripted")
        self._check(request)
        kept = self._keep(request, now, mishap)
        self._fill_at_first(kept, mishap, now)
        if mishap in {Mishap.LOST_ANSWER, Mishap.LATE}:
            raise BrokerAmbiguous("scripted: the answer was lost")
        return kept.order

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        self.lookups.append(client_order_id)
        kept = self._latest(client_order_id)
        is_shown = kept is not None and kept.is_shown
        if kept is not None and kept.hidden_lookups > 0:
            kept.hidden_lookups -= 1
        await self._read()
        return kept.order if kept is not None and is_shown else None

    async def open_orders(self) -> Sequence[BrokerOrder]:
        await self._read()
        ours = [kept.order for kept in self._kept if kept.is_open and kept.is_shown]
        return ours + [order for order in self.others if order.state in AT_BROKER]

    async def report(self, since: datetime | None) -> AccountReport:
        self.reports.append(since)
        await self._read()
        positions = {
            symbol: Held(
                quantity, self.asset_ids.get(symbol, f"id-{symbol}"), self.prices.get(symbol)
            )
            for symbol, quantity in self.positions.items()
            if quantity
        }
        ours = [
            kept.order
            for kept in self._kept
            if kept.is_shown and (kept.is_open or (since and kept.submitted_at > since))
        ]
        return AccountReport(await self.account(), positions, tuple(map(_seen, ours + self.others)))

    async def costs(self, symbols: Collection[Symbol]) -> BrokerCosts:
        self.asked_costs += 1
        await self._read()
        told = {s: PositionCost(self.positions[s], self.costs_of.get(s)) for s in symbols}
        return BrokerCosts(told, self.moves)

    async def trades(self, since: datetime) -> Sequence[ShareMove]:
        self.asked_trades += 1
        await self._read()
        return [m for m in self.moves or () if m.price is not None and m.at > since]

    async def paid_in_lieu(self, since: datetime) -> Sequence[CashInLieu]:
        await self._read()
        return [paid for paid in self.in_lieu if paid.day >= since.date()]

    async def cash_moves(self, since: date) -> Sequence[CashMove] | None:
        await self._read()
        told = self.cash_told
        return None if told is None else [move for move in told if move.day >= since]

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        self.cancels.append(client_order_id)
        if self.read_error is not None:
            raise self.read_error
        kept = self._latest(client_order_id)
        if kept is not None and kept.is_open:
            kept.order = replace(kept.order, state=OrderState.CANCELLED)

    async def transfer(self, amount: Decimal, key: str) -> Decimal:
        await self._read()
        if key not in self._transfers:
            usable = self.cash - self._held()
            if usable + amount < ZERO:
                raise NotEnoughCash(-amount, usable, self.currency)
            self.cash += amount
            self._transfers.add(key)
        return self.cash - self._held()

    # --- inside ----------------------------------------------------------------------------------

    async def _read(self, *, is_any_account: bool = False) -> None:
        if self.read_error is not None:
            raise self.read_error
        if self.opens not in {None, self.account_id} and not is_any_account:
            raise AccountReplaced(self.account_id, self.opens or "", "scripted: another account")
        now = await self.market_clock.now()
        self._unsettled = [due for due in self._unsettled if due[0] >= now.date()]
        for kept in self._kept:
            if kept.is_open and not kept.is_stuck:
                self._fill(kept, kept.remaining, now)

    def _require_new(self, client_order_id: ClientOrderId, now: datetime) -> None:
        earlier = [k for k in self._kept if k.order.client_order_id == client_order_id]
        window = self.dedup_window or timedelta(0)
        is_refused = {
            Dedup.FOREVER: bool(earlier),
            Dedup.WINDOW: any(now - k.submitted_at < window for k in earlier),
            Dedup.OPEN_ONLY: any(k.is_open for k in earlier),
            Dedup.NONE: False,
        }[self.dedup]
        if is_refused:
            raise DuplicateClientOrderId(client_order_id)

    def _check(self, request: OrderRequest) -> None:
        if not self.is_open:
            raise OrderRefused("market_closed", "the market is closed")
        if request.symbol not in self.prices or request.symbol in self.halted:
            raise OrderRefused("not_tradable", f"unknown symbol {request.symbol}")
        if request.quantity < STEP:
            raise OrderRefused("too_small", f"quantity {request.quantity}")
        step = STEP if self.has_fractions else Decimal(1)
        if request.quantity % step:
            raise OrderRefused("not_fractionable", f"quantity {request.quantity}")
        if request.side is Side.SELL and request.quantity > self._free_shares(request.symbol):
            raise OrderRefused("insufficient_shares", f"quantity {request.quantity}")
        price = self.prices[request.symbol]
        if request.limit_price is not None and price > request.limit_price:
            price = request.limit_price
        cost = purchase_cost(request.quantity, price)
        if request.side is Side.BUY and cost > self.cash - self._held():
            raise OrderRefused("insufficient_cash", f"cost {cost}")

    def _keep(self, request: OrderRequest, now: datetime, mishap: Mishap | None) -> _Kept:
        order = BrokerOrder(
            request.client_order_id,
            f"fake-order-{len(self._kept) + 1}",
            request.symbol,
            request.side,
            request.quantity,
            OrderState.SUBMITTED,
        )
        hidden = self.late_lookups if mishap is Mishap.LATE else 0
        is_denied = mishap is Mishap.DENIED_LATER
        is_stuck = mishap is Mishap.STUCK
        kept = _Kept(order, request.limit_price, now, hidden, is_stuck, is_denied)
        self._kept.append(kept)
        return kept

    def _fill_at_first(self, kept: _Kept, mishap: Mishap | None, now: datetime) -> None:
        if mishap in {Mishap.RESTING, Mishap.STUCK, Mishap.DENIED_LATER}:
            return
        half = (kept.order.quantity / 2).quantize(STEP if self.has_fractions else Decimal(1))
        is_part = mishap is Mishap.PARTIAL and ZERO < half < kept.order.quantity
        self._fill(kept, half if is_part else kept.order.quantity, now)

    def _fill(self, kept: _Kept, quantity: Decimal, now: datetime) -> None:
        order, price = kept.order, self.prices[kept.order.symbol]
        is_buy = order.side is Side.BUY
        if kept.limit_price is not None and (
            price > kept.limit_price if is_buy else price < kept.limit_price
        ):
            return
        self._executions += 1
        fill = Fill(f"fake-fill-{self._executions}", quantity, price, ZERO, now.astimezone(UTC))
        is_done = quantity == kept.remaining
        state = OrderState.FILLED if is_done else OrderState.PARTIALLY_FILLED
        kept.order = replace(order, state=state, fills=(*order.fills, fill))
        held = self.positions.get(order.symbol, ZERO)
        self.positions[order.symbol] = held + quantity if is_buy else held - quantity
        if is_buy:
            self.cash -= purchase_cost(quantity, price)
        else:
            proceeds = sale_proceeds(quantity, price)
            self.cash += proceeds
            if not self.settles_at_once and not self.may_use_unsettled:
                self._unsettled.append((now.date(), proceeds))

    def _held(self) -> Decimal:
        """Cash kept back for open purchases, and what has not settled."""
        unsettled = sum((proceeds for _, proceeds in self._unsettled), ZERO)
        return unsettled + sum(
            (
                purchase_cost(k.remaining, k.limit_price or self.prices[k.order.symbol])
                for k in self._kept
                if k.is_open and k.order.side is Side.BUY
            ),
            ZERO,
        )

    def _free_shares(self, symbol: Symbol) -> Decimal:
        selling = (
            k.remaining
            for k in self._kept
            if k.is_open and k.order.side is Side.SELL and k.order.symbol == symbol
        )
        return self.positions.get(symbol, ZERO) - sum(selling, ZERO)

    def _latest(self, client_order_id: ClientOrderId) -> _Kept | None:
        found = [k for k in self._kept if k.order.client_order_id == client_order_id]
        return found[-1] if found else None


def _seen(order: BrokerOrder) -> SeenOrder:
    filled = sum((fill.quantity for fill in order.fills), ZERO)
    return SeenOrder(order.client_order_id, order.symbol, order.state in AT_BROKER, filled)


def fake_broker(
    cash: Number = 0,
    positions: Mapping[str, Number] | None = None,
    prices: Mapping[str, Number] | None = None,
) -> FakeBroker:
    """A fake broker from plain numbers."""
    return FakeBroker(
        cash=Decimal(cash),
        positions={Symbol(s): Decimal(q) for s, q in (positions or {}).items()},
        prices={Symbol(s): Decimal(p) for s, p in (prices or {}).items()},
    )


def _is_by_hand(broker: object) -> bool:
    return isinstance(broker, HandKept)


class FakeBrokers:
    """A `Brokers` family of fakes, by the broker's account id; new accounts share the prices."""

    def __init__(self, *brokers: FakeBroker, prices: dict[Symbol, Decimal] | None = None) -> None:
        self.by_id = {broker.account_id: broker for broker in brokers}
        self.prices: dict[Symbol, Decimal] = prices if prices is not None else {}
        self.bulk_requests: list[frozenset[AccountId]] = []

    def of(self, account: Account) -> Broker:
        broker = self.by_id.get(account.broker_account_id)
        if broker is None:
            raise NotBuiltYet(f"the broker {account.broker}")
        return broker

    async def open_account(self, broker: str, currency: str) -> str:
        account_id = f"FAKE-{len(self.by_id) + 1}"
        self.by_id[account_id] = FakeBroker(
            account_id=account_id, currency=currency, name=broker, prices=self.prices
        )
        return account_id

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        self.bulk_requests.append(frozenset(account.id for account in accounts))
        found = {}
        for account in accounts:
            try:
                found[account.id] = await self.of(account).holdings()
            except (BrokerError, NotBuiltYet):
                continue
        return found

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        accounts: dict[str, PackedAccount] = {}
        lines: list[tuple[str, str, str]] = []
        for number, name in enumerate(broker_account_ids):
            account = self.by_id.get(name)
            if account is not None and account.name == broker and not _is_by_hand(account):
                with suppress(BrokerError):
                    held = await account.holdings()
                    if not await account.open_orders():
                        accounts[name] = PackedAccount(number, f"{held.cash}")
                        lines += [(f"{number}", s, f"{q}") for s, q in held.positions.items()]
        texts = map(",".join, zip(*lines, strict=True))
        return PackedHoldings(accounts, PackedLines(*texts))

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        assets = await self.of(account).assets(symbols)
        return frozenset(symbol for symbol, asset in assets.items() if asset.is_fractionable)
