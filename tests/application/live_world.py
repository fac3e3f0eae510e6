"""A small world whose account is at a broker of real money, for tests of the ladder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from core.application.decide_proposal import approve_proposal
from core.application.decisions import Decided
from core.application.gate import gate_of
from core.domain.ladder import Confirmation, TradingMode
from core.domain.membership import Member
from core.domain.portfolio import Account, Rung
from core.domain.proposal import Proposal
from core.domain.risk import Limits
from tests.application.acts import ask, drifted
from tests.fakes.world import World, small_world

NUMBER = "987654321"
"""The number of Anna's real account."""

ROOMY = Limits(live_cap_order=Decimal(10_000), live_cap_day=Decimal(20_000))
"""Limits that a test's plan stays within on every rung."""


@asynccontextmanager
async def live_world(folder: Path, limits: Limits = ROOMY) -> AsyncIterator[World]:
    """The small world at a broker of real money, in an installation that permits it."""
    async with small_world(folder) as world:
        broker = world.broker
        broker.is_live, broker.account_id = True, NUMBER
        world.brokers.by_id.clear()
        world.brokers.by_id[NUMBER] = broker
        world.desk = replace(world.desk, mode=TradingMode.LIVE, limits=limits)
        yield world


async def account_of(world: World, member: Member) -> Account:
    """The member's first account as the store has it now."""
    async with world.store.read() as work:
        mine = await work.portfolios.of_member(member.id)
        return (await work.portfolios.get(mine[0].id)).accounts[0]


async def stand_on(world: World, member: Member, rung: Rung, *, confirmed: bool = True) -> Account:
    """Put the account on a rung, as if an owner had climbed there now."""
    account = await account_of(world, member)
    async with world.store.begin() as work:
        await work.ladder.set_rung(account.id, rung)
        if confirmed:
            await work.ladder.confirm(
                Confirmation(
                    account.id, account.broker_account_id, rung, member.id, world.clock.now()
                )
            )
    return replace(account, rung=rung)


async def drifted_on(world: World, rung: Rung) -> tuple[Member, Proposal]:
    """Anna's drifted portfolio on a rung, and the proposal that she asked for."""
    anna, portfolio_id = await drifted(world)
    await stand_on(world, anna, rung)
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None, result
    return anna, result.proposal


async def approve(world: World, member: Member, proposal: Proposal, revision: int = 1) -> Decided:
    """Approve as the running bot does: past the gate of this installation."""
    return await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=member,
        proposal_id=proposal.id,
        revision=revision,
        gate=gate_of(world.desk),
    )
