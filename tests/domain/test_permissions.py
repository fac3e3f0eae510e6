"""Permissions: one table; each role may do what the ones before it may, and no role may do nothing."""

from __future__ import annotations

from collections import Counter

import pytest

from core.domain.membership import Role
from core.domain.permissions import LEAST, TABLE, Act, Standing, may, require
from core.domain.refusals import NotAllowed

FIRST_OF = {
    Role.VIEWER: Act.SEE_PORTFOLIO,
    Role.PROPOSER: Act.ASK_FOR_PLAN,
    Role.APPROVER: Act.APPROVE,
    Role.OWNER: Act.CHANGE_TARGETS,
}
"""An act that takes each role, as the vocabulary has it."""


def test_the_table_has_every_act_once() -> None:
    counted = Counter(act for acts in TABLE.values() for act in acts)
    assert counted == dict.fromkeys(Act, 1)


@pytest.mark.parametrize("least", Role)
def test_an_act_is_for_its_role_and_those_above(least: Role) -> None:
    act = FIRST_OF[least]
    assert LEAST[act] is least
    ranks = list(Role)
    assert [may(role, act) for role in ranks] == [
        ranks.index(role) >= ranks.index(least) for role in ranks
    ]
    assert not may(None, act)


def test_without_a_role_nothing_is_permitted() -> None:
    assert not any(may(None, act) for act in Act)


def test_the_refusal_names_the_act_and_the_role_that_is_needed() -> None:
    require(Role.APPROVER, Act.APPROVE)
    with pytest.raises(NotAllowed) as refused:
        require(Role.VIEWER, Act.APPROVE)
    told = refused.value
    assert (told.needed, told.role, told.act) == ("approver", "viewer", Act.APPROVE)


def test_what_belongs_to_no_portfolio_goes_by_standing() -> None:
    rights = {standing: {act for act in Act if may(standing, act)} for standing in Standing}
    assert rights[Standing.STRANGER] == {Act.ACCEPT_INVITATION}
    assert rights[Standing.ALLOWED] == {Act.ACCEPT_INVITATION, Act.COME_IN}
    assert rights[Standing.MEMBER] >= {Act.GET_HELP, Act.MAKE_PORTFOLIO, Act.COME_IN}
    assert not any(isinstance(LEAST[act], Role) for acts in rights.values() for act in acts)
