"""No other port is awaited while a unit of work is open: held over everything that people and alarms do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.application.change_policy import change_policy
from core.application.check_drift import request_rebalance
from core.application.create_portfolio import create_portfolio
from core.application.decide_proposal import (
    approve_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.edit_proposal import edit_leg, plan_buys_only, plan_in_full
from core.application.harvest_ledger import show_harvests
from core.application.harvest_losses import request_harvest
from core.application.move_cash import deposit, withdraw
from core.application.pause import pause, resume
from core.application.reconcile import reconcile
from core.application.rehearse import rehearse
from core.application.request_withdrawal import request_withdrawal, take_out
from core.application.run_due_work import run_due_work
from core.application.set_targets import preview_targets, set_targets, targets_from_holdings
from core.application.show_status import show_status
from core.domain.ids import ChatId, EarmarkId, ProposalId
from core.domain.proposal import ProposalState
from core.domain.targets import TargetAllocation
from core.ports.guard import UnitOfWorkOpen
from core.ports.store import Chat
from tests.application.test_harvest import losing
from tests.fakes.broker import Mishap
from tests.fakes.world import World, small_world
from tests.reliability.guarded import guarded_brokers, guarded_clock, guarded_market

TARGETS = TargetAllocation.of({"AAA": 50, "BBB": 50})


@pytest.fixture
async def world(tmp_path: Any) -> Any:
    async with small_world(tmp_path) as made:
        yield made


async def test_the_whole_flow_awaits_nothing_outside_within_a_unit_of_work(world: World) -> None:
    calls: list[str] = []
    store = world.store
    brokers = guarded_brokers(world.brokers, calls)
    market = guarded_market(world.market, calls)
    clock = guarded_clock(world.clock, calls)
    desk = replace(world.desk, brokers=brokers, market=market, clock=clock)
    anna = await world.person()
    current = await create_portfolio(
        store,
        brokers,
        clock,
        member=anna,
        name="Family",
        chat=Chat(ChatId(1001), "private", "Anna"),
        broker=world.broker.name,
        opening_cash=Decimal(100),
    )
    pid = current.portfolio.portfolio.id
    mine: dict[str, Any] = {"member": anna, "portfolio_id": pid}
    await preview_targets(store, brokers, market, targets=TARGETS, **mine)
    await set_targets(store, market, clock, targets=TARGETS, **mine)
    world.hold(100, AAA=70, BBB=60)
    await targets_from_holdings(store, brokers, market, **mine)
    await rehearse(store, brokers, market, **mine)
    await show_status(store, brokers, market, **mine)
    await deposit(store, brokers, clock, amount=Decimal(10), key="in", **mine)
    await withdraw(store, brokers, clock, amount=Decimal(10), key="out", **mine)
    await change_policy(store, market, clock, pairs=[("band", "4"), ("cooldown", "0")], **mine)
    await pause(store, clock, **mine)
    await resume(store, clock, **mine)

    asked = await request_rebalance(store, brokers, market, clock, request_key="1", **mine)
    assert asked.proposal is not None
    this: dict[str, Any] = {"member": anna, "proposal_id": asked.proposal.id}
    await snooze_proposal(store, market, clock, revision=1, chat_id=ChatId(1001), **this)
    await edit_leg(store, market, clock, revision=1, leg=1, quantity=Decimal(5), **this)
    await plan_buys_only(store, market, clock, revision=2, **this)
    await plan_in_full(store, market, clock, revision=3, **this)
    await reject_proposal(store, market, clock, revision=4, **this)
    await reopen_proposal(store, market, clock, revision=4, **this)
    await approve_proposal(store, market, clock, revision=4, **this)
    world.price(AAA=102)
    await run_due_work(desk)
    await approve_proposal(store, market, clock, revision=5, **this)
    world.broker.mishaps.extend([Mishap.LOST_ANSWER, Mishap.RESTING])
    await reconcile(desk)
    await run_due_work(desk)
    assert (await world.proposal(asked.proposal.id)).state is ProposalState.DONE

    much: dict[str, Any] = {"amount": Decimal(1000), "key": "w", "chat_id": ChatId(1001)}
    await request_withdrawal(store, brokers, market, clock, **much, **mine)
    raising: dict[str, Any] = {"member": anna, "proposal_id": ProposalId(2)}
    await approve_proposal(store, market, clock, revision=1, **raising)
    await run_due_work(desk)
    await take_out(store, brokers, clock, earmark_id=EarmarkId(1), **mine)

    for price in (102, 140):
        world.price(AAA=price)
        world.pass_time(timedelta(days=1))
        await run_due_work(desk)
    expected = {"broker.submit", "broker.holdings", "broker.find_order", "broker.transfer"}
    expected |= {
        "prices.quotes",
        "brokers.holdings",
        "brokers.packed_holdings",
        "brokers.open_account",
        "clock.sleep",
    }
    assert expected <= set(calls)


async def test_a_harvest_awaits_nothing_outside_within_a_unit_of_work(world: World) -> None:
    anna, managed = await losing(world, ("harvest", "1000"), ("cool_down", "0"))
    calls: list[str] = []
    brokers = guarded_brokers(world.brokers, calls)
    market = guarded_market(world.market, calls)
    clock = guarded_clock(world.clock, calls)
    mine: dict[str, Any] = {"member": anna, "portfolio_id": managed.portfolio.id}
    asked = await request_harvest(world.store, brokers, market, clock, request_key="1", **mine)
    assert asked.proposal is not None
    this: dict[str, Any] = {"member": anna, "proposal_id": asked.proposal.id}
    await approve_proposal(world.store, market, clock, revision=1, **this)
    await run_due_work(replace(world.desk, brokers=brokers, market=market, clock=clock))
    assert (await world.proposal(asked.proposal.id)).state is ProposalState.DONE
    assert (await show_harvests(world.store, market, **mine)).sales
    assert {"broker.submit", "prices.quotes"} <= set(calls)


async def test_the_guard_sees_what_must_not_be(world: World) -> None:
    market = guarded_market(world.market, [])
    async with world.store.read():
        with pytest.raises(UnitOfWorkOpen, match="prices"):
            await market.prices.quotes([])
