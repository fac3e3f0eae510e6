"""``evenkeel connect`` where real money is traded: another account is asked for, and takes its place a day later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.work import desk_of
from core.application.object_to_change import object_to_change
from core.application.settle_changes import settle_changes
from core.domain.change import NOTICE, ChangeState
from core.domain.ids import ChangeId, UserId
from core.domain.ladder import Confirmation
from core.domain.membership import Role
from core.domain.portfolio import Rung
from tests.bot.key_stage import CANARIES, FIRST, SECOND, KeyStage, key_stage
from tests.contracts.store_samples import settle
from tests.fakes.clock import FakeClock

CHANGE = ChangeId(1)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[KeyStage]:
    """A family whose portfolio has traded real money until a moment ago."""
    async with key_stage(tmp_path) as made:
        account, now = await made.account(), datetime.now(UTC)
        async with made.store() as store, store.begin() as work:
            (owner,) = await work.people.memberships(account.portfolio_id)
            await work.ladder.confirm(
                Confirmation(account.id, "987", Rung.LIVE_CAPPED, owner.member.id, now)
            )
            await work.ladder.end_confirmation(account.id, now)
        yield made
    assert not [canary for canary in CANARIES if canary in "".join(made.said)]


async def ask(stage: KeyStage) -> None:
    done = await stage.connect()
    assert done.exit_code == 0, done.output
    assert "@family trades real money, so this is asked for as change 1" in done.output
    assert (await stage.account()).broker == "simulated"
    assert [kept.key_hint for kept in await stage.kept()] == [FIRST[0][-4:]]


async def state(stage: KeyStage) -> ChangeState:
    async with stage.store() as store, store.read() as work:
        change = await work.changes.get(CHANGE)
    assert change is not None
    return change.state


async def a_day_later(stage: KeyStage) -> int:
    own = {"alpaca_api_key": SecretStr(SECOND[0]), "alpaca_secret_key": SecretStr(SECOND[1])}
    async with stage.running(**own) as runtime:
        clock = FakeClock(datetime.now(UTC) + NOTICE)
        return await settle_changes(replace(desk_of(runtime), clock=clock))


async def test_another_account_takes_its_place_after_a_day(stage: KeyStage) -> None:
    await ask(stage)
    assert await a_day_later(stage) == 1
    account = await stage.account()
    assert (account.broker, account.broker_account_id) == ("alpaca", "PA3FAKE0001")
    assert await state(stage) is ChangeState.IN_FORCE
    assert ("account_connected", "alpaca …0001 broker_paper") in await stage.events()
    async with stage.store() as store, store.read() as work:
        attached = await work.credentials.of_account("alpaca", "PA3FAKE0001")
    assert attached is not None


async def test_an_objection_forgets_the_keys(stage: KeyStage) -> None:
    await ask(stage)
    async with stage.store() as store:
        async with store.begin() as work:
            household = await work.people.first_household()
            assert household is not None
            ben = await work.people.add_member(UserId(700_000_000_002), household, "Ben")
            change = await work.changes.get(CHANGE)
            assert change is not None
            await work.people.set_role(ben.id, change.portfolio_id, Role.APPROVER)
        clock = FakeClock(datetime.now(UTC))
        await object_to_change(store, clock, member=ben, change_id=CHANGE)
    assert await stage.kept() == ()
    assert await a_day_later(stage) == 0
    assert (await stage.account()).broker == "simulated"


async def test_keys_that_are_gone_by_then_overtake_it(stage: KeyStage) -> None:
    await ask(stage)
    async with stage.store() as store, store.begin() as work:
        await work.credentials.remove((await work.credentials.all())[0].id)
    assert await a_day_later(stage) == 1
    assert await state(stage) is ChangeState.OVERTAKEN
    assert (await stage.account()).broker == "simulated"


async def test_an_account_that_somebody_else_connected_meanwhile_is_not_taken(
    stage: KeyStage,
) -> None:
    await ask(stage)
    async with stage.store() as store:
        other = await settle(store, user=700_000_000_009, slug="other")
        async with store.begin() as work:
            await work.portfolios.move_account(
                other.account.id,
                broker="alpaca",
                broker_account_id="PA3FAKE0001",
                rung=Rung.BROKER_PAPER,
            )
    assert await a_day_later(stage) == 1
    assert await state(stage) is ChangeState.OVERTAKEN
