"""A running bot and the keys that are kept for its accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.doctor import examine
from bot.finding import Finding
from bot.runtime import Runtime
from bot.settings import Settings
from bot.work import desk_of
from core.application.release_hold import use_account
from core.domain.access_fault import AccessFault
from core.domain.hold import Hold, HoldReason
from core.domain.ids import Symbol, UserId
from core.domain.portfolio import Account
from core.domain.refusals import MasterKeyMissing, MasterKeyWrong, PriceKeysMissing, PriceSourceDown
from core.ports.broker import BrokerUnavailable, NoAccess
from tests.bot.key_stage import ANN, FIRST, MASTER, NEWER, SECOND, KeyStage, key_stage

SPY = Symbol("SPY")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[KeyStage]:
    async with key_stage(tmp_path) as made:
        made.alpaca.exchange.list_asset("SPY", "500.00")
        yield made


async def _cash(runtime: Runtime, account: Account) -> Decimal:
    return (await runtime.brokers.of(account).holdings()).cash


async def _why(runtime: Runtime, account: Account) -> AccessFault:
    with pytest.raises(NoAccess) as refused:
        await runtime.brokers.of(account).holdings()
    assert account.broker_account_id[-4:] in str(refused.value)
    return refused.value.why


async def _connect_both(stage: KeyStage) -> tuple[Account, Account]:
    await stage.settle("holiday", user=ANN + 1)
    assert (await stage.connect(FIRST)).exit_code == 0
    assert (await stage.connect(SECOND, account="holiday")).exit_code == 0
    return await stage.account(), await stage.account("holiday")


# --- several accounts ----------------------------------------------------------------------------


async def test_each_account_is_reached_with_its_own_keys(stage: KeyStage) -> None:
    """The broker of new portfolios is the simulated one."""
    first, second = await _connect_both(stage)
    async with stage.running() as runtime:
        assert runtime.settings.broker == "simulated"
        assert await _cash(runtime, first) == 10_000
        assert await _cash(runtime, second) == 2_000
        held = await runtime.brokers.holdings([first, second])
        assert {held[first.id].cash, held[second.id].cash} == {10_000, 2_000}
        assert await runtime.brokers.fractionable(second, [SPY]) == {SPY}
        traits = runtime.brokers.of(first).traits
        assert (traits.name, traits.uses_own_quotes, traits.is_live) == ("alpaca", True, False)


async def test_the_environments_keys_serve_the_account_that_they_open(stage: KeyStage) -> None:
    """The second account was connected once; its keys were removed, and are now in the environment."""
    first, second = await _connect_both(stage)
    await stage.run("connect", "--account", "holiday", "--remove")
    own = {"alpaca_api_key": SecretStr(SECOND[0]), "alpaca_secret_key": SecretStr(SECOND[1])}
    async with stage.running(**own) as runtime:
        assert await _cash(runtime, first) == 10_000
        assert await _cash(runtime, second) == 2_000
        await stage.run("connect", "--account", "family", "--remove")
        assert await _why(runtime, first) is AccessFault.OTHER_ACCOUNT
        held = await runtime.brokers.holdings([first, second])
        assert set(held) == {second.id}
    await stage.connect(FIRST, answer="")
    async with stage.running() as runtime:
        assert await _why(runtime, second) is AccessFault.NO_KEYS


async def test_one_account_without_access_holds_up_no_other(stage: KeyStage) -> None:
    first, second = await _connect_both(stage)
    async with stage.running() as runtime:
        stage.alpaca.exchange.accounts[0].secret = "revoked"
        held = await runtime.brokers.holdings([first, second])
        assert set(held) == {second.id}
        assert await _why_refused(runtime, first) is AccessFault.REFUSED
        for _ in ("revoked", "removed"):
            assert await runtime.brokers.fractionable(first, [SPY]) == {SPY}
            assert set(await runtime.brokers.of(first).assets([SPY])) == {SPY}
            await stage.run("connect", "--account", "family", "--remove")


async def _why_refused(runtime: Runtime, account: Account) -> AccessFault:
    with pytest.raises(NoAccess) as refused:
        await runtime.brokers.of(account).holdings()
    return refused.value.why


async def test_each_accounts_limit_of_requests_is_its_own(stage: KeyStage) -> None:
    """Alpaca counts by keys: what the first account has used up is no trouble of the second's."""
    first, second = await _connect_both(stage)
    async with stage.running() as runtime:
        stage.alpaca.requests_a_minute = 0
        with pytest.raises(BrokerUnavailable, match="limit of requests"):
            await runtime.brokers.of(first).account()
        stage.alpaca.requests_a_minute = 200
        assert await _cash(runtime, second) == 2_000
        with pytest.raises(BrokerUnavailable, match="limit of requests"):
            await runtime.brokers.of(first).account()


# --- changes while the bot runs ------------------------------------------------------------------


async def test_a_running_bot_uses_new_keys_without_a_restart(stage: KeyStage) -> None:
    await stage.settle("holiday", user=ANN + 1)
    await stage.connect()
    async with stage.running() as runtime:
        assert (await stage.connect(SECOND, account="holiday")).exit_code == 0
        assert await _cash(runtime, await stage.account("holiday")) == 2_000


async def test_changed_keys_are_used_from_the_next_request_on(stage: KeyStage) -> None:
    await stage.connect()
    account = await stage.account()
    async with stage.running() as runtime:
        assert await _cash(runtime, account) == 10_000
        newer = ("PKNEWERKEY5555", "the-newer-secret-of-the-first")
        money = stage.alpaca.exchange.accounts[0]
        money.key, money.secret = newer
        assert await _why_refused(runtime, account) is AccessFault.REFUSED
        assert (await stage.connect(newer)).exit_code == 0
        assert await _cash(runtime, account) == 10_000
        assert (await runtime.market.prices.quotes([SPY])).quotes[SPY].price == 500


async def test_removed_keys_are_not_used_once_more(stage: KeyStage) -> None:
    await stage.connect()
    account = await stage.account()
    async with stage.running() as runtime:
        assert await _cash(runtime, account) == 10_000
        await stage.run("connect", "--account", "family", "--remove")
        asked = len(stage.alpaca.seen)
        assert await _why(runtime, account) is AccessFault.NO_KEYS
        assert len(stage.alpaca.seen) == asked
        with pytest.raises(PriceSourceDown):
            await runtime.market.prices.quotes([SPY])


async def test_a_running_bot_goes_on_while_the_master_key_is_changed(stage: KeyStage) -> None:
    await stage.connect()
    account = await stage.account()
    both = {
        "evenkeel_secret_key": SecretStr(NEWER),
        "evenkeel_old_secret_keys": SecretStr(MASTER),
    }
    async with stage.running(**both) as runtime:
        assert await _cash(runtime, account) == 10_000
        stage.environment |= {"EVENKEEL_SECRET_KEY": NEWER, "EVENKEEL_OLD_SECRET_KEYS": MASTER}
        done = await stage.run("rotate-key")
        assert done.stdout.startswith("Sealed 1 secret anew.\n")
        assert await _cash(runtime, account) == 10_000
    again = await stage.run("rotate-key")
    assert again.stdout.startswith("Everything is sealed with EVENKEEL_SECRET_KEY already.")
    async with stage.running(evenkeel_secret_key=SecretStr(NEWER)) as runtime:
        assert await _cash(runtime, account) == 10_000


# --- the master key ------------------------------------------------------------------------------


@pytest.mark.fault(73)
async def test_without_the_master_key_the_bot_does_not_start(stage: KeyStage) -> None:
    await stage.connect()
    with pytest.raises(MasterKeyMissing):
        async with stage.running(evenkeel_secret_key=None):
            pass
    with pytest.raises(MasterKeyWrong):
        async with stage.running(evenkeel_secret_key=SecretStr(NEWER)):
            pass


@pytest.mark.fault(73)
async def test_commands_say_in_a_sentence_that_the_master_key_is_wrong(stage: KeyStage) -> None:
    await stage.connect()
    stage.environment["EVENKEEL_SECRET_KEY"] = NEWER
    for command in (("check", "--once"), ("rotate-key",)):
        done = await stage.run(*command)
        assert done.exit_code == 2
        assert done.stderr.startswith("1 of 1 sealed secret in the store cannot be opened")


@pytest.mark.fault(74)
async def test_exchanged_keys_are_named_and_the_bot_serves_the_others(
    stage: KeyStage, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = await _connect_both(stage)
    await stage.settle("third", user=ANN + 2)
    keys = ("PKTHIRDKEY", "the-secret-of-the-third")
    stage.open_account(keys, cash=30)
    await stage.connect(keys, account="third")
    async with stage.store() as store, store.begin() as work:
        one, two, _ = await work.credentials.all()
        await work.credentials.reseal(one.id, one.sealed, two.sealed)
        await work.credentials.reseal(two.id, two.sealed, one.sealed)
    asked = len(stage.alpaca.seen)
    async with stage.running() as runtime:
        assert "('alpaca', '0001'), ('alpaca', '0002')" in caplog.text
        for account in (first, second):
            assert await _why(runtime, account) is AccessFault.BROKEN_SEAL
        assert len(stage.alpaca.seen) == asked
        assert await _cash(runtime, await stage.account("third")) == 30


async def test_keys_attached_to_an_account_that_they_do_not_open_are_noticed(
    stage: KeyStage,
) -> None:
    """Somebody who can write into the database lets one account be reached by the other's keys."""
    _, second = await _connect_both(stage)
    async with stage.store() as store, store.begin() as work:
        one, _ = await work.credentials.all()
        await work.credentials.attach(second.id, one.id)
    async with stage.running() as runtime:
        assert await _why(runtime, second) is AccessFault.OTHER_ACCOUNT
        with pytest.raises(NoAccess):
            await runtime.brokers.of(second).open_orders()


async def test_an_account_that_was_reset_goes_on_with_its_keys_once_it_is_accepted(
    stage: KeyStage,
) -> None:
    """Alpaca gives a paper account that is reset another number."""
    await stage.connect()
    account = await stage.account()
    money = stage.alpaca.exchange.accounts[0]
    stage.alpaca.exchange.reset(money, cash=70)
    async with stage.running() as runtime:
        assert await _why_refused(runtime, account) is AccessFault.OTHER_ACCOUNT
        desk = desk_of(runtime)
        async with runtime.store.read() as work:
            ann = await work.people.member_of_user(UserId(ANN))
        assert ann is not None
        async with runtime.store.begin() as work:
            hold = Hold(account.id, HoldReason.ACCOUNT_REPLACED, money.number, runtime.clock.now())
            await work.holds.place(hold)
        await use_account(desk, member=ann, portfolio_id=account.portfolio_id)
        accepted = await stage.account()
        assert accepted.broker_account_id == money.number
        assert await _cash(runtime, accepted) == 70
    listed = await stage.run("connect", "--list")
    assert "@family" in listed.stdout
    assert (await stage.connect(answer="")).exit_code == 0
    (kept,) = await stage.kept()
    assert kept.opens.broker_account_id == money.number


# --- prices --------------------------------------------------------------------------------------


async def test_prices_come_with_the_keys_of_a_connected_account(stage: KeyStage) -> None:
    with pytest.raises(PriceKeysMissing):
        async with stage.running():
            pass
    await stage.connect()
    async with stage.running() as runtime:
        batch = await runtime.market.prices.quotes([SPY])
        assert batch.quotes[SPY].price == 500
        assert runtime.market.prices.name == "alpaca"


async def test_an_account_is_not_reached_while_prices_come_from_elsewhere(stage: KeyStage) -> None:
    await stage.connect()
    async with stage.running(market_data="yahoo") as runtime:
        with pytest.raises(NoAccess) as refused:
            await runtime.brokers.of(await stage.account()).holdings()
        assert refused.value.why is AccessFault.FOREIGN_PRICES


# --- paper and live ------------------------------------------------------------------------------


@pytest.mark.fault(76)
async def test_a_live_account_is_not_spoken_to_by_an_installation_for_paper(
    stage: KeyStage,
) -> None:
    """Connected where live was allowed; then the bot is started for paper."""
    stage.environment["TRADING_MODE"] = "live"
    assert (await stage.connect(FIRST, "--live")).exit_code == 0
    own = {"alpaca_api_key": SecretStr(SECOND[0]), "alpaca_secret_key": SecretStr(SECOND[1])}
    asked = len(stage.alpaca.seen)
    async with stage.running(**own) as runtime:
        account = await stage.account()
        assert await _why_refused(runtime, account) is AccessFault.LIVE_IN_PAPER
        assert await runtime.brokers.holdings([account]) == {}
        assert not runtime.brokers.of(account).traits.is_live
    assert len(stage.alpaca.seen) == asked


@pytest.mark.fault(76)
async def test_where_live_is_permitted_an_account_is_taken_for_live_until_it_was_reached(
    stage: KeyStage,
) -> None:
    stage.environment["TRADING_MODE"] = "live"
    assert (await stage.connect(FIRST, "--live")).exit_code == 0
    async with stage.running(trading_mode="live") as runtime:
        account = await stage.account()
        assert runtime.brokers.of(account).traits.is_live
        assert await _cash(runtime, account) == 10_000
        assert runtime.brokers.of(account).traits.is_live


# --- the doctor ----------------------------------------------------------------------------------


async def _findings(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding async for finding in examine(settings)}


async def test_the_doctor_says_whether_everything_sealed_can_be_opened(stage: KeyStage) -> None:
    await _connect_both(stage)
    well = (await _findings(stage.settings()))["keys"]
    assert (well.is_well, well.seen) == (True, "2 sealed secrets, open with the current key")
    both = stage.settings(
        evenkeel_secret_key=SecretStr(NEWER), evenkeel_old_secret_keys=SecretStr(MASTER)
    )
    older = (await _findings(both))["keys"]
    assert (older.is_well, older.seen, older.mend) == (
        False,
        "sealed with an older key: 2 of 2",
        "Run `evenkeel rotate-key`; then EVENKEEL_OLD_SECRET_KEYS can be emptied.",
    )


@pytest.mark.fault(73)
async def test_the_doctor_says_that_the_master_key_is_wrong(stage: KeyStage) -> None:
    await stage.connect()
    for key, said in (
        (None, "is not set"),
        (SecretStr(NEWER), "1 of 1 sealed secret in the store cannot"),
    ):
        found = await _findings(stage.settings(evenkeel_secret_key=key))
        assert (found["keys"].is_well, said in found["keys"].seen) == (False, True)


@pytest.mark.fault(74)
async def test_the_doctor_names_the_accounts_whose_keys_were_exchanged(stage: KeyStage) -> None:
    await _connect_both(stage)
    async with stage.store() as store, store.begin() as work:
        one, two = await work.credentials.all()
        await work.credentials.reseal(one.id, one.sealed, two.sealed)
        await work.credentials.reseal(two.id, two.sealed, one.sealed)
    own = {"alpaca_api_key": SecretStr(SECOND[0]), "alpaca_secret_key": SecretStr(SECOND[1])}
    found = (await _findings(stage.settings(**own)))["keys"]
    assert not found.is_well
    assert "the keys of the Alpaca account …0001 and the keys of the Alpaca account …0002" in (
        found.seen
    )


async def test_the_doctor_is_content_without_a_key_while_nothing_is_sealed(
    tmp_path: Path,
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, market_data="replay")
    found = (await _findings(settings))["keys"]
    assert (found.is_well, found.seen) == (True, "nothing is sealed, no EVENKEEL_SECRET_KEY")
