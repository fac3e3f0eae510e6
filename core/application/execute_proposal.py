"""Execute: what was approved, and nothing else: in each account sales first, then purchases from its own cash.

One process holds all accounts in which a plan trades, re-checks the whole, and begins once. Then each account's orders
go to its own broker, beside the others': one that hangs, or leaves something in doubt, holds up nobody else's. The
proposal ends when the orders of every account are at their end.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from core.application.carry_account import carry_account
from core.application.conclude_proposal import conclude_proposal
from core.application.desk import (
    Desk,
    Grant,
    release_account,
    renew,
    take_accounts,
)
from core.application.end_barred import is_barred
from core.application.gate import approvers_remain
from core.application.lose_approvals import reopen_unapproved
from core.application.market import Moment
from core.application.post import Post, post_of, told
from core.application.recheck_proposal import recheck_proposal
from core.application.side_by_side import side_by_side
from core.application.tell import refresh_copies
from core.application.watch_accounts import require_calm
from core.application.witness import hear_witness
from core.domain.ids import PortfolioId, ProposalId
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState
from core.domain.refusals import ClosedUnexpectedly, Refusal
from core.domain.risk import ApprovedPlan, resume_plan
from core.ports.store import AuditEvent

log = logging.getLogger(__name__)


async def execute_approved(desk: Desk) -> int:
    """Carry out every approved proposal, go on with those under way, and return how many came to an end.

    Portfolios are carried on side by side: a broker that hangs delays nobody but its own.
    """
    waiting = await waiting_proposals(desk)
    jobs = [partial(execute_in_turn, desk, numbers) for numbers in waiting.values()]
    return sum(await side_by_side(jobs))


async def waiting_proposals(desk: Desk) -> dict[PortfolioId, tuple[ProposalId, ...]]:
    """What there is to carry out or to go on with, by portfolio, oldest first.

    While the exchange is closed nothing is sent: what is under way is only followed to its end.
    """
    moment = await desk.market.moment()
    await reopen_unapproved(desk.store, desk.market, desk.clock)
    await _wake_scheduled(desk, moment)
    states = {ProposalState.EXECUTING}
    if moment.is_open:
        states.add(ProposalState.APPROVED)
    async with desk.store.read() as work:
        waiting = await work.proposals.in_states(states)
    found: dict[PortfolioId, tuple[ProposalId, ...]] = {}
    for proposal in waiting:
        found[proposal.portfolio_id] = (*found.get(proposal.portfolio_id, ()), proposal.id)
    return found


async def execute_in_turn(desk: Desk, proposals: Sequence[ProposalId]) -> int:
    """Carry out a portfolio's proposals one after another, and return how many came to an end.

    Whatever goes wrong with one stays with it.
    """
    ended = 0
    for proposal_id in proposals:
        try:
            ended += await _execute_one(desk, proposal_id)
        except Exception:
            log.exception("proposal %s could not be carried on", proposal_id)
    return ended


async def _wake_scheduled(desk: Desk, moment: Moment) -> None:
    """A scheduled proposal becomes approved when its time has come and the exchange is open."""
    if not moment.is_open:
        return
    async with desk.store.read() as work:
        scheduled = await work.proposals.in_states({ProposalState.SCHEDULED})
    due = [p for p in scheduled if p.scheduled_for is not None and p.scheduled_for <= moment.now]
    if not due:
        return
    async with desk.store.begin() as work:
        for proposal in due:
            await work.proposals.move(proposal.id, ProposalState.SCHEDULED, ProposalState.APPROVED)


async def _execute_one(desk: Desk, proposal_id: ProposalId) -> int:
    """Carry on with a proposal, for a process that holds all accounts in which it trades; 1 where it came to an end."""
    async with desk.store.read() as work:
        proposal = await work.proposals.get(proposal_id)
        managed = await work.portfolios.get(proposal.portfolio_id) if proposal else None
        traded = proposal.revision.plan.traded_in if proposal else ()
        holds = [hold for each in traded for hold in await work.holds.standing(each)]
    if proposal is None or managed is None:
        return 0
    is_stopped = managed.portfolio.is_paused or holds
    if is_stopped and proposal.state is ProposalState.APPROVED:
        return 0
    grants = await take_accounts(desk, traded)
    if grants is None:
        return 0
    try:
        return int(await _try_to(desk, grants, managed, proposal))
    except Refusal as refusal:
        log.warning("proposal %s waits: %s", proposal_id, refusal)
        return 0
    except PermissionError as error:
        log.warning("proposal %s is left to another process: %s", proposal_id, error)
        return 0
    finally:
        for grant in grants:
            await release_account(desk, grant)


async def _try_to(
    desk: Desk, grants: Sequence[Grant], managed: ManagedPortfolio, proposal: Proposal
) -> bool:
    """Carry a plan out or on, each account beside the others; True when all of them have come to their end."""
    managed = replace(managed, policy=desk.limits.clamp(managed.policy))
    posts = await side_by_side([partial(post_of, desk, managed, grant) for grant in grants])
    approved = await _approved(desk, posts, managed, proposal)
    if approved is None:
        return False
    ended = await side_by_side(
        [partial(carry_account, desk, post, managed, approved) for post in posts]
    )
    return all(ended) and await conclude_proposal(desk, posts, managed, approved.proposal)


# --- before anything is sent ---------------------------------------------------------------------


async def _approved(
    desk: Desk, posts: Sequence[Post], managed: ManagedPortfolio, proposal: Proposal
) -> ApprovedPlan | None:
    """What may be executed: re-checked where nothing was sent yet, resumed where execution had begun.

    People are told where it waits for a broker or for prices that do not answer.
    """
    if proposal.state is ProposalState.EXECUTING:
        return resume_plan(proposal)
    for post in posts:
        if not await told(desk, post, proposal.id, partial(_is_free, desk, post, proposal)):
            return None
    renewing = partial(_recheck, desk, posts, managed, proposal)
    return await told(desk, posts[0], proposal.id, renewing)


async def _is_free(desk: Desk, post: Post, proposal: Proposal) -> bool:
    """Whether nothing stands against beginning in an account; where its ladder bars it, the plan is ended.

    Raises AccountHeld, ForeignOrder, BrokerDown, ClocksDisagree or ClosedUnexpectedly.
    """
    await require_calm(desk, post.managed, proposal.revision.plan)
    if await is_barred(desk, post.grant, post.managed, proposal):
        return False
    witness = await hear_witness(desk, post.managed)
    if not witness.is_open:
        raise ClosedUnexpectedly(post.account.broker, witness.next_open)
    return True


async def _recheck(
    desk: Desk, posts: Sequence[Post], managed: ManagedPortfolio, proposal: Proposal
) -> ApprovedPlan | None:
    """Hold the whole plan against what is true in every account now, and begin; None where it may not."""
    async with desk.store.begin() as work:
        for post in posts:
            await renew(work, desk, post.grant)
    approved = await recheck_proposal(desk, managed, proposal, await desk.market.moment())
    if approved is None or not await _begin(desk, posts, proposal):
        return None
    return approved


async def _begin(desk: Desk, posts: Sequence[Post], proposal: Proposal) -> bool:
    """Start executing; False where somebody was faster.

    Who approved may have been removed while the broker was asked: the next round opens such a proposal again.
    """
    now = desk.clock.now()
    async with desk.store.begin() as work:
        for post in posts:
            await work.leases.require(post.grant.name, desk.holder, post.grant.fence, now)
        if not await approvers_remain(work, proposal) or not await work.proposals.move(
            proposal.id, ProposalState.APPROVED, ProposalState.EXECUTING
        ):
            return False
        await refresh_copies(work, proposal, now)
        await work.log.record(
            AuditEvent(
                now,
                "executing",
                None,
                proposal.portfolio_id,
                proposal.id,
                proposal.revision.plan_hash,
            )
        )
    return True
