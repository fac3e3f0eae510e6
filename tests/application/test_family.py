"""The family: invitations with terms, joinings undone, a portfolio handed over, households and sharing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.application.choose_portfolio import current_portfolio, my_portfolios, portfolio_by_id
from core.application.create_portfolio import OWN_HOUSEHOLD, create_portfolio
from core.application.enter import Entered, enter
from core.application.hand_over import (
    accept_ownership,
    decline_ownership,
    offer_ownership,
    take_offer_back,
)
from core.application.households import my_households, share_portfolio
from core.application.invite_member import (
    Invited,
    invite_member,
    replace_invitation,
    revoke_invitation,
    undo_joining,
)
from core.application.members import change_role, list_members, remove_member
from core.application.see_family import see_family
from core.domain.ids import ChatId, HouseholdId, PortfolioId, UserId
from core.domain.invitation import Lifetime, Terms
from core.domain.membership import Member, Role
from core.domain.refusals import (
    BadInvitation,
    BadUses,
    InvitationOver,
    JoiningOver,
    NoOffer,
    NotAllowed,
    OwnerAlready,
    UnknownHousehold,
    UnknownMember,
    UnknownPortfolio,
)
from core.ports.store import Chat
from tests.fakes.world import ANNA, BEN, World

CARL, DORA = UserId(1003), UserId(1004)


async def come(world: World, user: UserId, code: str) -> Entered:
    nobody: frozenset[int] = frozenset()
    return await enter(
        world.store, world.clock, user_id=user, name=f"P{user}", allowed=nobody, code=code
    )


class Scene:
    """Anna's portfolio, and what is done to it."""

    def __init__(self, world: World, anna: Member, portfolio_id: PortfolioId) -> None:
        self.world, self.anna, self.portfolio_id = world, anna, portfolio_id

    async def do(self, use_case: Any, *, by: Member | None = None, **more: Any) -> Any:
        this = {"member": by or self.anna, "portfolio_id": self.portfolio_id}
        return await use_case(self.world.store, self.world.clock, **this, **more)

    async def invite(self, role: Role = Role.VIEWER, terms: Terms | None = None) -> Invited:
        invited: Invited = await self.do(invite_member, role=role, terms=terms)
        return invited

    async def let_in(self, user: UserId = BEN, role: Role = Role.VIEWER) -> Member:
        return (await come(self.world, user, (await self.invite(role)).code)).member

    async def roles(self) -> dict[int, Role]:
        found = await list_members(
            self.world.store, member=self.anna, portfolio_id=self.portfolio_id
        )
        return {int(each.member.user_id): each.role for each in found}

    async def told(self) -> dict[int, str]:
        """The latest news of the family to each person."""
        news = {"member_joined", "ownership_offered", "handed_over"}
        return {chat: kind for kind, chat in await self.world.outbox() if kind in news}


@pytest.fixture
async def scene(world: World) -> Scene:
    anna = await world.person()
    current = await world.portfolio(anna)
    return Scene(world, anna, current.portfolio.portfolio.id)


# --- invitations -----------------------------------------------------------------------------------


async def test_an_invitation_lets_in_as_many_as_it_says(scene: Scene) -> None:
    code = (await scene.invite(Role.PROPOSER, Terms(Lifetime.WEEK, 2))).code
    await come(scene.world, BEN, code)
    await come(scene.world, CARL, code)
    with pytest.raises(BadInvitation):
        await come(scene.world, DORA, code)
    assert await scene.roles() == {ANNA: Role.OWNER, BEN: Role.PROPOSER, CARL: Role.PROPOSER}


@pytest.mark.parametrize("lifetime", Lifetime)
async def test_an_invitation_is_good_for_as_long_as_it_says(
    scene: Scene, lifetime: Lifetime
) -> None:
    code = (await scene.invite(terms=Terms(lifetime, 2))).code
    scene.world.clock.advance(lifetime.length - timedelta(seconds=1))
    await come(scene.world, BEN, code)
    scene.world.clock.advance(timedelta(seconds=1))
    with pytest.raises(BadInvitation):
        await come(scene.world, CARL, code)


@pytest.mark.parametrize("uses", [0, -1, 11])
def test_an_invitation_is_for_one_to_ten(uses: int) -> None:
    with pytest.raises(BadUses):
        Terms(uses=uses)


async def test_a_link_that_was_taken_back_lets_nobody_in(scene: Scene) -> None:
    invited = await scene.invite()
    await scene.do(revoke_invitation, mark=invited.invitation.mark)
    with pytest.raises(BadInvitation):
        await come(scene.world, BEN, invited.code)
    with pytest.raises(InvitationOver):
        await scene.do(revoke_invitation, mark=invited.invitation.mark)


async def test_other_terms_make_another_link_and_the_first_works_no_more(scene: Scene) -> None:
    first = await scene.invite(Role.APPROVER)
    second = await scene.do(
        replace_invitation, mark=first.invitation.mark, terms=Terms(Lifetime.HOUR, 3)
    )
    with pytest.raises(BadInvitation):
        await come(scene.world, BEN, first.code)
    assert (await come(scene.world, BEN, second.code)).role is Role.APPROVER
    assert second.invitation.uses == 3


async def test_who_has_as_much_already_does_not_use_an_invitation_up(scene: Scene) -> None:
    code = (await scene.invite()).code
    assert (await come(scene.world, ANNA, code)).role is Role.OWNER
    assert (await come(scene.world, BEN, code)).role is Role.VIEWER


async def test_owners_see_what_is_open_and_who_joined_by_it(scene: Scene) -> None:
    invited = await scene.invite(terms=Terms(uses=2))
    ben = (await come(scene.world, BEN, invited.code)).member
    family = await scene.do(see_family)
    (invitation,), (joining,) = family.invitations, family.joined
    assert (invitation.left, joining.mark, joining.member.user_id) == (1, invitation.mark, BEN)
    for_ben = await scene.do(see_family, by=ben)
    assert (for_ben.invitations, for_ben.joined) == ((), ())
    assert len(for_ben.memberships) == 2
    await scene.do(revoke_invitation, mark=invitation.mark)
    assert (await scene.do(see_family)).invitations == ()


async def test_every_owner_hears_who_has_joined(scene: Scene) -> None:
    await scene.let_in(BEN, Role.OWNER)
    await scene.let_in(CARL, Role.VIEWER)
    assert (await scene.told()).keys() == {ANNA, BEN}


async def test_a_joining_is_undone(scene: Scene) -> None:
    invited = await scene.invite()
    await come(scene.world, BEN, invited.code)
    this: dict[str, Any] = {"user_id": BEN, "mark": invited.invitation.mark}
    await scene.do(undo_joining, **this)
    assert BEN not in await scene.roles()
    with pytest.raises(JoiningOver):
        await scene.do(undo_joining, **this)


async def test_undoing_gives_back_the_role_of_before(scene: Scene) -> None:
    await scene.let_in(BEN, Role.VIEWER)
    invited = await scene.invite(Role.APPROVER)
    await come(scene.world, BEN, invited.code)
    await scene.do(undo_joining, user_id=BEN, mark=invited.invitation.mark)
    assert (await scene.roles())[BEN] is Role.VIEWER


async def test_a_joining_is_not_undone_once_the_role_is_another(scene: Scene) -> None:
    invited = await scene.invite()
    await come(scene.world, BEN, invited.code)
    await scene.do(change_role, user_id=BEN, role=Role.APPROVER)
    with pytest.raises(JoiningOver):
        await scene.do(undo_joining, user_id=BEN, mark=invited.invitation.mark)
    assert (await scene.roles())[BEN] is Role.APPROVER


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER, Role.APPROVER])
async def test_nobody_raises_their_own_role(scene: Scene, role: Role) -> None:
    ben = await scene.let_in(BEN, role)
    with pytest.raises(NotAllowed):
        await scene.do(change_role, by=ben, user_id=BEN, role=Role.OWNER)
    with pytest.raises(NotAllowed):
        await scene.do(invite_member, by=ben, role=Role.OWNER)
    with pytest.raises(NotAllowed):
        await scene.do(offer_ownership, by=ben, user_id=BEN)
    assert (await scene.roles())[BEN] is role


# --- handing over ------------------------------------------------------------------------------------


async def test_a_portfolio_is_handed_over_once_both_have_confirmed(scene: Scene) -> None:
    ben = await scene.let_in()
    await scene.let_in(CARL, Role.OWNER)
    await scene.do(offer_ownership, user_id=BEN)
    assert (await scene.told())[BEN] == "ownership_offered"
    assert (await scene.roles())[ANNA] is Role.OWNER
    await scene.do(accept_ownership, by=ben)
    assert await scene.roles() == {ANNA: Role.APPROVER, BEN: Role.OWNER, CARL: Role.OWNER}
    assert await scene.told() == dict.fromkeys((ANNA, BEN, CARL), "handed_over")


async def test_only_whom_it_is_offered_to_accepts_it(scene: Scene) -> None:
    ben, carl = await scene.let_in(), await scene.let_in(CARL, Role.APPROVER)
    with pytest.raises(NoOffer):
        await scene.do(accept_ownership, by=ben)
    await scene.do(offer_ownership, user_id=BEN)
    for use_case in (accept_ownership, decline_ownership):
        for other in (carl, scene.anna):
            with pytest.raises(NoOffer):
                await scene.do(use_case, by=other)
    await scene.do(decline_ownership, by=ben)
    with pytest.raises(NoOffer):
        await scene.do(accept_ownership, by=ben)
    assert (await scene.roles())[ANNA] is Role.OWNER


async def test_an_offer_is_good_for_a_day(scene: Scene) -> None:
    ben = await scene.let_in()
    await scene.do(offer_ownership, user_id=BEN)
    scene.world.clock.advance(timedelta(hours=24))
    with pytest.raises(NoOffer):
        await scene.do(accept_ownership, by=ben)


async def test_an_offer_is_taken_back_or_replaced(scene: Scene) -> None:
    ben, carl = await scene.let_in(), await scene.let_in(CARL)
    await scene.do(offer_ownership, user_id=BEN)
    await scene.do(offer_ownership, user_id=CARL)
    with pytest.raises(NoOffer):
        await scene.do(accept_ownership, by=ben)
    await scene.do(take_offer_back)
    with pytest.raises(NoOffer):
        await scene.do(accept_ownership, by=carl)


async def test_who_owns_it_no_more_gives_nothing_away(scene: Scene) -> None:
    """Anna offers it to Ben; Carl makes her a viewer before Ben accepts."""
    ben, carl = await scene.let_in(), await scene.let_in(CARL, Role.OWNER)
    await scene.do(offer_ownership, user_id=BEN)
    await scene.do(change_role, by=carl, user_id=ANNA, role=Role.VIEWER)
    with pytest.raises(NoOffer):
        await scene.do(accept_ownership, by=ben)
    assert (await scene.roles())[BEN] is Role.VIEWER


async def test_who_was_taken_out_accepts_nothing(scene: Scene) -> None:
    ben = await scene.let_in()
    await scene.do(offer_ownership, user_id=BEN)
    await scene.do(remove_member, user_id=BEN)
    with pytest.raises(UnknownPortfolio):
        await scene.do(accept_ownership, by=ben)


async def test_it_is_offered_to_members_who_do_not_own_it(scene: Scene) -> None:
    with pytest.raises(UnknownMember):
        await scene.do(offer_ownership, user_id=BEN)
    with pytest.raises(OwnerAlready):
        await scene.do(offer_ownership, user_id=ANNA)


# --- households --------------------------------------------------------------------------------------


async def make(world: World, member: Member, name: str, **more: Any) -> PortfolioId:
    chat = Chat(ChatId(member.user_id), "private", member.name)
    current = await create_portfolio(
        world.store,
        world.brokers,
        world.clock,
        member=member,
        name=name,
        chat=chat,
        broker=world.broker.name,
        **more,
    )
    return current.portfolio.portfolio.id


async def household_of(world: World, portfolio_id: PortfolioId) -> HouseholdId:
    async with world.store.read() as work:
        return (await work.portfolios.get(portfolio_id)).portfolio.household_id


async def test_a_member_of_two_households_chooses_where_a_portfolio_belongs(scene: Scene) -> None:
    world = scene.world
    theirs = await make(world, scene.anna, "Parents", household=OWN_HOUSEHOLD)
    first, second = await my_households(world.store, member=scene.anna)
    assert (first.name, second.name) == ("Family", "Parents")
    assert await household_of(world, theirs) == second.id
    near = await make(world, scene.anna, "Nearby")
    assert await household_of(world, near) == second.id, "the chat was about that household"
    back = await make(world, scene.anna, "Kids", household=first.id)
    assert await household_of(world, back) == first.id
    with pytest.raises(UnknownHousehold):
        await make(world, scene.anna, "Else", household=HouseholdId(99))


async def test_two_households_may_use_one_name_and_each_is_found(scene: Scene) -> None:
    world = scene.world
    theirs = await make(world, scene.anna, "Family", household=OWN_HOUSEHOLD)
    mine = await my_portfolios(world.store, member=scene.anna)
    assert [portfolio.slug for portfolio, _ in mine] == ["family", "family-2"]
    found = await current_portfolio(
        world.store, member=scene.anna, chat_id=ChatId(ANNA), slug="family-2"
    )
    assert found.portfolio.portfolio.id == theirs


async def test_an_invitation_brings_its_portfolio_s_household(scene: Scene) -> None:
    theirs = await make(scene.world, scene.anna, "Parents", household=OWN_HOUSEHOLD)
    ben = await Scene(scene.world, scene.anna, theirs).let_in()
    (household,) = await my_households(scene.world.store, member=ben)
    assert household.name == "Parents"


async def test_who_has_no_role_left_belongs_to_the_household_no_more(scene: Scene) -> None:
    ben = await scene.let_in()
    assert len(await my_households(scene.world.store, member=ben)) == 1
    await scene.do(remove_member, user_id=BEN)
    assert await my_households(scene.world.store, member=ben) == ()
    own = await make(scene.world, ben, "Mine")
    assert await household_of(scene.world, own) != await household_of(
        scene.world, scene.portfolio_id
    )


async def test_a_private_portfolio_is_seen_by_its_members_alone(scene: Scene) -> None:
    second = Scene(scene.world, scene.anna, await make(scene.world, scene.anna, "Secret"))
    ben = await scene.let_in()
    assert [
        portfolio.name for portfolio, _ in await my_portfolios(scene.world.store, member=ben)
    ] == ["Family"]
    assert await second.roles() == {ANNA: Role.OWNER}


async def test_a_shared_portfolio_takes_in_the_household_as_viewers(scene: Scene) -> None:
    """Ben is there when it is shared; Carl comes later; Dora is taken out, and stays out."""
    shared = Scene(scene.world, scene.anna, await make(scene.world, scene.anna, "Holiday"))
    await scene.let_in(BEN, Role.APPROVER)
    assert await shared.do(share_portfolio, shared=True) == 1
    await scene.let_in(CARL, Role.PROPOSER)
    await scene.let_in(DORA)
    await shared.do(remove_member, user_id=DORA)
    await shared.do(share_portfolio, shared=False)
    await scene.let_in(UserId(1005))
    assert await shared.roles() == {ANNA: Role.OWNER, BEN: Role.VIEWER, CARL: Role.VIEWER}


async def test_only_owners_share(scene: Scene) -> None:
    ben = await scene.let_in(BEN, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await scene.do(share_portfolio, by=ben, shared=True)


async def test_a_chat_is_about_the_portfolio_of_the_number_whatever_its_name(scene: Scene) -> None:
    """Ben has a portfolio named Family of his own when he is let into Anna's."""
    world = scene.world
    ben = await scene.let_in(BEN, Role.PROPOSER)
    await scene.do(remove_member, user_id=BEN)
    own = await make(world, ben, "Family")
    await scene.let_in(BEN, Role.VIEWER)
    named = {
        portfolio.id: portfolio.slug
        for portfolio, _ in await my_portfolios(world.store, member=ben)
    }
    for portfolio_id in (own, scene.portfolio_id):
        found = await portfolio_by_id(world.store, member=ben, portfolio_id=portfolio_id)
        again = await current_portfolio(
            world.store, member=ben, chat_id=ChatId(BEN), slug=found.portfolio.portfolio.slug
        )
        assert again.portfolio.portfolio.id == portfolio_id
        assert found.portfolio.portfolio.slug == named[portfolio_id]
    with pytest.raises(UnknownPortfolio):
        await portfolio_by_id(world.store, member=ben, portfolio_id=PortfolioId(99))
