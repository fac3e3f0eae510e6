from __future__ import annotations

from datetime import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.due_date import ChosenDay
from core.domain.ids import Symbol
from core.domain.policy import (
    Band,
    CalendarRule,
    Direction,
    Fractional,
    Location,
    Policy,
    Reserve,
)
from core.domain.policy_fields import FIELDS, PolicyField, change_policy, describe, find_field
from core.domain.refusals import BadPolicyValue, UnknownPolicyName
from core.domain.slot import Edge, FromEdge
from core.domain.tax_treatment import TaxTreatment

VTI = Symbol("VTI")


def changed(text: str, policy: Policy | None = None) -> Policy:
    words = text.split()
    return change_policy(policy or Policy(), list(zip(words[::2], words[1::2], strict=True)))


def test_changes_several_fields_at_once() -> None:
    policy = changed("band 4 relative 20 calendar quarterly")
    assert policy.band == Band(Decimal(4), Decimal(20))
    assert policy.calendar is CalendarRule.QUARTERLY
    assert policy.min_trade == Policy().min_trade


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("band 4/off", "band", Band(Decimal(4), None)),
        ("relative off", "band", Band(Decimal(5), None)),
        ("Band 4%", "band", Band(Decimal(4), Decimal(25))),
        ("portfolio 3", "portfolio_band", Decimal(3)),
        ("destination 0.5", "destination", Decimal("0.5")),
        ("direction buy-only", "direction", Direction.BUY_ONLY),
        ("direction sell", "direction", Direction.SELL_ONLY),
        ("fractional ON", "fractional", Fractional.ON),
        ("min $50", "min_trade", Decimal(50)),
        ("min off", "min_trade", Decimal(0)),
        (
            "locations stocks:tax_free|taxable,BONDS:tax_deferred",
            "locations",
            (
                Location("bonds", (TaxTreatment.TAX_DEFERRED,)),
                Location("stocks", (TaxTreatment.TAX_FREE, TaxTreatment.TAXABLE)),
            ),
        ),
        ("locations none", "locations", ()),
        ("reserve 500", "cash_reserve", Reserve(Decimal(500))),
        ("reserve 1%", "cash_reserve", Reserve(Decimal(1), is_percent=True)),
        ("reserve off", "cash_reserve", Reserve()),
        ("commission 1.25", "commission", Decimal("1.25")),
        ("spread 10", "spread_bps", Decimal(10)),
        ("nosell vti,BND", "do_not_sell", frozenset({"VTI", "BND"})),
        ("nobuy none", "do_not_buy", frozenset()),
        ("check 15:30,9:45", "check_times", (time(9, 45), time(15, 30))),
        (
            "check close-30m,11:00,open+15",
            "check_times",
            (FromEdge(Edge.OPEN, 15), time(11), FromEdge(Edge.CLOSE, 30)),
        ),
        ("calendar monthly on 15", "calendar_day", ChosenDay(15)),
        ("calendar quarterly on 2-15", "calendar_day", ChosenDay(15, 2)),
        ("on friday calendar weekly", "calendar_day", ChosenDay(5, is_weekday=True)),
        ("calendar monthly day last", "calendar_day", ChosenDay(31)),
        ("on first", "calendar_day", ChosenDay()),
        ("many 3", "approvals_many", 3),
        ("many_above $5000", "approvals_above", Decimal(5000)),
        ("approvals_share 10%", "approvals_share", Decimal(10)),
        ("approvals_gain off", "approvals_gain", None),
        ("four_eyes on", "four_eyes", True),
        ("veto 1h", "veto", 60),
        ("veto 1h30m", "veto", 90),
        ("veto 45", "veto", 45),
        ("veto off", "veto", 0),
        ("ask_first 3,5,3", "ask_first", (3, 5)),
        ("ask_first none", "ask_first", ()),
        ("remind 2h", "remind_after", 120),
        ("cooldown off", "cool_down", 0),
        ("expires 5", "expires_after", 5),
        ("approvals 2", "approvals", 2),
        ("collar 0.3", "collar", Decimal("0.3")),
        ("tolerance 2", "tolerance", Decimal(2)),
        ("tolerance_close 4", "tolerance_across_close", Decimal(4)),
        ("calendar off", "calendar", CalendarRule.OFF),
    ],
)
def test_reads_each_field_by_its_short_name(text: str, field: str, value: object) -> None:
    assert getattr(changed(text), field) == value


def test_a_line_gets_its_own_band_and_loses_it_again() -> None:
    policy = changed("band:vti 3")
    assert policy.bands == {VTI: Band(Decimal(3), Decimal(25))}
    policy = changed("relative:VTI off", policy)
    assert policy.bands == {VTI: Band(Decimal(3), None)}
    assert changed("band:VTI 2/10", policy).bands == {VTI: Band(Decimal(2), Decimal(10))}
    assert changed("band:VTI default", policy).bands == {}


@pytest.mark.parametrize(
    "text",
    [
        "band -1",
        "band 101",
        "band 1e2",
        "band ٦",
        "band NaN",
        "band 2,5",
        "band:<b> 3",
        "destination 1.01",
        "destination off",
        "direction up",
        "min -1",
        "min 9999999999999",
        "reserve 101%",
        "reserve -1",
        "reserve x%",
        "spread 1001",
        "nosell CASH",
        "nosell a,<b>",
        "check 25:00",
        "check 09:00",
        "check 16:00",
        "check 11",
        "check 1\uff11:00",
        "check 10:00,11:00,12:00,13:00,14:00",
        "cooldown 1.5",
        "expires 0",
        "approvals 11",
        "collar 0",
        "objective nearest",
        "calendar daily",
        "check open-15m",
        "check close+15m",
        "on 32",
        "on 0",
        "on 13-1",
        "on sat",
        "on fri",
        "on 1-2-3",
        "on 15 calendar weekly",
        "on fri calendar monthly",
        "on 4-15 calendar quarterly",
    ],
)
def test_refuses_values_out_of_range_and_says_what_is_expected(text: str) -> None:
    with pytest.raises(BadPolicyValue) as refused:
        changed(text)
    assert refused.value.name == find_field(text.split(maxsplit=1)[0].partition(":")[0]).name
    assert refused.value.expected


def test_a_comma_is_refused_with_the_number_that_was_meant() -> None:
    with pytest.raises(BadPolicyValue):
        changed("band 4/x")
    with pytest.raises(BadPolicyValue) as refused:
        changed("band 2,5")
    assert refused.value.expected.endswith("with a point: 2.5")


def test_a_day_goes_with_the_calendar_that_had_it() -> None:
    weekly = changed("calendar weekly on fri")
    assert changed("calendar monthly", weekly).calendar_day == ChosenDay()
    monthly = changed("calendar monthly on 15")
    assert changed("calendar annual", monthly).calendar_day == ChosenDay(15)
    with pytest.raises(BadPolicyValue) as refused:
        changed("on 15", weekly)
    assert refused.value.expected == "a weekday such as fri, where calendar is weekly"


@pytest.mark.parametrize("objective", ["closest", "fewest", "cheapest"])
def test_every_objective_can_be_chosen(objective: str) -> None:
    assert changed(f"objective {objective}").objective == objective


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownPolicyName) as refused:
        changed("bnad 5")
    assert "band" in refused.value.suggestions
    with pytest.raises(UnknownPolicyName):
        changed("min:VTI 5")


def test_one_bad_value_changes_nothing() -> None:
    policy = Policy()
    with pytest.raises(BadPolicyValue):
        changed("band 4 relative x", policy)
    assert policy == Policy()


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_what_is_shown_can_be_read_back(field: PolicyField) -> None:
    for policy in (
        Policy(),
        changed("band off reserve 7 nosell VTI check 10:00,close-15m calendar weekly on wed"),
    ):
        assert field.parse(field.show(policy)) == field.value(policy)
        again = field.change(Policy(), field.show(policy))
        assert field.value(again) == field.value(policy)


@given(st.sampled_from(FIELDS), st.text(max_size=12))
def test_any_text_is_read_or_refused(field: PolicyField, text: str) -> None:
    try:
        policy = field.change(Policy(), text)
    except BadPolicyValue:
        return
    assert field.parse(field.show(policy)) == field.value(policy)


def test_names_and_aliases_are_distinct() -> None:
    names = [name for field in FIELDS for name in (field.name, *field.aliases)]
    assert len(names) == len(set(names))


def test_describes_every_setting_and_a_lines_own_band_beside_the_bands() -> None:
    shown, usual = describe(changed("band 4 reserve 2% band:VTI 3/off")), describe(Policy())
    assert list(shown)[:3] == ["band_absolute", "band_relative", "band:VTI"]
    assert shown["band_relative"] == "25"
    assert dict(shown.items() - usual.items()) == {
        "band_absolute": "4",
        "band:VTI": "3/off",
        "cash_reserve": "2%",
    }
