"""A process that does one rebalance and kills itself where it is told to; started again, it goes on.

With point 0 it lives to the end, and prints how it ended. Its clock is so many seconds ahead of the machine's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.settings import Settings
from bot.work import desk_of
from core.adapters.clock import SystemClock
from core.application.check_drift import request_rebalance
from core.application.create_portfolio import create_portfolio
from core.application.decide_proposal import approve_proposal
from core.application.enter import enter
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.set_targets import set_targets
from core.application.show_proposal import load_view
from core.domain.ids import ChatId, PortfolioId, UserId
from core.domain.membership import Member
from core.domain.proposal import IN_FLIGHT
from core.domain.refusals import ProposalNotOpen
from core.domain.targets import TargetAllocation
from core.ports.store import Chat
from tests.reliability.crashing import CrashingBrokers, CrashingStore, Fuse

TARGETS = TargetAllocation.of({"QUAL": 40, "USMV": 30, "MTUM": 25, "CASH": 5})


class Deadly(Fuse):
    """A fuse by which the process really ends, at once and without cleaning up."""

    def point(self, where: str) -> None:
        self.passed.append(where)
        if self.at and len(self.passed) >= self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class AheadClock(SystemClock):
    """A clock for which a while has passed already."""

    def __init__(self, seconds: int) -> None:
        self._ahead = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return super().now() + self._ahead


def live(folder: Path, at: int, ahead: int) -> None:
    """All that such a process does."""
    asyncio.run(_live(folder, at, ahead))


async def _live(folder: Path, at: int, ahead: int) -> None:
    settings = Settings(_env_file=None, data_dir=folder, market_data="replay")
    async with open_runtime(settings) as runtime:
        member, portfolio_id = await set_up(runtime)
        fuse = Deadly(at)
        breakable = replace(
            runtime,
            holder="victim",
            clock=AheadClock(ahead),
            store=CrashingStore(runtime.store, fuse),
            brokers=CrashingBrokers(runtime.brokers, fuse),
        )
        await _rebalance(breakable, member, portfolio_id)
        end = await _end(runtime, portfolio_id)
    sys.stdout.write(json.dumps({**end, "points": len(fuse.passed)}))


async def set_up(runtime: Runtime) -> tuple[Member, PortfolioId]:
    """The family and its portfolio; made once, and not what is being tried."""
    entered = await enter(
        runtime.store,
        runtime.clock,
        user_id=UserId(1001),
        name="Anna",
        allowed=frozenset({1001}),
        code=None,
    )
    async with runtime.store.read() as work:
        mine = await work.portfolios.of_member(entered.member.id)
    if mine:
        return entered.member, mine[0].id
    current = await create_portfolio(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=entered.member,
        name="Family",
        chat=Chat(ChatId(1001), "private", "Anna"),
        opening_cash=Decimal(10_000),
    )
    portfolio_id = current.portfolio.portfolio.id
    await set_targets(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=entered.member,
        portfolio_id=portfolio_id,
        targets=TARGETS,
    )
    return entered.member, portfolio_id


async def _rebalance(runtime: Runtime, member: Member, portfolio_id: PortfolioId) -> None:
    """Ask, approve and carry out, going on wherever an earlier life ended."""
    desk = replace(desk_of(runtime), poll=timedelta(seconds=0.01))
    await reconcile(desk)
    async with runtime.store.read() as work:
        recent = await work.proposals.recent(portfolio_id, 1)
    if not recent:
        asked = await request_rebalance(
            runtime.store,
            runtime.brokers,
            runtime.market,
            runtime.clock,
            member=member,
            portfolio_id=portfolio_id,
            request_key=str(os.getpid()),
        )
        recent = (asked.proposal,) if asked.proposal else ()
    for proposal in recent:
        with suppress(ProposalNotOpen):
            await approve_proposal(
                runtime.store,
                runtime.market,
                runtime.clock,
                member=member,
                proposal_id=proposal.id,
                revision=proposal.revision.number,
            )
    for _ in range(5):
        async with runtime.store.read() as work:
            if not await work.proposals.in_states(IN_FLIGHT):
                return
        await execute_approved(desk)


async def _end(runtime: Runtime, portfolio_id: PortfolioId) -> dict[str, Any]:
    async with runtime.store.read() as work:
        proposals = await work.proposals.recent(portfolio_id, 10)
        managed = await work.portfolios.get(portfolio_id)
    view = await load_view(runtime.store, proposals[0].id)
    holdings = await runtime.brokers.of(managed.accounts[0]).holdings()
    bought = {order.symbol: f"{order.filled_quantity:f}" for order in view.orders}
    held = {symbol: f"{quantity:f}" for symbol, quantity in sorted(holdings.positions.items())}
    return {
        "proposals": len(proposals),
        "state": view.proposal.state,
        "cash": f"{holdings.cash:f}",
        "held": held,
        "bought": dict(sorted(bought.items())),
    }
