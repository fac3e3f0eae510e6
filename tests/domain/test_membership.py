"""Membership: the names of roles, and an owner who stays."""

from __future__ import annotations

import pytest

from core.domain.membership import Role, parse_role, require_an_owner_left
from core.domain.refusals import LastOwner, UnknownRole
from tests.domain.samples import ANNA, BEN, membership


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
