"""Killed at every point while two portfolios are carried out at two brokers: each ends as if nothing had been."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.domain.ids import ProposalId, Symbol
from core.domain.proposal import Proposal
from tests.application.acts import ask, decide
from tests.fakes.broker import FakeBroker, Mishap
from tests.reliability.crashing import Fuse, Killed
from tests.reliability.family import run
from tests.reliability.life import Life
from tests.reliability.profile import by_profile

WAYS: dict[str, tuple[Mishap | None, ...]] = {
    "all_goes_well": (),
    "the_first_answer_is_lost": (Mishap.LOST_ANSWER,),
    "the_first_never_arrives": (Mishap.NEVER_ARRIVED,),
    "the_first_is_seen_late": (Mishap.LATE,),
    "orders_rest_and_fill_in_parts": (Mishap.RESTING, Mishap.PARTIAL),
}


@dataclass
class Two:
    """Anna's two portfolios, both approved, each with an account of its own."""

    life: Life
    brokers: tuple[FakeBroker, FakeBroker]
    proposals: tuple[ProposalId, ProposalId]

    def end(self) -> tuple[Any, ...]:
        """Where both came to rest."""
        states = self.life.rows("SELECT id, state FROM proposals ORDER BY id")
        return (states, *((broker.cash, dict(broker.positions)) for broker in self.brokers))

    def hold(self) -> None:
        """Each order is once at the broker that it belongs to, and all that was filled there is recorded."""
        recorded = {
            name for (name,) in self.life.rows("SELECT execution_id || order_id FROM fills")
        }
        count = 0
        for broker, number in zip(self.brokers, self.proposals, strict=True):
            names = [order.client_order_id for order in broker.orders]
            assert len(names) == len(set(names))
            assert {name.split("-")[2] for name in names} == {str(number)}
            count += sum(len(order.fills) for order in broker.orders)
        assert len(recorded) == count


def two_approved(mishaps: tuple[Mishap | None, ...]) -> Two:
    """AAA 70 @ 100 · BBB 60 @ 50 · cash 1000 in the one, AAA 10 · BBB 150 · cash 400 in the other."""
    life = Life()
    life.broker.mishaps = deque(mishaps)
    other = FakeBroker(
        account_id="FAKE-2",
        market_clock=life.world.market_clock,
        prices=life.broker.prices,
        mishaps=deque(mishaps),
        cash=Decimal(400),
        positions={Symbol("AAA"): Decimal(10), Symbol("BBB"): Decimal(150)},
    )
    first, second = run(_approve_both(life, other))
    return Two(life, (life.broker, other), (first, second))


async def _approve_both(life: Life, other: FakeBroker) -> tuple[ProposalId, ProposalId]:
    world, anna = life.world, life.people["anna"]
    made = await world.portfolio(anna, {"AAA": 60, "BBB": 40}, "Second")
    assert made.portfolio.accounts[0].broker_account_id == other.account_id
    world.brokers.by_id[other.account_id] = other
    approved: list[Proposal] = []
    for key, portfolio_id in enumerate((life.portfolio_id, made.portfolio.portfolio.id)):
        asked = await ask(world, anna, portfolio_id, str(key))
        assert asked.proposal is not None
        approved.append((await decide(world, anna, asked.proposal)).proposal)
    life.approvals_are_not_held()
    return approved[0].id, approved[1].id


def lived(way: str, at: int) -> tuple[Two, Fuse]:
    """Both are carried out by a process that ends at the point, and then by the next one."""
    two, fuse = two_approved(WAYS[way]), Fuse(at)
    life = two.life
    try:
        for _ in range(4):
            life.run(execute_approved(life.breakable(fuse)))
    except Killed:
        life.starts_anew()
        life.time_goes_on(timedelta(minutes=2))
        life.run(reconcile(life.desk()))
        for _ in range(4):
            life.run(execute_approved(life.desk()))
    two.hold()
    return two, fuse


@pytest.mark.fault(1)
@pytest.mark.parametrize("way", WAYS)
def test_a_kill_at_any_point_changes_neither_account_s_end(way: str) -> None:
    whole, fuse = lived(way, 0)
    expected, count = whole.end(), len(fuse.passed)
    assert {state for _, state in expected[0]} == {"done"}
    assert count > 100
    stride = by_profile(quick=41, full=1)
    for at in range(1 + list(WAYS).index(way), count + 1, stride):
        two, burnt = lived(way, at)
        assert two.end() == expected, (at, burnt.passed[-1])
