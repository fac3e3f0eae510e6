"""The simulated broker as a house: many accounts, one database, one price source, one market clock.

Resting and partly filled orders are looked at whenever somebody looks: at that moment they are
filled at the current quote, or, once their session has closed, they expire.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path

from core.adapters.brokers.own_house import AccountNames, Hours
from core.adapters.brokers.simulated.account import SimulatedAccount
from core.adapters.brokers.simulated.database import Database
from core.adapters.brokers.simulated.desk import Desk
from core.adapters.brokers.simulated.ledger import Ledger, OrderRow
from core.adapters.brokers.simulated.rules import MOST, FillRules
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import CENT, ZERO
from core.domain.order import OrderState
from core.domain.packed import PackedHoldings
from core.domain.portfolio import Holdings
from core.domain.quote import PriceFault, PriceFaultKind, QuoteRules, find_fault
from core.domain.refusals import BadNumber, NotEnoughCash, PriceSourceDown
from core.ports.broker import (
    EVERY_LOT_METHOD,
    BrokerAccount,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    Dedup,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
)
from core.ports.calendar import Calendar
from core.ports.clock import MarketClock
from core.ports.market_data import MarketData

NAME = "simulated"
NAMES = AccountNames("SIM-")
ACCOUNTS_AT_ONCE = 500
"""How many accounts are read in one go: few enough that nobody else waits noticeably."""

_NOT_TRADABLE = frozenset({PriceFaultKind.MISSING, PriceFaultKind.CURRENCY})


class SimulatedBrokerage:
    """Opens accounts, and answers for all of them."""

    def __init__(
        self,
        path: Path,
        market_data: MarketData,
        calendar: Calendar,
        market_clock: MarketClock,
        rules: FillRules | None = None,
    ) -> None:
        self.rules = rules or FillRules()
        self._database = Database(path)
        self._market_data = market_data
        self.hours = Hours(calendar, market_clock)
        self._market_clock = market_clock
        self._at_most: dict[tuple[int, ClientOrderId], Decimal] = {}

    @property
    def traits(self) -> BrokerTraits:
        """Ids are unique for ever, money is usable at once, and any lot can be sold: the ledger keeps which."""
        return BrokerTraits(
            NAME,
            Dedup.FOREVER,
            has_fractions=self.rules.fractional,
            lot_methods=EVERY_LOT_METHOD,
        )

    async def close(self) -> None:
        """Let go of the database."""
        await self._database.close()

    # --- the house -------------------------------------------------------------------------------

    def account(self, broker_account_id: str) -> SimulatedAccount:
        """One account, as the port has it."""
        return SimulatedAccount(self, NAMES.number(broker_account_id))

    async def open_account(self, currency: str) -> str:
        """Open an account without money and return its id."""
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            number = await Ledger(connection).open_account(currency, now)
        return NAMES.name(number)

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of many accounts; unknown ones are missing."""
        numbers = iter([NAMES.number(name) for name in broker_account_ids])
        found: dict[str, Holdings] = {}
        while part := list(islice(numbers, ACCOUNTS_AT_ONCE)):
            await self.settle(part)
            async with self._database.reading() as connection:
                held = await Ledger(connection).holdings(part)
            found |= {NAMES.name(number): holdings for number, holdings in held.items()}
        return found

    async def packed_holdings(self, broker_account_ids: Collection[str]) -> PackedHoldings:
        """The holdings of very many accounts; those with an open order, and unknown ones, are missing."""
        names = {NAMES.number(name): name for name in broker_account_ids}
        await self.settle(names)
        async with self._database.reading() as connection:
            accounts, positions = await Ledger(connection).packed_holdings(names)
        return PackedHoldings({names[each.number]: each for each in accounts}, positions)

    async def fractionable(
        self,
        broker_account_id: str,  # noqa: ARG002 - the same for every account of this house
        symbols: Collection[Symbol],
    ) -> frozenset[Symbol]:
        """All symbols, or none, as the rules say."""
        return frozenset(symbols) if self.rules.fractional else frozenset()

    def fill_at_most(
        self, broker_account_id: str, client_order_id: ClientOrderId, quantity: Decimal | None
    ) -> None:
        """Fill no more shares of an order than this, from now until this process ends; None lifts it."""
        key = (NAMES.number(broker_account_id), client_order_id)
        self._at_most.pop(key, None)
        if quantity is not None:
            self._at_most[key] = quantity

    # --- one account -----------------------------------------------------------------------------

    async def details(self, number: int) -> BrokerAccount:
        """The account and its usable cash."""
        await self.settle([number])
        async with self._database.reading() as connection:
            ledger = Ledger(connection)
            currency, _ = await ledger.currency_and_cash(number)
            return BrokerAccount(NAMES.name(number), currency, await ledger.free_cash(number))

    async def transfer(self, number: int, amount: Decimal, key: str) -> Decimal:
        """Move cash in or out, once per key; raises NotEnoughCash or BadNumber."""
        if not amount.is_finite() or abs(amount) > MOST or amount != amount.quantize(CENT):
            raise BadNumber("amount", str(amount), "an amount in whole cents")
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            ledger = Ledger(connection)
            free = await ledger.free_cash(number)
            if await ledger.has_movement(number, f"transfer:{key}"):
                return free
            if free + amount < ZERO:
                currency, _ = await ledger.currency_and_cash(number)
                raise NotEnoughCash(-amount, free, currency)
            await ledger.move_cash(number, f"transfer:{key}", amount, now)
            return free + amount

    async def submit(self, number: int, request: OrderRequest) -> BrokerOrder:
        """Take an order in, in one transaction; what it raises comes before anything is kept."""
        async with self._database.reading() as connection:
            ledger = Ledger(connection)
            currency, _ = await ledger.currency_and_cash(number)
            if await ledger.order(number, request.client_order_id) is not None:
                raise DuplicateClientOrderId(request.client_order_id)
        self.rules.require_acceptable(request)
        now = await self._market_clock.now()
        session = self.hours.open_session(now)
        quote = await self._quote(request.symbol, currency, now)
        async with self._database.writing() as connection:
            desk = Desk(Ledger(connection), self.rules, now, self._at_most)
            order = await desk.place(number, request, quote, session.closes_at)
        return order.as_broker_order()

    async def find_order(self, number: int, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """An account's order by our id, brought up to this instant."""
        await self.settle([number])
        async with self._database.reading() as connection:
            await Ledger(connection).currency_and_cash(number)
            order = await Ledger(connection).order(number, client_order_id)
        return order.as_broker_order() if order else None

    async def open_orders(self, number: int) -> Sequence[BrokerOrder]:
        """An account's orders that can still be filled."""
        await self.settle([number])
        async with self._database.reading() as connection:
            await Ledger(connection).currency_and_cash(number)
            orders = await Ledger(connection).open_orders([number])
        return [order.as_broker_order() for order in orders]

    async def cancel(self, number: int, client_order_id: ClientOrderId) -> None:
        """Cancel an order that is still open; one whose session has closed has expired instead."""
        now = await self._market_clock.now()
        async with self._database.writing() as connection:
            ledger = Ledger(connection)
            order = await ledger.order(number, client_order_id)
            if order is not None and order.is_open:
                is_over = now >= order.expires_at
                state = OrderState.EXPIRED if is_over else OrderState.CANCELLED
                await ledger.update_order(order.id, state)

    async def settle(self, numbers: Collection[int]) -> None:
        """Bring the open orders of these accounts up to the market's instant.

        Without a usable price an order stays as it is: no conclusion is drawn.
        """
        async with self._database.reading() as connection:
            orders = await Ledger(connection).open_orders(numbers)
        if not orders:
            return
        now = await self._market_clock.now()
        quotes = await self._quotes_for(orders, now)
        async with self._database.writing() as connection:
            desk = Desk(Ledger(connection), self.rules, now, self._at_most)
            for order in await desk.ledger.open_orders(numbers):
                await desk.settle(order, quotes)

    # --- the market ------------------------------------------------------------------------------

    async def known_symbols(self) -> frozenset[Symbol] | None:
        """What the price source knows, where that is a closed list."""
        return await self._market_data.known_symbols()

    async def _quote(self, symbol: Symbol, currency: str, now: datetime) -> Decimal:
        """A usable price; OrderRefused where there never is one, BrokerUnavailable for now."""
        try:
            batch = await self._market_data.quotes([symbol])
        except PriceSourceDown as error:
            raise BrokerUnavailable(f"no prices to fill at: {error}") from error
        quote = batch.quotes.get(symbol)
        if quote is None:
            fault: PriceFault | None = batch.fault_of(symbol)
        else:
            fault = find_fault(quote, now, QuoteRules(self._market_data.max_age, currency), None)
        if fault is not None and fault.kind in _NOT_TRADABLE:
            raise OrderRefused("not_tradable", f"no {currency} price of {symbol}")
        if fault is not None or quote is None:
            kind = fault.kind if fault else PriceFaultKind.MISSING
            raise BrokerUnavailable(f"no usable price of {symbol} to fill at: {kind}")
        return quote.price

    async def _quotes_for(self, orders: Sequence[OrderRow], now: datetime) -> dict[Symbol, Decimal]:
        """Usable prices for those orders whose session still runs, in one request."""
        symbols = sorted({order.symbol for order in orders if now < order.expires_at})
        if not symbols:
            return {}
        try:
            batch = await self._market_data.quotes(symbols)
        except PriceSourceDown:
            return {}
        return {
            symbol: quote.price
            for symbol, quote in batch.quotes.items()
            if find_fault(quote, now, QuoteRules(self._market_data.max_age, quote.currency), None)
            is None
        }
