"""Keep pinned messages: one a portfolio in every chat that decides, brought up to date after each check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from core.application.refresh_pinned import refresh_pinned
from core.application.tell import chats_of
from core.application.tell_channels import enqueue
from core.domain.hold import Hold
from core.domain.ids import ChatId, PortfolioId
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.pinned import Pinned
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.ports.store import CheckRecord, UnitOfWork


class Wish(NamedTuple):
    """A portfolio, the group that decides in it if one does, and whether its policy wants a pinned message."""

    portfolio_id: PortfolioId
    home_chat_id: ChatId | None
    is_wanted: bool


async def keep_pinned(
    work: UnitOfWork,
    wishes: Sequence[Wish],
    now: datetime,
    *,
    checked_at: datetime | None = None,
) -> None:
    """Have each portfolio's pinned messages made or edited, where the policy wants them; the others say farewell.

    ``checked_at`` is the market time of the check that was just done, if one was.
    """
    if not wishes:
        return
    chats = await chats_of(
        work, {each.portfolio_id: each.home_chat_id for each in wishes if each.is_wanted}
    )
    kept = await work.pinned.of([each.portfolio_id for each in wishes])
    new: list[Pinned] = []
    for portfolio_id, _, _ in wishes:
        known = {pinned.chat_id: pinned for pinned in kept.get(portfolio_id, ())}
        here = dict.fromkeys(chats.get(portfolio_id, ()))
        new += [Pinned(portfolio_id, chat) for chat in here if known.pop(chat, None) is None]
        for pinned in known.values():
            await _give_up(work, pinned, now)
    await work.pinned.keep_many(new)
    await refresh_pinned(work, [*chats], now, checked_at=checked_at)


async def _give_up(work: UnitOfWork, pinned: Pinned, now: datetime) -> None:
    """No longer keep one up, and say so in it."""
    await work.pinned.forget(pinned.portfolio_id, pinned.chat_id)
    if pinned.message_id is None:
        return
    item = OutboxItem(
        MessageKind.UNPINNED,
        pinned.chat_id,
        f"{MessageKind.UNPINNED}:{pinned.portfolio_id}:{pinned.chat_id}:{pinned.message_id}",
        pinned.portfolio_id,
        data={"message": str(pinned.message_id)},
    )
    await enqueue(work, [item], now)


@dataclass(frozen=True, slots=True)
class Board:
    """What a pinned message tells of a portfolio: its last check, the next one, and what stands before it."""

    managed: ManagedPortfolio
    checked_at: datetime | None
    last: CheckRecord | None
    next_at: datetime | None
    proposals: tuple[Proposal, ...]
    holds: tuple[Hold, ...]

    @property
    def drift(self) -> Decimal | None:
        """The portfolio's drift at the last check, in points; None where it was not measured."""
        found = self._details.get("portfolio_drift")
        try:
            return None if found is None else Decimal(str(found))
        except InvalidOperation:
            return None

    @property
    def refusal(self) -> str:
        """The name of the refusal that the last check came to; empty where it came to none."""
        return str(self._details.get("refusal", ""))

    @property
    def _details(self) -> dict[str, object]:
        try:
            found = json.loads(self.last.detail) if self.last else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


async def read_board(work: UnitOfWork, portfolio_id: PortfolioId, pinned: Pinned) -> Board:
    """Gather what a pinned message tells."""
    blocking = await work.proposals.blocking([portfolio_id])
    holds = await work.holds.standing_in([portfolio_id])
    return Board(
        managed=await work.portfolios.get(portfolio_id),
        checked_at=pinned.checked_at,
        last=await work.checks.last(portfolio_id),
        next_at=await work.checks.next_due_of(portfolio_id),
        proposals=blocking.get(portfolio_id, ()),
        holds=holds.get(portfolio_id, ()),
    )


async def pinned_in(work: UnitOfWork, portfolio_id: PortfolioId, chat_id: ChatId) -> Pinned | None:
    """A portfolio's pinned message in a chat, if one is kept up."""
    kept = await work.pinned.of([portfolio_id])
    return next((p for p in kept.get(portfolio_id, ()) if p.chat_id == chat_id), None)
