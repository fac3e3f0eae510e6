"""The one table of policy fields: names, aliases, defaults, ranges, and how each is read and shown.

The chat's ``/policy``, the plan file and the manual all read this table. A field's ``name`` is what
the file calls it; ``aliases`` are shorter words for chat. The line's own bands are no single field:
chat writes them ``band:VTI 3`` and ``relative:VTI 20``, the file as an object by symbol.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

from core.domain import policy_values as values
from core.domain.approval_values import MOST_REMIND, MOST_VETO, members, minutes
from core.domain.due_date import FIRST_DAY
from core.domain.ids import Symbol
from core.domain.instrument import parse_symbol
from core.domain.lots import LotMethod
from core.domain.money import ZERO
from core.domain.policy import (
    FILE_DEFAULTS,
    Band,
    CalendarRule,
    Direction,
    Fractional,
    Objective,
    Outside,
    Policy,
    Trigger,
    WashRule,
)
from core.domain.policy_values import ValueKind
from core.domain.refusals import BadPolicyValue, BadSymbol, UnknownPolicyName
from core.domain.tax.us import MOST_OFFSET


@dataclass(frozen=True, slots=True)
class PolicyField:
    """One setting of a policy.

    ``kind`` reads and shows its values and knows their range and unit; ``in_file`` says whether a
    plan file may set it; ``key`` is under which its one-line explanation stands in the words.
    """

    name: str
    aliases: tuple[str, ...]
    kind: ValueKind
    in_file: bool = True
    get: Callable[[Policy], Any] | None = None
    put: Callable[[Policy, Any], Policy] | None = None

    @property
    def key(self) -> str:
        """The name of its explanation in the catalogue of words."""
        return self.name

    @property
    def expected(self) -> str:
        """What values it takes, in words."""
        return self.kind.expected

    @property
    def unit(self) -> str:
        """The unit of its values; empty for words and lists."""
        return self.kind.unit

    @property
    def chat_default(self) -> str:
        """Its value in a new portfolio."""
        return self.show(Policy())

    @property
    def file_default(self) -> str:
        """Its value where a plan file says nothing; empty for what a file does not have."""
        return self.show(FILE_DEFAULTS) if self.in_file else ""

    def value(self, policy: Policy) -> Any:
        """Its value in a policy."""
        return self.get(policy) if self.get else getattr(policy, self.name)

    def show(self, policy: Policy) -> str:
        """Its value in a policy, as text that ``parse`` reads back."""
        return self.kind.show(self.value(policy))

    def parse(self, text: str) -> Any:
        """Read a value; raises BadPolicyValue."""
        return self.kind.read(self.name, text)

    def change(self, policy: Policy, text: str) -> Policy:
        """The policy with this field set from text; raises as ``parse``."""
        value = self.parse(text)
        return self.put(policy, value) if self.put else replace(policy, **{self.name: value})


def _put_absolute(policy: Policy, value: Decimal | None) -> Policy:
    return replace(policy, band=replace(policy.band, absolute=value))


def _put_relative(policy: Policy, value: Decimal | None) -> Policy:
    return replace(policy, band=replace(policy.band, relative=value))


_POINTS = values.number("points", Decimal(0), Decimal(100), may_be_off=True)
_PERCENT_OF_TARGET = values.number(
    "percent of the target", Decimal(0), Decimal(1000), may_be_off=True
)
_MONEY = values.money()
_PERCENT = values.number("percent", Decimal(0), Decimal(100))

FIELDS: tuple[PolicyField, ...] = (
    PolicyField(
        "band_absolute",
        ("band", "absolute"),
        _POINTS,
        get=lambda policy: policy.band.absolute,
        put=_put_absolute,
    ),
    PolicyField(
        "band_relative",
        ("relative",),
        _PERCENT_OF_TARGET,
        get=lambda policy: policy.band.relative,
        put=_put_relative,
    ),
    PolicyField("portfolio_band", ("portfolio",), _POINTS),
    PolicyField("destination", ("dest",), values.number("", Decimal(0), Decimal(1))),
    PolicyField(
        "direction", (), values.choice(Direction, buy=Direction.BUY_ONLY, sell=Direction.SELL_ONLY)
    ),
    PolicyField("objective", (), values.choice(Objective)),
    PolicyField(
        "fractional",
        ("fractions",),
        values.choice(Fractional, true=Fractional.ON, false=Fractional.OFF),
    ),
    PolicyField("min_trade", ("min", "minimum"), _MONEY),
    PolicyField("cash_reserve", ("reserve",), values.reserve()),
    PolicyField("min_lot", ("lot",), values.whole("shares", 1, 10_000)),
    PolicyField("commission", ("fee",), _MONEY),
    PolicyField("commission_per_share", ("fee_share",), _MONEY),
    PolicyField(
        "spread_bps", ("spread",), values.number("basis points", Decimal(0), Decimal(1000))
    ),
    PolicyField(
        "turnover_limit",
        ("turnover",),
        values.number("percent of the total", Decimal(0), Decimal(200), may_be_off=True),
    ),
    PolicyField("cost_limit", ("cost",), values.money(may_be_off=True)),
    PolicyField("worth", (), values.number("times its cost", Decimal(0), Decimal(1000))),
    PolicyField("outside", (), values.choice(Outside)),
    PolicyField("do_not_sell", ("nosell",), values.symbols()),
    PolicyField("do_not_buy", ("nobuy",), values.symbols()),
    PolicyField("lot_method", ("lots",), values.choice(LotMethod)),
    PolicyField("tax_short", ("short",), _PERCENT),
    PolicyField("tax_long", ("long",), _PERCENT),
    PolicyField("loss_offset", ("offset",), values.number("money a year", ZERO, MOST_OFFSET)),
    PolicyField("gain_budget", ("gains",), values.money(may_be_off=True)),
    PolicyField("defer_days", ("defer",), values.whole("days", 0, 365)),
    PolicyField("wash", (), values.choice(WashRule)),
    PolicyField("locations", ("location",), values.locations()),
    PolicyField("harvest_loss", ("harvest",), _MONEY, in_file=False),
    PolicyField("harvest_percent", (), _PERCENT, in_file=False),
    PolicyField("harvest_look", (), values.choice(CalendarRule), in_file=False),
    PolicyField("calendar", ("dates",), values.choice(CalendarRule), in_file=False),
    PolicyField("calendar_day", ("on", "day"), values.chosen_day(), in_file=False),
    PolicyField("trigger", (), values.choice(Trigger), in_file=False),
    PolicyField("check_times", ("check", "checks"), values.times(), in_file=False),
    PolicyField("cool_down", ("cooldown",), values.whole("sessions", 0, 60), in_file=False),
    PolicyField("alert_growth", ("growth",), _POINTS, in_file=False),
    PolicyField("new_cash", ("newcash",), values.money(may_be_off=True), in_file=False),
    PolicyField("expires_after", ("expires",), values.whole("sessions", 1, 20), in_file=False),
    PolicyField("pinned", ("pin",), values.switch(), in_file=False),
    PolicyField("digest", (), values.switch(), in_file=False),
    PolicyField("approvals", ("approvers",), values.whole("people", 1, 10), in_file=False),
    PolicyField("approvals_many", ("many",), values.whole("people", 2, 10), in_file=False),
    PolicyField("approvals_above", ("many_above",), values.money(may_be_off=True), in_file=False),
    PolicyField(
        "approvals_share",
        ("many_share",),
        values.number("percent of the total", Decimal(0), Decimal(100), may_be_off=True),
        in_file=False,
    ),
    PolicyField("approvals_gain", ("many_gain",), values.money(may_be_off=True), in_file=False),
    PolicyField("four_eyes", ("foureyes",), values.switch(), in_file=False),
    PolicyField("veto", (), minutes(MOST_VETO), in_file=False),
    PolicyField("ask_first", ("first",), members(), in_file=False),
    PolicyField("remind_after", ("remind",), minutes(MOST_REMIND), in_file=False),
    PolicyField(
        "collar",
        ("limit",),
        values.number("percent of the price", Decimal(0), Decimal(10), above=True),
        in_file=False,
    ),
    PolicyField(
        "tolerance",
        (),
        values.number("percent of the price", Decimal(0), Decimal(20)),
        in_file=False,
    ),
    PolicyField(
        "tolerance_across_close",
        ("tolerance_close",),
        values.number("percent of the price", Decimal(0), Decimal(20)),
        in_file=False,
    ),
)
"""Every field, in the order in which people are shown them."""

_BY_NAME = {name: field for field in FIELDS for name in (field.name, *field.aliases)}
_BAND_PARTS = {"band_absolute": "absolute", "band_relative": "relative"}


def find_field(name: str) -> PolicyField:
    """Find a field by its name or an alias, in any case; raises UnknownPolicyName."""
    known = name.strip().lower().replace("-", "_")
    if known not in _BY_NAME:
        close = difflib.get_close_matches(known, _BY_NAME, n=3, cutoff=0.5)
        raise UnknownPolicyName(name[:40], tuple(close))
    return _BY_NAME[known]


def change_policy(policy: Policy, pairs: Collection[tuple[str, str]]) -> Policy:
    """Change the named fields together.

    ``band:VTI 3`` and ``relative:VTI 20`` set a line's own band, ``default`` takes it away again;
    ``band 5/25`` sets both parts. Raises UnknownPolicyName or BadPolicyValue.
    """
    for name, text in pairs:
        policy = _change_one(policy, name, text)
    return _with_fitting_day(policy, pairs)


def _with_fitting_day(policy: Policy, pairs: Collection[tuple[str, str]]) -> Policy:
    """The policy with a day that its calendar has.

    Who names the day is refused one that the calendar does not have; who changes only the calendar gets its first day.
    """
    if policy.calendar_day.fits(policy.calendar):
        return policy
    named = next((text for name, text in pairs if find_field(name).name == "calendar_day"), None)
    if named is None:
        return replace(policy, calendar_day=FIRST_DAY)
    if policy.calendar is CalendarRule.WEEKLY:
        expected = "a weekday such as fri, where calendar is weekly"
    else:
        expected = f"a day such as 15 that calendar {policy.calendar} has"
    raise BadPolicyValue("calendar_day", named.strip()[:40], expected)


def _change_one(policy: Policy, name: str, text: str) -> Policy:
    name, colon, line = name.partition(":")
    field = find_field(name)
    if colon:
        return _change_line_band(policy, field, line, text)
    absolute, slash, relative = text.partition("/")
    if slash and field.name == "band_absolute":
        return _BY_NAME["band_relative"].change(field.change(policy, absolute), relative)
    return field.change(policy, text)


def _change_line_band(policy: Policy, field: PolicyField, line: str, text: str) -> Policy:
    if field.name not in _BAND_PARTS:
        raise UnknownPolicyName(f"{field.name}:{line}"[:40], ("band:VTI", "relative:VTI"))
    symbol = _line_symbol(field, line)
    if text.strip().lower() == "default":
        return with_line_band(policy, symbol, None)
    absolute, slash, relative = text.partition("/")
    band = policy.band_of(symbol)
    if slash and field.name == "band_absolute":
        band = Band(field.parse(absolute), _BY_NAME["band_relative"].parse(relative))
    else:
        band = replace(band, **{_BAND_PARTS[field.name]: field.parse(text)})
    return with_line_band(policy, symbol, band)


def _line_symbol(field: PolicyField, line: str) -> Symbol:
    try:
        return parse_symbol(line)
    except BadSymbol:
        expected = "a symbol after the colon, such as band:VTI 3"
        raise BadPolicyValue(field.name, line[:40], expected) from None


def with_line_band(policy: Policy, symbol: Symbol, band: Band | None) -> Policy:
    """The policy with a line's own band; None makes the line follow the portfolio's band again."""
    bands = {known: own for known, own in policy.bands.items() if known != symbol}
    if band is not None:
        bands[symbol] = band
    return replace(policy, bands=MappingProxyType(dict(sorted(bands.items()))))


def describe(policy: Policy) -> dict[str, str]:
    """Every setting as it is shown, by its name, with the lines' own bands."""
    settings = [(field.name, shown) for field in FIELDS if (shown := field.show(policy))]
    lines = [(f"band:{line}", show_band(band)) for line, band in sorted(policy.bands.items())]
    return dict([*settings[:2], *lines, *settings[2:]])


class Difference(NamedTuple):
    """One setting that two policies do not share, with both values as they are shown."""

    name: str
    before: str
    after: str


def differences(before: Policy, after: Policy) -> list[Difference]:
    """What is different between two policies, the lines' own bands last."""
    own = [
        Difference(f"band:{line}", _own_band(before, line), _own_band(after, line))
        for line in sorted({*before.bands, *after.bands})
    ]
    of_all = [Difference(field.name, field.show(before), field.show(after)) for field in FIELDS]
    return [each for each in (*of_all, *own) if each.before != each.after]


def _own_band(policy: Policy, line: Symbol) -> str:
    return show_band(policy.bands[line]) if line in policy.bands else "default"


def show_band(band: Band) -> str:
    """A band as people write it: ``5/25``, ``5/off``."""
    return f"{_POINTS.show(band.absolute)}/{_PERCENT_OF_TARGET.show(band.relative)}"
