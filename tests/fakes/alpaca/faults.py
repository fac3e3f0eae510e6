"""Trouble on order at the fake Alpaca: which request it happens to, and what its sender then sees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
ORDERS = "/v2/orders"


class Answer(StrEnum):
    """What the sender sees."""

    DROP = "drop"  # the connection is closed without a word
    HANG = "hang"  # nothing, until `seconds` are over or the server ends
    SAY = "say"  # `status` with `body`
    TRUNCATE = "truncate"  # half of the answer, then the connection is closed
    REWRITE = "rewrite"  # the answer, changed by `rewrite`


@dataclass
class Fault:
    """Happens to the next `times` requests with this method and path.

    `takes`: the request is carried out first, and only its answer is spoilt. `hidden_looks`: an
    order taken in this way is not found by so many look-ups.
    """

    answer: Answer
    method: str = "POST"
    path: str = ORDERS
    times: int = 1
    takes: bool = False
    hidden_looks: int = 0
    status: int = 500
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 600.0
    rewrite: Callable[[Any], Any] | None = None

    def matches(self, method: str, path: str) -> bool:
        """Whether this request is meant; a path ending in `*` means all that begin so."""
        is_path = path.startswith(self.path[:-1]) if self.path.endswith("*") else path == self.path
        return self.times > 0 and self.method in {method, "*"} and is_path


class Faults:
    """The faults to come, in their order; `ended` wakes whatever hangs."""

    def __init__(self) -> None:
        self.coming: list[Fault] = []
        self.ended = asyncio.Event()

    def add(self, fault: Fault) -> Fault:
        """Let something happen."""
        self.coming.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this request must get, if any."""
        for fault in self.coming:
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return None

    def clear(self) -> None:
        """End all trouble."""
        self.coming.clear()
        self.ended.set()
        self.ended = asyncio.Event()


def accept_then_drop(**more: Any) -> Fault:
    """The order is taken; its sender never hears of it."""
    return Fault(Answer.DROP, takes=True, **more)


def drop_before_recording(**more: Any) -> Fault:
    """The connection breaks before anything is done."""
    return Fault(Answer.DROP, **more)


def accept_then_504(**more: Any) -> Fault:
    """The order is taken; the gateway says that it has waited too long."""
    return Fault(Answer.SAY, takes=True, status=504, body='{"message":"gateway timeout"}', **more)


def proxy_page(status: int = 502, **more: Any) -> Fault:
    """A proxy answers in HTML."""
    return Fault(Answer.SAY, status=status, body=PROXY_PAGE, content_type="text/html", **more)


def server_error(**more: Any) -> Fault:
    """The service fails, and says so in JSON."""
    body = '{"code":50010000,"message":"internal server error occurred"}'
    return Fault(Answer.SAY, status=500, body=body, **more)


def hang(**more: Any) -> Fault:
    """No answer, for as long as anybody waits."""
    return Fault(Answer.HANG, **more)


def late_visibility(looks: int = 1, **more: Any) -> Fault:
    """The order is taken, the answer lost, and the next look-ups do not find it."""
    return Fault(Answer.DROP, takes=True, hidden_looks=looks, **more)


def truncated(**more: Any) -> Fault:
    """Half an answer."""
    return Fault(Answer.TRUNCATE, takes=True, **more)


def malformed(body: str = '{"id": "9f7', **more: Any) -> Fault:
    """An answer of success that is no JSON."""
    return Fault(Answer.SAY, takes=True, status=200, body=body, **more)


def rewritten(rewrite: Callable[[Any], Any], **more: Any) -> Fault:
    """The answer, changed."""
    return Fault(Answer.REWRITE, takes=True, rewrite=rewrite, **more)


def unknown_status(status: str = "quantum", **more: Any) -> Fault:
    """The order is taken, and is in a state that nobody has heard of."""
    return rewritten(lambda order: {**order, "status": status}, **more)


def too_many(headers: dict[str, str] | None = None, **more: Any) -> Fault:
    """The limit of requests is reached; the headers may be missing."""
    body = '{"code":42910000,"message":"rate limit exceeded"}'
    return Fault(Answer.SAY, status=429, body=body, headers=headers or {}, **more)


def unauthorised(**more: Any) -> Fault:
    """The keys are not taken."""
    body = '{"code":40110000,"message":"request is not authorized"}'
    return Fault(Answer.SAY, status=401, body=body, **more)


BY_NAME: dict[str, Callable[..., Fault]] = {
    made.__name__: made
    for made in (
        accept_then_drop,
        drop_before_recording,
        accept_then_504,
        proxy_page,
        server_error,
        hang,
        late_visibility,
        truncated,
        malformed,
        unknown_status,
        too_many,
        unauthorised,
    )
}
"""For rehearsals: the faults that the control interface knows."""
