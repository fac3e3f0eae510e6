"""Killed at every point between the check and the report, then started again: no order twice, none lost.

The invariants are those of the fault list: at most one order at the broker for each leg and attempt, and
one attempt of a leg that trades (I1); fills explain the positions (I4); the end is that of a run without a
crash, to the share and to the cent (I7).
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.decide_proposal import approve_proposal
from core.application.desk import Desk
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.show_proposal import ProposalView, load_view
from core.domain.ids import PortfolioId, ProposalId, Symbol
from core.domain.membership import Member
from core.domain.plan import Side
from core.domain.proposal import IN_FLIGHT, ProposalState
from core.domain.refusals import ProposalNotOpen
from tests.fakes.broker import FakeBroker, Mishap
from tests.fakes.store import make_store
from tests.fakes.world import World, small_world
from tests.reliability.crashing import (
    CrashingBrokers,
    CrashingPrices,
    CrashingStore,
    Fuse,
    Killed,
)
from tests.reliability.profile import by_profile

TARGETS = {"AAA": 40, "BBB": 25, "CCC": 20, "DDD": 15}
ROUNDS = 6

WAYS: dict[str, tuple[Mishap | None, ...]] = {
    "all_goes_well": (),
    "first_sale_s_answer_is_lost": (Mishap.LOST_ANSWER,),
    "first_sale_never_arrives": (Mishap.NEVER_ARRIVED,),
    "first_sale_is_seen_late": (Mishap.LATE,),
    "first_purchase_s_answer_is_lost": (None, None, Mishap.LOST_ANSWER),
    "first_purchase_never_arrives": (None, None, Mishap.NEVER_ARRIVED),
    "first_purchase_is_seen_late": (None, None, Mishap.LATE),
    "orders_rest_and_fill_in_parts": (Mishap.RESTING, Mishap.PARTIAL, Mishap.PARTIAL),
    "broker_cannot_be_reached_at_first": (Mishap.UNAVAILABLE, None, None, Mishap.UNAVAILABLE),
}


@dataclass(frozen=True)
class End:
    """Where a run came to rest."""

    state: ProposalState
    cash: Decimal
    positions: dict[Symbol, Decimal]


async def scene(world: World) -> tuple[Member, PortfolioId]:
    """cash 100 · AAA 70 @ 100 target 40 · BBB 60 @ 50 target 25 · CCC target 20 · DDD target 15."""
    anna = await world.person()
    world.price(DDD=20)
    current = await world.portfolio(anna, TARGETS)
    world.hold(100, AAA=70, BBB=60)
    await schedule_checks(world.store, world.market)
    world.pass_time(timedelta(days=1))
    return anna, current.portfolio.portfolio.id


async def check_and_carry_out(desk: Desk, anna: Member, portfolio_id: PortfolioId) -> None:
    """What happens between an alarm and the report, a person's tap included; may be begun again anywhere."""
    await reconcile(desk)
    await run_due_work(desk)
    async with desk.store.read() as work:
        recent = await work.proposals.recent(portfolio_id, 1)
    for proposal in recent:
        with suppress(ProposalNotOpen):
            await approve_proposal(
                desk.store,
                desk.market,
                desk.clock,
                member=anna,
                proposal_id=proposal.id,
                revision=proposal.revision.number,
            )
    for _ in range(ROUNDS):
        if not await is_waiting(desk):
            return
        await execute_approved(desk)


async def is_waiting(desk: Desk) -> bool:
    async with desk.store.read() as work:
        return bool(await work.proposals.in_states(IN_FLIGHT))


def breakable(world: World, fuse: Fuse) -> Desk:
    """The desk of a process that ends where the fuse burns through."""
    return replace(
        world.desk,
        store=CrashingStore(world.store, fuse),
        brokers=CrashingBrokers(world.brokers, fuse),
        market=replace(world.market, prices=CrashingPrices(world.prices, fuse)),
    )


async def restarted(world: World, anna: Member, portfolio_id: PortfolioId, folder: Path) -> None:
    """A new process, once the old one's leases have lapsed."""
    world.pass_time(timedelta(minutes=2))
    store = await make_store(folder)
    try:
        desk = replace(world.desk, store=store, holder="test:2")
        await check_and_carry_out(desk, anna, portfolio_id)
    finally:
        await store.aclose()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def run(folder: Path, way: str, fuse: Fuse) -> tuple[End, bool]:
    """One life with a crash where the fuse says, and what follows it; returns the end and whether it crashed."""
    async with small_world(made(folder)) as world:
        anna, portfolio_id = await scene(world)
        world.broker.mishaps = deque(WAYS[way])
        crashed = False
        try:
            await check_and_carry_out(breakable(world, fuse), anna, portfolio_id)
        except Killed:
            crashed = True
            await restarted(world, anna, portfolio_id, folder)
        return await require_sound(world, portfolio_id), crashed


async def require_sound(world: World, portfolio_id: PortfolioId) -> End:
    async with world.store.read() as work:
        proposals = await work.proposals.recent(portfolio_id, 10)
    (proposal,) = proposals
    view = await load_view(world.store, proposal.id)
    require_each_order_once(world.broker, proposal.id)
    require_fills_explain_all(world.broker, view)
    return End(view.proposal.state, world.broker.cash, dict(world.broker.positions))


def require_each_order_once(broker: FakeBroker, number: ProposalId) -> None:
    """I1: one order for each leg and attempt at the broker, and one attempt of each leg that traded."""
    ids = Counter(order.client_order_id for order in broker.orders)
    assert set(ids.values()) <= {1}, ids
    legs = Counter(order.client_order_id.split("-")[3] for order in broker.orders if order.fills)
    assert set(legs.values()) <= {1}, legs
    assert all(order.client_order_id.split("-")[2] == str(number) for order in broker.orders)


def require_fills_explain_all(broker: FakeBroker, view: ProposalView) -> None:
    """I4: what we have recorded is what the broker did, to the share and to the cent."""
    theirs = {fill.execution_id: fill for order in broker.orders for fill in order.fills}
    ours = {fill.execution_id: fill for order in view.orders for fill in order.fills}
    assert ours == theirs
    moved = {Symbol("AAA"): Decimal(70), Symbol("BBB"): Decimal(60)}
    for order in view.orders:
        sign = 1 if order.side is Side.BUY else -1
        moved[order.symbol] = moved.get(order.symbol, Decimal(0)) + sign * order.filled_quantity
    assert {s: q for s, q in moved.items() if q} == {s: q for s, q in broker.positions.items() if q}
    assert broker.cash >= 0


@pytest.mark.fault(1)
@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
async def test_a_kill_at_any_point_changes_nothing_in_the_end(tmp_path: Path, way: str) -> None:
    """Every point with HYPOTHESIS_PROFILE=full; otherwise every few, other ones in each way."""
    whole = Fuse()
    expected, _ = await run(tmp_path / "undisturbed", way, whole)
    assert expected.state is ProposalState.DONE
    assert len(whole.passed) > 80
    for number in points(way, len(whole.passed)):
        fuse = Fuse(number)
        end, crashed = await run(tmp_path / str(number), way, fuse)
        assert crashed
        assert end == expected, (number, fuse.passed[-1])


def points(way: str, count: int) -> range:
    stride = by_profile(quick=9 if way == "all_goes_well" else 22, full=1)
    return range(1 + list(WAYS).index(way) % stride, count + 1, stride)
