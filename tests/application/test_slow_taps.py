"""Slow taps: whoever loses their right while the market or the broker is asked decides nothing any more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from core.application.decide_proposal import (
    approve_proposal,
    cancel_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.edit_proposal import choose_lot, edit_leg, plan_buys_only, plan_in_full
from core.application.execute_proposal import execute_approved
from core.application.object_to_proposal import object_to_proposal
from core.application.pause import pause
from core.application.request_withdrawal import request_withdrawal
from core.application.take_back_approval import take_back_approval
from core.domain.ids import ChatId
from core.domain.membership import Member, Role
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import NotAllowed, Refusal, UnknownPortfolio, UnknownProposal
from tests.application.acts import ask, decide, let_in, proposed
from tests.fakes.world import BEN, World

LEG = {"leg": 1, "quantity": Decimal(1)}
LOT = {"leg": 1, "place": 0}
HERE = {"chat_id": ChatId(BEN)}

VERBS: dict[str, tuple[Callable[..., Awaitable[Any]], ProposalState, dict[str, Any]]] = {
    "approve": (approve_proposal, ProposalState.OPEN, {}),
    "approve at the open": (approve_proposal, ProposalState.OPEN, {"at_open": True}),
    "take an approval back": (take_back_approval, ProposalState.OPEN, {}),
    "reject": (reject_proposal, ProposalState.OPEN, {}),
    "reopen": (reopen_proposal, ProposalState.REJECTED, {}),
    "cancel": (cancel_proposal, ProposalState.APPROVED, {}),
    "object": (object_to_proposal, ProposalState.APPROVED, {}),
    "put off": (snooze_proposal, ProposalState.OPEN, HERE),
    "edit": (edit_leg, ProposalState.OPEN, LEG),
    "choose a lot": (choose_lot, ProposalState.OPEN, LOT),
    "buy only": (plan_buys_only, ProposalState.OPEN, {}),
    "in full": (plan_in_full, ProposalState.OPEN, {}),
}
"""Every way to decide: the use case, the state in which it is tapped, and what else it needs."""

LOSSES: dict[str, Role | None] = {"removed": None, "viewer": Role.VIEWER, "proposer": Role.PROPOSER}


async def lose(world: World, member: Member, proposal: Proposal, role: Role | None) -> None:
    async with world.store.begin() as work:
        if role is None:
            await work.people.remove_membership(member.id, proposal.portfolio_id)
        else:
            await work.people.set_role(member.id, proposal.portfolio_id, role)


def loses_while_the_market_is_asked(
    world: World, member: Member, proposal: Proposal, role: Role | None
) -> None:
    """From now on, the first who asks for the time waits until the right is gone."""
    before = world.market_clock.now

    async def now() -> datetime:
        await lose(world, member, proposal, role)
        return await before()

    world.market_clock.now = now  # type: ignore[method-assign]


async def in_state(world: World, state: ProposalState) -> tuple[Member, Proposal]:
    """Ben may approve; the proposal is where the button is shown."""
    anna, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    this: dict[str, Any] = {"member": anna, "proposal_id": proposal.id, "revision": 1}
    if state is ProposalState.REJECTED:
        await reject_proposal(world.store, world.market, world.clock, **this)
    if state is ProposalState.APPROVED:
        await decide(world, anna, proposal)
    return ben, await world.proposal(proposal.id)


@pytest.mark.fault(50)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("verb", VERBS)
async def test_a_tap_of_somebody_who_may_no_more_decides_nothing(
    world: World, verb: str, loss: str
) -> None:
    use_case, state, more = VERBS[verb]
    ben, before = await in_state(world, state)
    loses_while_the_market_is_asked(world, ben, before, LOSSES[loss])
    expected = UnknownProposal if loss == "removed" else NotAllowed
    with pytest.raises(expected):
        await use_case(
            world.store,
            world.market,
            world.clock,
            member=ben,
            proposal_id=before.id,
            revision=1,
            **more,
        )
    assert await world.proposal(before.id) == before


@pytest.mark.parametrize("loss", LOSSES)
async def test_what_somebody_approved_who_may_no_more_is_not_sent(world: World, loss: str) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    await decide(world, ben, proposal)
    await lose(world, ben, proposal, LOSSES[loss])
    await execute_approved(world.desk)
    assert world.broker.submits == []
    assert (await world.proposal(proposal.id)).state is ProposalState.OPEN


@pytest.mark.parametrize("loss", [None, Role.VIEWER])
@pytest.mark.parametrize("how", ["asks for a plan", "asks for money"])
async def test_who_may_ask_no_more_when_the_plan_is_ready_proposes_nothing(
    world: World, how: str, loss: Role | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, proposal = await proposed(world)
    await reject_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=proposal.id, revision=1
    )
    ben = await let_in(world, proposal.portfolio_id, Role.PROPOSER)
    _demoted_by_the_broker(world, ben, proposal, loss, monkeypatch)
    asking: Awaitable[Any] = (
        ask(world, ben, proposal.portfolio_id, "2", force=True)
        if how == "asks for a plan"
        else _withdraw(world, ben, proposal)
    )
    with pytest.raises(UnknownPortfolio if loss is None else NotAllowed):
        await asking
    async with world.store.read() as work:
        assert await work.proposals.in_states({ProposalState.OPEN}, proposal.portfolio_id) == ()


def _demoted_by_the_broker(
    world: World,
    member: Member,
    proposal: Proposal,
    role: Role | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The broker takes its time; meanwhile the right is gone."""
    before = world.broker.holdings

    async def holdings() -> Any:
        await lose(world, member, proposal, role)
        return await before()

    monkeypatch.setattr(world.broker, "holdings", holdings)


async def _withdraw(world: World, member: Member, proposal: Proposal) -> None:
    await request_withdrawal(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        portfolio_id=proposal.portfolio_id,
        amount=Decimal(5000),
        key="w",
        chat_id=ChatId(BEN),
    )


async def test_the_kill_switch_is_not_for_those_who_approve_no_more(world: World) -> None:
    _, proposal = await proposed(world)
    ben = await let_in(world, proposal.portfolio_id)
    await lose(world, ben, proposal, Role.PROPOSER)
    this: dict[str, Any] = {"member": ben, "portfolio_id": proposal.portfolio_id}
    with pytest.raises(Refusal):
        await pause(world.store, world.clock, **this)
    async with world.store.read() as work:
        assert not (await work.portfolios.get(proposal.portfolio_id)).portfolio.is_paused
