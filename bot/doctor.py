"""Doctor: look at everything a running bot needs, and say what is wrong and how to mend it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from bot.bootstrap import open_runtime, operator_told
from bot.doctor_keys import look_at_seals
from bot.finding import Finding
from bot.runtime import Runtime
from bot.settings import Settings
from bot.words.holds import HOLD_REASONS, certain, goes_on
from bot.words.numbers import count
from bot.work import HEARTBEAT_FILE
from core.application.create_portfolio import CURRENCY, EMBEDDED
from core.application.witness import MOST_APART
from core.domain.ids import Symbol
from core.domain.portfolio import Account
from core.domain.refusals import MasterKeyMissing, MasterKeyWrong, Refusal
from core.ports.broker import BrokerError

STALE_SECONDS = 60.0
PROBE = {"yahoo": Symbol("SPY"), "alpaca": Symbol("SPY"), "replay": Symbol("QUAL")}


def is_alive(settings: Settings) -> bool:
    """Whether a running process left a sign of life within the last minute."""
    try:
        age = time.time() - (settings.data_dir / HEARTBEAT_FILE).stat().st_mtime
    except OSError:
        return False
    return age < STALE_SECONDS


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Look at sealed keys, store, clock, people, prices, broker, holds and Telegram, one after the other."""
    yield Finding("settings", is_well=True, seen=_mode(settings))
    try:
        yield await look_at_seals(settings)
        async with open_runtime(settings) as runtime:
            async for finding in _examine(runtime):
                yield finding
    except (MasterKeyMissing, MasterKeyWrong):
        return
    except Refusal as refusal:
        from bot.words.refusals import refusal_sentence

        yield Finding("settings", False, refusal_sentence(refusal), "See .env.example.")
    except Exception as error:  # noqa: BLE001 - the doctor reports whatever stands in the way
        yield Finding("store", False, str(error), "Check DATA_DIR and DATABASE_URL.")


def _mode(settings: Settings) -> str:
    return f"{settings.trading_mode}, broker {settings.broker}, prices {settings.market_data}"


async def _examine(runtime: Runtime) -> AsyncIterator[Finding]:
    yield await _store(runtime)
    yield await _people(runtime)
    yield await _market(runtime)
    yield await _prices(runtime)
    yield await _broker(runtime)
    async for finding in _holds(runtime):
        yield finding
    yield await _telegram(runtime)
    if runtime.settings.operator_channel is not None:
        yield await _operator(runtime.settings)


async def _operator(settings: Settings) -> Finding:
    """Look at the operator's channel, without sending anything."""
    from bot.words.refusals import refusal_sentence

    try:
        async with operator_told(settings):
            return Finding("operator", True, "errors go to OPERATOR_CHANNEL")
    except Refusal as refusal:
        return Finding("operator", False, refusal_sentence(refusal), "See .env.example.")


async def _accounts(runtime: Runtime) -> tuple[Account, ...]:
    """Every account there is."""
    async with runtime.store.read() as work:
        ids = [portfolio.id for portfolio in await work.portfolios.every()]
        portfolios = await work.portfolios.many(ids)
    return tuple(account for managed in portfolios for account in managed.accounts)


async def _broker(runtime: Runtime) -> Finding:
    """Ask every account's broker for the account and its time; a chosen broker without accounts for its name."""
    mend = "Check the broker's keys and its status page, and this machine's clock."
    chosen = runtime.settings.broker
    accounts = await _accounts(runtime)
    try:
        if not accounts and chosen != EMBEDDED:
            number = await runtime.brokers.open_account(chosen, CURRENCY)
            return Finding("broker", True, f"{chosen} answered for account {number}")
        for account in accounts:
            await _ask(runtime, account)
    except (BrokerError, Refusal, _ClockApart) as error:
        return Finding("broker", False, str(error), mend)
    if not accounts:
        return Finding("broker", True, f"{chosen}, no account yet")
    return Finding("broker", True, f"{count(len(accounts), 'account')} answered")


async def _holds(runtime: Runtime) -> AsyncIterator[Finding]:
    """Every account for which nothing is sent: why, and what ends that."""
    async with runtime.store.read() as work:
        standing = await work.holds.every_standing()
        portfolios = await work.holds.portfolios_of({hold.account_id for hold in standing})
    if not standing:
        yield Finding("holds", True, "no account is held")
    ids = {account.id: account.broker_account_id for account in await _accounts(runtime)}
    for hold in standing:
        why = f"{portfolios[hold.account_id].name}: {HOLD_REASONS[hold.reason]}"
        known = certain(hold, ids.get(hold.account_id, ""))
        mend = f"{known} {goes_on(hold.reason)} /status in the chat has the buttons."
        yield Finding("holds", False, why, mend)


class _ClockApart(Exception):
    """A broker's clock and ours are too far apart to trust either."""


async def _ask(runtime: Runtime, account: Account) -> None:
    broker = runtime.brokers.of(account)
    await broker.account()
    apart = abs((await broker.clock()).now - await runtime.market.clock.now())
    if apart > MOST_APART:
        message = f"the clock of {account.broker} is {apart.total_seconds():.0f} s from ours"
        raise _ClockApart(message)


async def _store(runtime: Runtime) -> Finding:
    async with runtime.store.begin() as work:
        install = await work.people.install_id()
        waiting = await work.outbox.depth()
    return Finding("store", True, f"installation {install}, {waiting} messages waiting")


async def _people(runtime: Runtime) -> Finding:
    async with runtime.store.read() as work:
        household = await work.people.first_household()
    if household is not None or runtime.allowed_users:
        return Finding("people", True, f"{len(runtime.allowed_users)} allowed by the settings")
    mend = "Run `evenkeel claim`, or put your numeric id into TELEGRAM_ALLOWED_USERS."
    return Finding("people", False, "nobody may use this bot yet", mend)


async def _market(runtime: Runtime) -> Finding:
    try:
        moment = await runtime.market.moment()
    except Refusal as refusal:
        return Finding(
            "exchange", False, str(refusal), "Update Evenkeel, or set REPLAY_START earlier."
        )
    state = (
        "open" if moment.is_open else f"closed until {moment.session.opens_at:%Y-%m-%d %H:%M} UTC"
    )
    return Finding("exchange", True, f"{moment.now:%Y-%m-%d %H:%M} UTC, {state}")


async def _prices(runtime: Runtime) -> Finding:
    symbol = PROBE.get(runtime.market.prices.name, Symbol("SPY"))
    mend = "Check the network; the source may be limiting requests: try again later."
    try:
        batch = await runtime.market.prices.quotes([symbol])
    except Refusal as refusal:
        return Finding("prices", False, str(refusal), mend)
    quote = batch.quotes.get(symbol)
    if quote is None:
        return Finding("prices", False, f"no price of {symbol}", mend)
    return Finding("prices", True, f"{symbol} {quote.price} at {quote.at:%Y-%m-%d %H:%M} UTC")


async def _telegram(runtime: Runtime) -> Finding:
    if runtime.settings.telegram_bot_token is None:
        mend = "Ask @BotFather for a token and set TELEGRAM_BOT_TOKEN, or use `evenkeel demo`."
        return Finding("telegram", False, "no token", mend)
    from telegram.error import InvalidToken, TelegramError

    from bot.telegram.client import build_bot

    started = datetime.now(UTC)
    try:
        async with build_bot(runtime.settings) as bot:
            name = bot.username
    except InvalidToken:
        return Finding("telegram", False, "the token is refused", "Check TELEGRAM_BOT_TOKEN.")
    except TelegramError as error:
        return Finding("telegram", False, type(error).__name__, "Check the network.")
    took = (datetime.now(UTC) - started).total_seconds()
    return Finding("telegram", True, f"@{name} answered within {took:.1f} s")
