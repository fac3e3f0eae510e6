"""How a member reads: the number format of their app until they choose one; values that count what is set aside."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.measured import read_values
from core.application.settings import change_preferences, remember_language
from core.domain.preferences import NumberFormat
from tests.fakes.world import small_world


async def test_the_app_s_language_counts_until_a_format_is_chosen(tmp_path: Path) -> None:
    async with small_world(tmp_path) as world:
        anna = await world.person()
        same = await remember_language(world.store, member=anna, language="en")
        assert same.preferences.numbers is None
        german = await remember_language(world.store, member=anna, language="de")
        assert german.preferences.numbers is NumberFormat.DE
        chosen = await change_preferences(
            world.store,
            member=german,
            change=lambda before: replace(before, numbers=NumberFormat.UK),
        )
        still = await remember_language(world.store, member=chosen, language="de")
        assert still.preferences.numbers is NumberFormat.UK
        async with world.store.read() as work:
            assert (await work.people.member(anna.id)).preferences == still.preferences


@pytest.mark.parametrize(
    ("detail", "value"),
    [
        ('{"total": "900.00"}', "900"),
        ('{"total": "900.00", "set_aside": "100.00"}', "1000"),
        ('{"refusal": "PricesRefused"}', None),
        ("", None),
    ],
)
async def test_money_that_is_set_aside_is_still_there(
    tmp_path: Path, detail: str, value: str | None
) -> None:
    async with small_world(tmp_path) as world:
        anna = await world.person()
        portfolio = (await world.portfolio(anna)).portfolio.portfolio.id
        now, day = world.clock.now(), date(2020, 3, 9)
        async with world.store.begin() as work:
            await work.checks.add_due(portfolio, day, "11:00", now)
            record = await work.checks.by_slot(portfolio, day, "11:00")
            assert record is not None
            done = now + timedelta(minutes=1)
            await work.checks.finish(record.check.id, "on_target", detail, done)
            found = await read_values(work, portfolio)
        assert [each.valued.value for each in found] == ([] if value is None else [Decimal(value)])
        assert all(each.valued.at == each.noted_at == done for each in found)
