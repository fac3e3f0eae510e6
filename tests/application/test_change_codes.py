"""Changes of a live portfolio and one-time codes: who has them gives one with every agreement, as with an approval."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from core.adapters.vault import AesGcmVault
from core.application.agree_to_change import agree_to_change
from core.application.ask_for_change import ask_for_change, ask_instead
from core.application.one_time_codes import PERIOD, Proof, enrol_codes
from core.domain.change import ChangeState
from core.domain.change_kinds import RoleChange
from core.domain.ids import ChangeId
from core.domain.membership import Member, Role
from core.domain.refusals import BadCode, CodeNeeded, CodesNeedKey
from tests.application.changing_family import Family, changing_family, drafted

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
VAULT = AesGcmVault("a master key of at least thirty-two characters")


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    async with changing_family(tmp_path) as made:
        yield made


async def enrol(family: Family, member: Member) -> None:
    """The member has an app with codes, the first of which is used up."""
    world = family.world
    code = pyotp.TOTP(SECRET).at(world.clock.now())
    await enrol_codes(world.store, VAULT, world.clock, member=member, secret=SECRET, code=code)
    world.pass_time(timedelta(seconds=PERIOD))


def proof(family: Family, code: str | None = None) -> Proof:
    """What the app shows now, or another code."""
    return Proof(VAULT, code or pyotp.TOTP(SECRET).at(family.world.clock.now()))


async def ask(family: Family, change: ChangeId, proof: Proof) -> ChangeState:
    world = family.world
    view = await ask_for_change(
        world.store, world.clock, member=family.anna, change_id=change, proof=proof
    )
    return view.change.state


async def agree(family: Family, change: ChangeId, proof: Proof) -> ChangeState:
    world = family.world
    view = await agree_to_change(
        world.store, world.clock, member=family.ben, change_id=change, proof=proof
    )
    return view.change.state


async def test_who_has_codes_asks_with_one(family: Family) -> None:
    await enrol(family, family.anna)
    change = await drafted(family.set_targets())
    with pytest.raises(CodeNeeded) as needed:
        await ask(family, change, Proof(VAULT))
    assert (needed.value.proposal, needed.value.change) == (None, change)
    with pytest.raises(CodesNeedKey):
        await family.ask(change)
    assert await family.state(change) is ChangeState.DRAFTED
    assert await ask(family, change, proof(family)) is ChangeState.AGREED


async def test_who_has_codes_agrees_with_one_and_a_wrong_one_is_counted(family: Family) -> None:
    await family.set_policy(approvals="2")
    await enrol(family, family.ben)
    change = await family.asked(family.set_targets())
    with pytest.raises(BadCode) as bad:
        await agree(family, change, proof(family, "000000"))
    assert bad.value.attempts_left == 4
    assert await family.state(change) is ChangeState.ASKED
    assert await agree(family, change, proof(family)) is ChangeState.AGREED


async def test_an_objection_takes_no_code(family: Family) -> None:
    await enrol(family, family.ben)
    change = await family.asked(family.set_targets())
    assert (await family.object(family.ben, change)).change.state is ChangeState.OBJECTED


async def test_what_is_asked_for_in_ones_name_is_not_agreed_to_without_a_code(
    family: Family,
) -> None:
    """As when somebody accepts an invitation."""
    await enrol(family, family.anna)
    world = family.world
    async with world.store.begin() as work:
        managed = await work.portfolios.get(family.portfolio_id)
        people = await work.people.memberships(family.portfolio_id)
        anna = next(each for each in people if each.member.id == family.anna.id)
        what = RoleChange(family.carl.id, Role.VIEWER, Role.APPROVER)
        assert await ask_instead(work, managed, what, anna, world.clock.now())
        (waiting,) = await work.changes.in_states({ChangeState.ASKED})
    assert waiting.givers == ()
    view = await agree_to_change(
        world.store,
        world.clock,
        member=family.anna,
        change_id=waiting.id,
        proof=proof(family),
    )
    assert view.change.state is ChangeState.AGREED
