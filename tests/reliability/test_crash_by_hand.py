"""Killed at every point of a plan that a person carries out: no line on the checklist twice, no answer lost or doubled.

A person who got no answer to a tap taps again; the end is that of a run without a crash, to the share and to the cent.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.tell_fill import tell_fill, tell_not_done
from core.domain.ids import ProposalId, Symbol
from core.domain.proposal import ProposalState
from core.domain.refusals import ChecklistClosed, UnknownLeg
from tests.application.hand_kept_world import HandKeptWorld, hand_kept_world
from tests.reliability.crashing import (
    CrashingBrokers,
    CrashingPrices,
    CrashingStore,
    Fuse,
    Killed,
)
from tests.reliability.profile import by_profile


@dataclass(frozen=True)
class End:
    """Where a run came to rest."""

    state: ProposalState
    cash: Decimal
    positions: dict[Symbol, Decimal]
    lines: int
    """How many lines were ever put on a checklist."""

    answers: int


def breakable(kept: HandKeptWorld, fuse: Fuse) -> Desk:
    """The desk of a process that ends where the fuse burns through."""
    desk = kept.desk
    return replace(
        desk,
        store=CrashingStore(desk.store, fuse),
        brokers=CrashingBrokers(desk.brokers, fuse),
        market=replace(desk.market, prices=CrashingPrices(desk.market.prices, fuse)),
    )


async def carry_out(kept: HandKeptWorld, desk: Desk, number: ProposalId, taps: str) -> None:
    """From the approval to the report: leg 1 in two parts, of leg 2 three shares and no more."""
    await reconcile(desk)
    await execute_approved(desk)
    for said in ((1, "2", "100.5"), (1, None, None), (2, "3", "50.10")):
        leg, quantity, price = said
        with suppress(ChecklistClosed, UnknownLeg):
            await tell_fill(
                desk,
                member=kept.anna,
                proposal_id=number,
                leg=leg,
                # What was typed comes with the update's own number, a tap with a new one each time.
                key=f"update {said}" if quantity else f"{taps} {leg}",
                quantity=None if quantity is None else Decimal(quantity),
                price=None if price is None else Decimal(price),
            )
    with suppress(ChecklistClosed, UnknownLeg):
        await tell_not_done(desk, member=kept.anna, proposal_id=number, leg=2)
    await execute_approved(desk)


async def end_of(kept: HandKeptWorld, number: ProposalId, file: Path) -> End:
    view = await kept.view(number)
    book = await kept.account.book()
    for order in view.orders:
        found = await kept.house.find_order(1, order.client_order_id)
        assert found is not None
        assert order.state is found.state
        assert [f.execution_id for f in order.fills] == [f.execution_id for f in found.fills]
    with closing(sqlite3.connect(file)) as connection:
        (lines,) = connection.execute("SELECT count(*) FROM orders").fetchone()
        (answers,) = connection.execute("SELECT count(*) FROM fills").fetchone()
    return End(view.proposal.state, book.cash, book.positions, lines, answers)


async def run(folder: Path, at: int) -> tuple[End, Fuse]:
    """One run that is killed at a point (0: at none) and started again."""
    async with hand_kept_world(folder) as kept:
        proposal = await kept.approved()
        fuse = Fuse(at)
        try:
            await carry_out(kept, breakable(kept, fuse), proposal.id, "first tap")
        except Killed:
            kept.world.pass_time(timedelta(minutes=2))
            await carry_out(kept, kept.desk, proposal.id, "second tap")
        return await end_of(kept, proposal.id, folder / "manual.db"), fuse


def points_to_try(count: int) -> range:
    """Every point in the full profile; otherwise every eleventh."""
    return range(1, count + 1, by_profile(quick=11, full=1))


@pytest.mark.fault(1)
@pytest.mark.slow
async def test_killed_anywhere_the_end_is_the_same(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    whole, fuse = await run(tmp_path_factory.mktemp("whole"), 0)
    assert whole.state is ProposalState.PARTIAL
    assert (whole.lines, whole.answers) == (2, 3)
    points = len(fuse.passed)
    assert points > 40
    for at in points_to_try(points):
        end, _ = await run(tmp_path_factory.mktemp(f"killed-at-{at}"), at)
        assert end == whole, f"killed {fuse.passed[at - 1]} (point {at})"
