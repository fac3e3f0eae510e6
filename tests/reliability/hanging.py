"""A whole process whose broker hangs where it is told to, until a file says that it goes on.

It says ``hanging`` once that call of the broker has been reached.
``submit`` hangs before the order arrives, ``answer`` after it was taken, ``find_order`` at the look-up of a start.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.serve import run_until
from bot.settings import Settings
from bot.stopping import stopped_by_signals
from core.application.check_drift import request_rebalance
from core.application.decide_proposal import approve_proposal
from core.domain.portfolio import Account
from core.ports.broker import Broker, BrokerTraits
from tests.reliability.crashing import CrashingBrokers, Fuse
from tests.reliability.victim import set_up

NOBODY = "http://127.0.0.1:9"
"""Where Telegram would be: nobody answers there, and the bot goes on without."""

GO_ON = "go-on"
"""The file in the folder with which a hanging broker comes back."""


class HangingBroker:
    """A broker that does not come back from one of its calls before it may."""

    def __init__(self, inner: Broker, call: str, until: Path) -> None:
        self._inner = inner
        self._call = call
        self._until = until

    @property
    def traits(self) -> BrokerTraits:
        return self._inner.traits

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._inner, name)

        async def around(*args: Any, **named: Any) -> Any:
            if name == self._call:
                await hang(self._until)
            answer = await call(*args, **named)
            if name == "submit" and self._call == "answer":
                await hang(self._until)
            return answer

        return around


class HangingBrokers(CrashingBrokers):
    """A family of such brokers."""

    def __init__(self, runtime: Runtime, call: str) -> None:
        super().__init__(runtime.brokers, Fuse())
        self._call = call
        self._until = runtime.settings.data_dir / GO_ON

    def of(self, account: Account) -> Broker:
        return cast("Broker", HangingBroker(self._inner.of(account), self._call, self._until))


async def hang(until: Path) -> None:
    sys.stdout.write("hanging\n")
    sys.stdout.flush()
    while not until.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
        await asyncio.sleep(0.05)


def live(folder: Path, call: str) -> None:
    """All that such a process does."""
    asyncio.run(_live(folder, call))


async def _live(folder: Path, call: str) -> None:
    settings = Settings(
        _env_file=None,
        data_dir=folder,
        market_data="replay",
        telegram_bot_token=SecretStr("1001:" + "A" * 35),
        telegram_api_base_url=NOBODY,
    )
    stopping = stopped_by_signals()
    async with open_runtime(settings) as runtime:
        await approved(runtime)
        await run_until(replace(runtime, brokers=HangingBrokers(runtime, call)), stopping)


async def approved(runtime: Runtime) -> None:
    """A plan that waits to be carried out; made once."""
    member, portfolio_id = await set_up(runtime)
    async with runtime.store.read() as work:
        if await work.proposals.recent(portfolio_id, 1):
            return
    ports = runtime.store, runtime.market, runtime.clock
    asked = await request_rebalance(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=member,
        portfolio_id=portfolio_id,
        request_key="1",
    )
    assert asked.proposal is not None
    await approve_proposal(*ports, member=member, proposal_id=asked.proposal.id, revision=1)
