"""Killed at every point while one plan is carried out in two accounts at two brokers: each ends as it would anyway."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.application.add_account import add_account
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.domain.ids import ProposalId, Symbol
from core.domain.proposal import ProposalState
from core.domain.tax_treatment import TaxTreatment
from tests.application.acts import ask, decide
from tests.fakes.broker import FakeBroker, Mishap
from tests.reliability.crashing import Fuse, Killed
from tests.reliability.family import run
from tests.reliability.life import Life
from tests.reliability.profile import by_profile

AAA = Symbol("AAA")
WAYS: dict[str, tuple[Mishap | None, ...]] = {
    "all_goes_well": (),
    "the_first_answer_is_lost": (Mishap.LOST_ANSWER,),
    "the_first_is_seen_late": (Mishap.LATE,),
}


@dataclass
class OnePlan:
    """Anna's portfolio of two accounts, whose one plan is approved and trades in both."""

    life: Life
    brokers: tuple[FakeBroker, FakeBroker]
    proposal: ProposalId

    def end(self) -> tuple[Any, ...]:
        """Where it came to rest."""
        states = self.life.rows("SELECT id, state FROM proposals ORDER BY id")
        return (states, *((broker.cash, dict(broker.positions)) for broker in self.brokers))

    def hold(self) -> None:
        """Each order is once at its account's own broker and nowhere else, fills are recorded, no cash is overdrawn."""
        placed = self.life.rows("SELECT account_id, client_order_id FROM orders")
        for number, broker in enumerate(self.brokers, start=1):
            names = [order.client_order_id for order in broker.orders]
            assert len(names) == len(set(names))
            assert set(names) <= {name for account, name in placed if account == number}
            assert broker.cash >= 0
        recorded = self.life.rows("SELECT execution_id || order_id FROM fills")
        assert len(recorded) == sum(len(o.fills) for b in self.brokers for o in b.orders)


def approved(mishaps: tuple[Mishap | None, ...]) -> OnePlan:
    """AAA 50 @ 100 · cash 100 in each account, of which a quarter is to stay."""
    life = Life()
    other = FakeBroker(
        account_id="FAKE-2", market_clock=life.world.market_clock, prices=life.broker.prices
    )
    number = run(_approve(life, other))
    for broker in (life.broker, other):
        broker.mishaps = deque(mishaps)
    return OnePlan(life, (life.broker, other), number)


async def _approve(life: Life, other: FakeBroker) -> ProposalId:
    world, anna = life.world, life.people["anna"]
    added = await add_account(
        world.store,
        world.brokers,
        world.clock,
        member=anna,
        portfolio_id=life.portfolio_id,
        name="IRA",
        broker=other.name,
        treatment=TaxTreatment.TAX_DEFERRED,
    )
    assert added.account.broker_account_id == other.account_id
    world.brokers.by_id[other.account_id] = other
    await world.set_targets(anna, life.portfolio_id, {"AAA": 25, "BBB": 75})
    for broker in (life.broker, other):
        broker.cash, broker.positions = Decimal(100), {AAA: Decimal(50)}
    asked = await ask(world, anna, life.portfolio_id)
    assert asked.proposal is not None
    assert len(asked.proposal.revision.plan.traded_in) == 2
    decided = await decide(world, anna, asked.proposal)
    life.approvals_are_not_held()
    return decided.proposal.id


def lived(way: str, at: int) -> tuple[OnePlan, Fuse]:
    """It is carried out by a process that ends at the point, and then by the next one."""
    plan, fuse = approved(WAYS[way]), Fuse(at)
    life = plan.life
    try:
        for _ in range(4):
            life.run(execute_approved(life.breakable(fuse)))
    except Killed:
        life.starts_anew()
        life.time_goes_on(timedelta(minutes=2))
        life.run(reconcile(life.desk()))
        for _ in range(4):
            life.run(execute_approved(life.desk()))
    plan.hold()
    return plan, fuse


@pytest.mark.fault(1)
@pytest.mark.parametrize("way", WAYS)
def test_a_kill_between_or_inside_the_accounts_changes_neither_s_end(way: str) -> None:
    whole, fuse = lived(way, 0)
    expected, count = whole.end(), len(fuse.passed)
    assert {state for _, state in expected[0]} == {ProposalState.DONE}
    assert all(broker.orders for broker in whole.brokers)
    stride = by_profile(quick=31, full=1)
    for at in range(1 + list(WAYS).index(way), count + 1, stride):
        plan, burnt = lived(way, at)
        assert plan.end() == expected, (at, burnt.passed[-1])
