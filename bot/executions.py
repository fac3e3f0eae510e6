"""Executions: what this process carries out now, beside everything else: at most one task a portfolio.

A round of due work starts them and waits for them a little; one whose broker hangs goes on by itself, and keeps nobody
from the next round. The accounts' leases are what keeps other processes away; this keeps the process from itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from core.application.desk import Desk
from core.application.execute_proposal import execute_in_turn, waiting_proposals
from core.application.side_by_side import AT_ONCE
from core.domain.ids import PortfolioId, ProposalId


def holder_of_executions(holder: str) -> str:
    """The name in leases under which a process executes: what its rounds do meanwhile must keep off those accounts."""
    return f"{holder}/executions"


class Executions:
    """The executions of one process; ``patience`` is how many seconds a round waits for them (None: to their end)."""

    def __init__(self, desk: Desk, patience: float | None) -> None:
        self._desk = replace(desk, holder=holder_of_executions(desk.holder))
        self._patience = patience
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: dict[PortfolioId, asyncio.Task[int]] = {}

    async def carry_on(self) -> int:
        """Start what waits and has no execution yet, and return how many proposals have ended since the last call."""
        for portfolio_id, proposals in (await waiting_proposals(self._desk)).items():
            if portfolio_id not in self._running:
                job = partial(self._execute, proposals)
                self._running[portfolio_id] = asyncio.create_task(job())
        if self._running:
            await asyncio.wait(self._running.values(), timeout=self._patience)
        return self._gather()

    async def stop(self) -> None:
        """Break off whatever is still going on."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        self._running.clear()

    async def _execute(self, proposals: tuple[ProposalId, ...]) -> int:
        async with self._places:
            return await execute_in_turn(self._desk, proposals)

    def _gather(self) -> int:
        """What has ended; an execution that was broken off has ended nothing."""
        done = [number for number, task in self._running.items() if task.done()]
        ended = [self._running.pop(number) for number in done]
        return sum(task.result() for task in ended if not task.cancelled())
