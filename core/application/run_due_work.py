"""Due work: everything that falls due by the market's or the wall's clock, in the order that is safe."""

from __future__ import annotations

from dataclasses import dataclass

from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.expire_proposals import expire_proposals, send_reminders
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import SweepResult, run_due_checks


@dataclass(frozen=True, slots=True)
class WorkDone:
    """What one round did."""

    expired: int
    reminded: int
    checks: SweepResult
    executed: int

    @property
    def has_news(self) -> bool:
        """Whether a person has something new to look at."""
        return bool(self.reminded or self.executed or self.checks.pushed)


async def run_due_work(desk: Desk) -> WorkDone:
    """Do one round: expire, remind, check, schedule the next checks, and carry out what was approved.

    Checks that fail end the round with their error, but only after what was approved has been carried out.
    """
    store, market, clock = desk.store, desk.market, desk.clock
    expired = await expire_proposals(store, market, clock)
    reminded = await send_reminders(store, market, clock)
    try:
        checks = await run_due_checks(store, desk.brokers, market, clock)
        await schedule_checks(store, market)
    except Exception:
        await execute_approved(desk)
        raise
    executed = await execute_approved(desk)
    return WorkDone(expired, reminded, checks, executed)
