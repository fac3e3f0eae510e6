"""See the family: who belongs to a portfolio, and for owners, who could come in and who could own it next."""

from __future__ import annotations

from dataclasses import dataclass

from core.application.access import managed_for
from core.domain.ids import MemberId, PortfolioId
from core.domain.invitation import Invitation, Joining, Offer
from core.domain.membership import Household, Member, Membership
from core.domain.permissions import Act, may
from core.ports.clock import Clock
from core.ports.store import Store


@dataclass(frozen=True, slots=True)
class Family:
    """Everybody in a portfolio and its household; ``offer`` is who is asked to take it over.

    ``invitations`` are those that still let somebody in, ``joined`` who came in by one; both are for owners alone.
    """

    household: Household
    memberships: tuple[Membership, ...]
    invitations: tuple[Invitation, ...] = ()
    joined: tuple[Joining, ...] = ()
    offer: Offer | None = None

    def named(self, member_id: MemberId) -> str:
        """A member's name."""
        names = {each.member.id: each.member.name for each in self.memberships}
        return names.get(member_id, "")


async def see_family(
    store: Store, clock: Clock, *, member: Member, portfolio_id: PortfolioId
) -> Family:
    """Return everybody in a portfolio, with as much more as the reader may see."""
    now = clock.now()
    async with store.read() as work:
        managed, role = await managed_for(work, member, portfolio_id, Act.SEE_MEMBERS)
        is_owner = may(role, Act.INVITE)
        offer = await work.invitations.offer_of(portfolio_id)
        is_open = offer is not None and now < offer.until
        invitations = await work.invitations.of_portfolio(portfolio_id) if is_owner else ()
        return Family(
            await work.households.named(managed.portfolio.household_id),
            await work.people.memberships(portfolio_id),
            tuple(each for each in invitations if each.is_open(now)),
            await work.invitations.joinings(portfolio_id) if is_owner else (),
            offer if is_open else None,
        )
