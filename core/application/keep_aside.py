"""Keep aside: money that was to be raised is there by other means, so that its plan ends and the wish does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.domain.earmark import Earmark
from core.domain.portfolio import Snapshot
from core.domain.proposal import Proposal
from core.ports.store import UnitOfWork


async def there_already(work: UnitOfWork, proposal: Proposal, snapshot: Snapshot) -> Earmark | None:
    """The money that an approved plan was to raise, where the account has it without any sale."""
    earmark = await work.earmarks.of_proposal(proposal.id)
    if earmark is None or snapshot.of(earmark.account_id).holdings.cash < earmark.amount:
        return None
    return earmark


async def keep_aside(work: UnitOfWork, earmark: Earmark, now: datetime) -> None:
    """Set it aside by itself; it counts for as long as it would have: no plan invests it before it is out."""
    if await work.earmarks.end(earmark.id, now):
        await work.earmarks.add(replace(earmark, proposal_id=None))
