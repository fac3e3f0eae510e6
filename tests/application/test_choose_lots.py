"""Choosing which lots a proposed sale takes: a new revision, and the record of what was sold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.edit_proposal import choose_lot, lots_to_choose, plan_in_full
from core.application.execute_proposal import execute_approved
from core.application.tell_fill import tell_fill
from core.domain.book import BookChange
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot
from core.domain.lots import Lot, LotMethod
from core.domain.membership import Member
from core.domain.policy_fields import change_policy
from core.domain.proposal import Proposal
from core.domain.refusals import LotsNotChosen, UnknownLeg, UnknownLot
from core.ports.broker import EVERY_LOT_METHOD
from tests.application.acts import ask, decide, drifted
from tests.application.hand_kept_world import HandKeptWorld, hand_kept_world
from tests.application.test_keep_splits import managed_of
from tests.application.test_ledger import open_lots
from tests.fakes.world import World

AAA = Symbol("AAA")
DAYS = (date(2018, 1, 2), date(2019, 1, 2), date(2020, 1, 2))
COSTS = ("60", "90", "120")


@pytest.fixture
async def hand(tmp_path: Path) -> AsyncIterator[HandKeptWorld]:
    async with hand_kept_world(tmp_path) as made:
        yield made


async def three_lots(world: World) -> tuple[Member, Proposal]:
    """AAA 40 @ 60 of 2018, 20 @ 90 of 2019, 10 @ 120 of 2020; the plan sells some at 100."""
    anna, portfolio_id = await drifted(world)
    managed = await managed_of(world, portfolio_id)
    await open_lots(
        world,
        *(
            LedgerLot(managed.accounts[0].id, AAA, Decimal(n), Decimal(n), Decimal(cost), day)
            for n, cost, day in zip((40, 20, 10), COSTS, DAYS, strict=True)
        ),
    )
    result = await ask(world, anna, portfolio_id)
    assert result.proposal is not None
    assert result.proposal.revision.plan.trades[0].symbol == AAA
    return anna, result.proposal


async def choose(
    world: World, anna: Member, proposal: Proposal, place: int, leg: int = 1
) -> Proposal:
    return await choose_lot(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=proposal.id,
        revision=proposal.revision.number,
        leg=leg,
        place=place,
    )


def sold(proposal: Proposal) -> list[tuple[date | None, Decimal]]:
    """From which lots the first leg takes how many shares."""
    return [(sale.lot.acquired, sale.quantity) for sale in proposal.revision.plan.trades[0].lots]


async def test_chosen_lots_go_first_in_the_order_of_choice_and_the_rest_first_in_first_out(
    world: World,
) -> None:
    world.broker.lot_methods = EVERY_LOT_METHOD
    anna, first = await three_lots(world)
    shares = first.revision.plan.trades[0].quantity
    assert sold(first) == [(DAYS[0], shares)]
    newest = await choose(world, anna, first, 2)
    assert newest.revision.number == 2
    assert newest.revision.plan.trades[0].quantity == shares
    assert sold(newest) == [(DAYS[2], Decimal(10)), (DAYS[0], shares - 10)]
    both = await choose(world, anna, newest, 1)
    assert sold(both) == [(DAYS[2], Decimal(10)), (DAYS[1], min(shares - 10, Decimal(20)))]
    back = await choose(world, anna, both, 2)
    assert sold(back)[0] == (DAYS[1], min(shares, Decimal(20)))
    full = await plan_in_full(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=first.id,
        revision=back.revision.number,
    )
    assert sold(full) == sold(first)


async def test_the_record_of_what_was_sold_is_what_was_approved(world: World) -> None:
    world.broker.lot_methods = EVERY_LOT_METHOD
    anna, proposal = await three_lots(world)
    chosen = await choose(world, anna, proposal, 2)
    await decide(world, anna, chosen, 2)
    await execute_approved(world.desk)
    async with world.store.read() as work:
        managed = await work.portfolios.get(proposal.portfolio_id)
        sales = await work.taxes.realised([managed.accounts[0].id], date(2020, 1, 1))
        left = await work.taxes.open_lots(managed.accounts[0].id, AAA)
    assert [(sale.acquired, sale.quantity) for sale in sales] == sold(chosen)
    assert DAYS[2] not in {lot.acquired for lot in left}


async def test_a_broker_that_sells_first_in_first_out_lets_nobody_choose(world: World) -> None:
    anna, proposal = await three_lots(world)
    with pytest.raises(LotsNotChosen):
        await choose(world, anna, proposal, 0)
    trades = proposal.revision.plan.trades
    assert [lots_to_choose(proposal, trade) for trade in trades] == [(), ()]


async def test_a_lot_or_a_line_that_is_not_there_is_refused(world: World) -> None:
    world.broker.lot_methods = EVERY_LOT_METHOD
    anna, proposal = await three_lots(world)
    with pytest.raises(UnknownLot):
        await choose(world, anna, proposal, 3)
    with pytest.raises(UnknownLeg):
        await choose(world, anna, proposal, 0, leg=3)
    with pytest.raises(LotsNotChosen):  # a purchase
        await choose(world, anna, proposal, 0, leg=2)


async def test_by_hand_the_book_gives_up_the_lots_that_the_plan_named(hand: HandKeptWorld) -> None:
    """Dearest first: of AAA 40 @ 60 and 30 @ 120 the latter are sold."""
    lots = (
        Lot(AAA, Decimal(40), Decimal(60), DAYS[0]),
        Lot(AAA, Decimal(30), Decimal(120), DAYS[2]),
    )
    await hand.type(BookChange({AAA: lots}))
    async with hand.world.store.begin() as work:
        policy = change_policy(hand.managed.policy, [("lot_method", LotMethod.HIFO.value)])
        await work.portfolios.set_policy(
            hand.id, policy, by=hand.anna.id, at=hand.world.clock.now()
        )
    proposal = await hand.approved()
    await execute_approved(hand.desk)
    shares = proposal.revision.plan.trades[0].quantity
    assert sold(proposal)[0] == (DAYS[2], min(shares, Decimal(30)))
    await tell_fill(
        hand.desk, member=hand.anna, proposal_id=proposal.id, leg=1, key="done", quantity=Decimal(7)
    )
    book = [lot for lot in (await hand.account.book()).lots if lot.symbol == AAA]
    assert [int(lot.quantity) for lot in book] == [40, 23]
    async with hand.world.store.read() as work:
        kept = await work.taxes.open_lots(hand.managed.accounts[0].id, AAA)
    assert [int(lot.remaining) for lot in kept] == [40, 23]
