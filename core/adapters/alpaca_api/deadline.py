"""Connections that are not used any more once their call has been given up.

Looking a name up and trying one address after the other can outlast the time limit of a call; an
order must not leave after its sender has stopped waiting and has drawn conclusions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

_call = threading.local()


@contextmanager
def within(until: float) -> Iterator[None]:
    """What this thread does may connect until an instant of the monotonic clock."""
    _call.until = until
    try:
        yield
    finally:
        del _call.until


def is_over() -> bool:
    """Whether this thread's call has been given up."""
    return time.monotonic() >= float(getattr(_call, "until", float("inf")))


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _close_if_over(self)


class _SecureConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _close_if_over(self)


def _close_if_over(connection: HTTPConnection) -> None:
    if is_over():
        connection.close()
        raise NewConnectionError(connection, "connected too late")


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class PunctualAdapter(HTTPAdapter):
    """Carries requests over connections that know their call's limit, and never repeats one."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of our kind."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
