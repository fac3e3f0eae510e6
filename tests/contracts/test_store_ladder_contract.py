"""What every store keeps of the ladder: rungs, confirmations of which one stands, dry runs, what was sent of late."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from core.domain.ids import AccountId
from core.domain.ladder import LIVE_RUNGS, Confirmation
from core.domain.order import OrderState
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from core.domain.report import WhyNot
from core.ports.store import AuditEvent, Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, Family, an_order, propose, settle

LATER = NOW + timedelta(hours=1)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


def a_confirmation(family: Family, rung: Rung = Rung.LIVE_CAPPED) -> Confirmation:
    return Confirmation(family.account.id, "987654321", rung, family.member.id, NOW)


async def test_an_account_goes_to_another_rung_and_is_found_there(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, user=700_000_000_002, slug="other")
    async with store.begin() as work:
        assert await work.ladder.accounts_on(LIVE_RUNGS) == ()
        await work.ladder.set_rung(family.account.id, Rung.LIVE_CAPPED)
    async with store.read() as work:
        live = replace(family.account, rung=Rung.LIVE_CAPPED)
        assert await work.ladder.accounts_on(LIVE_RUNGS) == (live,)
        assert await work.ladder.accounts_on({Rung.SIMULATED}) == (other.account,)
        assert (await work.portfolios.get(family.portfolio.id)).accounts[0] == live


async def test_of_two_confirmations_the_later_one_stands_until_it_is_ended(store: Store) -> None:
    family = await settle(store)
    first = a_confirmation(family)
    second = replace(first, rung=Rung.LIVE, confirmed_at=LATER)
    async with store.begin() as work:
        assert await work.ladder.confirmation(family.account.id) is None
        await work.ladder.confirm(first)
        assert await work.ladder.confirmation(family.account.id) == first
        await work.ladder.confirm(second)
    async with store.begin() as work:
        assert await work.ladder.confirmation(family.account.id) == second
        assert await work.ladder.confirmation(AccountId(99)) is None
        assert await work.ladder.end_confirmation(family.account.id, LATER)
        assert not await work.ladder.end_confirmation(family.account.id, LATER)
        assert await work.ladder.confirmation(family.account.id) is None
        await work.ladder.confirm(first)
        assert await work.ladder.confirmation(family.account.id) == first


async def test_a_portfolio_counts_as_live_while_it_is_and_for_a_while_after(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, user=700_000_000_002, slug="other")
    account, portfolio = family.account.id, family.portfolio.id
    confirmed = Confirmation(account, "sim-family", Rung.LIVE_CAPPED, family.member.id, NOW)
    async with store.begin() as work:
        assert not await work.ladder.is_live_since(portfolio, NOW)
        await work.ladder.set_rung(account, Rung.LIVE_CAPPED)
        await work.ladder.confirm(confirmed)
        assert await work.ladder.is_live_since(portfolio, LATER)
        assert not await work.ladder.is_live_since(other.portfolio.id, NOW)
        await work.ladder.set_rung(account, Rung.DRY_RUN)
        await work.ladder.end_confirmation(account, LATER)
        assert await work.ladder.is_live_since(portfolio, LATER)
        assert not await work.ladder.is_live_since(portfolio, LATER + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("state", "detail", "end", "counts"),
    [
        (OrderState.VOID, WhyNot.DRY_RUN, ProposalState.DONE, 1),
        (OrderState.VOID, WhyNot.DRY_RUN, ProposalState.FAILED, 0),
        (OrderState.VOID, WhyNot.PAUSED, ProposalState.DONE, 0),
    ],
)
async def test_a_dry_run_counts_once_it_has_come_to_its_end(
    store: Store, state: OrderState, detail: WhyNot, end: ProposalState, counts: int
) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id, leg) for leg in (1, 2)])
        for order in await work.orders.of_proposal(proposal.id):
            await work.orders.move(order.id, OrderState.INTENDED, state, detail=detail)
        assert await work.ladder.dry_runs(family.account.id) == 0
        steps = [ProposalState.OPEN, ProposalState.APPROVED, ProposalState.EXECUTING, end]
        for before, after in pairwise(steps):
            await work.proposals.move(proposal.id, before, after)
        assert await work.ladder.dry_runs(family.account.id) == counts
        assert await work.ladder.dry_runs(AccountId(99)) == 0


async def test_what_was_sent_of_late_is_found_whatever_became_of_it(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id, leg) for leg in (1, 2, 3)])
        early, late, never = await work.orders.of_proposal(proposal.id)
        for order, at in ((early, NOW), (late, LATER)):
            name = order.client_order_id
            await work.log.record(
                AuditEvent(at, "order_sent", None, family.portfolio.id, proposal.id, name)
            )
    async with store.read() as work:
        found = work.ladder.sent_since
        assert await found(family.account.id, NOW) == (early, late)
        assert await found(family.account.id, LATER) == (late,)
        assert await found(family.account.id, LATER + timedelta(seconds=1)) == ()
        assert await found(AccountId(99), NOW) == ()
    assert never.client_order_id.endswith("-3-1")
