"""Plans: what is asked of planning, and what it answers.

Tracking error of a plan = half the sum, CASH included, of |weight after − goal weight|.
``closest`` = least tracking error, then fewest trades, then least turnover, then by symbol.
A purchase pays price × (1 + half spread), rounded up to the cent, and the commission; a sale brings
price × (1 − half spread), rounded down to the cent, less the commission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from core.domain.drift import DriftReport
from core.domain.ids import AccountId, Symbol
from core.domain.lots import Lot, LotMethod, LotSale
from core.domain.money import ZERO
from core.domain.policy import Objective, Policy
from core.domain.portfolio import Holdings, TaxTreatment
from core.domain.targets import TargetAllocation
from core.domain.tax import TaxSituation


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
    WITHDRAWAL = "withdrawal"
    CASH_SUFFICES = "cash_suffices"
    ON_TARGET = "on_target"
    # of a trade
    OVER_TARGET = "over_target"
    UNDER_TARGET = "under_target"
    KEPT_HERE = "kept_here"
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
    SUBSTITUTED = "substituted"
    WASHES = "washes"
    DEFERRED = "deferred"
    HAS_GAINED = "has_gained"
    GAIN_BUDGET = "gain_budget"
    LOSS_KEPT = "loss_kept"
    NOT_WORTH_IT = "not_worth_it"
    # said of a plan beside its numbers
    BELOW_RESERVE = "below_reserve"
    LOSS_WASHED = "loss_washed"
    BASIS_UNKNOWN = "basis_unknown"
    TERM_UNKNOWN = "term_unknown"
    ONLY_FIFO = "only_fifo"
    # of pairs that are sold and bought together
    HARVEST = "harvest"
    HARVESTED = "harvested"
    SWITCH_BACK = "switch_back"
    SWITCHED = "switched"
    REPLACES = "replaces"
    NO_LOSS = "no_loss"
    LOSS_TOO_SMALL = "loss_too_small"
    NOT_TAXABLE = "not_taxable"
    NO_TAX_RULES = "no_tax_rules"
    LOTS_IN_FRONT = "lots_in_front"
    RECENTLY_BOUGHT = "recently_bought"
    BOUGHT_SOON = "bought_soon"
    NO_SUBSTITUTE = "no_substitute"
    SUBSTITUTE_BARRED = "substitute_barred"
    PAIR_TOO_SMALL = "pair_too_small"
    SAVES_TOO_LITTLE = "saves_too_little"
    SWITCH_TAXED = "switch_taxed"
    NOTHING_HELPS = "nothing_helps"


class LegKey(NamedTuple):
    """What tells the trades of a plan apart: each account trades a symbol in one direction at most."""

    symbol: Symbol
    side: Side
    account: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A typed reason: its code, the symbol it is about, and its numbers by name.

    Names used: ``weight``, ``drift``, ``band``, ``target``, ``goal`` (points, percent),
    ``amount``, ``cost``, ``price``, ``min_trade``, ``missing`` (money), ``worth`` (times the cost). Of losses:
    ``short``, ``long``, ``least``, ``saved``, ``carried`` and ``offset`` (money), ``percent``, ``shares``. ``until`` is
    the day from which it no longer holds. Of a trade that is one of a pair, ``symbol`` is the other one.
    """

    code: ReasonCode
    symbol: Symbol | None = None
    values: Mapping[str, Decimal] = field(default_factory=dict)
    until: date | None = None


@dataclass(frozen=True, slots=True)
class PlanAccount:
    """What one account brings to a plan: holdings, lots, and what its broker lets be done with them.

    ``name`` is how trades and explanations refer to it; empty where there is only one. ``tax_owner`` names whose
    taxes its gains count for. ``lot_methods`` are those that its broker can be asked for; where ``specific`` is
    among them, ``lots_first`` are the names of lots that go first, in this order, whatever the policy's method.
    ``fractionable`` are the symbols that may be traded in parts (0.001 shares). ``held`` may not be sold, because
    it was bought with money that has not settled; ``untradable`` is what the broker does not trade now.
    ``withdraw`` is money to be raised and taken out; what remains is planned for.
    """

    holdings: Holdings
    name: str = ""
    treatment: TaxTreatment = TaxTreatment.TAXABLE
    tax_owner: str = ""
    lots: tuple[Lot, ...] = ()
    lot_methods: frozenset[LotMethod] = frozenset(LotMethod)
    lots_first: tuple[str, ...] = ()
    fractionable: frozenset[Symbol] = frozenset()
    held: frozenset[Symbol] = frozenset()
    untradable: frozenset[Symbol] = frozenset()
    withdraw: Decimal = ZERO

    @property
    def cash(self) -> Decimal:
        """The cash that stays: what is there, less what is taken out; below 0 where sales must raise it."""
        return self.holdings.cash - self.withdraw

    def quantity(self, symbol: Symbol) -> Decimal:
        """The shares held of a symbol."""
        return self.holdings.positions.get(symbol, ZERO)


@dataclass(frozen=True)
class PlanRequest:
    """All that a plan is a function of: one target over one or more accounts, between which no money moves.

    ``force`` plans even where nothing is breached (and ``date_due`` says that a date asked for it). ``caps`` limits the
    trades to those named, each up to its quantity: how an edited or an executing proposal can shrink but never grow.
    """

    accounts: tuple[PlanAccount, ...]
    prices: Mapping[Symbol, Decimal]
    targets: TargetAllocation
    policy: Policy
    currency: str = "USD"
    force: bool = False
    date_due: bool = False
    caps: Mapping[LegKey, Decimal] | None = None
    tax: TaxSituation = field(default_factory=TaxSituation)

    @cached_property
    def holdings(self) -> Holdings:
        """What all accounts hold together, less what is taken out."""
        positions: dict[Symbol, Decimal] = {}
        for account in self.accounts:
            for symbol, quantity in account.holdings.positions.items():
                positions[symbol] = positions.get(symbol, ZERO) + quantity
        return Holdings(sum((account.cash for account in self.accounts), ZERO), positions)

    @cached_property
    def withdraw(self) -> Decimal:
        """The money to be raised and taken out of all accounts."""
        return sum((account.withdraw for account in self.accounts), ZERO)


@dataclass(frozen=True, slots=True)
class Trade:
    """One leg: shares at the quoted price; ``value`` = quantity × price; ``cost`` = half spread + commission.

    ``account`` is the name of the account it is made in; ``lots`` are what a sale takes, where lots are known.
    """

    symbol: Symbol
    side: Side
    quantity: Decimal
    price: Decimal
    value: Decimal
    cost: Decimal
    reason: Reason
    account: str = ""
    lots: tuple[LotSale, ...] = ()

    @property
    def key(self) -> LegKey:
        """What tells it from a plan's other trades."""
        return LegKey(self.symbol, self.side, self.account)


def in_order(trades: Iterable[Trade]) -> tuple[Trade, ...]:
    """Trades as a plan has them and people count them: account by account, sales first, each by symbol."""
    return tuple(sorted(trades, key=_rank))


def _rank(trade: Trade) -> tuple[int, str, bool, Symbol]:
    """Accounts by number where their names are numbers, else by name."""
    number = int(trade.account) if trade.account.isdecimal() else 0
    return number, trade.account, trade.side is Side.BUY, trade.symbol


def net_cash(trades: Sequence[Trade]) -> Decimal:
    """What trades bring to cash together, costs included; negative where they take."""
    values = [trade.value if trade.side is Side.SELL else -trade.value for trade in trades]
    return sum(values, ZERO) - sum([trade.cost for trade in trades], ZERO)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A line that is away from its goal and yet does not trade, with the reason."""

    symbol: Symbol
    reason: Reason


class Method(StrEnum):
    """How the trades of a plan were found."""

    CONSTRUCTIVE = "constructive"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class Certificate:
    """How good a plan is at what it was asked to make least (``measure``), and what is proven about that.

    ``objective`` is what the plan attains and ``bound`` what no plan can be below, in the unit of the objective: points
    of tracking error (``closest``), trades (``fewest``), money (``cheapest``). ``is_optimal`` only where the bound
    proves it, to a ten-thousandth of the unit. ``work`` counts the nodes of the search (0: none was needed), which
    limits it the same way on every machine; ``timed_out`` marks the safety stop by time, after which the same request
    may give another plan.
    """

    objective: Decimal
    bound: Decimal
    is_optimal: bool
    measure: Objective = Objective.CLOSEST
    method: Method = Method.CONSTRUCTIVE
    work: int = 0
    timed_out: bool = False

    @property
    def gap(self) -> Decimal:
        """How far the plan can at most be from the least there is."""
        return max(self.objective - self.bound, ZERO)


@dataclass(frozen=True, slots=True)
class Realised:
    """What a plan's sales realise for one tax owner: gains by term (losses below 0) and the tax that they add.

    ``tax`` is the year's tax with the plan less the year's tax without it, in money; None where no rules are set or
    the basis of something sold is unknown. ``unknown`` is what shares without a known basis brought. ``washed`` is
    the part of the losses that does not count, because of purchases within 30 days; ``lost`` what of it never will,
    because those were in a retirement account. ``undated`` are gains and losses of shares bought on an unknown day,
    without their sign: such a gain counts as short-term, a loss as long-term.
    """

    owner: str
    short_gain: Decimal
    long_gain: Decimal
    tax: Decimal | None = None
    unknown: Decimal = ZERO
    washed: Decimal = ZERO
    undated: Decimal = ZERO
    lost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Cure:
    """The smallest deposit that brings every line into its band by purchases alone, and these purchases."""

    deposit: Decimal
    trades: tuple[Trade, ...]


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
    """The trades calculated from a snapshot, in their order (``in_order``), and the lines skipped."""

    needed: bool
    reason: Reason
    before: DriftReport
    trades: tuple[Trade, ...]
    skipped: tuple[Skipped, ...]
    after: After
    cost: Decimal
    certificate: Certificate | None = None
    cure: Cure | None = None
    realised: tuple[Realised, ...] = ()
    notes: tuple[Reason, ...] = ()

    @property
    def tax(self) -> Decimal | None:
        """The tax that the plan adds for all owners together; None where it is not known of all."""
        taxes = [each.tax for each in self.realised]
        known = [tax for tax in taxes if tax is not None]
        return sum(known, ZERO) if taxes and len(known) == len(taxes) else None

    @property
    def sells(self) -> tuple[Trade, ...]:
        """The sales."""
        return tuple(trade for trade in self.trades if trade.side is Side.SELL)

    @property
    def buys(self) -> tuple[Trade, ...]:
        """The purchases."""
        return tuple(trade for trade in self.trades if trade.side is Side.BUY)

    @property
    def raises(self) -> Decimal:
        """The money that is to be taken out, where sales must bring it; else 0."""
        is_raised = self.reason.code is ReasonCode.WITHDRAWAL
        return self.reason.values["amount"] if is_raised else ZERO

    def lots_of(self, account: int, symbol: Symbol, side: Side) -> tuple[LotSale, ...]:
        """What an account's trade of a symbol takes from which lots; nothing where it buys, or none are known."""
        trades = (t for t in self.trades if t.key == LegKey(symbol, side, f"{account}"))
        return next((trade.lots for trade in trades), ())

    @property
    def traded_in(self) -> tuple[AccountId, ...]:
        """The accounts in which it trades, by number; of a stored portfolio's plan, whose trades name them so."""
        return tuple(sorted({AccountId(int(trade.account)) for trade in self.trades}))

    def in_account(self, account_id: AccountId) -> tuple[Trade, ...]:
        """The trades that are made in one account of a stored portfolio."""
        return tuple(trade for trade in self.trades if trade.account == f"{account_id}")

    @property
    def turnover(self) -> Decimal:
        """The money that changes hands: the sum of all trades' values."""
        return sum((trade.value for trade in self.trades), Decimal(0))
