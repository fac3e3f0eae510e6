"""The composition root: the only place that pairs ports with adapters."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from bot.runtime import Runtime
from bot.settings import Settings
from core.adapters.brokers.manual import ManualBrokerage, PricesByHand
from core.adapters.brokers.registry import Brokerage, BrokerRegistry
from core.adapters.brokers.simulated import SimulatedBrokerage
from core.adapters.brokers.troubled import TroubledBrokerage
from core.adapters.calendars.nyse import NyseCalendar
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.clock import LiveMarketClock, ReplayMarketClock, SystemClock
from core.adapters.market_data.history import load_history
from core.adapters.market_data.replay import ReplayMarketData
from core.adapters.store import Restored, SqlStore, backup_files, open_store, restore_files
from core.adapters.vault import AesGcmVault
from core.application.advance_market import set_speed, start_market
from core.application.market import Market
from core.domain.refusals import NotBuiltYet
from core.ports.clock import Clock
from core.ports.market_data import MarketData

BROKER_FILE = "broker.db"
MANUAL_FILE = "manual.db"
CALENDAR_PAST = timedelta(days=400)
CALENDAR_FUTURE = timedelta(days=5 * 366)


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything that a process needs, and close it again; raises NotBuiltYet, or what the store refuses."""
    require_built(settings)
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database_url.get_secret_value(), settings.data_dir)
        stack.push_async_callback(store.aclose)
        clock = SystemClock()
        market = await _market(settings, store, clock, stack)
        by_hand = ManualBrokerage(
            settings.data_dir / MANUAL_FILE, market.prices, market.calendar, market.clock
        )
        stack.push_async_callback(by_hand.close)
        market = replace(market, prices=PricesByHand(market.prices, by_hand.typed_prices))
        house = SimulatedBrokerage(
            settings.data_dir / BROKER_FILE, market.prices, market.calendar, market.clock
        )
        stack.push_async_callback(house.close)
        troubled = _troubled(settings, house, clock)
        yield Runtime(
            settings=settings,
            store=store,
            brokers=BrokerRegistry(
                {
                    "simulated": troubled or house,
                    "manual": by_hand,
                    **_alpaca_house(settings, clock, stack),
                }
            ),
            market=market,
            clock=clock,
            signing_key=signing_key(settings),
            holder=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
            work_arrived=asyncio.Event(),
            allowed_users=frozenset(settings.telegram_allowed_users),
            limits=settings.limits,
            troubles=troubled,
            vault=make_vault(settings),
        )


def make_vault(settings: Settings) -> AesGcmVault | None:
    """The vault of EVENKEEL_SECRET_KEY, whose keys are derived at first use (slow); None without one."""
    key = settings.evenkeel_secret_key
    if key is None:
        return None
    return AesGcmVault(key.get_secret_value(), settings.old_secret_keys)


def require_built(settings: Settings) -> None:
    """Refuse what this version does not have; raises NotBuiltYet."""
    if settings.trading_mode == "live":
        raise NotBuiltYet("TRADING_MODE=live")


async def _market(
    settings: Settings, store: SqlStore, clock: Clock, stack: AsyncExitStack
) -> Market:
    if settings.market_data == "replay":
        return await _replay(settings, store)
    today = clock.now().date()
    return Market(
        _live_prices(settings, clock, stack),
        LiveMarketClock(clock),
        NyseCalendar(today - CALENDAR_PAST, today + CALENDAR_FUTURE),
    )


def _troubled(
    settings: Settings, house: SimulatedBrokerage, clock: Clock
) -> TroubledBrokerage | None:
    """The simulated broker as the demo has it: it can be told to do wrong."""
    if not settings.has_troubles:
        return None
    troubled = TroubledBrokerage(house, clock)
    troubled.choose(settings.evenkeel_fake_broker)
    return troubled


def _live_prices(settings: Settings, clock: Clock, stack: AsyncExitStack) -> MarketData:
    """The price source of the real market; each is imported only where it is used, because both are slow to load."""
    if settings.market_data == "alpaca":
        from core.adapters.market_data.alpaca import AlpacaMarketData

        source = AlpacaMarketData(*_alpaca_keys(settings), settings.alpaca_data_url, clock)
        stack.push_async_callback(source.close)
        return source
    from core.adapters.market_data.yahoo import YahooMarketData

    return YahooMarketData(settings.data_dir / "cache")


def _alpaca_house(settings: Settings, clock: Clock, stack: AsyncExitStack) -> dict[str, Brokerage]:
    """Alpaca as a broker where it is chosen; its paper service only."""
    if settings.broker != "alpaca":
        return {}
    from core.adapters.brokers.alpaca import AlpacaBrokerage

    house = AlpacaBrokerage(*_alpaca_keys(settings), settings.alpaca_base_url, clock)
    stack.push_async_callback(house.close)
    return {"alpaca": house}


def _alpaca_keys(settings: Settings) -> tuple[str, str]:
    """The key id and its secret; settings that need them without having them are refused before."""
    key, secret = settings.alpaca_api_key, settings.alpaca_secret_key
    if key is None or secret is None:
        message = "ALPACA_API_KEY and ALPACA_SECRET_KEY are not set"
        raise ValueError(message)
    return key.get_secret_value(), secret.get_secret_value()


async def _replay(settings: Settings, store: SqlStore) -> Market:
    history = load_history()
    calendar = ReplayCalendar(history.sessions)
    clock = ReplayMarketClock(store)
    market = Market(ReplayMarketData(history, calendar, clock), clock, calendar)
    await start_market(store, market, settings.replay_start)
    if settings.replay_speed > 0:
        await set_speed(store, settings.replay_speed)
    return market


def replay_range() -> tuple[date, date]:
    """The first and the last day of the shipped history."""
    history = load_history()
    return history.first_session, history.last_session


def signing_key(settings: Settings) -> bytes:
    """The key that signs buttons: derived from the bot's token, so that it is in no database and no backup."""
    token = settings.telegram_bot_token
    secret = token.get_secret_value() if token is not None else ""
    return hmac.new(secret.encode(), b"evenkeel buttons v1", hashlib.sha256).digest()


def backup_store(settings: Settings, out: Path) -> Path:
    """Copy what the bot keeps into one file, and return its path; raises StoreError."""
    return backup_files(
        settings.database_url.get_secret_value(),
        settings.data_dir / BROKER_FILE,
        out,
        now=SystemClock().now(),
    )


def restore_store(settings: Settings, file: Path) -> Restored:
    """Put such a file in the place of what the bot keeps now; raises StoreError with nothing changed."""
    return restore_files(
        settings.database_url.get_secret_value(),
        settings.data_dir / BROKER_FILE,
        file,
        now=SystemClock().now(),
    )
