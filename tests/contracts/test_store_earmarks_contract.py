"""What every store keeps of cash that is set aside: which earmark counts, and until when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from core.domain.earmark import RAISED, Earmark
from core.domain.ids import EarmarkId, ProposalId
from core.domain.proposal import TRANSITIONS, ProposalState
from core.ports.store import Store, UnitOfWork
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, TODAY, Family, propose, settle


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


def an_earmark(
    family: Family, proposal: ProposalId | None = None, lapses_on: date = TODAY
) -> Earmark:
    return Earmark(
        EarmarkId(0),
        family.account.id,
        Decimal("5000.10"),
        NOW,
        lapses_on,
        family.member.id,
        proposal,
    )


def way_to(state: ProposalState) -> list[ProposalState]:
    """The states that a proposal goes through from open to this one."""
    ways = {ProposalState.OPEN: [ProposalState.OPEN]}
    while state not in ways:
        for before, way in list(ways.items()):
            for after in TRANSITIONS[before]:
                ways.setdefault(after, [*way, after])
    return ways[state]


async def bring_to(work: UnitOfWork, proposal: ProposalId, state: ProposalState) -> None:
    for before, after in pairwise(way_to(state)):
        assert await work.proposals.move(proposal, before, after)


async def test_cash_is_set_aside_until_its_last_day_or_its_end(store: Store) -> None:
    family = await settle(store)
    account = family.account.id
    async with store.begin() as work:
        assert await work.earmarks.counting([account], TODAY) == {}
        kept = await work.earmarks.add(an_earmark(family))
        assert kept.id > 0
    async with store.begin() as work:
        assert await work.earmarks.counting([account], TODAY) == {account: kept}
        assert await work.earmarks.counting([account], TODAY + timedelta(days=1)) == {}
        assert await work.earmarks.counting([], TODAY) == {}
        assert await work.earmarks.get(kept.id) == kept
        await work.earmarks.resize(kept.id, Decimal("4990.05"))
        found = (await work.earmarks.counting([account], TODAY))[account]
        assert found.amount == Decimal("4990.05")
        assert await work.earmarks.end(kept.id, NOW)
        assert not await work.earmarks.end(kept.id, NOW)
        assert await work.earmarks.get(kept.id) is None
        assert await work.earmarks.counting([account], TODAY) == {}


@pytest.mark.parametrize("state", ProposalState)
async def test_money_counts_only_once_its_proposal_has_raised_it(
    store: Store, state: ProposalState
) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = (await propose(work, family)).id
        kept = await work.earmarks.add(an_earmark(family, proposal))
        await bring_to(work, proposal, state)
        assert await work.earmarks.of_proposal(proposal) == kept
        counting = await work.earmarks.counting([family.account.id], TODAY)
        assert bool(counting) is (state in RAISED)
