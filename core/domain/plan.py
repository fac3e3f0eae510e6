"""Plans: what is asked of planning, and what it answers.

Tracking error of a plan = half the sum, CASH included, of |weight after − goal weight|.
``closest`` = least tracking error, then fewest trades, then least turnover, then by symbol.
A purchase pays price × (1 + half spread), rounded up to the cent, and the commission; a sale brings
price × (1 − half spread), rounded down to the cent, less the commission.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from core.domain.drift import DriftReport
from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.policy import Policy
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation


class Side(StrEnum):
    """Whether a trade buys or sells."""

    BUY = "buy"
    SELL = "sell"


class ReasonCode(StrEnum):
    """Why a plan is needed or not, why a line trades, or why it does not."""

    # of a plan
    BAND_BREACHED = "band_breached"
    PORTFOLIO_DRIFTED = "portfolio_drifted"
    DATE_DUE = "date_due"
    FORCED = "forced"
    CASH_EXCESS = "cash_excess"
    ON_TARGET = "on_target"
    # of a trade
    OVER_TARGET = "over_target"
    UNDER_TARGET = "under_target"
    NO_TARGET = "no_target"
    RAISE_CASH = "raise_cash"
    # of a skipped line, or of a plan without trades
    BELOW_MIN_TRADE = "below_min_trade"
    LESS_THAN_ONE_SHARE = "less_than_one_share"
    NO_CASH = "no_cash"
    BUY_ONLY = "buy_only"
    SELL_ONLY = "sell_only"
    DO_NOT_SELL = "do_not_sell"
    UNSETTLED = "unsettled"
    NOT_TRADABLE = "not_tradable"
    DO_NOT_BUY = "do_not_buy"
    AT_GOAL = "at_goal"
    CAPPED = "capped"
    KEPT_OUTSIDE = "kept_outside"
    NOTHING_HELPS = "nothing_helps"


@dataclass(frozen=True, slots=True)
class Reason:
    """A typed reason: its code, the symbol it is about, and its numbers by name.

    Names used: ``weight``, ``drift``, ``band``, ``target``, ``goal`` (points, percent),
    ``amount``, ``price``, ``min_trade``, ``missing`` (money).
    """

    code: ReasonCode
    symbol: Symbol | None = None
    values: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """All that a plan is a function of.

    ``fractionable`` are the symbols that may be traded in parts (0.001 shares); ``force`` plans even where nothing is
    breached (and ``date_due`` says that a date asked for it). ``held`` may not be sold, because it was bought with
    money that has not settled; ``untradable`` is what the broker does not trade now. ``caps`` limits the trades to
    those named, each up to its quantity: how an edited or an executing proposal can shrink but never grow.
    """

    holdings: Holdings
    prices: Mapping[Symbol, Decimal]
    targets: TargetAllocation
    policy: Policy
    currency: str = "USD"
    lots: tuple[Lot, ...] = ()
    fractionable: frozenset[Symbol] = frozenset()
    force: bool = False
    date_due: bool = False
    held: frozenset[Symbol] = frozenset()
    untradable: frozenset[Symbol] = frozenset()
    caps: Mapping[tuple[Symbol, Side], Decimal] | None = None


@dataclass(frozen=True, slots=True)
class Trade:
    """One leg: shares at the quoted price; ``value`` = quantity × price; ``cost`` = half spread + commission."""

    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    value: Decimal
    cost: Decimal
    reason: Reason


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that is away from its goal and yet does not trade, with the reason."""

    symbol: Symbol
    reason: Reason


@dataclass(frozen=True, slots=True)
class After:
    """What the portfolio is once the plan is carried out at the quoted prices.

    Weights in percent of the total before the trades, as everywhere: what they miss of 100 is the cost.
    """

    cash: Decimal
    weights: Mapping[Symbol, Decimal]
    portfolio_drift: Decimal
    tracking_error: Decimal


@dataclass(frozen=True, slots=True)
class Plan:
    """The trades calculated from a snapshot (sales first, then purchases, each by symbol), and the lines skipped."""

    needed: bool
    reason: Reason
    before: DriftReport
    trades: tuple[Trade, ...]
    skipped: tuple[Skipped, ...]
    after: After
    cost: Decimal
    tax: Decimal | None = None

    @property
    def sells(self) -> tuple[Trade, ...]:
        """The sales."""
        return tuple(trade for trade in self.trades if trade.side is Side.SELL)

    @property
    def buys(self) -> tuple[Trade, ...]:
        """The purchases."""
        return tuple(trade for trade in self.trades if trade.side is Side.BUY)

    @property
    def turnover(self) -> Decimal:
        """The money that changes hands: the sum of all trades' values."""
        return sum((trade.value for trade in self.trades), Decimal(0))
