"""Loosening: every setting has a sense, and what loosens in one direction tightens in the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.approval import is_stricter, rule_of
from core.domain.loosening import BANDS, SENSES, Way, loosened
from core.domain.policy import Policy
from core.domain.policy_fields import FIELDS, change_policy, find_field

CHAINS: Mapping[str, tuple[str, ...]] = {
    "band_absolute": ("0", "5", "7.5", "off"),
    "band_relative": ("10", "25", "off"),
    "portfolio_band": ("2", "5", "off"),
    "direction": ("buy_only", "both"),
    "min_trade": ("100", "25", "0"),
    "cash_reserve": ("2%", "0.5%", "0%"),
    "commission": ("9.90", "1", "0"),
    "commission_per_share": ("0.01", "0"),
    "spread_bps": ("10", "2", "0"),
    "turnover_limit": ("5", "20", "off"),
    "cost_limit": ("10", "50", "off"),
    "worth": ("3", "1", "0"),
    "outside": ("keep", "sell_without_gain", "sell"),
    "do_not_sell": ("AAPL,VTI", "VTI", "none"),
    "do_not_buy": ("AAPL,VTI", "VTI", "none"),
    "gain_budget": ("0", "1000", "off"),
    "defer_days": ("60", "30", "0"),
    "wash": ("block", "flag", "off"),
    "harvest_loss": ("0", "1000", "200"),
    "harvest_percent": ("10", "5", "0"),
    "cool_down": ("10", "5", "0"),
    "expires_after": ("1", "3", "20"),
    "approvals": ("3", "2", "1"),
    "approvals_many": ("4", "2"),
    "approvals_above": ("1000", "5000", "off"),
    "approvals_share": ("10", "50", "off"),
    "approvals_gain": ("100", "900", "off"),
    "four_eyes": ("on", "off"),
    "veto": ("2h", "1h", "off"),
    "collar": ("0.1", "0.5", "3"),
    "tolerance": ("0", "1", "5"),
    "tolerance_across_close": ("0", "3", "5"),
}
"""Values of every setting that has a direction, each looser than the ones before it."""

APART: Mapping[str, tuple[str, str]] = {
    "destination": ("0.5", "1"),
    "objective": ("closest", "fewest"),
    "fractional": ("on", "off"),
    "min_lot": ("1", "10"),
    "lot_method": ("fifo", "hifo"),
    "tax_short": ("24", "30"),
    "tax_long": ("15", "20"),
    "loss_offset": ("0", "3000"),
    "locations": ("none", "bonds:tax_deferred"),
    "calendar": ("off", "annual"),
    "trigger": ("either", "band_on_date"),
}
"""Two values of every setting that has no direction: either way is a change of what happens."""

HARMLESS: Mapping[str, tuple[str, str]] = {
    "harvest_look": ("monthly", "weekly"),
    "check_times": ("11:00", "11:00,15:00"),
    "alert_growth": ("2", "off"),
    "new_cash": ("off", "500"),
    "pinned": ("on", "off"),
    "digest": ("on", "off"),
    "remind_after": ("off", "30m"),
}
"""Two values of settings that only say when people are asked or told."""


def policy(name: str, text: str) -> Policy:
    return find_field(name).change(Policy(), text)


def changed(*pairs: tuple[str, str]) -> Policy:
    return change_policy(Policy(), pairs)


def test_every_setting_has_a_sense_and_nothing_else_has() -> None:
    assert set(SENSES) == {field.name for field in FIELDS} | {BANDS}


def test_every_part_of_a_policy_is_reached_by_a_setting() -> None:
    """A part that no setting changes could be changed without anybody's leave."""
    named = {field.name for field in FIELDS} | {BANDS, "band"}
    assert {part.name for part in fields(Policy)} <= named


def test_every_setting_is_tried_here() -> None:
    directed = {name for name in SENSES if SENSES[name].way not in {Way.EITHER, Way.NEVER}}
    assert set(CHAINS) == directed - {BANDS}
    assert set(APART) == {name for name in SENSES if SENSES[name].way is Way.EITHER}
    never = {name for name in SENSES if SENSES[name].way is Way.NEVER}
    assert set(HARMLESS) == never - {"calendar_day", "ask_first"}


@pytest.mark.parametrize("name", CHAINS)
def test_a_directed_setting_loosens_one_way_and_tightens_the_other(name: str) -> None:
    chain = CHAINS[name]
    for before, after in permutations(chain, 2):
        found = loosened(policy(name, before), policy(name, after))
        assert bool(found) is (chain.index(after) > chain.index(before)), (before, after)
        assert set(found) <= {name}


@pytest.mark.parametrize("name", APART)
def test_a_setting_without_a_direction_redirects_either_way(name: str) -> None:
    one, other = (policy(name, text) for text in APART[name])
    assert loosened(one, other) == loosened(other, one) == (name,)


@pytest.mark.parametrize("name", HARMLESS)
def test_when_people_are_asked_or_told_loosens_nothing(name: str) -> None:
    one, other = (policy(name, text) for text in HARMLESS[name])
    assert one != other
    assert loosened(one, other) == loosened(other, one) == ()


def test_values_that_cannot_be_compared_loosen_either_way() -> None:
    for name, one, other in (
        ("direction", "buy_only", "sell_only"),
        ("do_not_sell", "VTI", "BND"),
        ("cash_reserve", "500", "0.5%"),
    ):
        first, second = policy(name, one), policy(name, other)
        assert loosened(first, second) == loosened(second, first) == (name,)


def test_a_reserve_of_nothing_compares_with_an_amount_and_with_a_percentage() -> None:
    none, some = policy("cash_reserve", "0%"), policy("cash_reserve", "500")
    assert loosened(some, none) == ("cash_reserve",)
    assert loosened(none, some) == ()


@pytest.mark.parametrize(
    ("before", "after", "is_looser"),
    [
        ("default", "8", True),
        ("8", "default", False),
        ("3", "default", True),
        ("default", "3", False),
        ("3", "4", True),
        ("off", "4", False),
    ],
)
def test_a_lines_own_band_is_held_against_the_one_that_it_had(
    before: str, after: str, is_looser: bool
) -> None:
    """The portfolio's band is 5/25."""
    one, other = changed(("band:VTI", before)), changed(("band:VTI", after))
    assert loosened(one, other) == ((BANDS,) if is_looser else ())


def test_a_wider_band_of_all_widens_no_line_that_keeps_its_own() -> None:
    before = changed(("band:VTI", "3"))
    assert loosened(before, changed(("band:VTI", "3"), ("band", "8"))) == ("band_absolute",)


def test_a_change_that_tightens_one_setting_and_loosens_another_loosens() -> None:
    assert loosened(changed(), changed(("band", "3"), ("min", "0"))) == ("min_trade",)


rules = st.builds(
    lambda people, many, above, share, four_eyes, veto: replace(
        Policy(),
        approvals=people,
        approvals_many=many,
        approvals_above=above,
        approvals_share=share,
        four_eyes=four_eyes,
        veto=int(veto / timedelta(minutes=1)),
    ),
    st.integers(1, 3),
    st.integers(2, 4),
    st.none() | st.integers(0, 3).map(Decimal),
    st.none() | st.integers(0, 3).map(Decimal),
    st.booleans(),
    st.sampled_from([timedelta(0), timedelta(hours=1)]),
)


@given(rules, rules)
def test_whatever_makes_the_approval_rule_ask_for_less_loosens(
    before: Policy, after: Policy
) -> None:
    if is_stricter(rule_of(before), rule_of(after)):
        assert loosened(before, after)


@given(rules)
def test_what_stays_as_it_is_loosens_nothing(same: Policy) -> None:
    assert loosened(same, replace(same)) == ()
