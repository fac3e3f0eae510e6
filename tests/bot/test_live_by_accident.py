"""Live by accident: of all settings, only those that say so let the bot speak to where real money is traded."""

from __future__ import annotations

import shutil
import socket
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr, ValidationError

from bot.bootstrap import open_runtime
from bot.settings import ALPACA_LIVE_ORIGIN, Settings
from bot.work import desk_of
from core.domain.ids import AccountId, PortfolioId, Symbol
from core.domain.ladder import TradingMode
from core.domain.portfolio import Account
from tests.fakes.store import _template

LIVE_HOST = urlsplit(ALPACA_LIVE_ORIGIN).hostname
PAPER_ORIGIN = "https://paper-api.alpaca.markets"
NOBODY = "http://127.0.0.1:9"

EVERY = list(
    product(
        ("paper", "live"),
        ("simulated", "alpaca"),
        ("alpaca", "replay", "yahoo"),
        (PAPER_ORIGIN, ALPACA_LIVE_ORIGIN, f"{ALPACA_LIVE_ORIGIN}/", NOBODY),
        ("both", "none", "half"),
    )
)


def settings_of(
    folder: Path, mode: str, broker: str, market_data: str, origin: str, keys: str
) -> Settings | None:
    """The settings, or None where they are refused."""
    given: dict[str, Any] = {}
    if keys != "none":
        given["alpaca_api_key"] = SecretStr("AKCANARY")
    if keys == "both":
        given["alpaca_secret_key"] = SecretStr("canary-secret")
    try:
        return Settings(
            _env_file=None,
            data_dir=folder,
            trading_mode=mode,  # type: ignore[arg-type]
            broker=broker,  # type: ignore[arg-type]
            market_data=market_data,  # type: ignore[arg-type]
            alpaca_base_url=origin,
            **given,
        )
    except ValidationError:
        return None


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were looked up; nobody has an address."""
    names: list[str] = []
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name)
        monkeypatch.delenv(name.upper())

    def getaddrinfo(host: Any, *_args: Any, **_kwargs: Any) -> Any:
        names.append(host.decode() if isinstance(host, bytes) else str(host))
        raise socket.gaierror(socket.EAI_NONAME, "no such name in this test")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


async def _use_everything(settings: Settings) -> TradingMode:
    """Open what the settings choose, and ask its broker and its prices whatever can be asked."""
    shutil.copyfile(_template(), settings.data_dir / "evenkeel.db")
    async with open_runtime(settings) as runtime:
        account = Account(AccountId(1), PortfolioId(1), "Main", "alpaca", "987654321")
        with suppress(Exception):
            await runtime.brokers.open_account("alpaca", "USD")
        with suppress(Exception):
            await runtime.brokers.of(account).account()
        with suppress(Exception):
            await runtime.brokers.holdings([account])
        if settings.market_data == "alpaca":
            with suppress(Exception):
                await runtime.market.prices.quotes([Symbol("VTI")])
        return desk_of(runtime).mode


@pytest.mark.fault(76)
@pytest.mark.parametrize("mode", ["paper", "live"])
async def test_the_live_service_is_contacted_only_where_the_installation_is_live(
    tmp_path: Path, asked_for: list[str], mode: str
) -> None:
    contacted = []
    for number, choice in enumerate(choice for choice in EVERY if choice[0] == mode):
        folder = tmp_path / str(number)
        folder.mkdir()
        settings = settings_of(folder, *choice)
        if settings is None:
            continue
        asked_for.clear()
        with suppress(Exception):
            assert await _use_everything(settings) == TradingMode(mode)
        if LIVE_HOST in asked_for:
            contacted.append(choice)
    if mode == "paper":
        assert contacted == []
    else:
        assert contacted, "a test that could not see a contact would prove nothing"
        assert all(choice[3].startswith(ALPACA_LIVE_ORIGIN) for choice in contacted)
        assert all(choice[4] == "both" for choice in contacted)


@pytest.mark.fault(76)
def test_nothing_that_is_copied_from_elsewhere_lifts_the_ceiling(tmp_path: Path) -> None:
    """Live keys and the live address alone, without TRADING_MODE=live, do not even start."""
    for choice in EVERY:
        settings = settings_of(tmp_path, *choice)
        if choice[0] == "paper" and choice[3].startswith(ALPACA_LIVE_ORIGIN):
            assert settings is None
        if choice[0] == "live" and choice[2] == "replay":
            assert settings is None


@pytest.mark.fault(76)
def test_without_a_word_it_is_paper(tmp_path: Path) -> None:
    assert Settings(_env_file=None, data_dir=tmp_path).trading_mode == "paper"
