"""After a sale: what becomes of the money of a plan that sold and did not buy. A person decides, once.

Either purchases are planned again at the prices of now, as a new proposal that needs its own approval; nothing is ever
sent under the old one. Or the money stays in cash.
"""

from __future__ import annotations

from dataclasses import replace

from core.application.access import proposal_for
from core.application.check_drift import look, remember_closes, standing_of
from core.application.check_result import CheckResult, Outcome
from core.application.market import Market, Moment
from core.application.propose import Draft, expiry, propose
from core.application.show_proposal import orders_under
from core.application.tell import refresh_copies
from core.application.widen_bands import widening_again, with_bands
from core.domain.ids import ChatId, ProposalId
from core.domain.membership import Member
from core.domain.permissions import Act, require
from core.domain.policy import Direction
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Cause, Decision, DecisionKind, Proposal
from core.domain.refusals import AfterSaleDecided, NothingSold
from core.domain.report import sold_not_bought
from core.domain.risk import CODE_LIMITS, Limits
from core.ports.broker import Brokers
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork


async def try_the_buys(
    store: Store,
    brokers: Brokers,
    market: Market,
    clock: Clock,
    *,
    member: Member,
    proposal_id: ProposalId,
    chat_id: ChatId | None,
    limits: Limits = CODE_LIMITS,
) -> CheckResult:
    """Plan purchases only, with the cash and the prices of now, and put them as a proposal of their own.

    Cool-downs do not count, because a person asks. What cannot be planned now comes as a result and decides nothing:
    it can be asked for again. Raises NotAllowed, NothingSold or AfterSaleDecided.
    """
    moment = await market.moment()
    async with store.read() as work:
        before = await _undecided(work, member, proposal_id, Act.PLAN_AGAIN)
        managed = await work.portfolios.get(before.portfolio_id)
        standing = await standing_of(work, before.portfolio_id)
    widening = await widening_again(store, market, moment, before)
    managed = with_bands(managed, widening)
    result = await look(
        store,
        brokers,
        market,
        managed,
        moment,
        standing,
        direction=Direction.BUY_ONLY,
        force=True,
        limits=limits,
    )
    if result.outcome is not Outcome.PROPOSED:
        return result
    result = replace(result, widening=widening)
    return await _put(store, market, clock, member, managed, moment, result, proposal_id, chat_id)


async def _put(  # noqa: PLR0913, PLR0917
    store: Store,
    market: Market,
    clock: Clock,
    member: Member,
    managed: ManagedPortfolio,
    moment: Moment,
    result: CheckResult,
    proposal_id: ProposalId,
    chat_id: ChatId | None,
) -> CheckResult:
    """Decide and propose in one: of two taps, one finds that it has been decided."""
    if result.plan is None or result.snapshot is None:
        return result
    now = clock.now()
    expires_at = expiry(market, moment, managed.policy.expires_after)
    async with store.begin() as work:
        before = await _undecided(work, member, proposal_id, Act.PLAN_AGAIN)
        standing = await standing_of(work, before.portfolio_id)
        if standing.in_flight is not None:
            return CheckResult(Outcome.IN_FLIGHT, result.drift, proposal=standing.in_flight)
        await _decide(work, member, before, DecisionKind.TRY_BUYS, clock, moment)
        draft = Draft(
            managed,
            result.plan,
            result.snapshot,
            Cause.AFTER_SALE,
            expires_at,
            check_id=None,
            by=member.id,
            also=() if chat_id is None else (chat_id,),
            widening=result.widening,
        )
        proposal = await propose(work, draft, now)
        await remember_closes(work, moment, [result.snapshot])
    return replace(result, proposal=proposal)


async def stay_in_cash(
    store: Store, market: Market, clock: Clock, *, member: Member, proposal_id: ProposalId
) -> None:
    """Leave the money of the sales in cash; raises NotAllowed, NothingSold or AfterSaleDecided."""
    moment = await market.moment()
    async with store.begin() as work:
        proposal = await _undecided(work, member, proposal_id, Act.STAY_IN_CASH)
        await _decide(work, member, proposal, DecisionKind.STAY_IN_CASH, clock, moment)


async def _undecided(
    work: UnitOfWork, member: Member, proposal_id: ProposalId, act: Act
) -> Proposal:
    """A proposal after whose sales nobody has decided yet."""
    proposal, role = await proposal_for(work, member, proposal_id)
    require(role, act)
    decided = proposal.after_sale
    if decided is not None:
        raise AfterSaleDecided(
            proposal.id,
            decided.member_name,
            decided.market_at,
            stays_in_cash=decided.kind is DecisionKind.STAY_IN_CASH,
        )
    case = sold_not_bought(await orders_under(work, proposal))
    if case is None or case.goes_on_by_itself:
        raise NothingSold(proposal.id)
    return proposal


async def _decide(
    work: UnitOfWork,
    member: Member,
    proposal: Proposal,
    kind: DecisionKind,
    clock: Clock,
    moment: Moment,
) -> None:
    now, revision = clock.now(), proposal.revision
    decision = Decision(
        member.id, member.name, kind, revision.number, revision.plan_hash, now, moment.now
    )
    await work.proposals.add_decision(proposal.id, decision)
    decided = replace(proposal, decisions=(*proposal.decisions, decision))
    await refresh_copies(work, decided, now)
    await work.log.record(
        AuditEvent(
            now,
            f"decided_{kind}",
            member.id,
            proposal.portfolio_id,
            proposal.id,
            revision.plan_hash,
        )
    )
