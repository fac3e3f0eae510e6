"""Apprise as a channel: more than a hundred services behind addresses, each message in a thread with a time limit.

Apprise 1.13 logs hosts and, at DEBUG, whole addresses; follows redirects; reads files that an address names; and keeps
things on the disk. None of that happens here. Addresses: https://appriseit.com/services/
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from core.adapters.channels.guard import guarded, is_public
from core.adapters.channels.kinds import FOR_MEMBERS, NAMES_A_HOST, refused_option
from core.adapters.channels.threads import Threads
from core.domain.refusals import (
    BadChannel,
    ChannelFailed,
    ChannelNotAllowed,
    ChannelOptionRefused,
    ChannelPrivate,
)
from core.ports.channel import Notice

T = TypeVar("T")

LONGEST_ADDRESS = 2000
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
LIMIT_SECONDS = 30.0
"""After so long a message counts as not sent; its thread cannot connect any more."""

AT_ONCE = 4


class AppriseChannel:
    """The port ``Channel``.

    The operator's addresses may be of any kind and at any place (``trusted``). Members' may not, unless the operator
    lets them reach the server's own network (``allow_private``). ``on_opened`` is told every address before anything
    is done with it, so that it can be struck out of logs.
    """

    def __init__(
        self,
        *,
        trusted: bool = False,
        allow_private: bool = False,
        on_opened: Callable[..., None] = lambda *_: None,
        seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._trusted = trusted
        self._allow_private = trusted or allow_private
        self._on_opened = on_opened
        self._seconds = seconds
        self._threads = Threads(AT_ONCE, seconds)

    async def kind_of(self, address: str) -> str:
        """Look at an address without sending anything, and return its kind, such as ``mailto``."""
        self._tell(address)
        plugin = await self._within(partial(self._opened, address))
        kind = _kind(plugin)
        host = _host_of(plugin) if kind in NAMES_A_HOST else ""
        if (
            host
            and not self._allow_private
            and not await self._within(partial(_is_elsewhere, host))
        ):
            raise ChannelPrivate
        return kind

    async def send(self, address: str, notice: Notice) -> None:
        """Send, within the time limit; raises ChannelFailed, ChannelPrivate, or what ``kind_of`` raises."""
        self._tell(address)
        await self._within(partial(self._sent, address, notice))

    async def _within(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(work)
        except TimeoutError:
            raise ChannelFailed("") from None

    def _sent(self, address: str, notice: Notice) -> None:
        plugin = self._opened(address)
        kind = _kind(plugin)
        with guarded(self._seconds, allow_private=self._allow_private) as watch:
            try:
                is_sent = plugin.notify(title=notice.title, body=notice.body, body_format="text")
            except Exception:  # noqa: BLE001 - a service's own error may hold the address: it goes no further
                is_sent = False
        if watch.has_refused:
            raise ChannelPrivate
        if not is_sent:
            raise ChannelFailed(kind)

    def _opened(self, address: str) -> Any:
        """The service of an address, with nothing in it that the address may not decide."""
        if not self._trusted:
            _require_plain(address)
        plugin = None
        if address.isprintable() and len(address) <= LONGEST_ADDRESS:
            plugin = _library().Apprise.instantiate(address, asset=_asset())
        if plugin is None:
            raise BadChannel
        kind = _kind(plugin)
        if not self._trusted and kind not in FOR_MEMBERS:
            raise ChannelNotAllowed(kind)
        plugin.socket_connect_timeout = CONNECT_SECONDS
        plugin.socket_read_timeout = READ_SECONDS
        plugin.request_rate_per_sec = 0
        plugin.redirects = False
        return plugin

    def _tell(self, address: str) -> None:
        self._on_opened(*secrets_in(address))


def secrets_in(address: str) -> tuple[str, ...]:
    """An address and every part of it that may be a secret by itself."""
    try:
        parts = urlsplit(address)
        words = [parts.username, parts.password, parts.hostname, *parts.path.split("/")]
        words += [value for _, value in parse_qsl(parts.query)]
    except ValueError:
        return (address,)
    long_enough = [word for word in words if word and len(word) >= len("12345678")]
    return (address, *long_enough)


def _require_plain(address: str) -> None:
    """Refuse, before the library sees them, kinds that members may not use and options that would read files."""
    kind, separator, _ = address.partition("://")
    if not separator or not kind.isascii() or not kind.isalnum():
        raise BadChannel
    if kind.lower() not in FOR_MEMBERS | {"http", "https"}:
        raise ChannelNotAllowed(kind.lower()[:20])
    query = address.partition("?")[2]
    for name, _ in parse_qsl(query.replace("?", "&"), keep_blank_values=True):
        if refused_option(name):
            raise ChannelOptionRefused(name[:20])


@cache
def _library() -> Any:
    """Apprise, loaded where it is first used, because that takes a while; its own log is silent from then on."""
    import apprise

    logging.getLogger(apprise.LOGGER_NAME).setLevel(logging.CRITICAL)
    return apprise


def _asset() -> Any:
    """How Apprise behaves: under our name, with nothing kept, fetched, repeated or run beside."""
    apprise = _library()
    asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY)
    asset.app_id = asset.app_desc = "Evenkeel"
    asset.app_url = ""
    asset.async_mode = False
    asset.http_redirects = False
    asset.pgp_autogen = asset.pem_autogen = False
    return asset


def _kind(plugin: Any) -> str:
    return str(plugin.schema).lower()


def _host_of(plugin: Any) -> str:
    """The host to which a message would go, where the address names it."""
    return str(getattr(plugin, "smtp_host", None) or getattr(plugin, "host", None) or "")


def _is_elsewhere(host: str) -> bool:
    """Whether a host is not on the server's own network; one that is unknown now is looked at when it is used."""
    plain = host.strip("[]")
    with suppress(OSError, UnicodeError):  # numbers, in every way of writing them
        return is_public(socket.inet_ntoa(socket.inet_aton(plain)))
    if ":" in plain:
        return is_public(plain)
    try:
        found = socket.getaddrinfo(plain, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return True
    return all(is_public(str(where[0])) for *_, where in found)
