"""One request, sent once, and what its answer means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError
from urllib3.exceptions import NewConnectionError as NoConnection

from core.adapters.alpaca_api.deadline import PunctualAdapter, is_over
from core.adapters.alpaca_api.exact import read_json
from core.adapters.alpaca_api.faults import (
    AlpacaFault,
    KeysRefused,
    NoAnswer,
    NotSent,
    Refused,
    ServerTrouble,
    TooMany,
    Unreadable,
)
from core.adapters.alpaca_api.line import AT_ONCE
from core.adapters.alpaca_api.pace import Pace

TIMEOUT_SECONDS = (3.05, 10.0)
"""To connect, and between two bytes of an answer."""
EXCERPT = 160
UNAUTHORISED, FORBIDDEN, REQUEST_TIMEOUT, TOO_MANY = 401, 403, 408, 429
SUCCESS, REDIRECTION, FAULTS, SERVER_FAULTS = 200, 300, 400, 500
TRADING_FORBIDDEN = 40310000


class Wire:
    """A session with one origin, and no other address.

    ``hide`` strikes the keys out of what an error quotes: a server may send back what it was sent.
    """

    def __init__(self, origin: str, pace: Pace, hide: Callable[[str], str]) -> None:
        self._pace = pace
        self._hide = hide
        self._session = requests.Session()
        self._session.adapters.clear()
        self._session.mount(f"{origin}/", PunctualAdapter(pool_maxsize=AT_ONCE))

    def ask(self, method: str, url: str, options: Mapping[str, Any]) -> Any:
        """Send one request and return the JSON of its answer; raises AlpacaFault."""
        sent = self._send(method, url, options)
        if isinstance(sent, AlpacaFault):
            raise sent
        self._pace.heard(sent.status_code, sent.headers)
        if SUCCESS <= sent.status_code < REDIRECTION:
            return read_json(sent.content)
        raise _fault_of(sent, self._hide)

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def _send(
        self, method: str, url: str, options: Mapping[str, Any]
    ) -> requests.Response | AlpacaFault:
        """Faults are returned and not raised: so they hold on to no request, whose headers have the keys."""
        if is_over():
            return NotSent("the request's time was over before it was sent")
        try:
            return self._session.request(method, url, **options, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            kind = type(error).__name__
            if _never_left(error):
                return NotSent(f"Alpaca cannot be reached ({kind})")
            return NoAnswer(f"the connection to Alpaca broke, or no answer came ({kind})")


def _never_left(error: requests.RequestException) -> bool:
    """Whether no connection was made, so that certainly nothing was sent."""
    if isinstance(error, requests.exceptions.ConnectTimeout | requests.exceptions.InvalidSchema):
        return True
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else None
    return isinstance(reason, NoConnection | NameResolutionError | ConnectTimeoutError)


def _fault_of(response: requests.Response, hide: Callable[[str], str]) -> AlpacaFault:
    status = response.status_code
    if status == TOO_MANY:
        return TooMany()
    host = urlsplit(response.url).hostname or ""
    if status == UNAUTHORISED:
        return KeysRefused(status, host)
    if not FAULTS <= status < SERVER_FAULTS or status == REQUEST_TIMEOUT:
        return ServerTrouble(status, _excerpt(response, hide))
    body = _error_body(response)
    if body is None:
        return ServerTrouble(status, _excerpt(response, hide))
    code = body.get("code")
    message = str(body["message"])
    if status == FORBIDDEN and code != TRADING_FORBIDDEN and "forbidden" in message.lower():
        return KeysRefused(status, host)
    return Refused(status, code if isinstance(code, int) else 0, hide(message)[:EXCERPT])


def _error_body(response: requests.Response) -> dict[str, Any] | None:
    """The JSON that Alpaca explains an error with; None where somebody else has answered."""
    try:
        body = read_json(response.content)
    except Unreadable:
        return None
    return body if isinstance(body, dict) and isinstance(body.get("message"), str) else None


def _excerpt(response: requests.Response, hide: Callable[[str], str]) -> str:
    text = hide(response.content.decode("utf-8", "replace"))[: 4 * EXCERPT]
    return " ".join(text.split())[:EXCERPT] or "no text"
