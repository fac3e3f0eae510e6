"""What every store keeps of harvests: switches back, which orders were harvests, and looks of one slot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.harvest import Switch, SwitchState
from core.domain.ids import ClientOrderId, ProposalId
from core.domain.plan import Side
from core.domain.proposal import Cause
from core.ports.store import Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import (
    BND,
    NOW,
    TODAY,
    VTI,
    Family,
    a_revision,
    an_order,
    propose,
    settle,
)

DUE = date(2020, 4, 5)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


def a_switch(family: Family, proposal: ProposalId) -> Switch:
    return Switch(
        portfolio_id=family.portfolio.id,
        account_id=family.account.id,
        proposal_id=proposal,
        sold=VTI,
        bought=BND,
        sold_on=TODAY,
        saves=Decimal("180.05"),
        look_from=DUE,
    )


async def test_a_switch_waits_once_until_it_is_put_off_or_over(store: Store) -> None:
    family = await settle(store)
    mine = [family.portfolio.id]
    async with store.begin() as work:
        made, offer = (await propose(work, family)).id, (await propose(work, family)).id
        switch = a_switch(family, made)
        assert await work.harvests.add([switch]) == 1
        assert await work.harvests.add([switch]) == 0
        assert await work.harvests.waiting(mine, DUE - timedelta(days=1)) == ()
        (kept,) = await work.harvests.waiting(mine, DUE)
        assert replace(kept, id=0) == switch
        later = DUE + timedelta(days=31)
        await work.harvests.look_again([kept.id], later, offer)
    async with store.begin() as work:
        assert await work.harvests.waiting(mine, DUE) == ()
        (offered,) = await work.harvests.offered_by(offer)
        assert (offered.look_from, offered.offered) == (later, offer)
        await work.harvests.look_again([kept.id], DUE)
        assert (await work.harvests.waiting(mine))[0].offered == offer
        await work.harvests.settle([kept.id], SwitchState.STAYED)
        assert await work.harvests.waiting(mine) == ()
        assert (await work.harvests.offered_by(offer))[0].state is SwitchState.STAYED
        await work.harvests.settle([kept.id], SwitchState.WAITING)
        assert [each.id for each in await work.harvests.waiting(mine)] == [kept.id]


async def test_only_the_sales_of_harvests_are_theirs(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        found = {}
        for number, cause in enumerate((Cause.HARVEST, Cause.SCHEDULED), 1):
            proposal = await work.proposals.add(
                family.portfolio.id,
                cause=cause,
                revision=a_revision(),
                created_at=NOW,
                expires_at=NOW,
                check_id=None,
            )
            found[cause] = proposal.id
            await work.orders.add(
                [
                    replace(
                        an_order(family, proposal.id, leg),
                        side=side,
                        client_order_id=ClientOrderId(f"o-{number}-{leg}"),
                    )
                    for leg, side in enumerate((Side.SELL, Side.BUY), 1)
                ]
            )
        sales = await work.harvests.sales([family.account.id])
        assert sales == {ClientOrderId("o-1-1"): found[Cause.HARVEST]}
        assert await work.harvests.sales([]) == {}


async def test_looks_of_a_slot_are_found_done_or_still_to_come(store: Store) -> None:
    family = await settle(store)
    mine = [family.portfolio.id]
    async with store.begin() as work:
        assert await work.checks.latest_of(mine, "harvest") == {}
        for day, slot in ((TODAY, "harvest"), (TODAY, "11:00"), (DUE, "harvest")):
            await work.checks.add_due(family.portfolio.id, day, slot, NOW)
        assert await work.checks.unfinished(mine, "harvest") == set(mine)
        assert await work.checks.unfinished(mine, "settled") == set()
        record = await work.checks.by_slot(family.portfolio.id, TODAY, "harvest")
        assert record is not None
        await work.checks.finish(record.check.id, "on_target", "{}", NOW)
        assert await work.checks.latest_of(mine, "harvest") == {family.portfolio.id: TODAY}
        await work.checks.add_due(family.portfolio.id, DUE, "again1:settled", NOW)
        assert await work.checks.unfinished(mine, "settled") == set(mine)
