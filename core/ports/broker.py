"""The broker: where an account's money is, and who carries orders out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, runtime_checkable

from core.domain.access_fault import AccessFault
from core.domain.cash_moves import CashMove
from core.domain.ids import AccountId, ClientOrderId, Symbol
from core.domain.look import Held
from core.domain.lots import LotMethod
from core.domain.opening import BrokerCosts, CashInLieu, ShareMove
from core.domain.order import Fill, OrderState
from core.domain.packed import PackedHoldings
from core.domain.plan import Side
from core.domain.portfolio import Account, Holdings


class Dedup(StrEnum):
    """How a broker treats a client order id that it has seen before."""

    FOREVER = "forever"
    """Refused for ever: sending the same id again is safe."""
    WINDOW = "window"
    """Refused for a while (a day, say), then taken as new."""
    OPEN_ONLY = "open_only"
    """Refused only while the first is open."""
    NONE = "none"
    """Never noticed: after a doubtful answer, a person decides."""


@dataclass(frozen=True, slots=True)
class BrokerTraits:
    """What a broker declares about itself, so that the core need not know its name.

    ``uses_own_quotes``: orders may only be priced by this broker's quotes. ``lot_methods``: the names of the lot
    orders it can be asked for. ``fills_by_hand``: a person carries orders out, in their own time, sales first; so all
    orders of a plan are handed over at once, purchases being paid with what the sales among them will bring.
    ``settles_at_once``: whether a sale's money is settled as soon as it is there. Where it is not,
    ``may_use_unsettled`` says whether purchases may be paid with it before; what they bought is then held until it
    settles.
    ``is_live``: whether its orders trade real money. ``others_trade``: whether people, or other programs, can trade
    there beside us; such a broker is Watched.
    """

    name: str
    dedup: Dedup
    uses_own_quotes: bool = False
    has_fractions: bool = False
    lot_methods: tuple[str, ...] = ("fifo",)
    settles_at_once: bool = True
    may_use_unsettled: bool = True
    fills_by_hand: bool = False
    is_live: bool = False
    others_trade: bool = False


@dataclass(frozen=True, slots=True)
class BrokerAccount:
    """The account as the broker knows it; ``cash`` is what purchases may be paid with, never margin."""

    broker_account_id: str
    currency: str
    cash: Decimal
    is_restricted: bool = False


@dataclass(frozen=True, slots=True)
class BrokerAsset:
    """What a broker says of a symbol: its own id, and whether it trades, whole or in parts."""

    symbol: Symbol
    asset_id: str
    name: str
    is_tradable: bool
    is_fractionable: bool


@dataclass(frozen=True, slots=True)
class BrokerClock:
    """The broker's own idea of now and of the next open and close."""

    now: datetime
    is_open: bool
    next_open: datetime
    next_close: datetime


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order to be sent: a day order, limit or (without a limit price) market, under our id."""

    client_order_id: ClientOrderId
    symbol: Symbol
    side: Side
    quantity: Decimal
    limit_price: Decimal | None


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order as the broker has it, with the executions so far.

    ``state`` is one of submitted, partially_filled, filled, cancelled, expired, rejected.
    """

    client_order_id: ClientOrderId
    broker_order_id: str
    symbol: Symbol
    side: Side
    quantity: Decimal
    state: OrderState
    fills: tuple[Fill, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SeenOrder:
    """An order of anybody's in an account, as a regular look sees it; ``filled`` is in shares."""

    client_order_id: ClientOrderId
    symbol: Symbol
    is_open: bool
    filled: Decimal


@dataclass(frozen=True, slots=True)
class AccountReport:
    """All that a regular look at an account sees: the account, its positions, and everybody's orders."""

    account: BrokerAccount
    positions: Mapping[Symbol, Held]
    orders: tuple[SeenOrder, ...]


EVERY_LOT_METHOD = tuple(method.value for method in LotMethod)
"""The ``lot_methods`` of brokers that sell whichever lots they are told to."""


class BrokerError(Exception):
    """Something went wrong between us and a broker."""


class BrokerUnavailable(BrokerError):
    """The broker could not be asked; for an order this means: certainly not sent."""


class NoAccess(BrokerUnavailable):
    """The account cannot be reached with the keys that there are, until the operator mends it; ``why`` says how."""

    def __init__(self, why: AccessFault, message: str) -> None:
        super().__init__(message)
        self.why = why


class AccountReplaced(NoAccess):
    """The keys open another account than this one: they were changed, or the account was reset."""

    def __init__(self, expected: str, actual: str, message: str) -> None:
        super().__init__(AccessFault.OTHER_ACCOUNT, message)
        self.expected = expected
        self.actual = actual


class BrokerAmbiguous(BrokerError):
    """The request may or may not have reached the broker: time-out, disconnect, 5xx, an unreadable answer."""


@dataclass(eq=False)
class OrderRefused(BrokerError):
    """The broker has read the order and will not take it. ``code`` is ours, ``detail`` the broker's words.

    Codes: insufficient_cash, insufficient_shares, market_closed, not_tradable, not_fractionable, too_small, other.
    """

    code: str
    detail: str

    def __str__(self) -> str:
        """Code and the broker's words."""
        return f"{self.code}: {self.detail}"


class DuplicateClientOrderId(BrokerError):
    """The broker has had this client order id before: look it up."""


class Broker(Protocol):
    """One account at one broker."""

    @property
    def traits(self) -> BrokerTraits:
        """What this broker declares about itself."""
        ...

    async def account(self) -> BrokerAccount:
        """The account: its id at the broker, currency, and usable cash."""
        ...

    async def holdings(self) -> Holdings:
        """Usable cash and all positions."""
        ...

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """What the broker says of these symbols; those it does not know are missing."""
        ...

    async def clock(self) -> BrokerClock:
        """The broker's clock, as a second witness."""
        ...

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send one order. Raises OrderRefused, DuplicateClientOrderId, BrokerAmbiguous or BrokerUnavailable."""
        ...

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """Look an order up by our id; None means that the broker certainly does not have it now."""
        ...

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """All orders that can still be filled, ours and others'."""
        ...

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Ask for an order to be cancelled; what became of it is seen by looking it up."""
        ...


@runtime_checkable
class CashTransfers(Protocol):
    """Brokers through which money can be moved by us: only embedded ones."""

    async def transfer(self, amount: Decimal, key: str) -> Decimal:
        """Deposit (or with a negative amount withdraw) and return the cash after; the same key moves money once.

        Raises NotEnoughCash.
        """
        ...


@runtime_checkable
class Watched(Protocol):
    """Brokers where others can trade beside us, so that their accounts are looked at regularly."""

    async def report(self, since: datetime | None) -> AccountReport:
        """Look at everything, with as few requests as the broker allows.

        The orders are those that are open, and all that were sent after ``since``. Raises AccountReplaced or another
        BrokerUnavailable.
        """
        ...


@runtime_checkable
class TellsCosts(Protocol):
    """Brokers that say what the shares in an account have cost."""

    async def costs(self, symbols: Collection[Symbol]) -> BrokerCosts:
        """What these positions have cost, and the moves of shares behind them; raises BrokerUnavailable."""
        ...


@runtime_checkable
class TellsTrades(Protocol):
    """Brokers that tell each purchase and sale in an account, whoever made it, and what fractions were paid for."""

    async def trades(self, since: datetime) -> Sequence[ShareMove]:
        """Every purchase and sale after a time; raises BrokerUnavailable."""
        ...

    async def paid_in_lieu(self, since: datetime) -> Sequence[CashInLieu]:
        """Every payment for a fraction of a share after a time; raises BrokerUnavailable."""
        ...


@runtime_checkable
class TellsCash(Protocol):
    """Brokers that tell what came and went in an account beside trades."""

    async def cash_moves(self, since: date) -> Sequence[CashMove] | None:
        """Everything from a day on, oldest first; None where it is not told. Raises BrokerUnavailable."""
        ...


class Brokers(Protocol):
    """All brokers, by account."""

    def of(self, account: Account) -> Broker:
        """The broker of an account; raises NotBuiltYet for one that this installation does not have."""
        ...

    async def open_account(self, broker: str, currency: str) -> str:
        """Open a new account where the broker is embedded, and return the broker's id of it.

        At any other broker: return the id of the account that the credentials belong to.
        """
        ...

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        """The holdings of many accounts with as few requests as their brokers allow.

        An account whose broker did not answer is missing.
        """
        ...

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        """The holdings of very many accounts of a broker that has them at hand.

        Accounts with an open order are missing, and all of a broker that did not answer or answers only for each.
        """
        ...

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        """Those of the symbols that the account's broker trades in parts."""
        ...
