"""Leaving: keys go with whoever entered them, a last owner closes, and a forgotten member leaves only the trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.application.close_portfolio import close_portfolio
from core.application.enter import enter
from core.application.execute_proposal import execute_approved
from core.application.leave_for_good import forget_member, look_at_leaving
from core.application.members import leave_portfolio, remove_member
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.ids import CredentialId, MemberId, PortfolioId, UserId
from core.domain.membership import FORMER, Member, Role
from core.domain.outbox import MessageKind
from core.domain.proposal import ProposalState
from core.domain.refusals import LastOwner, NotAllowed, NotAMember, OrdersUnderWay, UnknownPortfolio
from core.ports.store.credentials import Opens
from tests.application.acts import HALVES, decide
from tests.fakes.world import World

BEN = UserId(1002)


async def family(world: World, role: Role = Role.OWNER) -> tuple[Member, Member, PortfolioId]:
    """Anna's portfolio, with Ben beside her."""
    anna, ben = await world.person(), await world.person(BEN, "Ben")
    pid = (await world.portfolio(anna, HALVES)).portfolio.portfolio.id
    await world.give_role(ben, pid, role)
    return anna, ben, pid


async def enter_keys(
    world: World, member: Member, pid: PortfolioId, *, is_used: bool
) -> CredentialId:
    """A member's keys of the portfolio's account, which is reached by them or by others."""
    async with world.store.begin() as work:
        (account,) = (await work.portfolios.get(pid)).accounts
        opens = Opens(account.broker, account.broker_account_id, "https://paper", is_live=False)
        kept = await work.credentials.put(
            member.id, opens, sealed=f"s{member.id}", key_hint="…7Q", at=world.clock.now()
        )
        if is_used:
            await work.credentials.attach(account.id, kept.id)
    return kept.id


async def holder(world: World, pid: PortfolioId) -> MemberId | None:
    """By whose keys the portfolio's account is reached."""
    async with world.store.read() as work:
        (account,) = (await work.portfolios.get(pid)).accounts
        kept = await work.credentials.of_account(account.broker, account.broker_account_id)
    return None if kept is None else kept.member_id


async def told(world: World, kind: MessageKind) -> list[int]:
    async with world.store.read() as work:
        queued = await work.outbox.queued(world.clock.now() + timedelta(days=1), 1000)
    return [each.item.chat_id for each in queued if each.item.kind is kind]


async def propose(world: World) -> None:
    world.hold(0, AAA=57, BBB=86)
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    await run_due_work(world.desk)


async def state(world: World, pid: PortfolioId) -> ProposalState:
    async with world.store.read() as work:
        (proposal,) = await work.proposals.recent(pid, 5)
    return proposal.state


async def test_keys_go_with_whoever_entered_them_and_the_owners_hear_of_it(world: World) -> None:
    anna, ben, pid = await family(world)
    await enter_keys(world, ben, pid, is_used=True)
    leaving = await look_at_leaving(world.store, member=ben, portfolio_id=pid)
    assert [each.stops for each in leaving.keys] == [True]
    assert not leaving.is_last_owner
    await leave_portfolio(world.store, world.clock, member=ben, portfolio_id=pid)
    assert await holder(world, pid) is None
    assert await told(world, MessageKind.KEYS_GONE) == [anna.user_id]
    async with world.store.read() as work:
        assert await work.credentials.all() == ()


async def test_the_other_holder_of_a_joint_account_goes_on(world: World) -> None:
    anna, ben, pid = await family(world)
    await enter_keys(world, anna, pid, is_used=False)
    await enter_keys(world, ben, pid, is_used=True)
    (going,) = (await look_at_leaving(world.store, member=ben, portfolio_id=pid)).keys
    assert not going.stops
    await remove_member(
        world.store, world.clock, member=anna, portfolio_id=pid, user_id=ben.user_id
    )
    assert await holder(world, pid) == anna.id
    assert await told(world, MessageKind.KEYS_GONE) == []


async def test_keys_that_reach_nothing_go_without_a_word(world: World) -> None:
    anna, ben, pid = await family(world)
    await enter_keys(world, anna, pid, is_used=True)
    await enter_keys(world, ben, pid, is_used=False)
    await leave_portfolio(world.store, world.clock, member=ben, portfolio_id=pid)
    assert await holder(world, pid) == anna.id
    assert await told(world, MessageKind.KEYS_GONE) == []


async def test_a_closed_portfolio_is_neither_seen_nor_checked_any_more(world: World) -> None:
    anna, ben, pid = await family(world, Role.APPROVER)
    await enter_keys(world, anna, pid, is_used=True)
    await propose(world)
    assert (await look_at_leaving(world.store, member=anna, portfolio_id=pid)).is_last_owner
    closed = await close_portfolio(world.store, world.clock, member=anna, portfolio_id=pid)
    assert [each.credential.key_hint for each in closed.keys] == ["…7Q"]
    assert closed.open_orders == ()
    assert await state(world, pid) is ProposalState.SUPERSEDED
    assert await told(world, MessageKind.CLOSED) == [ben.user_id]
    assert await told(world, MessageKind.KEYS_GONE) == []
    async with world.store.read() as work:
        assert await work.portfolios.every() == ()
        assert await work.portfolios.of_household(anna.household_id) == ()
        assert await work.portfolios.of_member(ben.id) == ()
        assert await work.credentials.all() == ()
    with pytest.raises(UnknownPortfolio):
        await look_at_leaving(world.store, member=ben, portfolio_id=pid)
    world.pass_time(timedelta(days=1))
    assert (await run_due_work(world.desk)).checks.counts == {}
    again = await world.portfolio(anna, HALVES)
    assert again.portfolio.portfolio.id != pid


async def test_only_an_owner_closes_and_not_while_orders_are_under_way(world: World) -> None:
    anna, ben, pid = await family(world, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await close_portfolio(world.store, world.clock, member=ben, portfolio_id=pid)
    await propose(world)
    async with world.store.begin() as work:
        (proposal,) = await work.proposals.recent(pid, 5)
        await work.proposals.move(proposal.id, ProposalState.OPEN, ProposalState.APPROVED)
        await work.proposals.move(proposal.id, ProposalState.APPROVED, ProposalState.EXECUTING)
    with pytest.raises(OrdersUnderWay):
        await close_portfolio(world.store, world.clock, member=anna, portfolio_id=pid)
    with pytest.raises(OrdersUnderWay):
        await forget_member(world.store, world.clock, member=anna)
    async with world.store.read() as work:
        assert await work.people.role(anna.id, pid) is Role.OWNER


async def test_a_forgotten_member_leaves_the_trail_without_a_name(world: World) -> None:
    """Ben approves, and leaves for good: what he decided stays, his name, user id and settings do not."""
    anna, ben, pid = await family(world)
    await enter_keys(world, ben, pid, is_used=True)
    await propose(world)
    async with world.store.read() as work:
        (proposal,) = await work.proposals.recent(pid, 5)
    await decide(world, ben, proposal)
    await execute_approved(world.desk)
    assert await forget_member(world.store, world.clock, member=ben) == ()
    async with world.store.read() as work:
        (after,) = await work.proposals.recent(pid, 5)
        events = await work.log.events(None, 1000)
        memberships = await work.people.memberships(pid)
        gone = await work.people.member(ben.id)
        orders = await work.orders.of_proposal(after.id)
        assert await work.people.member_of_user(ben.user_id) is None
        assert await work.credentials.all() == ()
    assert [decision.member_name for decision in after.approvals] == [FORMER]
    assert after.approvals[0].plan_hash == proposal.revision.plan_hash
    assert orders
    assert (gone.name, gone.is_active, gone.is_reachable) == (FORMER, False, False)
    assert [each.member.id for each in memberships] == [anna.id]
    assert not any(str(BEN) in event.data or "Ben" in event.data for event in events)
    with pytest.raises(NotAMember):
        await enter(
            world.store,
            world.clock,
            user_id=ben.user_id,
            name="Ben",
            allowed=frozenset(),
            code=None,
        )


async def test_the_last_owner_who_leaves_for_good_closes_the_portfolio(world: World) -> None:
    anna, ben, pid = await family(world, Role.VIEWER)
    with pytest.raises(LastOwner):
        await leave_portfolio(world.store, world.clock, member=anna, portfolio_id=pid)
    (closed,) = await forget_member(world.store, world.clock, member=anna)
    assert closed.managed.portfolio.id == pid
    async with world.store.read() as work:
        assert await work.portfolios.of_member(ben.id) == ()
        assert await work.people.member_of_user(anna.user_id) is None
    assert await told(world, MessageKind.CLOSED) == [ben.user_id]
    back = await enter(
        world.store,
        world.clock,
        user_id=anna.user_id,
        name="Anna",
        allowed=frozenset({int(anna.user_id)}),
        code=None,
    )
    assert back.member.id != anna.id
