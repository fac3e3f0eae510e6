"""Membership: each role may do what the ones before it may; no role may do nothing."""

from __future__ import annotations

import pytest

from core.domain.membership import (
    Permission,
    Role,
    may,
    parse_role,
    require,
    require_an_owner_left,
)
from core.domain.refusals import LastOwner, NotAllowed, UnknownRole
from tests.domain.samples import ANNA, BEN, membership

RIGHTS = {
    None: "",
    Role.VIEWER: "view",
    Role.PROPOSER: "view propose",
    Role.APPROVER: "view propose approve",
    Role.OWNER: "view propose approve manage",
}


@pytest.mark.parametrize("permission", Permission)
@pytest.mark.parametrize("role", [None, *Role])
def test_each_role_may_do_exactly_this(role: Role | None, permission: Permission) -> None:
    is_permitted = permission in RIGHTS[role].split()
    assert may(role, permission) is is_permitted
    if is_permitted:
        require(role, permission, "try")
    else:
        with pytest.raises(NotAllowed) as refused:
            require(role, permission, "try")
        assert (refused.value.role, refused.value.action) == (role, "try")


def test_the_refusal_names_the_role_that_is_needed() -> None:
    with pytest.raises(NotAllowed) as refused:
        require(Role.VIEWER, Permission.APPROVE, "approve")
    assert refused.value.needed == "approver"


@pytest.mark.parametrize("text", ["owner", " Owner ", "OWNER"])
def test_reads_a_role_s_name(text: str) -> None:
    assert parse_role(text) is Role.OWNER


@pytest.mark.parametrize("text", ["", "boss", "owner\u202e", "x" * 500])
def test_refuses_what_is_no_role(text: str) -> None:
    with pytest.raises(UnknownRole) as refused:
        parse_role(text)
    assert len(refused.value.text) <= 20


def test_the_last_owner_stays() -> None:
    family = (membership(ANNA, Role.OWNER), membership(BEN, Role.APPROVER))
    with pytest.raises(LastOwner):
        require_an_owner_left(family, ANNA)
    require_an_owner_left(family, BEN)
    require_an_owner_left((*family, membership(BEN, Role.OWNER)), ANNA)
