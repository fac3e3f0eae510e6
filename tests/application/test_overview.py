"""The overview of a member's portfolios: each as it stands, with one request for the prices of all."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from core.application.show_overview import HouseholdOverview, show_overview
from core.domain.ids import Symbol, UserId
from core.domain.membership import Role
from core.domain.refusals import NoPortfolio, NoTargets, PriceSourceDown
from tests.fakes.world import BEN, World


async def look(world: World, member: object) -> tuple[HouseholdOverview, ...]:
    async with asyncio.timeout(5):
        return await show_overview(
            world.store,
            world.brokers,
            world.market,
            member=member,  # type: ignore[arg-type]
        )


async def test_each_portfolio_is_worth_what_it_holds_and_all_prices_are_asked_for_once(
    world: World,
) -> None:
    """
    two accounts, each cash 1,000 · AAA 60 @ 100 · BBB 20 @ 50 -> 8,000 each
    """
    anna = await world.person()
    await world.portfolio(anna, {"AAA": 60, "BBB": 30, "CASH": 10})
    await world.portfolio(anna, {"AAA": 75, "CCC": 25}, name="Savings")
    world.hold(1_000, AAA=60, BBB=20)
    before = len(world.prices.requests)
    (house,) = await look(world, anna)
    assert world.prices.requests[before:] == [
        frozenset({Symbol("AAA"), Symbol("BBB"), Symbol("CCC")})
    ]
    assert [each.managed.portfolio.name for each in house.statuses] == ["Family", "Savings"]
    assert house.totals == {"USD": Decimal(15_000)}, "what Savings has no target for is not counted"
    assert house.unknown == ()


async def test_trouble_in_one_portfolio_is_part_of_the_answer(world: World) -> None:
    anna = await world.person()
    world.hold(1_000, AAA=60, BBB=20)
    await world.portfolio(anna, {"AAA": 60, "BBB": 30, "CASH": 10})
    await world.portfolio(anna, name="Savings")
    world.hold(1_000, AAA=60, BBB=20)
    (house,) = await look(world, anna)
    family, savings = house.statuses
    assert family.drift is not None
    assert isinstance(savings.refusal, NoTargets)
    assert house.totals == {"USD": Decimal(8_000)}
    assert house.unknown == ("Savings",)


async def test_without_prices_every_portfolio_says_so(world: World) -> None:
    anna = await world.person()
    world.hold(1_000, AAA=60, BBB=20)
    await world.portfolio(anna, {"AAA": 60, "BBB": 30, "CASH": 10})
    await world.portfolio(anna, {"AAA": 90, "CASH": 10}, name="Savings")
    world.hold(1_000, AAA=60, BBB=20)
    world.prices.failure = PriceSourceDown("fake", "it is down")
    (house,) = await look(world, anna)
    assert [type(each.refusal) for each in house.statuses] == [PriceSourceDown, PriceSourceDown]
    assert house.totals == {}


async def test_a_member_sees_their_own_portfolios_alone_each_under_its_household(
    world: World,
) -> None:
    anna, ben = await world.person(), await world.person(BEN, "Ben")
    world.hold(1_000, AAA=60, BBB=20)
    shared = await world.portfolio(anna, {"AAA": 60, "BBB": 30, "CASH": 10})
    await world.portfolio(anna, {"AAA": 90, "CASH": 10}, name="Secret")
    await world.give_role(ben, shared.portfolio.portfolio.id, Role.VIEWER)
    (house,) = await look(world, ben)
    assert [each.managed.portfolio.name for each in house.statuses] == ["Family"]
    assert house.name == "Family"
    with pytest.raises(NoPortfolio):
        await look(world, await world.person(UserId(1003), "Carla"))
