"""A stage for brokers' keys: a family's store, a fake Alpaca over HTTP, and commands as an operator types them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from pydantic import SecretStr

from bot.bootstrap import open_runtime
from bot.cli import cli
from bot.runtime import Runtime
from bot.settings import Settings
from core.adapters.store import SqlStore
from core.domain.portfolio import Account
from core.ports.store.credentials import Credential
from tests.contracts.store_samples import Family, settle
from tests.fakes.alpaca.model import Account as Money
from tests.fakes.alpaca.server import FakeAlpaca, serving
from tests.fakes.store import make_store

MASTER = "canary-master-key-of-the-family-0001"
NEWER = "canary-master-key-of-the-family-0002"
ANN = 700_000_000_001
FIRST = ("PKCANARYKEYONE7391", "canary-secret-one-c41f88e0")
SECOND = ("PKCANARYKEYTWO0042", "canary-secret-two-77ab01d9")
CANARIES = (MASTER, NEWER, *FIRST, *SECOND)


@contextmanager
def logging_as_before() -> Iterator[None]:
    """Commands set up the log for a process of their own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:], root.level = handlers, level


@dataclass
class KeyStage:
    """What tests of keys act on; `environment` is what the next command or process is started with."""

    folder: Path
    alpaca: FakeAlpaca
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    async def run(self, *words: str, typed: str = "") -> Result:
        """Type a command; what it asks for is answered with what is typed."""
        runner = CliRunner(env=self.environment)
        with logging_as_before():
            result = await asyncio.to_thread(runner.invoke, cli, list(words), input=typed)
        self.said += [result.stdout, result.stderr]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    async def connect(
        self,
        keys: tuple[str, str] = FIRST,
        *words: str,
        account: str = "@family",
        answer: str = "y",
    ) -> Result:
        """Type keys."""
        typed = "\n".join([*keys, answer, ""])
        return await self.run("connect", "--account", account, *words, typed=typed)

    @asynccontextmanager
    async def store(self) -> AsyncIterator[SqlStore]:
        """The store, as another process has it."""
        store = await make_store(self.folder)
        try:
            yield store
        finally:
            await store.aclose()

    async def settle(self, slug: str = "family", *, user: int = ANN) -> Family:
        """Make a portfolio on a simulated account."""
        async with self.store() as store:
            return await settle(store, user=user, slug=slug)

    async def accounts(self) -> dict[str, Account]:
        """Each portfolio's account, by the portfolio's slug."""
        async with self.store() as store, store.read() as work:
            household = await work.people.first_household()
            assert household is not None
            ids = [each.id for each in await work.portfolios.of_household(household)]
            return {m.portfolio.slug: m.accounts[0] for m in await work.portfolios.many(ids)}

    async def account(self, slug: str = "family") -> Account:
        """A portfolio's account."""
        return (await self.accounts())[slug]

    async def kept(self) -> tuple[Credential, ...]:
        """The keys in the store."""
        async with self.store() as store, store.read() as work:
            return await work.credentials.all()

    async def events(self) -> list[tuple[str, str]]:
        """The audit log, oldest first."""
        async with self.store() as store, store.read() as work:
            return [(e.kind, e.data) for e in reversed(await work.log.events(None, 100))]

    def open_account(self, keys: tuple[str, str], cash: int = 10_000, **traits: Any) -> Money:
        """Let Alpaca have an account with these keys."""
        return self.alpaca.exchange.open_account(*keys, cash=cash, **traits)

    @asynccontextmanager
    async def running(self, **changes: object) -> AsyncIterator[Runtime]:
        """A running bot's runtime, with settings as the environment's."""
        async with open_runtime(self.settings(**changes)) as runtime:
            yield runtime

    def settings(self, **changes: object) -> Settings:
        """The environment's settings."""
        usual = {
            "data_dir": self.folder,
            "market_data": "alpaca",
            "alpaca_base_url": self.alpaca.origin,
            "alpaca_data_url": self.alpaca.origin,
            "evenkeel_secret_key": SecretStr(MASTER),
        }
        return Settings(_env_file=None, **{**usual, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def key_stage(folder: Path) -> AsyncIterator[KeyStage]:
    """A family with one simulated portfolio, and Alpaca with accounts …0001 and …0002 for the two pairs of keys."""
    async with serving(FakeAlpaca()) as alpaca:
        stage = KeyStage(folder, alpaca)
        stage.environment = {
            "DATA_DIR": str(folder),
            "EVENKEEL_NO_ENV_FILE": "1",
            "EVENKEEL_SECRET_KEY": MASTER,
            "MARKET_DATA": "alpaca",
            "ALPACA_BASE_URL": alpaca.origin,
            "ALPACA_DATA_URL": alpaca.origin,
        }
        stage.open_account(FIRST)
        stage.open_account(SECOND, cash=2_000)
        await stage.settle()
        yield stage
