"""Coming in, being invited, changing roles, and leaving: nobody gets in or up without being let."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.application.change_policy import change_policy
from core.application.choose_portfolio import (
    choose_portfolio,
    current_portfolio,
    my_portfolios,
)
from core.application.enter import Entered, enter
from core.application.identify import identify
from core.application.invite_member import invite_member, make_claim
from core.application.members import (
    change_role,
    leave_portfolio,
    list_members,
    remove_member,
)
from core.application.pause import pause, resume
from core.application.settings import set_layout, set_picture
from core.domain.ids import ChatId, PortfolioId, UserId
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind
from core.domain.refusals import (
    BadInvitation,
    BadPolicyValue,
    LastOwner,
    NameTaken,
    NoPortfolio,
    NotAllowed,
    NotAMember,
    Refusal,
    UnknownMember,
    UnknownPortfolio,
)
from core.ports.store import Chat
from tests.application.acts import HALVES, let_in, told
from tests.fakes.world import ANNA, BEN, World

CARL = UserId(1003)
NOBODY: frozenset[int] = frozenset()


async def come(
    world: World,
    user_id: UserId,
    name: str,
    code: str | None = None,
    allowed: frozenset[int] = NOBODY,
) -> Entered:
    return await enter(
        world.store, world.clock, user_id=user_id, name=name, allowed=allowed, code=code
    )


async def family(world: World) -> tuple[Member, PortfolioId]:
    anna = await world.person()
    return anna, (await world.portfolio(anna, HALVES)).portfolio.portfolio.id


async def invite(world: World, member: Member, portfolio_id: PortfolioId, role: Role) -> str:
    invited = await invite_member(
        world.store, world.clock, member=member, portfolio_id=portfolio_id, role=role
    )
    return invited.code


# --- coming in -----------------------------------------------------------------------------------


@pytest.mark.fault(48)
async def test_nobody_gets_in_without_being_let(world: World) -> None:
    with pytest.raises(NotAMember):
        await come(world, ANNA, "Anna")
    with pytest.raises(NotAMember):
        await identify(world.store, user_id=ANNA)


async def test_an_allowed_person_comes_in_and_comes_back(world: World) -> None:
    first = await come(world, ANNA, "Anna", allowed=frozenset({1001}))
    again = await come(world, ANNA, "Anna the Second")
    assert (first.how, again.how) == ("allowed", "returning")
    assert again.member == first.member == await identify(world.store, user_id=ANNA)


async def test_all_allowed_people_share_one_household(world: World) -> None:
    anna = await come(world, ANNA, "Anna", allowed=frozenset({1001, 1002}))
    ben = await come(world, BEN, "Ben", allowed=frozenset({1001, 1002}))
    assert anna.member.household_id == ben.member.household_id


async def test_an_invitation_brings_a_role_in_one_portfolio(world: World) -> None:
    anna, portfolio_id = await family(world)
    code = await invite(world, anna, portfolio_id, Role.APPROVER)
    joined = await come(world, BEN, "Ben", code)
    assert (joined.how, joined.role) == ("invited", Role.APPROVER)
    assert joined.portfolio is not None
    assert joined.portfolio.id == portfolio_id
    (item,) = await told(world)
    assert item.kind is MessageKind.MEMBER_JOINED
    assert item.chat_id == ChatId(ANNA)
    assert {
        "member_name": "Ben",
        "role": "approver",
        "user_id": str(BEN),
    }.items() <= item.data.items()


@pytest.mark.parametrize("code", ["unknown", "x" * 4000, "\u202e", "' OR 1=1 --"])
async def test_an_unknown_code_lets_nobody_in(world: World, code: str) -> None:
    with pytest.raises(BadInvitation):
        await come(world, BEN, "Ben", code)
    with pytest.raises(NotAMember):
        await identify(world.store, user_id=BEN)


async def test_an_invitation_is_good_once(world: World) -> None:
    anna, portfolio_id = await family(world)
    code = await invite(world, anna, portfolio_id, Role.VIEWER)
    await come(world, BEN, "Ben", code)
    with pytest.raises(BadInvitation):
        await come(world, CARL, "Carl", code)
    with pytest.raises(NotAMember):
        await identify(world.store, user_id=CARL)


@pytest.mark.parametrize(
    ("passed", "is_good"),
    [(timedelta(hours=24) - timedelta(microseconds=1), True), (timedelta(hours=24), False)],
)
async def test_an_invitation_is_good_for_a_day(
    world: World, passed: timedelta, *, is_good: bool
) -> None:
    anna, portfolio_id = await family(world)
    code = await invite(world, anna, portfolio_id, Role.VIEWER)
    world.clock.advance(passed)
    if is_good:
        assert (await come(world, BEN, "Ben", code)).how == "invited"
    else:
        with pytest.raises(BadInvitation):
            await come(world, BEN, "Ben", code)


async def test_of_many_who_try_one_invitation_at_once_one_gets_in(world: World) -> None:
    anna, portfolio_id = await family(world)
    code = await invite(world, anna, portfolio_id, Role.APPROVER)
    people = [UserId(2000 + n) for n in range(8)]
    results = await asyncio.gather(
        *(come(world, user, f"P{user}", code) for user in people), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["BadInvitation"] * 7 + [
        "Entered"
    ]
    members = await list_members(world.store, member=anna, portfolio_id=portfolio_id)
    assert len(members) == 2


async def test_an_invitation_never_lowers_a_role(world: World) -> None:
    """The only owner tries the link that she made for her son."""
    anna, portfolio_id = await family(world)
    code = await invite(world, anna, portfolio_id, Role.VIEWER)
    entered = await come(world, ANNA, "Anna", code)
    assert entered.role is Role.OWNER
    (owner,) = await list_members(world.store, member=anna, portfolio_id=portfolio_id)
    assert owner.role is Role.OWNER


async def test_an_invitation_raises_a_role(world: World) -> None:
    anna, portfolio_id = await family(world)
    await let_in(world, portfolio_id, Role.VIEWER)
    code = await invite(world, anna, portfolio_id, Role.APPROVER)
    assert (await come(world, BEN, "Ben", code)).role is Role.APPROVER


async def test_a_claim_makes_the_first_owner(world: World) -> None:
    code = await make_claim(world.store, world.clock)
    claimed = await come(world, ANNA, "Anna", code)
    assert (claimed.how, claimed.role, claimed.portfolio) == ("claimed", Role.OWNER, None)
    with pytest.raises(BadInvitation):
        await come(world, BEN, "Ben", code)


async def test_a_claim_makes_an_owner_of_everything_there_is(world: World) -> None:
    _, portfolio_id = await family(world)
    code = await make_claim(world.store, world.clock)
    ben = (await come(world, BEN, "Ben", code)).member
    assert {p.id: role for p, role in await my_portfolios(world.store, member=ben)} == {
        portfolio_id: Role.OWNER
    }


async def test_a_claim_is_good_for_fifteen_minutes(world: World) -> None:
    code = await make_claim(world.store, world.clock)
    world.clock.advance(timedelta(minutes=15))
    with pytest.raises(BadInvitation):
        await come(world, ANNA, "Anna", code)


# --- what a role may do --------------------------------------------------------------------------

OWNERS_ONLY = {
    "invite": lambda w, m, p: invite(w, m, p, Role.VIEWER),
    "change_role": lambda w, m, p: change_role(
        w.store, w.clock, member=m, portfolio_id=p, user_id=m.user_id, role=Role.OWNER
    ),
    "remove": lambda w, m, p: remove_member(
        w.store, w.clock, member=m, portfolio_id=p, user_id=ANNA
    ),
    "policy": lambda w, m, p: change_policy(
        w.store, w.market, w.clock, member=m, portfolio_id=p, pairs=[("band", "3")]
    ),
    "resume": lambda w, m, p: resume(w.store, w.clock, member=m, portfolio_id=p),
}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER, Role.APPROVER])
@pytest.mark.parametrize("act", OWNERS_ONLY)
async def test_only_an_owner_may(world: World, role: Role, act: str) -> None:
    _, portfolio_id = await family(world)
    ben = await let_in(world, portfolio_id, role)
    with pytest.raises(NotAllowed):
        await OWNERS_ONLY[act](world, ben, portfolio_id)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("act", [*OWNERS_ONLY, "list", "leave", "pause"])
async def test_for_a_stranger_the_portfolio_does_not_exist(world: World, act: str) -> None:
    _, portfolio_id = await family(world)
    carl = await world.person(CARL, "Carl")
    acts = {
        **OWNERS_ONLY,
        "list": lambda w, m, p: list_members(w.store, member=m, portfolio_id=p),
        "leave": lambda w, m, p: leave_portfolio(w.store, w.clock, member=m, portfolio_id=p),
        "pause": lambda w, m, p: pause(w.store, w.clock, member=m, portfolio_id=p),
    }
    with pytest.raises(UnknownPortfolio):
        await acts[act](world, carl, portfolio_id)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("role", "may_pause"),
    [(Role.VIEWER, False), (Role.PROPOSER, False), (Role.APPROVER, True), (Role.OWNER, True)],
)
async def test_every_approver_may_pull_the_kill_switch(
    world: World, role: Role, *, may_pause: bool
) -> None:
    _, portfolio_id = await family(world)
    ben = await let_in(world, portfolio_id, role)
    if may_pause:
        await pause(world.store, world.clock, member=ben, portfolio_id=portfolio_id)
    else:
        with pytest.raises(NotAllowed):
            await pause(world.store, world.clock, member=ben, portfolio_id=portfolio_id)
    async with world.store.read() as work:
        managed = await work.portfolios.get(portfolio_id)
    assert managed.portfolio.is_paused is may_pause


# --- members -------------------------------------------------------------------------------------


async def test_the_last_owner_can_neither_go_nor_step_down(world: World) -> None:
    anna, portfolio_id = await family(world)
    await let_in(world, portfolio_id, Role.APPROVER)
    common = {"member": anna, "portfolio_id": portfolio_id}
    with pytest.raises(LastOwner):
        await leave_portfolio(world.store, world.clock, **common)  # type: ignore[arg-type]
    with pytest.raises(LastOwner):
        await remove_member(world.store, world.clock, user_id=ANNA, **common)  # type: ignore[arg-type]
    with pytest.raises(LastOwner):
        await change_role(
            world.store,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            user_id=ANNA,
            role=Role.VIEWER,
        )


async def test_an_owner_may_go_once_there_is_another(world: World) -> None:
    anna, portfolio_id = await family(world)
    ben = await let_in(world, portfolio_id, Role.VIEWER)
    await change_role(
        world.store,
        world.clock,
        member=anna,
        portfolio_id=portfolio_id,
        user_id=BEN,
        role=Role.OWNER,
    )
    await leave_portfolio(world.store, world.clock, member=anna, portfolio_id=portfolio_id)
    (left,) = await list_members(world.store, member=ben, portfolio_id=portfolio_id)
    assert (left.member, left.role) == (ben, Role.OWNER)


async def test_of_two_owners_who_leave_at_once_one_stays(world: World) -> None:
    anna, portfolio_id = await family(world)
    ben = await let_in(world, portfolio_id, Role.OWNER)
    results = await asyncio.gather(
        *(
            leave_portfolio(world.store, world.clock, member=member, portfolio_id=portfolio_id)
            for member in (anna, ben)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, LastOwner) for result in results) == 1


async def test_somebody_who_is_not_there_cannot_be_removed(world: World) -> None:
    anna, portfolio_id = await family(world)
    with pytest.raises(UnknownMember):
        await remove_member(
            world.store, world.clock, member=anna, portfolio_id=portfolio_id, user_id=CARL
        )


# --- portfolios, policy, settings ----------------------------------------------------------------


async def test_a_chat_remembers_its_portfolio(world: World) -> None:
    anna, _ = await family(world)
    await world.portfolio(anna, name="Emma's fund")
    chat = Chat(ChatId(-7), "group", "Family")
    with_none = await current_portfolio(world.store, member=anna, chat_id=chat.id)
    assert with_none.portfolio.portfolio.slug == "family"
    chosen = await choose_portfolio(world.store, member=anna, chat=chat, slug="@EMMA-S-FUND")
    later = await current_portfolio(world.store, member=anna, chat_id=chat.id)
    named = await current_portfolio(world.store, member=anna, chat_id=chat.id, slug="family")
    assert later == chosen
    assert named.portfolio.portfolio.slug == "family"


async def test_an_unknown_name_is_refused_with_the_names_there_are(world: World) -> None:
    anna, _ = await family(world)
    with pytest.raises(UnknownPortfolio) as refused:
        await current_portfolio(world.store, member=anna, chat_id=ChatId(1), slug="famly")
    assert refused.value.known == ("family",)


async def test_a_chat_s_portfolio_is_not_for_those_who_are_not_in_it(world: World) -> None:
    anna, _ = await family(world)
    chat = Chat(ChatId(-7), "group", "Family")
    await choose_portfolio(world.store, member=anna, chat=chat, slug="family")
    carl = await world.person(CARL, "Carl")
    with pytest.raises(NoPortfolio):
        await current_portfolio(world.store, member=carl, chat_id=chat.id)


async def test_a_household_uses_a_name_once(world: World) -> None:
    anna, _ = await family(world)
    with pytest.raises(NameTaken):
        await world.portfolio(anna, name="  family ")


async def test_a_household_has_several_names_in_another_script(world: World) -> None:
    anna, _ = await family(world)
    await world.portfolio(anna, name="Семья")
    second = await world.portfolio(anna, name="Дом")
    assert second.portfolio.portfolio.slug == "portfolio-2"


async def test_a_policy_changes_all_at_once_or_not_at_all(world: World) -> None:
    anna, portfolio_id = await family(world)
    with pytest.raises(Refusal):
        await change_policy(
            world.store,
            world.market,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            pairs=[("min", "100"), ("destination", "7")],
        )
    async with world.store.read() as work:
        assert (await work.portfolios.get(portfolio_id)).policy.min_trade == 25
    changed = await change_policy(
        world.store,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=portfolio_id,
        pairs=[("min", "100")],
    )
    assert changed.min_trade == 100


async def test_a_class_of_no_target_has_no_place(world: World) -> None:
    anna, portfolio_id = await family(world)
    with pytest.raises(BadPolicyValue, match="locations"):
        await change_policy(
            world.store,
            world.market,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            pairs=[("locations", "bonds:tax_deferred")],
        )


@pytest.mark.parametrize("layout", ["table", "list"])
async def test_a_member_chooses_a_layout(world: World, layout: str) -> None:
    anna = await world.person()
    await set_layout(world.store, member=anna, layout=layout)
    assert (await identify(world.store, user_id=ANNA)).layout == layout


async def test_another_layout_is_refused(world: World) -> None:
    anna = await world.person()
    with pytest.raises(BadPolicyValue):
        await set_layout(world.store, member=anna, layout="braille")


async def test_a_member_chooses_pictures_for_dark_chats(world: World) -> None:
    anna = await world.person()
    assert anna.picture == "light"
    await set_picture(world.store, member=anna, picture="dark")
    assert (await identify(world.store, user_id=ANNA)).picture == "dark"
    with pytest.raises(BadPolicyValue):
        await set_picture(world.store, member=anna, picture="red")
