"""The guard: what a message to a member's channel may connect to, looked at where each connection is made.

A name can be looked up again, or a server send one on, after an address was found to be good; so the question is asked
at the moment of connecting, of the very address that is connected to. Python's audit events are the only place that
sees the connections of every library; the hook looks at nothing but connections of guarded threads.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv6Address, ip_address


@dataclass(slots=True)
class Watch:
    """What one thread may do: connect until an instant of the monotonic clock, to the own network or not."""

    until: float
    allow_private: bool
    has_refused: bool = False
    """Whether a connection to the own network was refused."""


class Refused(OSError):
    """A connection that may not be made."""


_watched = threading.local()


@contextmanager
def guarded(seconds: float, *, allow_private: bool) -> Iterator[Watch]:
    """Watch over the connections that this thread makes within the block."""
    _install()
    watch = Watch(time.monotonic() + seconds, allow_private)
    _watched.watch = watch
    try:
        yield watch
    finally:
        del _watched.watch


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open network: not this machine, not a network at home, no cloud's own."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip.sixtofour or ip
    return ip.is_global and not ip.is_multicast


@cache
def _install() -> None:
    """Begin to look; a hook cannot be taken away again, and costs next to nothing."""
    sys.addaudithook(_look)


def _look(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    watch: Watch | None = getattr(_watched, "watch", None)
    if watch is None:
        return
    if time.monotonic() >= watch.until:
        raise Refused("given up by now")
    where = args[1]
    host = str(where[0]) if isinstance(where, tuple) and where else ""
    if not watch.allow_private and not is_public(host):
        watch.has_refused = True
        raise Refused("on the server's own network")
