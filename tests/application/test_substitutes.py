"""A line with substitutes: what is held of any of them counts, and the first that may be bought is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from core.application.change_policy import change_policy
from core.application.check_drift import request_rebalance
from core.application.check_result import CheckResult, Outcome
from core.application.decide_proposal import approve_proposal
from core.application.execute_proposal import execute_approved
from core.application.set_targets import set_targets
from core.application.show_proposal import load_view
from core.domain.ids import PortfolioId, Symbol
from core.domain.membership import Member
from core.domain.proposal import ProposalState
from core.domain.targets import TargetAllocation, TargetLine
from tests.fakes.world import World

A, B, C = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
SHARED = TargetAllocation(
    (TargetLine(A, Decimal(50), substitutes=(C,)), TargetLine(B, Decimal(50)))
)


async def family(world: World, *rules: tuple[str, str]) -> tuple[Member, PortfolioId]:
    """AAA|CCC 50 and BBB 50, with the given settings."""
    anna = await world.person()
    current = await world.portfolio(anna)
    portfolio_id = current.portfolio.portfolio.id
    await set_targets(
        world.store,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=portfolio_id,
        targets=SHARED,
    )
    if rules:
        await change_policy(
            world.store,
            world.market,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            pairs=list(rules),
        )
    world.price(AAA=100, BBB=50, CCC=25)
    return anna, portfolio_id


async def ask(world: World, member: Member, portfolio_id: PortfolioId) -> CheckResult:
    return await request_rebalance(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        portfolio_id=portfolio_id,
        request_key="1",
    )


def trades(result: CheckResult) -> Any:
    assert result.plan is not None, result
    return [(str(trade.side), trade.symbol) for trade in result.plan.trades]


async def test_what_is_held_of_a_substitute_counts(world: World) -> None:
    anna, portfolio_id = await family(world)
    world.hold(0, AAA=25, CCC=100, BBB=100)
    assert (await ask(world, anna, portfolio_id)).outcome is Outcome.ON_TARGET


async def test_the_first_is_bought_while_it_may_be(world: World) -> None:
    anna, portfolio_id = await family(world)
    world.hold(0, CCC=100, BBB=150)
    assert trades(await ask(world, anna, portfolio_id)) == [("sell", B), ("buy", A)]


async def test_the_next_is_bought_where_the_first_must_not_be_and_the_order_is_filled(
    world: World,
) -> None:
    anna, portfolio_id = await family(world, ("do_not_buy", "AAA"))
    world.hold(0, AAA=25, BBB=150)
    result = await ask(world, anna, portfolio_id)
    assert trades(result) == [("sell", B), ("buy", C)]
    assert result.proposal is not None
    await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=result.proposal.id,
        revision=1,
    )
    assert await execute_approved(world.desk) == 1
    view = await load_view(world.store, result.proposal.id)
    assert view.proposal.state is ProposalState.DONE
    assert world.broker.positions[C] > 0
    assert view.report is not None
    assert view.report.drift_after is not None
    assert view.report.drift_after < 1


@pytest.mark.parametrize("price", ["NaN", "0"])
async def test_a_substitute_without_a_good_price_is_left_alone(world: World, price: str) -> None:
    """That a fund nobody holds has no price refuses no check."""
    anna, portfolio_id = await family(world, ("do_not_buy", "AAA"))
    world.hold(0, AAA=25, BBB=150)
    world.prices.set_price(C, Decimal(price))
    result = await ask(world, anna, portfolio_id)
    assert C not in {symbol for _, symbol in trades(result)}
