"""What goes to a channel outside the chat: few plain words, and the way back into the chat."""

from __future__ import annotations

from datetime import datetime

from bot.telegram.html import plain
from bot.telegram.letters.proposals import has_ended_unseen
from bot.telegram.letters.scene import Scene
from bot.telegram.letters.writing import write_letter
from bot.telegram.links import deep_link
from bot.words.by_hand import accounts_label
from bot.words.labels import proposal_number
from bot.words.numbers import count
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView
from core.domain.channel import DECISIONS
from core.domain.outbox import OutboxItem
from core.domain.proposal import ProposalState
from core.ports.channel import Notice

LONGEST = 700
"""Characters of a notice's body before the link: a mail may be long, a text message is cut by its service."""

TEST = Notice(
    "Evenkeel: a test",
    "This channel works. What fails, what is down and what looks wrong is told here too.",
)


def channel_notice(
    item: OutboxItem, scene: Scene, market_now: datetime, username: str | None
) -> Notice | None:
    """What an item says to a channel now; None where there is nothing to say any more."""
    if item.kind in DECISIONS:
        body = _waits(scene.view, market_now)
    else:
        letter = write_letter(item, scene, market_now)
        body = plain(letter.screen.text) if letter else None
    if body is None or scene.managed is None:
        return None
    managed = scene.managed
    link = f"\n\n{deep_link(username, item.proposal_id)}" if username else ""
    cut = body if len(body) <= LONGEST else f"{body[:LONGEST].rstrip()} …"
    title = f"Evenkeel: {managed.portfolio.name} · {accounts_label(managed.accounts)}"
    return Notice(title, cut + link)


def _waits(view: ProposalView | None, market_now: datetime) -> str | None:
    """That a proposal waits, without its amounts: who may see those is looked at in the chat."""
    if view is None or view.proposal.state is not ProposalState.OPEN:
        return None
    if has_ended_unseen(view, market_now):
        return None
    proposal = view.proposal
    number = proposal_number(proposal.id, proposal.revision.number)
    trades = count(len(proposal.revision.plan.trades), "trade")
    until = clock_time(proposal.expires_at, market_now)
    return f"Proposal {number} waits for a decision until {until}: {trades} calculated from the targets."
