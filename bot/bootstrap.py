"""The composition root: the only place that pairs ports with adapters."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from bot.heartbeat import Heartbeat
from bot.key_room import KeyRoom
from bot.logs import redact_also, redacted
from bot.operator_channel import telling_operator
from bot.pulse import Pulse
from bot.runtime import Runtime
from bot.settings import Settings
from core.adapters.brokers.keyed import KeyedBrokerage, KeyedDoors, Line, Lines
from core.adapters.brokers.manual import ManualBrokerage, PricesByHand
from core.adapters.brokers.registry import BrokerRegistry
from core.adapters.brokers.simulated import SimulatedBrokerage
from core.adapters.brokers.timed import TimedBrokerage
from core.adapters.brokers.troubled import TroubledBrokerage
from core.adapters.calendars.nyse import NyseCalendar
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.channels import AppriseChannel
from core.adapters.clock import LiveMarketClock, ReplayMarketClock, SystemClock
from core.adapters.market_data.history import load_history
from core.adapters.market_data.keyed import KeyedPrices, Source
from core.adapters.market_data.replay import ReplayMarketData
from core.adapters.market_data.two_sources import WitnessedPrices
from core.adapters.store import Restored, SqlStore, backup_files, open_store, restore_files
from core.adapters.vault import AesGcmVault
from core.application.advance_market import set_speed, start_market
from core.application.key_ring import StoredKeys
from core.application.market import Market
from core.application.seals import require_openable
from core.domain.refusals import PriceKeysMissing
from core.ports.broker import BrokerTraits
from core.ports.broker_keys import BrokerKeys
from core.ports.clock import Clock
from core.ports.market_data import MarketData, MarketHistory
from core.ports.store import Store
from core.ports.vault import Vault

log = logging.getLogger(__name__)

ALPACA = "alpaca"
BROKER_FILE = "broker.db"
MANUAL_FILE = "manual.db"
CALENDAR_PAST = timedelta(days=6 * 366)
"""Rules look back over five years, and some sessions more."""
CALENDAR_FUTURE = timedelta(days=5 * 366)


@asynccontextmanager
async def open_runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything that a process needs, and close it again; raises what the store or the vault refuses."""
    async with AsyncExitStack() as stack:
        store = await open_store(settings.database_url.get_secret_value(), settings.data_dir)
        stack.push_async_callback(store.aclose)
        clock = SystemClock()
        vault = make_vault(settings)
        await _require_openable(store, vault)
        alpaca = _alpaca(settings, clock, store, vault)
        market = await _market(settings, store, clock, alpaca, stack)
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
        houses = {"simulated": troubled or house, "manual": by_hand, ALPACA: alpaca.house(stack)}
        pulse = _pulse(settings, clock)
        stack.push_async_callback(pulse.heartbeat.close)
        yield Runtime(
            settings=settings,
            store=store,
            brokers=BrokerRegistry(
                {name: TimedBrokerage(name, each, pulse.metrics) for name, each in houses.items()}
            ),
            market=market,
            clock=clock,
            signing_key=signing_key(settings),
            holder=_holder(),
            work_arrived=asyncio.Event(),
            allowed_users=frozenset(settings.telegram_allowed_users),
            limits=settings.limits,
            troubles=troubled,
            vault=vault,
            pulse=pulse,
            channel=AppriseChannel(
                allow_private=settings.channel_private_hosts, on_opened=redact_also
            ),
        )


def operator_told(settings: Settings) -> AbstractAsyncContextManager[object]:
    """Tell the operator of errors while the block runs; that address may be of any kind and anywhere."""
    line = AppriseChannel(trusted=True, on_opened=redact_also)
    return telling_operator(settings, line, SystemClock(), redacted)


def make_vault(settings: Settings) -> AesGcmVault | None:
    """The vault of EVENKEEL_SECRET_KEY, whose keys are derived at first use (slow); None without one."""
    key = settings.evenkeel_secret_key
    if key is None:
        return None
    return AesGcmVault(key.get_secret_value(), settings.old_secret_keys)


def _pulse(settings: Settings, clock: Clock) -> Pulse:
    url = settings.heartbeat_url
    return Pulse(clock, Heartbeat(url.get_secret_value() if url else None, clock))


async def _require_openable(store: Store, vault: Vault | None) -> None:
    """Refuse to start without the key of what is sealed; what was tampered with locks its own account only."""
    report = await require_openable(store, vault)
    if report.broken:
        log.error("Secrets in the store do not open: %s", report.damage)


async def _market(
    settings: Settings, store: SqlStore, clock: Clock, alpaca: _Alpaca, stack: AsyncExitStack
) -> Market:
    if settings.market_data == "replay":
        return await _replay(settings, store)
    today = clock.now().date()
    yahoo = _yahoo(settings)
    return Market(
        await _live_prices(settings, alpaca, yahoo, stack),
        LiveMarketClock(clock),
        NyseCalendar(today - CALENDAR_PAST, today + CALENDAR_FUTURE),
        yahoo,
    )


def _yahoo(settings: Settings) -> MarketHistory:
    """Yahoo, which has indexes too: whatever prices orders, rules are weighed by it."""
    from core.adapters.market_data.yahoo import YahooMarketData

    return YahooMarketData(settings.data_dir / "cache")


def _troubled(
    settings: Settings, house: SimulatedBrokerage, clock: Clock
) -> TroubledBrokerage | None:
    """The simulated broker as the demo has it: it can be told to do wrong."""
    if not settings.has_troubles:
        return None
    troubled = TroubledBrokerage(house, clock)
    troubled.choose(settings.evenkeel_fake_broker)
    return troubled


async def _live_prices(
    settings: Settings, alpaca: _Alpaca, yahoo: MarketData, stack: AsyncExitStack
) -> MarketData:
    """The price source of the real market, and beside it the second one where the settings name one."""
    first = await _source(settings.market_data, alpaca, yahoo, stack)
    if not settings.market_data_second:
        return first
    second = await _source(settings.market_data_second, alpaca, yahoo, stack)
    return WitnessedPrices(first, second, settings.price_gap)


async def _source(
    name: str, alpaca: _Alpaca, yahoo: MarketData, stack: AsyncExitStack
) -> MarketData:
    """The price source of a name."""
    return await alpaca.prices(stack) if name == ALPACA else yahoo


@dataclass(frozen=True, slots=True)
class _Alpaca:
    """How Alpaca is spoken to: with the environment's keys, and with those that are kept for accounts."""

    settings: Settings
    clock: Clock
    ring: StoredKeys

    @property
    def may_be_live(self) -> bool:
        """Whether this installation may speak to a service where real money is traded at all."""
        return self.settings.trading_mode == "live"

    @property
    def own_keys(self) -> BrokerKeys | None:
        """The environment's keys."""
        key, secret = self.settings.alpaca_api_key, self.settings.alpaca_secret_key
        if key is None or secret is None:
            return None
        from core.adapters.alpaca_api import is_live_origin

        origin = self.settings.alpaca_base_url
        is_live = is_live_origin(origin, allow_live=self.may_be_live)
        return BrokerKeys(key.get_secret_value(), secret.get_secret_value(), origin, is_live)

    def open_line(self, keys: BrokerKeys) -> Line:
        """Speak to its trading service."""
        from core.adapters.brokers.alpaca import open_alpaca

        return open_alpaca(keys, self.clock, allow_live=self.may_be_live)

    def open_prices(self, keys: BrokerKeys) -> Source:
        """Speak to its data service."""
        from core.adapters.market_data.alpaca import AlpacaMarketData

        return AlpacaMarketData(keys.key, keys.secret, self.settings.alpaca_data_url, self.clock)

    def assumed_traits(self) -> BrokerTraits:
        """What is taken for true of an account that was not reached yet."""
        from core.adapters.brokers.alpaca import assumed_traits

        return assumed_traits(may_be_live=self.may_be_live)

    def house(self, stack: AsyncExitStack) -> KeyedBrokerage:
        """All accounts there."""
        own = self.own_keys
        lines = Lines(
            self.open_line,
            self.assumed_traits,
            None if own is None else self.open_line(own),
            has_foreign_prices=self.settings.market_data != ALPACA,
        )
        house = KeyedBrokerage(ALPACA, self.ring, lines)
        stack.push_async_callback(house.close)
        return house

    async def prices(self, stack: AsyncExitStack) -> MarketData:
        """Its prices, with the environment's keys or else with any that are kept; raises PriceKeysMissing."""
        own = self.own_keys
        if own is not None:
            source = self.open_prices(own)
        elif (first := await self.ring.any_keys()) is not None:
            source = KeyedPrices(first, self.ring.any_keys, self.open_prices)
        else:
            raise PriceKeysMissing(ALPACA)
        stack.push_async_callback(source.close)
        return source


def _alpaca(settings: Settings, clock: Clock, store: Store, vault: Vault | None) -> _Alpaca:
    may_be_live = settings.trading_mode == "live"
    return _Alpaca(
        settings, clock, StoredKeys(store, vault, ALPACA, may_be_live, on_opened=redact_also)
    )


@asynccontextmanager
async def open_key_room(settings: Settings) -> AsyncIterator[KeyRoom]:
    """Open what keeping brokers' keys needs, and nothing that they are needed for."""
    store = await open_store(settings.database_url.get_secret_value(), settings.data_dir)
    try:
        clock, vault = SystemClock(), make_vault(settings)
        alpaca = _alpaca(settings, clock, store, vault)
        yield KeyRoom(
            settings, store, vault, KeyedDoors({ALPACA: alpaca.open_line}), clock, _holder()
        )
    finally:
        await store.aclose()


def alpaca_origin(settings: Settings, *, live: bool) -> tuple[str, bool]:
    """Where keys are tried, and whether that is live: the address in the settings where it fits, else Alpaca's own."""
    from core.adapters.alpaca_api import LIVE_ORIGIN, PAPER_ORIGIN, is_live_origin

    own = settings.alpaca_base_url
    if is_live_origin(own, allow_live=settings.trading_mode == "live") == live:
        return own, live
    return (LIVE_ORIGIN if live else PAPER_ORIGIN), live


def _holder() -> str:
    """This process's name in leases."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


async def _replay(settings: Settings, store: SqlStore) -> Market:
    history = load_history()
    calendar = ReplayCalendar(history.sessions)
    clock = ReplayMarketClock(store)
    source = ReplayMarketData(history, calendar, clock)
    market = Market(source, clock, calendar, source)
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
