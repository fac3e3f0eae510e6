"""What every store does with families: households, invitations that let in so many, offers of ownership."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.ids import UserId
from core.domain.invitation import Invitation, Joining, Offer
from core.domain.membership import Household, Member, Role
from core.ports.store import Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, Family, settle


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(str(request.param), tmp_path) as fresh:
        yield fresh


def an_invitation(family: Family, code: str = "ab", uses: int = 1) -> Invitation:
    return Invitation(
        code_hash=code * 32,
        household_id=family.portfolio.household_id,
        portfolio_id=family.portfolio.id,
        role=Role.APPROVER,
        created_by=family.member.id,
        expires_at=NOW + timedelta(days=1),
        uses=uses,
        created_at=NOW,
    )


async def people(store: Store, family: Family, how_many: int) -> list[Member]:
    async with store.begin() as work:
        return [
            await work.people.add_member(UserId(10 + n), family.portfolio.household_id, f"P{n}")
            for n in range(how_many)
        ]


@pytest.mark.parametrize("uses", [1, 3])
async def test_an_invitation_lets_in_so_many_and_says_whom(store: Store, uses: int) -> None:
    family = await settle(store)
    invitation, claim = (
        an_invitation(family, uses=uses),
        Invitation("cd" * 32, None, None, Role.OWNER, None, NOW),
    )
    async with store.begin() as work:
        await work.invitations.add(invitation)
        await work.invitations.add(claim)
    many = await people(store, family, 5)

    async def use(member: Member) -> bool:
        async with store.begin() as work:
            joining = Joining(invitation.mark, member, Role.APPROVER, Role.VIEWER, NOW)
            return await work.invitations.use(invitation, joining)

    came = await asyncio.gather(*(use(member) for member in many))
    assert sum(came) == uses
    async with store.read() as work:
        used = await work.invitations.by_code("ab" * 32)
        assert used is not None
        assert (used.used, used.left) == (uses, 0)
        joined = await work.invitations.joinings(family.portfolio.id)
        assert {each.member.id for each in joined} == {
            member.id for member, has_come in zip(many, came, strict=True) if has_come
        }
        assert {(each.mark, each.before, each.at) for each in joined} == {
            ("ab" * 4, Role.VIEWER, NOW)
        }
        assert await work.invitations.by_code("cd" * 32) == claim
        assert await work.invitations.by_code("ef" * 32) is None


async def test_an_invitation_that_was_taken_back_is_used_no_more(store: Store) -> None:
    family = await settle(store)
    invitation = an_invitation(family)
    async with store.begin() as work:
        await work.invitations.add(invitation)
        await work.invitations.revoke(invitation.code_hash, NOW)
        joining = Joining(invitation.mark, family.member, Role.APPROVER, None, NOW)
        assert not await work.invitations.use(invitation, joining)
        (kept,) = await work.invitations.of_portfolio(family.portfolio.id)
        assert kept.revoked_at == NOW
        assert await work.invitations.joinings(family.portfolio.id) == ()


async def test_a_member_belongs_to_several_households(store: Store) -> None:
    family = await settle(store)
    (member,) = await people(store, family, 1)
    async with store.begin() as work:
        other = await work.people.add_household("Grandparents")
        await work.households.join(other, member.id)
        await work.households.join(other, member.id)
    async with store.begin() as work:
        first = await work.households.named(family.portfolio.household_id)
        assert await work.households.of_member(member.id) == (
            first,
            Household(other, "Grandparents"),
        )
        assert await work.households.members_of(other) == (member.id,)
        assert await work.households.members_of(first.id) == (family.member.id, member.id)
        await work.households.leave(first.id, member.id)
        assert await work.households.of_member(member.id) == (Household(other, "Grandparents"),)
    async with store.read() as work:
        with pytest.raises(KeyError):
            await work.households.named(type(other)(99))


async def test_a_portfolio_is_offered_to_one_at_a_time(store: Store) -> None:
    family = await settle(store)
    first, second = await people(store, family, 2)
    portfolio_id = family.portfolio.id
    async with store.begin() as work:
        assert await work.invitations.offer_of(portfolio_id) is None
        await work.invitations.offer(Offer(portfolio_id, family.member.id, first.id, NOW))
        later = Offer(portfolio_id, family.member.id, second.id, NOW + timedelta(days=1))
        await work.invitations.offer(later)
        assert await work.invitations.offer_of(portfolio_id) == later
        await work.invitations.end_offer(portfolio_id)
        assert await work.invitations.offer_of(portfolio_id) is None


async def test_sharing_is_remembered(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await work.portfolios.set_shared(family.portfolio.id, shared=True)
    async with store.read() as work:
        assert (await work.portfolios.get(family.portfolio.id)).portfolio.is_shared
        (portfolio,) = await work.portfolios.of_member(family.member.id)
        assert portfolio.is_shared
