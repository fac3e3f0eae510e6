"""Looking before changing targets, and looking without checking."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.rehearse import rehearse
from core.application.schedule_checks import schedule_checks
from core.application.set_targets import (
    TargetsPreview,
    preview_targets,
    set_targets,
    targets_from_holdings,
)
from core.application.show_status import Status, show_status
from core.domain.ids import PortfolioId
from core.domain.membership import Member, Role
from core.domain.quote import PriceFaultKind
from core.domain.refusals import (
    BrokerDown,
    CurrencyMismatch,
    EmptyAccount,
    NotAllowed,
    NoTargets,
    PriceSourceDown,
    PricesRefused,
    Refusal,
    TooManyTargets,
    UnknownPortfolio,
    UnknownSymbol,
)
from core.domain.targets import TargetAllocation
from core.ports.broker import BrokerUnavailable
from tests.application.acts import HALVES, drifted, let_in, proposed
from tests.fakes.world import World


async def preview(
    world: World, member: Member, portfolio_id: PortfolioId, targets: dict[str, int]
) -> TargetsPreview:
    return await preview_targets(
        world.store,
        world.brokers,
        world.market,
        member=member,
        portfolio_id=portfolio_id,
        targets=TargetAllocation.of(targets),
    )


async def status(world: World, member: Member, portfolio_id: PortfolioId) -> Status:
    return await show_status(
        world.store, world.brokers, world.market, member=member, portfolio_id=portfolio_id
    )


# --- targets -------------------------------------------------------------------------------------


async def test_a_preview_shows_what_would_be_traded_and_changes_nothing(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    seen = await preview(world, anna, portfolio_id, {"AAA": 30, "BBB": 70})
    assert seen.plan is not None
    assert {(t.side, str(t.symbol)) for t in seen.plan.trades} == {("sell", "AAA"), ("buy", "BBB")}
    assert seen.before == TargetAllocation.of(HALVES)
    now = await status(world, anna, portfolio_id)
    assert now.managed.targets == seen.before


async def test_a_preview_without_prices_says_why_there_is_no_plan(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.prices.set_price("BBB", 50, at=world.market_clock.instant - timedelta(hours=3))
    seen = await preview(world, anna, portfolio_id, {"AAA": 30, "BBB": 70})
    assert seen.plan is None
    assert isinstance(seen.refusal, PricesRefused)


async def test_a_preview_of_an_empty_account_says_so(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.hold(0)
    seen = await preview(world, anna, portfolio_id, {"AAA": 30, "BBB": 70})
    assert isinstance(seen.refusal, EmptyAccount)


async def test_an_unknown_symbol_is_refused_where_the_list_is_closed(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    with pytest.raises(UnknownSymbol) as refused:
        await preview(world, anna, portfolio_id, {"AAB": 100})
    assert "AAA" in refused.value.suggestions


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [(PriceFaultKind.MISSING, UnknownSymbol), (PriceFaultKind.SOURCE, None)],
)
async def test_where_the_list_is_open_the_source_is_asked(
    world: World, kind: PriceFaultKind, refusal: type[Refusal] | None
) -> None:
    """A source in trouble is no proof that there is no such symbol."""
    anna, portfolio_id = await drifted(world)
    world.prices._is_open_list = True
    world.prices.set_fault("CCC", kind)
    if refusal is None:
        seen = await preview(world, anna, portfolio_id, {"CCC": 100})
        assert isinstance(seen.refusal, PricesRefused)
        return
    with pytest.raises(refusal):
        await preview(world, anna, portfolio_id, {"CCC": 100})


@pytest.mark.fault(41)
async def test_another_currency_is_refused(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.prices._is_open_list = True
    world.prices.set_price("CCC", 10, currency="GBp")
    with pytest.raises(CurrencyMismatch) as refused:
        await set_targets(
            world.store,
            world.market,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            targets=TargetAllocation.of({"CCC": 100}),
        )
    assert (refused.value.subject, refused.value.currency) == ("CCC", "GBp")


async def test_more_lines_than_can_be_read_are_refused(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    many = TargetAllocation.of({f"S{index}": "1.25" for index in range(80)})
    with pytest.raises(TooManyTargets):
        await preview_targets(
            world.store,
            world.brokers,
            world.market,
            member=anna,
            portfolio_id=portfolio_id,
            targets=many,
        )
    with pytest.raises(TooManyTargets):
        await set_targets(
            world.store,
            world.market,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            targets=many,
        )


@pytest.mark.fault(9)
async def test_new_targets_name_what_they_supersede(world: World) -> None:
    anna, proposal = await proposed(world)
    ended = await set_targets(
        world.store,
        world.market,
        world.clock,
        member=anna,
        portfolio_id=proposal.portfolio_id,
        targets=TargetAllocation.of({"AAA": 100}),
    )
    assert ended == (proposal.id,)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROPOSER, Role.APPROVER])
async def test_only_an_owner_sets_targets(world: World, role: Role) -> None:
    _, portfolio_id = await drifted(world)
    ben = await let_in(world, portfolio_id, role)
    with pytest.raises(NotAllowed):
        await preview(world, ben, portfolio_id, {"AAA": 100})


async def test_targets_from_holdings_keep_what_there_is(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    made = await targets_from_holdings(
        world.store, world.brokers, world.market, member=anna, portfolio_id=portfolio_id
    )
    assert sum(made.weights.values()) == 100
    assert made.weight("AAA") == Decimal("69.31")  # type: ignore[arg-type]


async def test_nothing_makes_no_targets(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.hold(100)
    with pytest.raises(EmptyAccount):
        await targets_from_holdings(
            world.store, world.brokers, world.market, member=anna, portfolio_id=portfolio_id
        )


# --- status --------------------------------------------------------------------------------------


async def test_a_status_measures_and_checks_nothing(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    await schedule_checks(world.store, world.market)
    seen = await status(world, anna, portfolio_id)
    assert seen.drift is not None
    assert {str(line.symbol) for line in seen.drift.breached} == {"AAA", "BBB"}
    assert seen.last_check is None
    assert seen.open_proposals == ()
    assert seen.next_check_at is not None
    assert await world.outbox() == []


@pytest.mark.fault(34)
async def test_old_prices_are_shown_with_their_age(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    old = world.market_clock.instant - timedelta(days=2)
    for symbol, price in (("AAA", 100), ("BBB", 50)):
        world.prices.set_price(symbol, price, at=old)
    seen = await status(world, anna, portfolio_id)
    assert seen.drift is not None
    assert seen.prices_at == old


async def test_trouble_is_part_of_the_answer(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    troubles: list[tuple[type[Refusal], object]] = []

    async def refusal() -> type[Refusal]:
        seen = await status(world, anna, portfolio_id)
        assert seen.drift is None
        return type(seen.refusal)  # type: ignore[return-value]

    world.prices.failure = PriceSourceDown("fake", "503")
    troubles.append((PriceSourceDown, await refusal()))
    world.prices.failure = None
    world.prices.set_fault("BBB")
    troubles.append((PricesRefused, await refusal()))
    world.broker.read_error = BrokerUnavailable("502")
    troubles.append((BrokerDown, await refusal()))
    world.broker.read_error = None
    world.hold(0)
    troubles.append((EmptyAccount, await refusal()))
    assert [wanted for wanted, _ in troubles] == [found for _, found in troubles]


async def test_a_status_without_targets_shows_what_is_held(world: World) -> None:
    anna = await world.person()
    current = await world.portfolio(anna)
    world.hold(100, AAA=1)
    seen = await status(world, anna, current.portfolio.portfolio.id)
    assert isinstance(seen.refusal, NoTargets)
    assert seen.holdings is not None
    assert seen.holdings.cash == 100


async def test_a_stranger_sees_nothing(world: World) -> None:
    _, portfolio_id = await drifted(world)
    carl = await world.person(1003, "Carl")  # type: ignore[arg-type]
    with pytest.raises(UnknownPortfolio):
        await status(world, carl, portfolio_id)


# --- the rehearsal -------------------------------------------------------------------------------


async def test_where_a_fall_of_everything_moves_no_weight_one_line_falls(world: World) -> None:
    anna, portfolio_id = await drifted(world)
    world.hold(0, AAA=50, BBB=100)
    seen = await rehearse(
        world.store, world.brokers, world.market, member=anna, portfolio_id=portfolio_id
    )
    assert seen.only == "BBB"
    assert seen.plan.trades
    assert (await world.outbox()) == []
