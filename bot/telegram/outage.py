"""After an outage: what waited for a chat for more than an hour is told in one message, not in a flood.

Then comes what still needs a decision, approvals first, in the order in which it was written; edits follow silently.
The folding is done in the store before anything is sent, so that a crash in between loses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.runtime import Runtime
from bot.telegram.letters.proposals import has_ended_unseen
from bot.telegram.letters.scene import Letter, read_scene
from bot.telegram.views.outage import Meanwhile, outage_screen
from core.domain.channel import DECISIONS
from core.domain.ids import ChatId, PortfolioId, ProposalId
from core.domain.outbox import MessageKind, OutboxItem, Priority, QueuedItem
from core.domain.proposal import ProposalState
from core.ports.store import UnitOfWork

OUTAGE = timedelta(hours=1)
"""A chat for which a message has waited for so long was out of reach."""

EDITS = frozenset({MessageKind.REFRESH, MessageKind.PINNED, MessageKind.UNPINNED})
"""What makes no sound and takes no room."""

FOLDED = frozenset(
    {
        MessageKind.REPORT,
        MessageKind.WAITING,
        MessageKind.APPROVAL_LAPSED,
        MessageKind.CHECK_REFUSED,
        MessageKind.MEMBER_JOINED,
        MessageKind.HOLD_OVER,
        MessageKind.HOLDINGS_CHANGED,
        MessageKind.FOREIGN_ORDERS,
        MessageKind.SWITCH_KEPT,
        MessageKind.RULE,
        MessageKind.OUTAGE,
    }
)
"""Reports and notices that ask nothing of anybody: after an outage they are told together.

Everything else is told by itself: what waits for a decision, holds, and what concerns somebody's safety.
"""

_CHECKS_READ = 200


class Backlog:
    """Folds what has waited for too long, chat by chat."""

    def __init__(self, runtime: Runtime) -> None:
        self._store = runtime.store
        self._clock = runtime.clock
        self._market = runtime.market

    async def fold(self, waiting: Sequence[QueuedItem]) -> bool:
        """Fold the backlog of each chat in which one of these has waited too long; whether anything was."""
        now = self._clock.now()
        late = dict.fromkeys(
            queued.item.chat_id for queued in waiting if now - queued.waits_since >= OUTAGE
        )
        folded = [await self._fold_chat(chat_id, now) for chat_id in late]
        return any(folded)

    async def _fold_chat(self, chat_id: ChatId, now: datetime) -> bool:
        market_now = await self._market.clock.now()
        async with self._store.begin() as work:
            backlog = await work.outbox.waiting_in(chat_id)
            told = [queued for queued in backlog if queued.item.kind not in EDITS]
            aside = [queued for queued in told if await _is_folded(work, queued, market_now)]
            if not aside or (len(told) == 1 and aside[0].item.kind in FOLDED):
                return False
            if [queued.item.kind for queued in aside] == [MessageKind.OUTAGE]:
                return False
            kept = sorted(
                (queued for queued in backlog if queued not in aside),
                key=lambda queued: (queued.item.kind in EDITS, queued.item.priority, queued.id),
            )
            summary = _summary(chat_id, aside, min(queued.waits_since for queued in backlog))
            await work.outbox.fold(aside, [summary, *kept], now)
        return True


async def _is_folded(work: UnitOfWork, queued: QueuedItem, market_now: datetime) -> bool:
    """Whether it asks nothing of anybody any more."""
    item = queued.item
    if item.kind not in DECISIONS:
        return item.kind in FOLDED
    scene = await read_scene(work, item)
    if scene.view is None or scene.view.proposal.state is not ProposalState.OPEN:
        return True
    return has_ended_unseen(scene.view, market_now)


def _summary(chat_id: ChatId, aside: Sequence[QueuedItem], since: datetime) -> QueuedItem:
    """One item that tells of these, and of what an earlier one told of."""
    proposals: dict[str, None] = {}
    others: Counter[str] = Counter()
    portfolios: dict[str, None] = {}
    for queued in aside:
        item = queued.item
        if item.kind is MessageKind.OUTAGE:
            since = min(since, datetime.fromisoformat(item.data["since"]))
            portfolios |= dict.fromkeys(item.data["portfolios"].split())
            proposals |= dict.fromkeys(item.data["proposals"].split())
            others.update(_read_counts(item.data["others"]))
            continue
        if item.portfolio_id is not None:
            portfolios[str(item.portfolio_id)] = None
        if item.proposal_id is not None:
            proposals[str(item.proposal_id)] = None
        elif item.kind is not MessageKind.CHECK_REFUSED:
            others[str(item.portfolio_id)] += 1
    first = aside[0]
    item = OutboxItem(
        MessageKind.OUTAGE,
        chat_id,
        f"{MessageKind.OUTAGE}:{chat_id}:{first.id}",
        priority=Priority.DECISION,
        data={
            "since": since.isoformat(),
            "portfolios": " ".join(portfolios),
            "proposals": " ".join(proposals),
            "others": " ".join(f"{number}={how_many}" for number, how_many in others.items()),
        },
    )
    return replace(first, item=item, created_at=since)


def _read_counts(text: str) -> dict[str, int]:
    pairs = (word.split("=") for word in text.split())
    return {number: int(how_many) for number, how_many in pairs}


async def outage_letter(work: UnitOfWork, item: OutboxItem, now: datetime) -> Letter | None:
    """What a summary says now: everything that happened to its portfolios since the outage began."""
    since = datetime.fromisoformat(item.data["since"])
    named = {ProposalId(int(number)) for number in item.data["proposals"].split()}
    others = _read_counts(item.data["others"])
    found = [
        await _meanwhile(work, PortfolioId(int(number)), since, named, others.get(number, 0))
        for number in item.data["portfolios"].split()
    ]
    return Letter(outage_screen(since, now, found))


async def _meanwhile(
    work: UnitOfWork,
    portfolio_id: PortfolioId,
    since: datetime,
    named: Iterable[ProposalId],
    others: int,
) -> Meanwhile:
    checks = await work.checks.recent(portfolio_id, _CHECKS_READ)
    recent = [p for p in await work.proposals.recent(portfolio_id, 20) if p.created_at >= since]
    known = {p.id: p for p in recent}
    for proposal_id in set(named) - set(known):
        proposal = await work.proposals.get(proposal_id)
        if proposal is not None and proposal.portfolio_id == portfolio_id:
            known[proposal_id] = proposal
    return Meanwhile(
        await work.portfolios.get(portfolio_id),
        tuple(c for c in checks if c.finished_at is not None and c.finished_at >= since),
        tuple(known[proposal_id] for proposal_id in sorted(known)),
        others,
    )
