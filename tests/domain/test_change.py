"""Changes of a live portfolio: what loosens, who must agree, and who may say what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import change as changes
from core.domain.change import (
    PENDING,
    TRANSITIONS,
    Answer,
    AnswerKind,
    ChangeState,
    PendingChange,
    require_may_agree,
    require_may_object,
    require_may_take_back,
    require_may_withdraw,
    require_move,
)
from core.domain.change_kinds import (
    AccountAdded,
    HandOver,
    PolicyChange,
    RoleChange,
    RungRaised,
    TargetsChange,
    What,
)
from core.domain.ids import AccountId, ChangeId, MemberId, PortfolioId, Symbol
from core.domain.membership import Role
from core.domain.permissions import LEAST, Act, may
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy
from core.domain.portfolio import Rung
from core.domain.refusals import (
    AlreadyAgreed,
    ChangeOver,
    IllegalMove,
    NotAgreed,
    NotAllowed,
    NotTheAsker,
    OwnRights,
    Refusal,
)
from core.domain.targets import TargetAllocation
from tests.domain.samples import ANNA, BEN, NOON, diagram

CARLA = MemberId(3)
OLD = TargetAllocation.of({"VTI": 60, "BND": 40})
NEW = TargetAllocation.of({"VTI": 80, "BND": 20})
TO_NEW = TargetsChange(OLD, NEW)


def policy(*pairs: tuple[str, str]) -> Policy:
    return change_policy(Policy(), pairs)


def pending(
    *answers: tuple[MemberId, AnswerKind],
    what: What = TO_NEW,
    state: ChangeState = ChangeState.ASKED,
) -> PendingChange:
    """A change that Anna asked for, with what people said to it."""
    said = tuple(
        Answer(member, f"M{member}", kind, NOON + timedelta(minutes=index))
        for index, (member, kind) in enumerate(answers)
    )
    due = NOON + changes.NOTICE
    return PendingChange(ChangeId(1), PortfolioId(1), what, state, ANNA, NOON, due, said)


def agree(*members: MemberId) -> list[tuple[MemberId, AnswerKind]]:
    return [(member, AnswerKind.AGREE) for member in members]


# --- the machine ---------------------------------------------------------------------------------


def test_the_diagram_is_the_transition_table() -> None:
    table = {str(before): {str(after) for after in nexts} for before, nexts in TRANSITIONS.items()}
    assert {state: nexts for state, nexts in table.items() if nexts} == diagram(changes.__doc__)
    assert set(table) == set(map(str, ChangeState))


@pytest.mark.parametrize("before", ChangeState)
@pytest.mark.parametrize("after", ChangeState)
def test_only_drawn_moves_are_made(before: ChangeState, after: ChangeState) -> None:
    if after in TRANSITIONS[before]:
        require_move(before, after)
    else:
        with pytest.raises(IllegalMove):
            require_move(before, after)


def test_nothing_takes_effect_but_what_was_agreed_to() -> None:
    leading = {before for before, nexts in TRANSITIONS.items() if ChangeState.IN_FORCE in nexts}
    assert leading == {ChangeState.AGREED}


# --- what loosens --------------------------------------------------------------------------------


def test_any_other_targets_redirect_and_their_order_does_not() -> None:
    assert TO_NEW.loosens
    assert TargetsChange(None, NEW).loosens
    assert not TargetsChange(OLD, TargetAllocation(tuple(reversed(OLD.lines)))).loosens
    served = replace(OLD.lines[0], substitutes=(Symbol("ITOT"),))
    assert TargetsChange(OLD, TargetAllocation((served, OLD.lines[1]))).loosens


@pytest.mark.parametrize("before", Role)
@pytest.mark.parametrize("after", [*Role, None])
def test_a_role_that_decides_is_neither_given_nor_changed_nor_taken_at_once(
    before: Role, after: Role | None
) -> None:
    decides = {Role.APPROVER, Role.OWNER}
    expected = before is not after and (before in decides or after in decides)
    assert RoleChange(BEN, before, after).loosens is expected


def test_handing_over_another_account_and_more_real_money_always_loosen() -> None:
    assert HandOver(ANNA, BEN, Role.APPROVER).loosens
    assert AccountAdded("IRA", "manual", "m-1", Rung.DRY_RUN).loosens
    assert RungRaised(AccountId(1), "987", Rung.LIVE_CAPPED, Rung.LIVE).loosens


def test_settings_go_onto_a_policy_that_changed_elsewhere_meanwhile() -> None:
    change = PolicyChange(policy(), policy(("band", "8")))
    assert change.loosens
    assert change.parts == ("band",)
    assert change.onto(policy(("min", "100"))) == policy(("band", "8"), ("min", "100"))


def test_settings_do_not_go_onto_a_policy_in_which_they_are_not_what_they_were() -> None:
    change = PolicyChange(policy(), policy(("band", "8")))
    assert change.onto(policy(("band", "3"))) is None
    assert change.onto(policy(("band", "8"))) is None


# --- who agrees ----------------------------------------------------------------------------------


def test_who_may_agree_is_who_may_approve() -> None:
    assert LEAST[Act.AGREE_TO_CHANGE] is LEAST[Act.OBJECT_TO_CHANGE] is LEAST[Act.APPROVE]


@pytest.mark.parametrize(
    ("settings", "givers", "is_enough"),
    [
        ((), [ANNA], True),
        ((), [], False),
        ((("approvals", "2"),), [ANNA], False),
        ((("approvals", "2"),), [ANNA, BEN], True),
        ((("many_above", "5000"),), [ANNA], False),
        ((("many_above", "5000"),), [ANNA, BEN], True),
        ((("four_eyes", "on"),), [ANNA], False),
        ((("four_eyes", "on"),), [BEN], True),
    ],
)
def test_it_takes_the_people_that_the_largest_trade_may_take(
    settings: tuple[tuple[str, str], ...], givers: list[MemberId], is_enough: bool
) -> None:
    roles = {ANNA: Role.OWNER, BEN: Role.APPROVER}
    assert pending(*agree(*givers)).is_agreed(policy(*settings), roles) is is_enough


@given(
    st.lists(st.tuples(st.sampled_from([ANNA, BEN, CARLA]), st.sampled_from(AnswerKind))),
    st.dictionaries(st.sampled_from([ANNA, BEN, CARLA]), st.sampled_from(Role)),
    st.integers(1, 3),
    st.booleans(),
)
def test_nothing_is_agreed_to_without_enough_who_may_decide(
    answers: list[tuple[MemberId, AnswerKind]],
    roles: dict[MemberId, Role],
    people: int,
    four_eyes: bool,
) -> None:
    rule = policy(("approvals", str(people)), ("four_eyes", "on" if four_eyes else "off"))
    change = pending(*answers, what=RoleChange(CARLA, Role.VIEWER, Role.OWNER))
    last = {member: kind for member, kind in answers if kind in {"agree", "take_back"}}
    standing = {
        member
        for member, kind in last.items()
        if kind is AnswerKind.AGREE and may(roles.get(member), Act.APPROVE) and member != CARLA
    }
    enough = len(standing) >= people and not (four_eyes and standing == {ANNA})
    assert change.is_agreed(rule, roles) is enough


def test_one_more_agreement_takes_nothing_away_and_taking_back_does() -> None:
    two = policy(("approvals", "2"))
    roles = {ANNA: Role.OWNER, BEN: Role.APPROVER, CARLA: Role.APPROVER}
    assert pending(*agree(ANNA, BEN, CARLA)).is_agreed(two, roles)
    back = pending(*agree(ANNA, BEN), (BEN, AnswerKind.TAKE_BACK))
    assert back.givers == (ANNA,)
    assert not back.is_agreed(two, roles)


def test_it_is_due_when_its_day_is_over_and_a_draft_never_is() -> None:
    change = pending()
    assert not change.is_due(NOON + changes.NOTICE - timedelta(microseconds=1))
    assert change.is_due(NOON + changes.NOTICE)
    assert not replace(change, takes_effect_at=None).is_due(NOON + timedelta(days=9))


# --- who may say what ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "role", "change", "refusal"),
    [
        (BEN, Role.APPROVER, pending(), None),
        (BEN, Role.PROPOSER, pending(), NotAllowed),
        (BEN, None, pending(), NotAllowed),
        (BEN, Role.OWNER, pending(*agree(BEN)), AlreadyAgreed),
        (BEN, Role.OWNER, pending(*agree(BEN), (BEN, AnswerKind.TAKE_BACK)), None),
        (BEN, Role.OWNER, pending(what=RoleChange(BEN, Role.OWNER, None)), OwnRights),
        (BEN, Role.APPROVER, pending(what=HandOver(ANNA, BEN, Role.APPROVER)), OwnRights),
        (BEN, Role.OWNER, pending(state=ChangeState.WITHDRAWN), ChangeOver),
        (BEN, Role.OWNER, pending(state=ChangeState.DRAFTED), ChangeOver),
    ],
)
def test_who_may_agree(
    member: MemberId, role: Role | None, change: PendingChange, refusal: type[Refusal] | None
) -> None:
    if refusal is None:
        require_may_agree(change, member, role)
    else:
        with pytest.raises(refusal):
            require_may_agree(change, member, role)


def test_only_an_agreement_that_stands_is_taken_back() -> None:
    require_may_take_back(pending(*agree(BEN)), BEN, Role.APPROVER)
    with pytest.raises(NotAgreed):
        require_may_take_back(pending(), BEN, Role.APPROVER)
    with pytest.raises(NotAllowed):
        require_may_take_back(pending(*agree(BEN)), BEN, Role.VIEWER)


def test_nobody_keeps_a_right_by_their_own_objection_but_an_owner() -> None:
    require_may_object(pending(), BEN, Role.APPROVER)
    removal = pending(what=RoleChange(BEN, Role.APPROVER, None))
    with pytest.raises(OwnRights):
        require_may_object(removal, BEN, Role.APPROVER)
    require_may_object(replace(removal, what=RoleChange(BEN, Role.OWNER, None)), BEN, Role.OWNER)
    with pytest.raises(NotAllowed):
        require_may_object(pending(), BEN, Role.VIEWER)


@pytest.mark.parametrize("state", ChangeState)
def test_only_who_asked_withdraws_and_only_what_waits(state: ChangeState) -> None:
    change = pending(state=state)
    if state in PENDING | {ChangeState.DRAFTED}:
        require_may_withdraw(change, ANNA, Role.OWNER)
        with pytest.raises(NotTheAsker):
            require_may_withdraw(change, BEN, Role.OWNER)
    else:
        with pytest.raises(ChangeOver):
            require_may_withdraw(change, ANNA, Role.OWNER)


def test_the_answer_that_came_last_is_known() -> None:
    assert pending().last_answer is None
    last = pending(*agree(ANNA, BEN)).last_answer
    assert last is not None
    assert last.member_id == BEN


def test_an_account_is_asked_for_with_what_it_opens_with() -> None:
    account = AccountAdded("IRA", "simulated", "s-2", Rung.SIMULATED, opening_cash=Decimal(500))
    assert account.act is Act.ADD_ACCOUNT
