"""What a broker tells of money that came and went, for a look back at an account that is not ours."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.ask_flows import ask_flows
from core.application.compare_left_alone import Lack
from core.application.measured import Measured, Span
from core.application.read_performance import Performance, show_performance
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.cash_moves import CashKind, CashMove, Income
from core.domain.performance import Flow, Period, Valued
from core.domain.session import NEW_YORK
from core.ports.broker import BrokerUnavailable
from tests.fakes.world import small_world

D = Decimal


def on(day: int) -> datetime:
    return datetime(2020, 3, day, 15, tzinfo=UTC)


def measured(day: int, value: int) -> Measured:
    return Measured(on(day), Valued(on(day), D(value)), date(2020, 3, day))


def move(kind: CashKind, amount: str, day: int) -> CashMove:
    return CashMove(f"{kind}{day}", kind, D(amount), date(2020, 3, day))


SPAN = Span(
    (measured(9, 1000), measured(10, 1010), measured(11, 1500), measured(12, 1520)), None, True
)


async def told(folder: Path, *moves: CashMove) -> tuple[Span, Income] | None:
    async with small_world(folder) as world:
        anna = await world.person()
        managed = (await world.portfolio(anna)).portfolio
        world.broker.cash_told = moves
        return await ask_flows(world.brokers, managed, SPAN)


async def test_values_of_a_day_on_which_money_moved_are_left_out(tmp_path: Path) -> None:
    """1000, 1010, [500 come] 1500, 1520 -> 1000, 1010, 1520 with 500 at noon of the 11th; a dividend is a part of it"""
    found = await told(
        tmp_path,
        move(CashKind.PAID, "500", 11),
        move(CashKind.DIVIDEND, "3", 10),
        move(CashKind.DIVIDEND, "-0.45", 10),
        move(CashKind.FEE, "-0.02", 12),
    )
    assert found is not None
    span, income = found
    assert [each.valued.value for each in span.values] == [1000, 1010, 1520]
    noon = datetime(2020, 3, 11, 12, tzinfo=NEW_YORK)
    assert span.flows == (Flow(noon, D(500)),)
    assert income == Income(D("2.55"), D(0), D("0.02"))


async def test_money_on_the_first_or_the_last_day_moves_the_ends(tmp_path: Path) -> None:
    found = await told(tmp_path, move(CashKind.PAID, "7", 9), move(CashKind.PAID, "7", 12))
    assert found is not None
    assert [each.session.day for each in found[0].values] == [10, 11]
    assert found[0].flows == ()


@pytest.mark.parametrize("amount", ["0", "12"])
async def test_shares_that_came_without_a_price_leave_the_gain_unknown(
    tmp_path: Path, amount: str
) -> None:
    assert await told(tmp_path, move(CashKind.UNCLEAR, amount, 10)) is None


async def test_a_look_back_asks_the_broker_and_does_without_where_it_is_silent(
    tmp_path: Path,
) -> None:
    async with small_world(tmp_path) as world:
        anna = await world.person()
        world.hold(1_000, AAA=60, BBB=20)
        current = await world.portfolio(anna, {"AAA": 75, "BBB": 13, "CASH": 12})
        for _ in range(3):
            await schedule_checks(world.store, world.market)
            world.pass_time(timedelta(days=1))
            await run_due_work(world.desk)

        async def look() -> Performance:
            return await show_performance(
                world.store,
                world.brokers,
                world.market,
                member=anna,
                portfolio_id=current.portfolio.portfolio.id,
                period=Period.ALL,
            )

        for error in (None, BrokerUnavailable("not now")):
            world.broker.read_error = error
            unknown = await look()
            assert (unknown.gain, unknown.income) == (None, None)
        world.broker.read_error = None
        world.broker.cash_told = (move(CashKind.PAID, "250", 11),)
        found = await look()
        assert found.against is Lack.NOT_SIMULATED
        assert [each.session.day for each in found.span.values] == [10, 12]
        assert (found.moved, found.gain) == ((D(250), D(0)), D(-250))
