"""Killed anywhere between an alarm and the message on the phone: one proposal, and it arrives."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from telegram import Bot

from bot.runtime import Runtime
from bot.telegram.delivery import Deliverer
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.proposal import ProposalState
from tests.reliability.crashing import Fuse, Killed
from tests.reliability.family import run
from tests.reliability.life import Life

DELIVERED = "SELECT count(*) FROM deliveries"
WAITING = "SELECT count(*) FROM outbox WHERE sent_at IS NULL AND NOT has_failed"


BOARD = 900
"""The pinned message's id; it is no proposal, and is not counted."""


@dataclass
class Post:
    """Telegram as far as delivery needs it; it keeps what it has taken, also where the answer never arrives."""

    fuse: Fuse
    taken: list[tuple[int, str]] = field(default_factory=list)
    username: str = "evenkeel_bot"

    async def send_message(self, chat_id: int, text: str, **_: Any) -> Any:
        self.fuse.point("before a message")
        is_board = "hecked" in text
        if not is_board:
            self.taken.append((chat_id, text))
        self.fuse.point("after a message")
        return SimpleNamespace(message_id=BOARD if is_board else len(self.taken))

    async def pin_chat_message(self, *_: Any, **__: Any) -> None:
        self.fuse.point("before a pin")

    async def edit_message_text(self, text: str, **_: Any) -> None:
        self.fuse.point("before an edit")


@dataclass(frozen=True)
class End:
    """What there is after the second life."""

    proposals: int
    received: Counter[int]
    points: int
    where: str


async def alarm_to_phone(life: Life, post: Post, fuse: Fuse) -> None:
    """What the alarm sets going, up to the message on everybody's phone."""
    desk = life.breakable(fuse)
    await run_due_work(desk)
    runtime: Runtime = replace(life.turn("anna").runtime, store=desk.store)
    deliverer = Deliverer(runtime, cast("Bot", post))
    while await deliverer.drain(10):
        pass


def lived(at: int) -> End:
    """One life that ends at the point, and another one after it."""
    life = Life()
    run(schedule_checks(life.world.store, life.world.market))
    life.time_goes_on(timedelta(days=1))
    fuse, taken = Fuse(at), list[tuple[int, str]]()
    post = Post(fuse, taken)
    try:
        life.run(alarm_to_phone(life, post, fuse))
    except Killed:
        life.starts_anew()
        life.time_goes_on(timedelta(minutes=2))
        life.run(alarm_to_phone(life, Post(Fuse(), taken), Fuse()))
    proposal = life.latest()
    assert proposal is not None
    assert proposal.state is ProposalState.OPEN
    assert life.count(WAITING) == 0
    assert life.count(DELIVERED) >= 2
    assert run(life.approve("ben", proposal.id, 1)) is not None
    received = Counter(chat for chat, text in taken if "Calculated from your targets" in text)
    where = fuse.passed[-1] if fuse.passed else ""
    return End(life.count("SELECT count(*) FROM proposals"), received, len(fuse.passed), where)


@pytest.mark.fault(1, 6)
def test_killed_anywhere_on_the_way_a_proposal_is_made_once_and_reaches_everybody() -> None:
    """Twice where the process died before it could note that Telegram had taken the message (C3), else once."""
    whole = lived(0)
    assert (whole.proposals, set(whole.received.values())) == (1, {1})
    assert whole.points > 25
    twice = 0
    for at in range(1, whole.points + 1):
        end = lived(at)
        assert end.proposals == 1, (at, end.where)
        assert end.received.keys() == whole.received.keys(), (at, end.where)
        assert end.received.total() - whole.received.total() in {0, 1}, (at, end.where)
        twice += end.received.total() - whole.received.total()
    assert twice >= 1
