"""Hand-kept accounts as a house: many accounts, one database; what is known of them is what people typed.

An order handed over is a line of a checklist. It stays open until a person has answered it, or until the close of
the session after the one in which it was handed over: then it expires at the next look.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from core.adapters.brokers.manual.account import ManualAccount
from core.adapters.brokers.manual.checklist import Checklist
from core.adapters.brokers.manual.database import Database
from core.adapters.brokers.manual.ledger import Ledger
from core.adapters.brokers.manual.rules import expected_price, require_acceptable, require_means
from core.adapters.brokers.own_house import AccountNames, Hours
from core.domain.book import (
    PRICE_SESSIONS,
    PROXY_FOR,
    Book,
    BookChange,
    TypedPrice,
    recounted,
)
from core.domain.ids import ClientOrderId, Symbol
from core.domain.lots import Lot
from core.domain.money import CENT, ZERO
from core.domain.order import OrderState
from core.domain.portfolio import Holdings
from core.domain.quote import Proxy
from core.domain.refusals import (
    BadNumber,
    ChecklistOpen,
    NotEnoughCash,
)
from core.domain.session import NEW_YORK
from core.ports.broker import (
    EVERY_LOT_METHOD,
    Broker,
    BrokerAccount,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    Dedup,
    DuplicateClientOrderId,
    OrderRequest,
)
from core.ports.calendar import Calendar
from core.ports.clock import MarketClock
from core.ports.market_data import MarketData

NAME = "manual"
NAMES = AccountNames("HAND-")
TRAITS = BrokerTraits(NAME, Dedup.FOREVER, lot_methods=EVERY_LOT_METHOD, fills_by_hand=True)
"""A person can tell their broker at the time of the sale which lots it takes (Treasury Reg. § 1.1012-1(c))."""


class ManualBrokerage:
    """Opens accounts, and answers for all of them."""

    def __init__(
        self, path: Path, market_data: MarketData, calendar: Calendar, market_clock: MarketClock
    ) -> None:
        self._database = Database(path)
        self._market_data = market_data
        self.hours = Hours(calendar, market_clock)
        self._market_clock = market_clock

    @property
    def traits(self) -> BrokerTraits:
        """Ids are unique for ever; whether parts of shares trade, each account says for itself."""
        return TRAITS

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()

    # --- the house -------------------------------------------------------------------------------

    def account(self, broker_account_id: str) -> Broker:
        """One account, as the port has it."""
        return ManualAccount(self, NAMES.number(broker_account_id))

    async def open_account(self, currency: str) -> str:
        """Open an account in which nothing is written yet, and return its id."""
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            return NAMES.name(await Ledger(connection).open_account(currency, now))

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of many accounts; unknown ones are missing."""
        found = {}
        for name in broker_account_ids:
            try:
                found[name] = await self.held(NAMES.number(name))
            except BrokerUnavailable:
                continue
        return found

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """All symbols, or none, as the account's owner said."""
        try:
            book = await self.book(NAMES.number(broker_account_id))
        except BrokerUnavailable:
            return frozenset()
        return frozenset(symbols) if book.has_fractions else frozenset()

    # --- the book --------------------------------------------------------------------------------

    async def book(self, number: int) -> Book:
        """What people wrote down."""
        async with self._database.reading() as connection:
            return await Ledger(connection).book(number)

    async def write(self, number: int, change: BookChange) -> Book:
        """Take down what a person says, in one transaction; raises ChecklistOpen."""
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            ledger, checklist = Ledger(connection), Checklist(connection)
            await ledger.require(number)
            await checklist.expire(number, now)
            if waiting := await checklist.open_orders(number):
                raise ChecklistOpen(len(waiting))
            if change.replaces_all:
                await ledger.clear_lots(number)
            for symbol, lots in change.lots.items():
                known = await ledger.lots(number, symbol)
                now_held = recounted(known, lots, now.astimezone(NEW_YORK).date())
                await ledger.replace_lots(number, symbol, now_held)
            if change.cash is not None:
                await ledger.set_cash(number, change.cash)
            await ledger.confirm(number, now)
            return await ledger.book(number)

    async def confirm(self, number: int) -> Book:
        """A person stands by the book as it is."""
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            ledger = Ledger(connection)
            await ledger.require(number)
            await ledger.confirm(number, now)
            return await ledger.book(number)

    async def set_fractions(self, number: int, *, has_fractions: bool) -> None:
        """Note whether parts of shares are traded."""
        async with self._database.writing() as connection:
            ledger = Ledger(connection)
            await ledger.require(number)
            await ledger.set_fractions(number, has_fractions=has_fractions)

    async def set_price(
        self, number: int, symbol: Symbol, price: Decimal, like: Proxy | None = None
    ) -> TypedPrice:
        """Take a price down: for five sessions, or moving with a proxy for ninety days."""
        now = await self._market_clock.now()
        until = (
            self.hours.last_of(now, PRICE_SESSIONS).closes_at if like is None else now + PROXY_FOR
        )
        typed = TypedPrice(symbol, price, now, until, like)
        async with self._database.writing() as connection:
            ledger = Ledger(connection)
            await ledger.require(number)
            await ledger.set_price(number, typed)
        return typed

    async def typed_prices(self, number: int | None = None) -> tuple[TypedPrice, ...]:
        """Prices that may be used now: one account's, or everybody's."""
        now = await self._market_clock.now()
        async with self._database.reading() as connection:
            return tuple(await Ledger(connection).prices(now, number))

    # --- one account -----------------------------------------------------------------------------

    async def held(self, number: int) -> Holdings:
        """Positions, and the cash that no open purchase is to be paid with."""
        await self._expire(number)
        async with self._database.reading() as connection:
            book = await Ledger(connection).book(number)
            planned = await Checklist(connection).planned_cash(number)
        bound = max(-planned, ZERO)
        return Holdings(book.cash - bound, book.positions, bound)

    async def details(self, number: int) -> BrokerAccount:
        """The account; its cash is what purchases may be paid with, open sales being carried out first."""
        await self._expire(number)
        async with self._database.reading() as connection:
            currency = await Ledger(connection).require(number)
            book = await Ledger(connection).book(number)
            planned = await Checklist(connection).planned_cash(number)
        return BrokerAccount(NAMES.name(number), currency, book.cash + planned)

    async def transfer(self, number: int, amount: Decimal, key: str) -> Decimal:
        """Note that money came in or went out at the broker, once per key; raises NotEnoughCash or BadNumber."""
        if not amount.is_finite() or amount != amount.quantize(CENT):
            raise BadNumber("amount", str(amount), "an amount in whole cents")
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            ledger = Ledger(connection)
            currency = await ledger.require(number)
            free = (await ledger.book(number)).cash
            free += min(await Checklist(connection).planned_cash(number), ZERO)
            if await ledger.has_movement(number, f"transfer:{key}"):
                return free
            if amount < ZERO and free + amount < ZERO:
                raise NotEnoughCash(-amount, max(free, ZERO), currency)
            await ledger.move_cash(number, f"transfer:{key}", amount, now)
            return free + amount

    # --- orders ----------------------------------------------------------------------------------

    async def submit(self, number: int, request: OrderRequest) -> BrokerOrder:
        """Put an order on the checklist, in one transaction; what it raises comes before anything is kept."""
        async with self._database.reading() as connection:
            book = await Ledger(connection).book(number)
            if await Checklist(connection).order(number, request.client_order_id) is not None:
                raise DuplicateClientOrderId(request.client_order_id)
        require_acceptable(request, has_fractions=book.has_fractions)
        now = await self._market_clock.now()
        session = self.hours.open_session(now)
        price = await expected_price(request, self._market_data)
        async with self._database.writing() as connection:
            checklist = Checklist(connection)
            if await checklist.order(number, request.client_order_id) is not None:
                raise DuplicateClientOrderId(request.client_order_id)
            book = await Ledger(connection).book(number)
            require_means(book, await checklist.open_orders(number), request, price)
            order = await checklist.add(
                number,
                request,
                expected_price=price,
                at=now,
                expires_at=self.hours.session_after(session).closes_at,
            )
        return order.as_broker_order()

    async def find_order(self, number: int, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """An account's order by our id, with the answers so far."""
        await self._expire(number)
        async with self._database.reading() as connection:
            await Ledger(connection).require(number)
            order = await Checklist(connection).order(number, client_order_id)
        return order.as_broker_order() if order else None

    async def open_orders(self, number: int) -> Sequence[BrokerOrder]:
        """An account's orders that wait for an answer."""
        await self._expire(number)
        async with self._database.reading() as connection:
            await Ledger(connection).require(number)
            orders = await Checklist(connection).open_orders(number)
        return [order.as_broker_order() for order in orders]

    async def cancel(self, number: int, client_order_id: ClientOrderId) -> None:
        """Take an open order off the checklist; one whose time is over has expired instead."""
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            checklist = Checklist(connection)
            await checklist.expire(number, now)
            order = await checklist.order(number, client_order_id)
            if order is not None and order.is_open:
                await checklist.end(order, OrderState.CANCELLED)

    async def tell_fill(
        self,
        number: int,
        client_order_id: ClientOrderId,
        key: str,
        quantity: Decimal | None,
        price: Decimal | None,
        lots: Sequence[Lot] = (),
    ) -> BrokerOrder:
        """Take an answer down, once per key; a sale takes these ``lots`` first.

        Raises BadNumber for more shares than are left.
        """
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            checklist = Checklist(connection)
            await checklist.expire(number, now)
            order = await checklist.order(number, client_order_id)
            if order is None:
                raise BrokerUnavailable(f"no order {client_order_id} is on the checklist")
            if not order.is_open or await checklist.has_answer(order, key):
                return order.as_broker_order()
            shares = order.remaining if quantity is None else quantity
            if not ZERO < shares <= order.remaining:
                expected = f"a number of shares above 0, at most {order.remaining.normalize():f}"
                raise BadNumber("the shares", f"{shares:f}", expected)
            await checklist.fill(order, shares, price or order.expected_price, key, now, lots)
            answered = await checklist.order(number, client_order_id)
        return (answered or order).as_broker_order()

    # --- the market ------------------------------------------------------------------------------

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """What the price source knows, where that is a closed list."""
        return await self._market_data.known_symbols()

    async def _expire(self, number: int) -> None:
        async with self._database.reading() as connection:
            waiting = await Checklist(connection).open_orders(number)
        if not waiting:
            return
        now = await self._market_clock.now()
        if any(now >= order.expires_at for order in waiting):
            async with self._database.writing() as connection:
                await Checklist(connection).expire(number, now)
