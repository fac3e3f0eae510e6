"""Where Alpaca may be spoken to: never at the live service by accident, never in the clear."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

PAPER_HOST = "paper-api.alpaca.markets"
LIVE_HOST = "api.alpaca.markets"
DATA_HOSTS = frozenset({"data.alpaca.markets", "data.sandbox.alpaca.markets"})
ALPACA_DOMAIN = "alpaca.markets"


PAPER_ORIGIN = f"https://{PAPER_HOST}"
LIVE_ORIGIN = f"https://{LIVE_HOST}"


class OriginRefused(ValueError):
    """An address that must not be used; the message says why and what to use."""


def require_origin(origin: str, *, allow_live: bool = False) -> str:
    """Return the origin without a slash at its end, or raise OriginRefused.

    Of Alpaca's own hosts only the paper service and the data services are taken; the live service,
    and any host of Alpaca's not known here, only with ``allow_live``. Keys go unencrypted only to
    this machine or a private network.
    """
    parts = urlsplit(origin)
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in {"http", "https"} or not host or parts.path.strip("/"):
        raise OriginRefused(f"“{origin}” is not an origin such as https://{PAPER_HOST}")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise OriginRefused(f"the address of Alpaca must be an origin such as https://{PAPER_HOST}")
    if _is_alpacas(host) and host not in {PAPER_HOST, *DATA_HOSTS} and not allow_live:
        raise OriginRefused(
            f"{host} is where Alpaca trades real money, and live trading is not allowed here: "
            f"use https://{PAPER_HOST}"
        )
    if parts.scheme == "http" and not _is_near(host):
        raise OriginRefused(f"the keys must not be sent unencrypted: use https://{host}")
    return origin.rstrip("/")


def is_live_origin(origin: str, *, allow_live: bool) -> bool:
    """Whether orders there trade real money: everywhere but at the paper service, where live trading is allowed."""
    return allow_live and origin.rstrip("/") != PAPER_ORIGIN


def _is_alpacas(host: str) -> bool:
    return host == ALPACA_DOMAIN or host.endswith(f".{ALPACA_DOMAIN}")


def _is_near(host: str) -> bool:
    """This machine, a private address, or a name without a dot as in a container network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(".localhost")
    return address.is_loopback or address.is_private
