"""The process's work: rounds of due work, one at a time, and the outbox beside them."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

from bot.executions import Executions
from bot.runtime import Runtime
from core.application.desk import Desk
from core.application.reconcile import reconcile
from core.application.run_due_work import WorkDone, run_due_work
from core.domain.ladder import TradingMode
from core.ports.store_errors import StoreError

log = logging.getLogger(__name__)

TELEGRAM = "telegram"
TELEGRAM_LEASE = timedelta(seconds=30)
RENEW_SECONDS = 8.0
"""How often a process that speaks to Telegram renews its lease."""

HEARTBEAT_FILE = "heartbeat"

PATIENCE = 2.0
"""So many seconds a round waits for executions, which then go on beside the next one."""

RECONCILE_SECONDS = 60.0
"""For so long the start waits for brokers to say what became of orders."""


def desk_of(runtime: Runtime) -> Desk:
    """This process's place at the brokers."""
    return Desk(
        store=runtime.store,
        brokers=runtime.brokers,
        market=runtime.market,
        clock=runtime.clock,
        holder=runtime.holder,
        limits=runtime.limits,
        mode=TradingMode(runtime.settings.trading_mode),
    )


class Worker:
    """Does due work in rounds; only one round at a time, whoever asks for it.

    One that ``waits`` lets every execution come to its end within its round; so it is in a replay, whose clock must not
    walk on meanwhile.
    """

    def __init__(self, runtime: Runtime, *, waits: bool = False) -> None:
        self._runtime = runtime
        self._desk = desk_of(runtime)
        self._lock = asyncio.Lock()
        waits = waits or runtime.settings.market_data == "replay"
        self._executions = Executions(self._desk, None if waits else PATIENCE)

    async def reconcile(self) -> None:
        """Agree with the brokers about what was under way, before anything is sent.

        A broker that hangs holds the start up for a minute at most: whatever is still in doubt then is looked up again
        before anything of it is sent.
        """
        timer = asyncio.timeout(RECONCILE_SECONDS)
        try:
            async with self._lock, timer:
                looked_at = await reconcile(self._desk)
        except TimeoutError:
            if not timer.expired():
                raise
            log.warning("not every broker has answered within %s s", RECONCILE_SECONDS)
            return
        if looked_at:
            log.info("reconciled %s proposals that were under way", looked_at)

    async def round(self) -> WorkDone:
        """One round of due work."""
        async with self._lock:
            try:
                done = await self.round_within()
            except Exception:
                self._runtime.pulse.round_failed()
                raise
        self._runtime.pulse.round_done()
        return done

    async def round_within(self) -> WorkDone:
        """One round, for a caller that holds the lock already."""
        done = await run_due_work(self._desk, self._executions.carry_on)
        if done.checks.checked or done.executed or done.expired:
            log.info(
                "checked %s, proposed or refused %s, carried out %s, expired %s",
                done.checks.checked,
                done.checks.pushed,
                done.executed,
                done.expired,
            )
        return done

    @property
    def lock(self) -> asyncio.Lock:
        """What keeps rounds apart; the market's walk holds it for its whole length."""
        return self._lock

    async def run(self) -> None:
        """Do a round whenever work arrives, until cancelled; an error ends the round, not the process."""
        try:
            while True:
                await self._runtime.work_arrived.wait()
                self._runtime.work_arrived.clear()
                try:
                    await self.round()
                except StoreError as error:
                    log.error("a round of due work waits: %s", error)  # noqa: TRY400 - it says it all
                except Exception:
                    log.exception("a round of due work failed")
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Break off executions that are still going on: no further order is sent."""
        await self._executions.stop()


class TelegramLease:
    """The right to speak to Telegram, held by one process at a time."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.fence: int | None = None

    async def take(self) -> bool:
        """Take or renew it; False while another process has it."""
        now = self._runtime.clock.now()
        async with self._runtime.store.begin() as work:
            self.fence = await work.leases.acquire(
                TELEGRAM, self._runtime.holder, now=now, until=now + TELEGRAM_LEASE
            )
        return self.fence is not None

    async def is_held(self) -> bool:
        """Whether this grant is still the current one."""
        if self.fence is None:
            return False
        now = self._runtime.clock.now()
        async with self._runtime.store.read() as work:
            try:
                await work.leases.require(TELEGRAM, self._runtime.holder, self.fence, now)
            except PermissionError:
                return False
        return True

    async def give_back(self) -> None:
        """Let the next process have it at once."""
        async with self._runtime.store.begin() as work:
            await work.leases.release(TELEGRAM, self._runtime.holder)
        self.fence = None


def beat(data_dir: Path) -> None:
    """Leave a sign of life for the health check."""
    (data_dir / HEARTBEAT_FILE).touch()
