"""End barred: what was approved for an account that may not trade any more is ended, and said so; it does not wait."""

from __future__ import annotations

from core.application.desk import Desk, Grant
from core.application.gate import gate_of, ruling_of
from core.application.propose import void_intents
from core.application.tell import refresh_copies, tell_deciders
from core.domain.ladder import Barrier
from core.domain.outbox import MessageKind, Priority
from core.domain.portfolio import ManagedAccount
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import BrokerDown
from core.domain.report import WhyNot
from core.ports.store import AuditEvent


async def is_barred(desk: Desk, grant: Grant, managed: ManagedAccount, proposal: Proposal) -> bool:
    """Whether the ladder refuses an account of an approved plan now; then the plan is cancelled, and deciders are told.

    Raises BrokerDown while the broker has not named its account.
    """
    account = managed.account
    if grant.said is None:
        raise BrokerDown(account.broker, "it has not said which account this is")
    async with desk.store.read() as work:
        ruling = await ruling_of(
            work, gate_of(desk), account, said=grant.said, now=desk.clock.now()
        )
    if ruling.barrier is None:
        return False
    await _end(desk, managed, proposal, ruling.barrier)
    return True


async def _end(desk: Desk, managed: ManagedAccount, proposal: Proposal, barrier: Barrier) -> None:
    now = desk.clock.now()
    async with desk.store.begin() as work:
        if not await work.proposals.move(proposal.id, proposal.state, ProposalState.CANCELLED):
            return
        await void_intents(work, proposal.id, WhyNot.BARRED)
        await refresh_copies(work, proposal, now)
        await tell_deciders(
            work,
            managed.portfolio,
            proposal,
            MessageKind.BARRED,
            barrier,
            now,
            priority=Priority.DECISION,
            data={"reason": barrier.value, "account": f"{managed.account.id}"},
        )
        await work.log.record(
            AuditEvent(now, "barred", None, proposal.portfolio_id, proposal.id, data=barrier.value)
        )
