"""Keeps other web sites out: the sandbox answers only to this machine's own names."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

PAGE_HEADER = "X-Sandbox-Page"
"""Every change from the page carries it; a foreign site cannot send it without asking first."""
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class NotLoopback(ValueError):
    """The sandbox was told to listen where others could reach it."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"the sandbox listens on this machine only, not on {host!r}; use 127.0.0.1"
        )


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse rebound host names, foreign origins, and changes that the page did not ask for."""
    host = urlsplit(f"//{request.headers.get('Host', '')}")
    if not is_loopback(host.hostname):
        return _refused("the Host header must name this machine, such as 127.0.0.1")
    if reason := _foreign(request):
        return _refused(reason)
    response = await handler(request)
    if not response.prepared:
        response.headers.setdefault("Content-Security-Policy", _CONTENT_POLICY)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response


def _foreign(request: web.Request) -> str | None:
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.headers['Host']}":
        return "only the sandbox's own page may do this"
    site = request.headers.get("Sec-Fetch-Site", "none")
    is_bots = request.path.startswith(("/bot", "/file/bot"))
    if (is_bots or request.path.startswith("/page/")) and site not in {"same-origin", "none"}:
        return "only the sandbox's own page may do this"
    if not is_bots and request.method != "GET" and PAGE_HEADER not in request.headers:
        return f"a change needs the header {PAGE_HEADER}"
    return None


def _refused(reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=403)
