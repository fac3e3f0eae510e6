"""Hand over: an owner offers a portfolio to another member, who confirms; only then do the roles change.

The giver becomes an approver. Both confirm: the giver by offering, the taker by accepting within a day. When it is
accepted, everything is asked anew: the giver must own the portfolio still, and the taker must belong to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.application.access import require_role
from core.application.ask_for_change import ask_instead
from core.application.members import find_member, put_role
from core.application.tell_channels import enqueue
from core.domain.change_kinds import HandOver
from core.domain.ids import ChatId, PortfolioId, UserId
from core.domain.invitation import Offer
from core.domain.membership import Member, Membership, Role
from core.domain.outbox import MessageKind, OutboxItem, Priority
from core.domain.permissions import Act, may
from core.domain.portfolio import Portfolio
from core.domain.refusals import NoOffer, OwnerAlready
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork

OFFER_LIFETIME = timedelta(hours=24)
"""So long an offer can be accepted."""


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A portfolio, who gave it, and who has it now; or, where it ``waits``, will have it once enough agree."""

    portfolio: Portfolio
    giver: Member
    taker: Member
    waits: bool = False


async def offer_ownership(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId, user_id: UserId
) -> Membership:
    """Offer a portfolio to one of its members, in the place of an earlier offer; raises OwnerAlready."""
    now = clock.now()
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.HAND_OVER)
        taker = await find_member(work, portfolio_id, user_id)
        if taker.role is Role.OWNER:
            raise OwnerAlready(taker.member.name)
        offer = Offer(portfolio_id, member.id, taker.member.id, now + OFFER_LIFETIME)
        await work.invitations.offer(offer)
        await enqueue(work, [_asking(taker, member, offer, now)], now)
        await work.log.record(
            AuditEvent(now, "ownership_offered", member.id, portfolio_id, data=str(user_id))
        )
        return taker


async def take_offer_back(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> None:
    """Take an offer back before it is accepted; any owner may. Raises NoOffer."""
    now = clock.now()
    async with store.begin() as work:
        await require_role(work, member, portfolio_id, Act.HAND_OVER)
        await _open_offer(work, portfolio_id, now)
        await _end(work, member, portfolio_id, "offer_taken_back", now)


async def decline_ownership(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> None:
    """Say no to an offer; raises NoOffer for everybody but whom it is for."""
    now = clock.now()
    async with store.begin() as work:
        await _offer_to(work, member, portfolio_id, now)
        await _end(work, member, portfolio_id, "ownership_declined", now)


async def accept_ownership(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> HandedOver:
    """Accept a portfolio that is offered: own it from now on, and the giver approves. Raises NoOffer.

    Where it trades real money, that is asked for in the giver's name, and takes what any such change takes.
    """
    now = clock.now()
    async with store.begin() as work:
        offer = await _offer_to(work, member, portfolio_id, now)
        await work.invitations.end_offer(portfolio_id)
        return await _hand_over(work, now, offer)


async def _hand_over(work: UnitOfWork, now: datetime, offer: Offer) -> HandedOver:
    """Change the roles of an offer that both have confirmed, and tell all owners and both.

    Raises NoOffer where the giver does not own the portfolio any more, or the taker does not belong to it.
    """
    portfolio_id = offer.portfolio_id
    people = {each.member.id: each for each in await work.people.memberships(portfolio_id)}
    giver, taker = people.get(offer.giver_id), people.get(offer.taker_id)
    if giver is None or taker is None or not may(giver.role, Act.HAND_OVER):
        raise NoOffer
    managed = await work.portfolios.get(portfolio_id)
    what = HandOver(giver.member.id, taker.member.id, taker.role)
    done = HandedOver(managed.portfolio, giver.member, taker.member)
    if await ask_instead(work, managed, what, giver, now):
        return replace(done, waits=True)
    await put_role(work, taker, Role.OWNER, by=taker.member, now=now)
    await put_role(work, giver, Role.APPROVER, by=taker.member, now=now)
    await enqueue(work, await _news(work, done, now), now)
    told = f"{giver.member.user_id} -> {taker.member.user_id}"
    await work.log.record(AuditEvent(now, "handed_over", taker.member.id, portfolio_id, data=told))
    return done


async def _open_offer(work: UnitOfWork, portfolio_id: PortfolioId, now: datetime) -> Offer:
    offer = await work.invitations.offer_of(portfolio_id)
    if offer is None or now >= offer.until:
        raise NoOffer
    return offer


async def _offer_to(
    work: UnitOfWork, member: Member, portfolio_id: PortfolioId, now: datetime
) -> Offer:
    """The open offer that is for this member."""
    await require_role(work, member, portfolio_id, Act.ANSWER_OFFER)
    offer = await _open_offer(work, portfolio_id, now)
    if offer.taker_id != member.id:
        raise NoOffer
    return offer


async def _end(
    work: UnitOfWork, by: Member, portfolio_id: PortfolioId, kind: str, now: datetime
) -> None:
    await work.invitations.end_offer(portfolio_id)
    await work.log.record(AuditEvent(now, kind, by.id, portfolio_id))


def _asking(taker: Membership, giver: Member, offer: Offer, now: datetime) -> OutboxItem:
    return OutboxItem(
        MessageKind.OWNERSHIP_OFFERED,
        ChatId(taker.member.user_id),
        f"offer:{offer.portfolio_id}:{taker.member.user_id}:{now.isoformat()}",
        offer.portfolio_id,
        priority=Priority.DECISION,
        data={"member_name": giver.name, "until": offer.until.isoformat()},
    )


async def _news(work: UnitOfWork, done: HandedOver, now: datetime) -> list[OutboxItem]:
    """What all owners and both of them are told."""
    concerned = {done.giver.user_id, done.taker.user_id}
    for each in await work.people.memberships(done.portfolio.id):
        if each.role is Role.OWNER:
            concerned.add(each.member.user_id)
    return [
        OutboxItem(
            MessageKind.HANDED_OVER,
            ChatId(user_id),
            f"handed-over:{done.portfolio.id}:{now.isoformat()}:{user_id}",
            done.portfolio.id,
            data={"giver": done.giver.name, "taker": done.taker.name},
        )
        for user_id in sorted(concerned)
    ]
