"""The troubled broker: the simulated one behind a bad line, for rehearsals in the demo.

Orders, cash and positions are the simulated broker's own, and so is its rule that an id is taken once; only what
the caller hears of them, and how much of an order is filled, goes wrong. Nothing of a trouble outlives the process.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal

from core.adapters.brokers.simulated import SimulatedBrokerage
from core.adapters.brokers.simulated.account import SimulatedAccount
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO
from core.domain.packed import PackedHoldings
from core.domain.portfolio import Holdings
from core.ports.broker import (
    BrokerAccount,
    BrokerAmbiguous,
    BrokerAsset,
    BrokerClock,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    Dedup,
    OrderRefused,
    OrderRequest,
)
from core.ports.clock import Clock
from core.ports.troubles import Struck, Trouble

HANGS_FOR = 10.0
"""Seconds after which a caller gives up on an answer."""

LATE_BY = 15.0
"""Seconds after which an order is filled late."""

FORGETS_FOR = 120.0
"""Seconds for which an order cannot be found."""

_HALF = Decimal("0.5")
_OrderKey = tuple[str, ClientOrderId]


class TroubledBrokerage:
    """The simulated house, and what goes wrong there: a `Brokerage` and its `Troubles`."""

    def __init__(self, house: SimulatedBrokerage, clock: Clock) -> None:
        self._house = house
        self._clock = clock
        self._chosen: Trouble | None = None
        self._struck: Struck | None = None
        self._forgotten: dict[_OrderKey, float] = {}
        self._late: dict[_OrderKey, float] = {}

    # --- its troubles ----------------------------------------------------------------------------

    @property
    def chosen(self) -> Trouble | None:
        """What will go wrong; an order is being forgotten until it is remembered."""
        self._remember()
        return self._chosen

    @property
    def struck(self) -> Struck | None:
        """What went wrong last since another was chosen."""
        return self._struck

    def choose(self, trouble: Trouble | None) -> None:
        """Let this go wrong from now on; what was forgotten is remembered."""
        self._forgotten.clear()
        self._chosen, self._struck = trouble, None

    def _remember(self) -> None:
        """Find again what has been forgotten for long enough; then nothing goes wrong any more."""
        now = self._clock.monotonic()
        over = [key for key, until in self._forgotten.items() if now >= until]
        for key in over:
            del self._forgotten[key]
        if over and not self._forgotten:
            self._chosen = None

    def is_forgotten(self, name: str, client_order_id: ClientOrderId) -> bool:
        """Whether an account's order cannot be found now."""
        self._remember()
        return (name, client_order_id) in self._forgotten

    def is_forgetting(self) -> bool:
        """Whether one may ask in vain for an order that is there."""
        return self.chosen is Trouble.FORGOTTEN

    def require_up(self) -> None:
        """Raise BrokerUnavailable while nothing is answered; fill what is due to be filled late."""
        if self._chosen is Trouble.DOWN:
            raise BrokerUnavailable("the broker does not answer")
        now = self._clock.monotonic()
        for key in [key for key, until in self._late.items() if now >= until]:
            del self._late[key]
            self._house.fill_at_most(*key, None)

    # --- the house -------------------------------------------------------------------------------

    def account(self, broker_account_id: str) -> TroubledAccount:
        """One account, with the house's troubles."""
        return TroubledAccount(self, self._house.account(broker_account_id), broker_account_id)

    async def open_account(self, currency: str) -> str:
        """Open an account without money and return its id."""
        self.require_up()
        return await self._house.open_account(currency)

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of many accounts; unknown ones are missing."""
        self.require_up()
        return await self._house.holdings(broker_account_ids)

    async def packed_holdings(self, broker_account_ids: Collection[str]) -> PackedHoldings:
        """The holdings of very many of its accounts."""
        self.require_up()
        return await self._house.packed_holdings(broker_account_ids)

    async def fractionable(
        self, broker_account_id: str, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """Those of the symbols that it trades in parts."""
        self.require_up()
        return await self._house.fractionable(broker_account_id, symbols)

    # --- orders ----------------------------------------------------------------------------------

    async def submit(
        self, name: str, account: SimulatedAccount, request: OrderRequest
    ) -> BrokerOrder:
        """Send one order, and let the chosen trouble befall it; one that the house refuses keeps the trouble."""
        self.require_up()
        trouble = self._take()
        if trouble is Trouble.NEVER_ARRIVED:
            self._struck = Struck(trouble, request)
            raise BrokerAmbiguous("the connection broke before the order arrived")
        if trouble is Trouble.REJECTED:
            self._struck = Struck(trouble, request)
            raise OrderRefused("other", f"trading in {request.symbol} is halted")
        self._restrain((name, request.client_order_id), trouble, request)
        try:
            taken = await account.submit(request)
        except Exception:
            if trouble is not None:
                self._chosen = trouble
                self._house.fill_at_most(name, request.client_order_id, None)
            raise
        if trouble is not None:
            self._struck = Struck(trouble, request)
            await self._answer_badly((name, request.client_order_id), trouble)
        return taken

    def _take(self) -> Trouble | None:
        """The trouble of the order that is being sent: each befalls one, so that the next goes well."""
        trouble = self.chosen
        if trouble is Trouble.FORGOTTEN and self._forgotten:
            return None
        self._chosen = None
        return trouble

    def _restrain(self, key: _OrderKey, trouble: Trouble | None, request: OrderRequest) -> None:
        if trouble in {Trouble.NEVER_FILLED, Trouble.FILLED_LATE}:
            self._house.fill_at_most(*key, ZERO)
        elif trouble is Trouble.PARTLY_FILLED:
            step = self._house.rules.share_step
            half = (request.quantity * _HALF).quantize(step, ROUND_DOWN)
            self._house.fill_at_most(*key, half)

    async def _answer_badly(self, key: _OrderKey, trouble: Trouble) -> None:
        now = self._clock.monotonic()
        if trouble is Trouble.FILLED_LATE:
            self._late[key] = now + LATE_BY
        elif trouble is Trouble.HANGING:
            await self._clock.sleep(HANGS_FOR)
            raise BrokerAmbiguous(f"no answer within {HANGS_FOR:.0f} seconds")
        elif trouble is Trouble.LOST_ANSWER:
            raise BrokerAmbiguous("the answer was lost")
        elif trouble is Trouble.FORGOTTEN:
            self._chosen = trouble
            self._forgotten[key] = now + FORGETS_FOR
            raise BrokerAmbiguous("the answer was lost")


class TroubledAccount:
    """One account of the troubled house."""

    def __init__(self, house: TroubledBrokerage, account: SimulatedAccount, name: str) -> None:
        self._house = house
        self._account = account
        self._name = name

    @property
    def traits(self) -> BrokerTraits:
        """The simulated house's; while it forgets, not finding an order says nothing, so a person decides."""
        traits = self._account.traits
        return replace(traits, dedup=Dedup.NONE) if self._house.is_forgetting() else traits

    async def account(self) -> BrokerAccount:
        """The account and its usable cash."""
        self._house.require_up()
        return await self._account.account()

    async def holdings(self) -> Holdings:
        """Usable cash and all positions."""
        self._house.require_up()
        return await self._account.holdings()

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """What the simulated house says of these symbols."""
        self._house.require_up()
        return await self._account.assets(symbols)

    async def clock(self) -> BrokerClock:
        """The market's clock and its next open and close."""
        self._house.require_up()
        return await self._account.clock()

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send one order, and let the chosen trouble befall it."""
        return await self._house.submit(self._name, self._account, request)

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """Look an order up by our id; one that is forgotten is not found."""
        self._house.require_up()
        if self._house.is_forgotten(self._name, client_order_id):
            return None
        return await self._account.find_order(client_order_id)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """All orders that can still be filled; those that are forgotten are missing."""
        self._house.require_up()
        return [
            order
            for order in await self._account.open_orders()
            if not self._house.is_forgotten(self._name, order.client_order_id)
        ]

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Cancel an order that is still open."""
        self._house.require_up()
        await self._account.cancel(client_order_id)

    async def transfer(self, amount: Decimal, key: str) -> Decimal:
        """Deposit or withdraw, once per key, and return the usable cash after."""
        self._house.require_up()
        return await self._account.transfer(amount, key)
