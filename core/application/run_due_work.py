"""Due work: everything that falls due by the market's or the wall's clock, in the order that is safe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.expire_proposals import expire_proposals, send_reminders
from core.application.schedule_checks import schedule_checks
from core.application.settle_changes import settle_changes
from core.application.sweep_checks import SweepResult, run_due_checks
from core.application.watch_accounts import watch_accounts


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What one round did."""

    expired: int
    reminded: int
    checks: SweepResult
    executed: int
    settled: int = 0

    @property
    def has_news(self) -> bool:
        """Whether a person has something new to look at."""
        return bool(self.reminded or self.executed or self.settled or self.checks.pushed)


async def run_due_work(
    desk: Desk, carry_out: Callable[[], Awaitable[int]] | None = None
) -> WorkDone:
    """Do one round: expire, remind, settle changes, look, check, schedule checks, and carry out what was approved.

    Looks and checks that fail end the round with their error, but only after what was approved has been carried out:
    by ``carry_out``, for a process whose executions go on beside its rounds, which returns how many came to an end.
    """
    carry_out = carry_out or partial(execute_approved, desk)
    store, market, clock = desk.store, desk.market, desk.clock
    expired = await expire_proposals(store, market, clock)
    reminded = await send_reminders(store, market, clock)
    settled = await settle_changes(desk)
    try:
        await watch_accounts(desk)
        checks = await run_due_checks(store, desk.brokers, market, clock, desk.limits)
        await schedule_checks(store, market, clock)
    except Exception:
        await carry_out()
        raise
    executed = await carry_out()
    return WorkDone(expired, reminded, checks, executed, settled)
