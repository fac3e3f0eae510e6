"""Policy: everything that turns drift into a plan, and when to look at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from core.domain.due_date import FIRST_DAY, ChosenDay
from core.domain.due_date import CalendarRule as CalendarRule  # noqa: PLC0414 - named here by all
from core.domain.ids import MemberId, Symbol
from core.domain.instrument import CASH
from core.domain.lots import LotMethod
from core.domain.money import HUNDRED, ONE, ZERO
from core.domain.slot import ELEVEN, Slot
from core.domain.tax_treatment import TaxTreatment


class Direction(StrEnum):
    """Which sides a plan may use."""

    BOTH = "both"
    BUY_ONLY = "buy_only"
    SELL_ONLY = "sell_only"


class Objective(StrEnum):
    """What a plan makes as small as it can; see ``core.domain.plan`` for the definitions."""

    CLOSEST = "closest"
    FEWEST = "fewest"
    CHEAPEST = "cheapest"


class Outside(StrEnum):
    """What happens to positions that have no target."""

    KEEP = "keep"
    SELL = "sell"
    SELL_WITHOUT_GAIN = "sell_without_gain"


class WashRule(StrEnum):
    """What happens to a purchase that would make a loss of the last 30 days not count."""

    BLOCK = "block"
    FLAG = "flag"
    OFF = "off"


class Fractional(StrEnum):
    """Whether parts of shares are traded: always, never, or where the broker has them."""

    ON = "on"
    OFF = "off"
    AUTO = "auto"


class Trigger(StrEnum):
    """How the date rule and the bands work together.

    ``either``: a date or a breached band is reason enough. ``band_on_date``: look only on the date,
    act only beyond a band.
    """

    EITHER = "either"
    BAND_ON_DATE = "band_on_date"


@dataclass(frozen=True, slots=True)
class Band:
    """How far a line may drift: absolute in points, relative in percent of the target; None is off."""

    absolute: Decimal | None = Decimal(5)
    relative: Decimal | None = Decimal(25)

    def width(self, symbol: Symbol, target: Decimal) -> Decimal | None:
        """The tighter part in points; the relative one does not apply to CASH nor to a target of 0.

        None where no part applies: such a line is never breached.
        """
        if self.relative is None or symbol == CASH or target <= ZERO:
            return self.absolute
        part = target * self.relative / HUNDRED
        return part if self.absolute is None or part < self.absolute else self.absolute

    def times(self, factor: Decimal) -> Band:
        """A band so many times as wide; what is off stays off."""
        return Band(
            None if self.absolute is None else self.absolute * factor,
            None if self.relative is None else self.relative * factor,
        )


@dataclass(frozen=True, slots=True)
class Reserve:
    """The floor inside CASH's weight: an amount of money, or percent of the managed total."""

    amount: Decimal = ZERO
    is_percent: bool = False

    def of(self, total: Decimal) -> Decimal:
        """The floor in money for a managed total."""
        return total * self.amount / HUNDRED if self.is_percent else self.amount


@dataclass(frozen=True, slots=True)
class Location:
    """Where lines of an asset class are rather kept: in accounts of these tax treatments."""

    asset_class: str
    treatments: tuple[TaxTreatment, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """How one portfolio is kept: bands, calendar, destination, direction, costs and limits.

    Units: bands and destination as in ``DESIGN``: points, percent, and 0…1; ``commission`` in money per
    trade; ``spread_bps`` is the full spread in basis points, of which each side pays half;
    ``collar``, ``tolerance`` and ``tolerance_across_close`` in percent of a price;
    ``cool_down`` and ``expires_after`` in sessions; ``alert_growth`` in points; ``new_cash`` in money;
    ``turnover_limit`` in percent of the managed total;
    ``cost_limit``, ``commission_per_share``, ``gain_budget`` (a year) and ``loss_offset`` (a year) in money;
    ``min_lot`` in shares, in multiples of which whole shares trade; ``worth`` is how many times its cost a trade must
    take off the drift, both in money; ``tax_short`` and ``tax_long`` in percent; ``defer_days`` in days;
    ``harvest_loss`` in money (0: losses are harvested only when asked for), ``harvest_percent`` of what a lot cost;
    who must approve what as in ``core.domain.approval``, with ``veto`` and ``remind_after`` in minutes.
    """

    band: Band = field(default_factory=Band)
    bands: Mapping[Symbol, Band] = field(default_factory=lambda: MappingProxyType({}))
    portfolio_band: Decimal | None = None
    destination: Decimal = Decimal(1)
    direction: Direction = Direction.BOTH
    objective: Objective = Objective.CLOSEST
    fractional: Fractional = Fractional.AUTO
    min_trade: Decimal = Decimal(25)
    cash_reserve: Reserve = field(default_factory=lambda: Reserve(Decimal("0.5"), is_percent=True))
    min_lot: int = 1
    commission: Decimal = ZERO
    commission_per_share: Decimal = ZERO
    spread_bps: Decimal = Decimal(2)
    turnover_limit: Decimal | None = None
    cost_limit: Decimal | None = None
    worth: Decimal = ONE
    outside: Outside = Outside.KEEP
    do_not_sell: frozenset[Symbol] = frozenset()
    do_not_buy: frozenset[Symbol] = frozenset()
    lot_method: LotMethod = LotMethod.FIFO
    tax_short: Decimal = Decimal(24)
    tax_long: Decimal = Decimal(15)
    loss_offset: Decimal = ZERO
    gain_budget: Decimal | None = None
    defer_days: int = 0
    wash: WashRule = WashRule.BLOCK
    locations: tuple[Location, ...] = ()
    harvest_loss: Decimal = ZERO
    harvest_percent: Decimal = ZERO
    harvest_look: CalendarRule = CalendarRule.MONTHLY
    calendar: CalendarRule = CalendarRule.OFF
    calendar_day: ChosenDay = FIRST_DAY
    trigger: Trigger = Trigger.EITHER
    check_times: tuple[Slot, ...] = (ELEVEN,)
    cool_down: int = 5
    alert_growth: Decimal | None = Decimal(2)
    new_cash: Decimal | None = None
    expires_after: int = 3
    pinned: bool = True
    digest: bool = True
    approvals: int = 1
    approvals_many: int = 2
    approvals_above: Decimal | None = None
    approvals_share: Decimal | None = None
    approvals_gain: Decimal | None = None
    four_eyes: bool = False
    veto: int = 0
    ask_first: tuple[MemberId, ...] = ()
    remind_after: int = 0
    collar: Decimal = Decimal("0.5")
    tolerance: Decimal = Decimal(1)
    tolerance_across_close: Decimal = Decimal(3)

    def kept_in(self, asset_class: str | None) -> tuple[TaxTreatment, ...]:
        """The tax treatments of the accounts where a class is rather kept; empty where any will do."""
        return next(
            (each.treatments for each in self.locations if each.asset_class == asset_class), ()
        )

    def widened(self, factor: Decimal) -> Policy:
        """The same with all bands so many times as wide, that of the whole portfolio among them."""
        whole = self.portfolio_band
        return replace(
            self,
            band=self.band.times(factor),
            bands=MappingProxyType({name: band.times(factor) for name, band in self.bands.items()}),
            portfolio_band=None if whole is None else whole * factor,
        )

    def band_of(self, symbol: Symbol) -> Band:
        """The band of one line: its own where it has one, otherwise the portfolio's."""
        return self.bands.get(symbol, self.band)


def whole_shares(
    policy: Policy, symbols: Iterable[Symbol], fractionable: frozenset[Symbol]
) -> frozenset[Symbol]:
    """The symbols that cannot be traded in parts, by the policy and by what the broker offers."""
    match policy.fractional:
        case Fractional.ON:
            return frozenset()
        case Fractional.OFF:
            return frozenset(symbols)
        case Fractional.AUTO:
            return frozenset(symbols) - fractionable


FILE_DEFAULTS = Policy(
    fractional=Fractional.OFF,
    min_trade=ZERO,
    cash_reserve=Reserve(),
    spread_bps=ZERO,
    outside=Outside.SELL,
    worth=ZERO,
)
"""The defaults of the file interface (``evenkeel plan``); the chat's are those of ``Policy()``."""
