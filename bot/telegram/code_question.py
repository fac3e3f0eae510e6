"""The question for a one-time code: it follows [Approve] where real money is at stake, and is asked in private only."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from telegram.error import TelegramError

from bot.telegram.commands.notes import bold, note, tap
from bot.telegram.context import Reaction, Turn, alert, say
from bot.telegram.replies import send_screen
from bot.telegram.screen import Screen
from bot.words.labels import proposal_number
from core.domain.ids import ChatId
from core.ports.store import Dialogue

NAME = "code"
GOOD_FOR = timedelta(minutes=5)

NOT_IN_PRIVATE = (
    "I ask for your one-time code in private, and cannot write to you there: open a chat with me, tap "
    "Start, and tap Approve here again."
)
ASKED_IN_PRIVATE = "I have asked for your one-time code in our private chat."

_CODE = re.compile(r"\s*\d{3}[ \u00a0-]?\d{3}\s*", re.ASCII)

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What a code is wanted for, and until when: one revision of one proposal, or a button under one change."""

    until: datetime
    proposal: int = 0
    revision: int = 0
    change: int = 0
    verb: str = ""


def read_question(dialogue: Dialogue) -> Question:
    """What a dialogue of this name asks."""
    data = dialogue.data
    return Question(
        datetime.fromisoformat(data["until"]),
        int(data.get("proposal", "0")),
        int(data.get("revision", "0")),
        int(data.get("change", "0")),
        data.get("verb", ""),
    )


def read_code(text: str) -> str | None:
    """The six digits, however they are grouped; None where the text is anything else."""
    return re.sub(r"\D", "", text) if _CODE.fullmatch(text) else None


async def ask(turn: Turn, number: int, revision: int) -> Reaction:
    """Ask for a code that approves this revision, in the member's private chat."""
    what = f"Proposal {proposal_number(number, revision)} trades real money. "
    data = {"proposal": str(number), "revision": str(revision)}
    return await _ask(turn, data, what, "approve")


async def ask_of_change(turn: Turn, change: int, verb: str) -> Reaction:
    """Ask for a code that goes with a button under a change, in the member's private chat."""
    what = f"Change {change} is one of a portfolio of real money. "
    return await _ask(turn, {"change": str(change), "verb": verb}, what, "agree to")


async def _ask(turn: Turn, data: dict[str, str], what: str, to_do: str) -> Reaction:
    runtime, private = turn.runtime, ChatId(turn.member.user_id)
    until = runtime.clock.now() + GOOD_FOR
    async with runtime.store.begin() as work:
        question = Dialogue(NAME, "digits", {**data, "until": until.isoformat()})
        await work.conversation.save_dialogue(private, turn.member.id, question)
    screen = _question(what, to_do)
    if turn.is_private:
        return say(screen)
    try:
        await send_screen(turn.bot, private, screen, runtime.signing_key)
    except TelegramError as error:
        LOG.info("Member %s cannot be asked for a code: %s", turn.member.id, error)
        return alert(NOT_IN_PRIVATE)
    return alert(ASKED_IN_PRIVATE)


def _question(what: str, to_do: str) -> Screen:
    minutes = int(GOOD_FOR.total_seconds() // 60)
    return note(
        f"🔑 {what}{bold('Type the six digits')} of your authenticator app to {to_do} it.",
        f"Good for {minutes} minutes. I delete what you type at once.",
        rows=((tap("✖ Cancel", "close"),),),
    )
