"""What holds for every test: no network beyond this machine, an odd time zone, fixed chance."""

from __future__ import annotations

import ipaddress
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.prompt_sqlite import connect, make_engine

# A zone far from UTC, with daylight saving time and 45 minutes in its offset: code that takes the
# machine's zone for UTC or for the exchange's fails here at once.
os.environ["TZ"] = "Pacific/Chatham"
time.tzset()
os.environ["MPLBACKEND"] = "Agg"

# Libraries that open sockets outside Python (curl) obey these; nothing listens on port 9.
for _name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ[_name] = os.environ[_name.upper()] = "http://127.0.0.1:9"
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"

MEMORY, ROOM = Path("/dev/shm"), 2**30
"""Where Linux keeps files in memory, and how many bytes must be free there."""


def _keep_folders_in_memory() -> None:
    """Let the tests' databases lie in memory, where a commit does not wait for a disk.

    A killed process loses nothing there either; only a power cut would, and no test makes one. TMPDIR overrides it.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK | os.X_OK):
        return
    if shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


_keep_folders_in_memory()

settings.register_profile(
    "quick",
    derandomize=True,
    deadline=None,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "full",
    deadline=None,
    max_examples=1000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", parent=settings.get_profile("quick"))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

_LOCAL_NAMES = {None, "", "localhost", b"localhost"}


class NetworkUsed(AssertionError):
    """A test tried to leave this machine."""

    def __init__(self, host: object) -> None:
        super().__init__(
            f"A test tried to reach {host!r}; tests speak only to this machine (127.0.0.1, ::1)."
        )


def _is_local(host: object) -> bool:
    if host in _LOCAL_NAMES:
        return True
    text = host.decode() if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Refuse every connection and every name look-up that would leave this machine."""
    connect, connect_ex, getaddrinfo = (
        socket.socket.connect,
        socket.socket.connect_ex,
        socket.getaddrinfo,
    )

    def check(sock: socket.socket, address: Any) -> None:
        if sock.family in {socket.AF_INET, socket.AF_INET6} and not _is_local(address[0]):
            raise NetworkUsed(address[0])

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self, address)
        return connect_ex(self, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise NetworkUsed(host)
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(autouse=True)
def prompt_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speak to SQLite without the driver's thread; tests of the store, and of races, put threads in its place again."""
    monkeypatch.setattr("aiosqlite.connect", connect)
    monkeypatch.setattr("core.adapters.store.engines.create_async_engine", make_engine)


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tester's own tokens, keys and data folder out of the tests."""
    prefixes = ("ALPACA_", "TELEGRAM_", "REPLAY_", "LOG_", "EVENKEEL_", "LIMIT_", "LIVE_CAP_")
    names = {"BROKER", "DATABASE_URL", "DATA_DIR", "MARKET_DATA", "TRADING_MODE"}
    for name in list(os.environ):
        ours = name.startswith(prefixes) or name.removesuffix("_FILE") in names
        if ours and not name.startswith("EVENKEEL_TEST_"):
            monkeypatch.delenv(name)
