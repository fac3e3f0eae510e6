"""The composition root: what the settings choose is what the process has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.bootstrap import open_runtime, signing_key
from bot.doctor import examine
from bot.finding import Finding
from bot.runtime import Runtime
from bot.settings import Settings
from core.adapters.vault import AesGcmVault
from core.application.create_portfolio import create_portfolio
from core.application.enter import enter
from core.application.hold_account import hold_account
from core.domain.hold import HoldReason
from core.domain.ids import ChatId, UserId
from core.domain.membership import Member
from core.domain.portfolio import Rung
from core.domain.refusals import AccountInUse, BrokerDown
from core.ports.store import Chat
from tests.fakes.alpaca.server import FakeAlpaca, serving

KEYS = ("PKFAKE", "fake-secret")
ANNA = UserId(1001)
CHAT = Chat(ChatId(1001), "private", "Anna")


def _alpaca() -> FakeAlpaca:
    alpaca = FakeAlpaca()
    alpaca.exchange.open_account(*KEYS, cash=10_000)
    return alpaca


async def _anna(runtime: Runtime) -> Member:
    entered = await enter(
        runtime.store,
        runtime.clock,
        user_id=ANNA,
        name="Anna",
        allowed=frozenset({1001}),
        code=None,
    )
    return entered.member


def _alpaca_settings(folder: Path, origin: str) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=folder,
        market_data="alpaca",
        broker="alpaca",
        alpaca_api_key=SecretStr(KEYS[0]),
        alpaca_secret_key=SecretStr(KEYS[1]),
        alpaca_base_url=origin,
        alpaca_data_url=origin,
    )


async def test_a_portfolio_at_alpaca_is_broker_paper_and_the_account_belongs_to_one(
    tmp_path: Path,
) -> None:
    async with (
        serving(_alpaca()) as alpaca,
        open_runtime(_alpaca_settings(tmp_path, alpaca.origin)) as runtime,
    ):
        anna = await _anna(runtime)
        assert runtime.market.prices.name == "alpaca"
        assert runtime.market.history.name == "yahoo"

        async def make(name: str) -> Rung:
            current = await create_portfolio(
                runtime.store,
                runtime.brokers,
                runtime.clock,
                member=anna,
                name=name,
                chat=CHAT,
                broker=runtime.settings.broker,
            )
            account = current.portfolio.accounts[0]
            assert runtime.brokers.of(account).traits.name == "alpaca"
            assert (await runtime.brokers.of(account).holdings()).cash > 0
            return account.rung

        assert await make("First") is Rung.BROKER_PAPER
        with pytest.raises(AccountInUse):
            await make("Second")


async def test_wrong_keys_are_a_broker_that_is_down(tmp_path: Path) -> None:
    async with serving(_alpaca()) as alpaca:
        settings = _alpaca_settings(tmp_path, alpaca.origin).model_copy(
            update={"alpaca_secret_key": SecretStr("another")}
        )
        async with open_runtime(settings) as runtime:
            anna = await _anna(runtime)
            with pytest.raises(BrokerDown) as refused:
                await create_portfolio(
                    runtime.store,
                    runtime.brokers,
                    runtime.clock,
                    member=anna,
                    name="First",
                    chat=CHAT,
                    broker="alpaca",
                )
            assert "another" not in str(refused.value)


async def _finding(settings: Settings, name: str) -> Finding:
    found = [finding async for finding in examine(settings)]
    return next(finding for finding in found if finding.name == name)


async def _broker_finding(settings: Settings) -> Finding:
    return await _finding(settings, "broker")


async def test_the_doctor_asks_the_broker(tmp_path: Path) -> None:
    async with serving(_alpaca()) as alpaca:
        settings = _alpaca_settings(tmp_path, alpaca.origin)
        well = await _broker_finding(settings)
        assert (well.is_well, "answered for account" in well.seen) == (True, True)
        wrong = settings.model_copy(update={"alpaca_secret_key": SecretStr("another")})
        ill = await _broker_finding(wrong)
        assert (ill.is_well, "refused the keys" in ill.seen, "another" in ill.seen) == (
            False,
            True,
            False,
        )


async def test_the_doctor_asks_for_every_account(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, market_data="replay")
    async with open_runtime(settings) as runtime:
        anna = await _anna(runtime)
        await create_portfolio(
            runtime.store,
            runtime.brokers,
            runtime.clock,
            member=anna,
            name="First",
            chat=CHAT,
        )
    found = await _broker_finding(settings)
    assert (found.is_well, found.seen) == (True, "1 account answered")


async def test_the_doctor_names_the_accounts_for_which_nothing_is_sent(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, market_data="replay")
    async with open_runtime(settings) as runtime:
        anna = await _anna(runtime)
        current = await create_portfolio(
            runtime.store,
            runtime.brokers,
            runtime.clock,
            member=anna,
            name="First",
            chat=CHAT,
        )
    assert (await _finding(settings, "holds")).is_well
    async with open_runtime(settings) as runtime, runtime.store.begin() as work:
        now = runtime.clock.now()
        await hold_account(
            work, current.portfolio.parts[0], HoldReason.KEYS_REFUSED, "refused", now
        )
    found = await _finding(settings, "holds")
    assert not found.is_well
    assert found.seen == "First: the account cannot be used from here"
    assert "evenkeel connect takes new ones" in found.mend
    assert "It goes on by itself" in found.mend


@pytest.mark.fault(76)
async def test_where_live_is_permitted_a_live_account_still_starts_as_a_dry_run(
    tmp_path: Path,
) -> None:
    async with serving(_alpaca()) as alpaca:
        settings = _alpaca_settings(tmp_path, alpaca.origin).model_copy(
            update={"trading_mode": "live"}
        )
        async with open_runtime(settings) as runtime:
            anna = await _anna(runtime)
            current = await create_portfolio(
                runtime.store,
                runtime.brokers,
                runtime.clock,
                member=anna,
                name="First",
                chat=CHAT,
                broker="alpaca",
            )
            account = current.portfolio.accounts[0]
            assert account.rung is Rung.DRY_RUN
            assert runtime.brokers.of(account).traits.is_live


@pytest.mark.fault(72)
def test_buttons_are_signed_by_the_token_and_nothing_else(tmp_path: Path) -> None:
    def key(token: str, folder: Path) -> bytes:
        return signing_key(
            Settings(_env_file=None, data_dir=folder, telegram_bot_token=SecretStr(token))
        )

    assert key("1:aaa", tmp_path) == key("1:aaa", tmp_path / "elsewhere")
    assert key("1:aaa", tmp_path) != key("1:aab", tmp_path)
    assert b"aaa" not in key("1:aaa", tmp_path)


@pytest.mark.fault(65)
async def test_the_doctor_compares_the_broker_s_clock_with_ours(tmp_path: Path) -> None:
    """The fake stands still at an hour of its own, far from this machine's."""
    async with serving(_alpaca()) as alpaca:
        settings = _alpaca_settings(tmp_path, alpaca.origin)
        async with open_runtime(settings) as runtime:
            anna = await _anna(runtime)
            await create_portfolio(
                runtime.store,
                runtime.brokers,
                runtime.clock,
                member=anna,
                name="First",
                chat=CHAT,
                broker="alpaca",
            )
        found = await _broker_finding(settings)
    assert not found.is_well
    assert "the clock of alpaca is" in found.seen


async def test_a_runtime_has_a_vault_where_there_is_a_master_key(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, market_data="replay")
    async with open_runtime(settings) as runtime:
        assert runtime.vault is None
    old, new = "an-old-master-key-of-some-length-1", "a-new-master-key-of-some-length-22"
    sealed = AesGcmVault(old).seal("secret", owner="member 1", purpose="one-time codes")
    keys = {"evenkeel_secret_key": SecretStr(new), "evenkeel_old_secret_keys": SecretStr(old)}
    async with open_runtime(settings.model_copy(update=keys)) as runtime:
        assert runtime.vault is not None
        assert runtime.vault.open(sealed, owner="member 1", purpose="one-time codes") == "secret"
        assert old not in repr(runtime)
        assert new not in repr(runtime)
