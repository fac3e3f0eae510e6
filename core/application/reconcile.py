"""Reconcile: before anything is sent, agree with each broker about the orders that were under way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from core.application.change_rung import keep_the_ceiling
from core.application.desk import Desk, release_account, take_account
from core.application.freeze_restored import freeze_restored
from core.application.send_side import orders_of, settle_doubts
from core.application.side_by_side import side_by_side
from core.domain.ids import AccountId
from core.domain.order import OrderState
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import Refusal
from core.ports.store_errors import StoreError

log = logging.getLogger(__name__)


async def reconcile(desk: Desk) -> int:
    """Look up every order in doubt or at a broker, and return how many proposals were looked at.

    A frozen proposal whose doubts have been cleared goes on; a store put back from a backup is paused first.
    """
    await freeze_restored(desk.store, desk.clock)
    await keep_the_ceiling(desk)
    async with desk.store.read() as work:
        under_way = await work.proposals.in_states({ProposalState.EXECUTING, ProposalState.FROZEN})
    by_account: dict[AccountId, list[Proposal]] = {}
    for proposal in under_way:
        for account_id in proposal.revision.plan.traded_in:
            by_account.setdefault(account_id, []).append(proposal)
    await side_by_side([partial(_reconcile_account, desk, *each) for each in by_account.items()])
    for proposal in under_way:
        if proposal.state is ProposalState.FROZEN:
            await _thaw(desk, proposal)
    return len(under_way)


async def _reconcile_account(
    desk: Desk, account_id: AccountId, proposals: Sequence[Proposal]
) -> None:
    """Those of one account, one after another; a broker that hangs or fails holds nobody else up, nor the start."""
    for proposal in proposals:
        try:
            await _reconcile_one(desk, account_id, proposal)
        except StoreError:
            raise
        except (Refusal, PermissionError) as refusal:
            log.warning("proposal %s could not be reconciled: %s", proposal.id, refusal)
        except Exception:
            log.exception("proposal %s could not be reconciled", proposal.id)


async def _reconcile_one(desk: Desk, account_id: AccountId, proposal: Proposal) -> None:
    async with desk.store.read() as work:
        managed = await work.portfolios.get(proposal.portfolio_id)
    grant = await take_account(desk, account_id)
    if grant is None:
        return
    try:
        broker = desk.brokers.of(managed.part(account_id).account)
        await settle_doubts(desk, broker, grant, proposal.id)
    finally:
        await release_account(desk, grant)


async def _thaw(desk: Desk, proposal: Proposal) -> None:
    doubtful = {OrderState.UNKNOWN, OrderState.FROZEN, OrderState.SUBMITTING}
    if any(order.state in doubtful for order in await orders_of(desk, proposal.id)):
        return
    async with desk.store.begin() as work:
        await work.proposals.move(proposal.id, ProposalState.FROZEN, ProposalState.EXECUTING)
