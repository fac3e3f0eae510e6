"""What every store keeps of rules for market conditions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from core.domain.ids import PortfolioId, RuleId
from core.domain.rules import Action, Rule
from core.ports.store import Store
from core.ports.store_errors import StoreError
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import NOW, Family, settle


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


async def add(
    store: Store, family: Family, action: Action = Action.HOLD_OFF, factor: str | None = None
) -> Rule:
    async with store.begin() as work:
        return await work.rules.add(
            family.portfolio.id,
            "VIX > 30",
            action,
            factor=None if factor is None else Decimal(factor),
            by=family.member.id,
            at=NOW,
        )


async def test_a_new_rule_is_off_and_comes_back_as_it_was(store: Store) -> None:
    family = await settle(store)
    held = await add(store, family)
    widened = await add(store, family, Action.WIDEN, "1.50")
    assert not held.is_enabled
    assert (held.created_by, held.created_at) == (family.member.id, NOW)
    async with store.read() as work:
        assert await work.rules.of(family.portfolio.id) == (held, widened)
        assert await work.rules.of(PortfolioId(99)) == ()
        assert await work.rules.enabled([family.portfolio.id]) == {}


async def test_rules_are_turned_on_and_off_one_by_one(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, user=700_000_000_002, slug="other")
    first, second = await add(store, family), await add(store, family, Action.CHECK_NOW)
    theirs = await add(store, other)
    async with store.begin() as work:
        for rule in (second, first, theirs):
            assert await work.rules.switch(rule.portfolio_id, rule.id, is_enabled=True)
        both = [family.portfolio.id, other.portfolio.id, PortfolioId(99)]
        on = await work.rules.enabled(both)
        assert on == {
            family.portfolio.id: (
                replace(first, is_enabled=True),
                replace(second, is_enabled=True),
            ),
            other.portfolio.id: (replace(theirs, is_enabled=True),),
        }
        assert await work.rules.switch(family.portfolio.id, first.id, is_enabled=False)
        assert await work.rules.enabled([family.portfolio.id]) == {
            family.portfolio.id: (replace(second, is_enabled=True),)
        }
        assert await work.rules.enabled([]) == {}


async def test_rules_of_a_paused_portfolio_are_left_alone_until_it_goes_on(store: Store) -> None:
    family = await settle(store)
    rule = await add(store, family, Action.CHECK_NOW)
    ids = [family.portfolio.id]
    async with store.begin() as work:
        await work.rules.switch(rule.portfolio_id, rule.id, is_enabled=True)
        await work.portfolios.set_paused(family.portfolio.id, paused=True)
        assert await work.rules.enabled(ids) == {}
        assert await work.rules.to_look_at(NOW) == ()
        await work.portfolios.set_paused(family.portfolio.id, paused=False)
        assert list(await work.rules.enabled(ids)) == ids
        assert await work.rules.to_look_at(NOW) == tuple(ids)


async def test_another_portfolios_rule_is_neither_switched_nor_removed(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, user=700_000_000_002, slug="other")
    rule = await add(store, family)
    async with store.begin() as work:
        assert not await work.rules.switch(other.portfolio.id, rule.id, is_enabled=True)
        assert not await work.rules.remove(other.portfolio.id, rule.id)
        assert not await work.rules.remove(family.portfolio.id, RuleId(99))
        assert await work.rules.of(family.portfolio.id) == (rule,)


async def test_a_removed_rules_number_is_not_used_again(store: Store) -> None:
    family = await settle(store)
    rule = await add(store, family)
    async with store.begin() as work:
        assert await work.rules.remove(family.portfolio.id, rule.id)
        assert not await work.rules.remove(family.portfolio.id, rule.id)
    assert (await add(store, family)).id > rule.id


@pytest.mark.parametrize(("action", "factor"), [(Action.WIDEN, None), (Action.NOTIFY, "2")])
async def test_a_factor_without_a_widening_is_not_stored_nor_a_widening_without_one(
    store: Store, action: Action, factor: str | None
) -> None:
    family = await settle(store)
    with pytest.raises((IntegrityError, StoreError)):
        await add(store, family, action, factor)


async def test_a_turn_is_noted_once_and_only_of_rules_that_are_on(store: Store) -> None:
    family = await settle(store)
    rule = await add(store, family)
    first, later = date(2020, 3, 9), date(2020, 3, 10)
    async with store.begin() as work:
        assert not await work.rules.turn(rule.id, first)
        await work.rules.switch(rule.portfolio_id, rule.id, is_enabled=True)
        assert not await work.rules.turn(rule.id, None)
        assert await work.rules.turn(rule.id, first)
        assert not await work.rules.turn(rule.id, later)
        (kept,) = await work.rules.of(family.portfolio.id)
        assert kept.holding_since == first
        assert (kept.told_on, kept.is_told) == (None, False)
        await work.rules.told(rule.id, first)
        (kept,) = await work.rules.of(family.portfolio.id)
        assert (kept.told_on, kept.is_told) == (first, True)
        assert await work.rules.turn(rule.id, None)
        assert await work.rules.turn(rule.id, later)
        await work.rules.switch(rule.portfolio_id, rule.id, is_enabled=True)
        (kept,) = await work.rules.of(family.portfolio.id)
        assert (kept.holding_since, kept.told_on) == (None, None)


async def test_portfolios_are_looked_at_again_after_a_while_where_a_rule_checks_now(
    store: Store,
) -> None:
    family = await settle(store)
    other = await settle(store, user=700_000_000_002, slug="other")
    first, second = await add(store, family, Action.CHECK_NOW), await add(store, family)
    theirs = await add(store, other, Action.CHECK_NOW)
    async with store.begin() as work:
        assert await work.rules.to_look_at(NOW) == ()
        for rule in (first, second):
            await work.rules.switch(rule.portfolio_id, rule.id, is_enabled=True)
        assert await work.rules.to_look_at(NOW) == (family.portfolio.id,)
        await work.rules.looked([first.id, second.id], NOW)
        await work.rules.looked([], NOW)
        assert await work.rules.to_look_at(NOW - timedelta(seconds=1)) == ()
        assert await work.rules.to_look_at(NOW) == (family.portfolio.id,)
        await work.rules.switch(theirs.portfolio_id, theirs.id, is_enabled=True)
        both = (family.portfolio.id, other.portfolio.id)
        assert await work.rules.to_look_at(NOW) == both
        assert await work.rules.to_look_at(NOW - timedelta(seconds=1)) == both[1:]
