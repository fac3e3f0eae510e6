"""One way into the outbox: what use cases tell goes through one function, and what is sent heeds members' wishes."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTO = re.compile(r"\.outbox\.(enqueue|edit_pinned)\(")
KNOWN = {
    "core/application/tell_channels.py",
    # edits of what a chat shows already
    "bot/telegram/delivery.py",
    "core/application/refresh_pinned.py",
}


def sources() -> dict[str, str]:
    files = [*ROOT.glob("core/**/*.py"), *ROOT.glob("bot/**/*.py")]
    return {str(file.relative_to(ROOT)): file.read_text("utf-8") for file in files}


def test_nothing_else_puts_messages_into_the_outbox() -> None:
    assert {name for name, text in sources().items() if INTO.search(text)} <= KNOWN


def test_everything_that_takes_messages_out_of_it_asks_what_their_member_wants() -> None:
    takers = {name for name, text in sources().items() if re.search(r"\.outbox\.queued\w*\(", text)}
    assert takers == {"bot/telegram/delivery.py", "bot/channel_delivery.py"}
    assert all("treatment_of(" in sources()[name] for name in takers)
