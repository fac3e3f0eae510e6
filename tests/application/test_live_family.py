"""The family of a live portfolio: nobody decides from one tap on a link, and it is handed over when a day is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.application.agree_to_change import agree_to_change
from core.application.enter import Entered, enter
from core.application.hand_over import accept_ownership, offer_ownership
from core.application.invite_member import Invited, invite_member, undo_joining
from core.application.settle_changes import settle_changes
from core.application.show_change import list_changes
from core.domain.change import NOTICE
from core.domain.ids import PortfolioId, UserId
from core.domain.invitation import Terms
from core.domain.membership import Member, Role
from core.domain.portfolio import Rung
from core.domain.refusals import BadInvitation, NeedsAgreement
from tests.application.acts import drifted, let_in
from tests.application.live_world import live_world, stand_on
from tests.fakes.world import World

CARL, DORA = UserId(1003), UserId(1004)


@dataclass
class Live:
    """Anna owns a live portfolio, Ben may approve there."""

    world: World
    anna: Member
    ben: Member
    portfolio_id: PortfolioId

    async def invited(self, role: Role, uses: int = 1) -> Invited:
        return await invite_member(
            self.world.store,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.portfolio_id,
            role=role,
            terms=Terms(uses=uses),
        )

    async def come(self, user: UserId, code: str) -> Entered:
        nobody: frozenset[int] = frozenset()
        return await enter(
            self.world.store,
            self.world.clock,
            user_id=user,
            name=f"P{user}",
            allowed=nobody,
            code=code,
        )

    async def role(self, member: Member) -> Role | None:
        async with self.world.store.read() as work:
            return await work.people.role(member.id, self.portfolio_id)

    async def agree(self) -> None:
        """Ben agrees to what waits."""
        store, clock = self.world.store, self.world.clock
        (waiting,) = await list_changes(store, member=self.ben, portfolio_id=self.portfolio_id)
        await agree_to_change(store, clock, member=self.ben, change_id=waiting.change.id)

    async def next_day(self) -> None:
        self.world.pass_time(NOTICE)
        await settle_changes(self.world.desk)


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    async with live_world(tmp_path) as world:
        anna, portfolio_id = await drifted(world)
        ben = await let_in(world, portfolio_id)
        await stand_on(world, anna, Rung.LIVE_CAPPED)
        yield Live(world, anna, ben, portfolio_id)


async def test_who_is_to_decide_comes_in_as_a_viewer_and_decides_a_day_later(live: Live) -> None:
    invited = await live.invited(Role.APPROVER)
    assert invited.waits
    entered = await live.come(CARL, invited.code)
    assert (entered.role, entered.waits_for) == (Role.VIEWER, Role.APPROVER)
    await live.next_day()
    assert await live.role(entered.member) is Role.APPROVER


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER])
async def test_who_does_not_decide_comes_in_at_once(live: Live, role: Role) -> None:
    invited = await live.invited(role)
    assert not invited.waits
    entered = await live.come(CARL, invited.code)
    assert (entered.role, entered.waits_for) == (role, None)


async def test_a_joining_is_undone_at_once_while_they_do_not_decide(live: Live) -> None:
    invited = await live.invited(Role.APPROVER)
    carl = (await live.come(CARL, invited.code)).member
    await undo_joining(
        live.world.store,
        live.world.clock,
        member=live.anna,
        portfolio_id=live.portfolio_id,
        user_id=CARL,
        mark=invited.invitation.mark,
    )
    assert await live.role(carl) is None
    await live.next_day()
    assert await live.role(carl) is None


async def test_who_decides_is_not_undone_at_once(tmp_path: Path) -> None:
    async with live_world(tmp_path) as world:
        anna, portfolio_id = await drifted(world)
        live = Live(world, anna, anna, portfolio_id)
        invited = await live.invited(Role.APPROVER)
        carl = (await live.come(CARL, invited.code)).member
        await stand_on(world, anna, Rung.LIVE_CAPPED)
        with pytest.raises(NeedsAgreement):
            await undo_joining(
                world.store,
                world.clock,
                member=anna,
                portfolio_id=portfolio_id,
                user_id=CARL,
                mark=invited.invitation.mark,
            )
        assert await live.role(carl) is Role.APPROVER


async def test_a_live_portfolio_is_handed_over_when_enough_agree_and_a_day_is_over(
    live: Live,
) -> None:
    carl = (await live.come(CARL, (await live.invited(Role.VIEWER)).code)).member
    store, clock = live.world.store, live.world.clock
    await offer_ownership(
        store, clock, member=live.anna, portfolio_id=live.portfolio_id, user_id=CARL
    )
    done = await accept_ownership(store, clock, member=carl, portfolio_id=live.portfolio_id)
    assert done.waits
    assert await live.role(carl) is Role.VIEWER
    await live.agree()
    await live.next_day()
    assert await live.role(carl) is Role.OWNER
    assert await live.role(live.anna) is Role.APPROVER


async def test_the_link_of_somebody_who_may_invite_no_more_is_not_good(live: Live) -> None:
    code = (await live.invited(Role.VIEWER, uses=2)).code
    await live.come(CARL, code)
    await live.world.give_role(live.ben, live.portfolio_id, Role.OWNER)
    await live.world.give_role(live.anna, live.portfolio_id, Role.APPROVER)
    with pytest.raises(BadInvitation):
        await live.come(DORA, code)
