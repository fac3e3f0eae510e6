"""The approval rule: how many people a plan needs, and whose approvals count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.approval import (
    ApprovalRule,
    Because,
    Need,
    Stake,
    able,
    counted,
    fewest_approvers,
    is_stricter,
    most_needed,
    most_people,
    need_of,
    people_needed,
    roles_of,
    rule_of,
    stake_of,
    still_needed,
)
from core.domain.ids import MemberId, Symbol
from core.domain.lots import Lot, LotSale, Term
from core.domain.membership import Role
from core.domain.permissions import Act, may
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy
from tests.domain.samples import ANNA, BEN, membership, plan, trade

CARLA, DORA = MemberId(3), MemberId(4)
PEOPLE = (ANNA, BEN, CARLA, DORA)
HOUR = timedelta(hours=1)

amounts = st.integers(0, 50).map(lambda tens: Decimal(tens * 10))
limits = st.none() | amounts
stakes = st.builds(Stake, amounts, amounts, amounts)
rules = st.builds(
    ApprovalRule,
    people=st.integers(1, 4),
    many=st.integers(2, 4),
    above=limits,
    share=limits,
    gain=limits,
    four_eyes=st.booleans(),
    veto=st.sampled_from([timedelta(0), HOUR]),
)
givers = st.lists(st.sampled_from(PEOPLE), max_size=6)
roles = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(Role))


def needs(rule: ApprovalRule, stake: Stake) -> int:
    return people_needed(rule, stake)[0]


# --- how many -------------------------------------------------------------------------------------


def test_one_person_is_enough_where_nothing_is_set() -> None:
    rule = rule_of(Policy())
    assert people_needed(rule, Stake(Decimal(10_000), Decimal(100), Decimal(10_000))) == (1, ())
    assert most_people(rule) == fewest_approvers(rule) == 1


@pytest.mark.parametrize(
    ("typed", "stake", "because"),
    [
        (("approvals_above", "5000"), Stake(amount=Decimal("5000.01")), Because.AMOUNT),
        (("approvals_share", "10%"), Stake(share=Decimal("10.1")), Because.SHARE),
        (("approvals_gain", "0"), Stake(gain=Decimal("0.01")), Because.GAIN),
    ],
)
def test_two_people_approve_what_is_above_a_limit_and_one_what_is_at_it(
    typed: tuple[str, str], stake: Stake, because: Because
) -> None:
    rule = rule_of(change_policy(Policy(), [typed]))
    people, why = people_needed(rule, stake)
    assert (people, [each.because for each in why]) == (2, [because])
    assert why[0].value > why[0].limit
    at_it = Stake(
        *(why[0].limit if part else Decimal(0) for part in (stake.amount, stake.share, stake.gain))
    )
    assert people_needed(rule, at_it) == (1, ())


def test_every_limit_that_a_plan_is_above_is_a_reason() -> None:
    rule = ApprovalRule(many=3, above=Decimal(10), share=Decimal(5), gain=Decimal(99))
    people, why = people_needed(rule, Stake(Decimal(11), Decimal(6), Decimal(7)))
    assert (people, [each.because for each in why]) == (3, [Because.AMOUNT, Because.SHARE])


def test_a_limit_asks_for_nobody_where_as_many_must_approve_always() -> None:
    rule = ApprovalRule(people=3, many=2, above=Decimal(10))
    people, why = people_needed(rule, Stake(amount=Decimal(11)))
    assert (people, [each.because for each in why]) == (3, [Because.ALWAYS])
    assert most_people(rule) == 3


@given(rules, stakes, stakes)
def test_a_larger_plan_never_needs_fewer_people(
    rule: ApprovalRule, one: Stake, more: Stake
) -> None:
    larger = Stake(one.amount + more.amount, one.share + more.share, one.gain + more.gain)
    assert needs(rule, larger) >= needs(rule, one)


@given(rules, stakes)
def test_no_plan_needs_more_than_the_most_nor_less_than_what_is_always_needed(
    rule: ApprovalRule, stake: Stake
) -> None:
    assert rule.people <= needs(rule, stake) <= most_people(rule) <= fewest_approvers(rule)


@given(rules)
def test_some_plan_needs_the_most_that_any_may_need(rule: ApprovalRule) -> None:
    everything = Stake(*[Decimal(1000)] * 3)
    assert needs(rule, everything) == most_people(rule)
    assert most_needed(rule, ANNA).people == most_people(rule)


@given(rules, rules, stakes, givers)
def test_under_a_rule_that_is_not_stricter_nothing_needs_more(
    before: ApprovalRule, after: ApprovalRule, stake: Stake, who: list[MemberId]
) -> None:
    if is_stricter(after, before):
        return
    old, new = need_of(before, stake, [ANNA]), need_of(after, stake, [ANNA])
    assert new.missing(who) <= old.missing(who)
    assert new.veto <= old.veto


@given(rules)
def test_a_rule_is_not_stricter_than_itself(rule: ApprovalRule) -> None:
    assert not is_stricter(rule, rule)
    assert not is_stricter(replace(rule, ask_first=(BEN,), remind_after=HOUR), rule)


@pytest.mark.parametrize(
    "stricter",
    [
        {"people": 2},
        {"above": Decimal(99)},
        {"above": Decimal(100), "share": Decimal(10)},
        {"above": Decimal(100), "gain": Decimal(10)},
        {"above": Decimal(100), "many": 3},
        {"above": Decimal(100), "four_eyes": True},
        {"above": Decimal(100), "veto": HOUR},
    ],
)
def test_each_part_of_a_rule_makes_it_stricter(stricter: dict[str, object]) -> None:
    before = ApprovalRule(above=Decimal(100))
    after = ApprovalRule(**stricter)  # type: ignore[arg-type]
    assert is_stricter(after, before)
    assert not is_stricter(
        before, replace(after, people=2, above=Decimal(1), many=3, veto=HOUR, four_eyes=True)
    )


# --- what is at stake -----------------------------------------------------------------------------


def sale(gain: int | None, proceeds: int = 500) -> LotSale:
    lot = Lot(Symbol("AAA"), Decimal(5), Decimal(60), date(2019, 1, 2))
    return LotSale(
        lot, Decimal(5), Decimal(proceeds), None if gain is None else Decimal(gain), Term.LONG
    )


def test_the_larger_of_purchases_and_sales_is_at_stake_and_its_part_of_the_portfolio() -> None:
    """total 10,000 · sell AAA for 1,000 · buy BBB and CCC for 600 each"""
    both = plan(
        trade("sell", 10, "AAA", 100), trade("buy", 6, "BBB", 100), trade("buy", 6, "CCC", 100)
    )
    stake = stake_of(both)
    assert (stake.amount, stake.share) == (Decimal(1200), Decimal(12))


def test_a_loss_hides_no_gain_and_an_unknown_cost_counts_whole() -> None:
    """lots with a gain of 200, a loss of 300, and one of which nobody knows what it cost, sold for 500"""
    mixed = replace(trade("sell", 10, "AAA", 100), lots=(sale(200), sale(-300), sale(None)))
    assert stake_of(plan(mixed)).gain == Decimal(700)


def test_a_sale_without_known_lots_counts_whole_and_a_purchase_gains_nothing() -> None:
    unknown = plan(trade("sell", 10, "AAA", 100), trade("buy", 10, "BBB", 100))
    assert stake_of(unknown).gain == Decimal(1000)


def test_gains_that_nobody_pays_tax_on_are_none() -> None:
    sold = plan(replace(trade("sell", 10, "AAA", 100), lots=(sale(200),)))
    assert stake_of(sold, untaxed={"1"}).gain == Decimal(0)
    assert stake_of(sold, untaxed={"2"}).gain == Decimal(200)


def test_of_a_portfolio_that_is_worth_nothing_any_trade_is_the_whole() -> None:
    assert stake_of(plan(trade("buy", 1, "AAA", 1), total=0)).share == Decimal(100)


# --- four eyes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("people", "given_by", "missing"),
    [
        (1, [], 1),
        (1, [ANNA], 1),
        (1, [BEN], 0),
        (1, [ANNA, BEN], 0),
        (2, [ANNA], 1),
        (2, [ANNA, BEN], 0),
        (2, [BEN], 1),
        (3, [ANNA, BEN], 1),
    ],
)
def test_who_asked_for_a_plan_may_be_one_of_several_and_never_the_only_one(
    people: int, given_by: list[MemberId], missing: int
) -> None:
    need = need_of(ApprovalRule(people=people, four_eyes=True), Stake(), [ANNA])
    assert need.missing(given_by) == missing


def test_without_four_eyes_who_asked_for_a_plan_may_approve_it_alone() -> None:
    assert need_of(ApprovalRule(), Stake(), [ANNA]).is_met_by([ANNA])


def test_nobody_is_set_apart_where_nobody_asked() -> None:
    assert need_of(ApprovalRule(four_eyes=True), Stake(), [None]).is_met_by([ANNA])


def test_who_changed_a_plan_is_set_apart_as_well_as_who_asked_for_it() -> None:
    need = need_of(ApprovalRule(four_eyes=True), Stake(), [ANNA]).written_by(BEN, None, ANNA)
    assert need.authors == (ANNA, BEN)
    assert not need.is_met_by([ANNA])
    assert not need.is_met_by([BEN])
    assert need.is_met_by([CARLA])
    assert need.is_met_by([ANNA, BEN])


def test_four_eyes_need_two_who_may_approve_though_one_approval_is_enough() -> None:
    rule = ApprovalRule(four_eyes=True)
    assert (most_people(rule), fewest_approvers(rule)) == (1, 2)


# --- whose approvals count ------------------------------------------------------------------------


@given(givers, roles)
def test_approvals_count_once_and_only_of_people_who_may_approve(
    who: list[MemberId], by_member: dict[MemberId, Role]
) -> None:
    found = counted(who, by_member)
    assert len(set(found)) == len(found)
    assert set(found) == {each for each in who if may(by_member.get(each), Act.APPROVE)}


@given(rules, stakes, givers, roles)
def test_the_approval_of_somebody_without_the_right_brings_nothing_nearer(
    rule: ApprovalRule, stake: Stake, who: list[MemberId], by_member: dict[MemberId, Role]
) -> None:
    need = need_of(rule, stake, [ANNA])
    without = [each for each in who if may(by_member.get(each), Act.APPROVE)]
    assert need.missing(counted(who, by_member)) == need.missing(without)


@given(rules, stakes, givers, st.sampled_from(PEOPLE))
def test_one_more_approval_never_makes_more_missing(
    rule: ApprovalRule, stake: Stake, who: list[MemberId], more: MemberId
) -> None:
    need = need_of(rule, stake, [ANNA])
    assert need.missing([*who, more]) <= need.missing(who)
    assert need.missing([*who, *who]) == need.missing(who)


def test_those_who_may_approve_are_approvers_and_owners() -> None:
    family = [membership(who, role) for who, role in zip(PEOPLE, Role, strict=True)]
    assert able(family) == (CARLA, DORA)
    assert roles_of(family)[ANNA] is Role.VIEWER


# --- who is still needed --------------------------------------------------------------------------


def test_who_has_not_approved_is_still_needed() -> None:
    found = still_needed(Need(2), [ANNA], [ANNA, BEN, CARLA])
    assert (found.number, found.among, found.is_possible) == (1, (BEN, CARLA), True)


def test_nobody_is_needed_any_more_once_enough_have_approved() -> None:
    assert still_needed(Need(1), [ANNA], [ANNA, BEN]).number == 0


def test_a_single_approval_is_wanted_of_somebody_who_had_no_hand_in_the_plan() -> None:
    need = Need(authors=(ANNA,))
    assert still_needed(need, [], [ANNA, BEN, CARLA]).among == (BEN, CARLA)
    assert still_needed(need, [ANNA], [ANNA, BEN]).among == (BEN,)
    assert not still_needed(need, [], [ANNA]).is_possible


def test_a_rule_that_the_people_there_are_cannot_meet_is_not_made_easier() -> None:
    found = still_needed(Need(2), [], [ANNA])
    assert (found.number, found.is_possible) == (2, False)


@given(rules, stakes, givers, st.sets(st.sampled_from(PEOPLE)))
def test_the_people_named_as_still_needed_can_complete_it(
    rule: ApprovalRule, stake: Stake, who: list[MemberId], approvers: set[MemberId]
) -> None:
    need = need_of(rule, stake, [ANNA, BEN])
    found = still_needed(need, who, sorted(approvers))
    assert set(found.among) <= approvers - set(who)
    if found.number and found.is_possible:
        assert need.is_met_by([*who, *found.among])
