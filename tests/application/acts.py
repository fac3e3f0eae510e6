"""What people do in the tests of use cases, in as few words as a case needs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from core.application.check_drift import request_rebalance
from core.application.check_result import CheckResult
from core.application.decide_proposal import approve_proposal
from core.application.decisions import Decided
from core.application.edit_proposal import edit_leg
from core.application.show_proposal import ProposalView, load_view
from core.domain.ids import ChatId, PortfolioId
from core.domain.membership import Member, Role
from core.domain.outbox import Copy, MessageKind, OutboxItem
from core.domain.proposal import Proposal
from tests.fakes.world import BEN, World

HALVES = {"AAA": 50, "BBB": 50}


async def drifted(
    world: World, targets: dict[str, Any] | None = None
) -> tuple[Member, PortfolioId]:
    """cash 100 · AAA 70 @ 100 target 50 · BBB 60 @ 50 target 50."""
    anna = await world.person()
    current = await world.portfolio(anna, targets or HALVES)
    world.hold(100, AAA=70, BBB=60)
    return anna, current.portfolio.portfolio.id


async def ask(
    world: World,
    member: Member,
    portfolio_id: PortfolioId,
    key: str = "1",
    *,
    chat_id: ChatId | None = None,
    buy_only: bool = False,
    force: bool = False,
) -> CheckResult:
    return await request_rebalance(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        request_key=key,
        chat_id=chat_id,
        buy_only=buy_only,
        force=force,
        limits=world.desk.limits,
    )


async def proposed(world: World, targets: dict[str, Any] | None = None) -> tuple[Member, Proposal]:
    """Anna's drifted portfolio, and the proposal that she asked for."""
    anna, portfolio_id = await drifted(world, targets)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None, result
    return anna, result.proposal


async def decide(world: World, member: Member, proposal: Proposal, revision: int = 1) -> Decided:
    return await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=revision,
    )


async def approved(world: World, targets: dict[str, Any] | None = None) -> tuple[Member, Proposal]:
    """The same, approved."""
    anna, proposal = await proposed(world, targets)
    return anna, (await decide(world, anna, proposal)).proposal


async def edit(
    world: World, member: Member, proposal: Proposal, leg: int, quantity: Decimal | int
) -> Proposal:
    return await edit_leg(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=proposal.revision.number,
        leg=leg,
        quantity=Decimal(quantity),
    )


async def view(world: World, proposal: Proposal) -> ProposalView:
    return await load_view(world.store, proposal.id)


async def let_in(world: World, portfolio_id: PortfolioId, role: Role = Role.APPROVER) -> Member:
    """Ben joins."""
    ben = await world.person(BEN, "Ben")
    await world.give_role(ben, portfolio_id, role)
    return ben


async def set_policy(
    world: World, member: Member, portfolio_id: PortfolioId, **fields: Any
) -> None:
    """Change the policy, whoever may."""
    async with world.store.begin() as work:
        managed = await work.portfolios.get(portfolio_id)
        policy = replace(managed.policy, **fields)
        await work.portfolios.set_policy(portfolio_id, policy, by=member.id, at=world.clock.now())


async def shown_in(world: World, proposal: Proposal, *chats: int) -> None:
    """Remember that the proposal is shown in these chats."""
    async with world.store.begin() as work:
        for chat in chats:
            await work.proposals.add_copy(Copy(proposal.id, 1, ChatId(chat), 500 + abs(chat)))


async def told(world: World) -> list[OutboxItem]:
    """What waits to be told, but for silent edits of the pinned message."""
    async with world.store.read() as work:
        queued = await work.outbox.queued(world.clock.now(), 1000)
    items = [entry.item for entry in queued]
    return [item for item in items if item.kind is not MessageKind.PINNED]
