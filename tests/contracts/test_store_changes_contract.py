"""What every store keeps of changes of live portfolios that wait."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from core.domain.change import Answer, AnswerKind, ChangeState, PendingChange
from core.domain.change_kinds import (
    AccountAdded,
    AccountConnected,
    HandOver,
    PolicyChange,
    RoleChange,
    RuleTurnedOn,
    RungRaised,
    TargetsChange,
    What,
)
from core.domain.ids import ChangeId, CredentialId, MemberId, PortfolioId, RuleId, Symbol
from core.domain.membership import Role
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy
from core.domain.portfolio import Rung
from core.domain.rules import Action
from core.domain.targets import TargetAllocation, TargetLine
from core.domain.tax_treatment import TaxTreatment
from core.ports.store import Store
from core.ports.store_errors import StoreError
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import FIRST, NOW, Family, settle

LATER = NOW + timedelta(hours=24)
OTHER = TargetAllocation(
    (
        TargetLine(Symbol("VTI"), Decimal("79.5"), "stocks", (Symbol("ITOT"),)),
        TargetLine(Symbol("CASH"), Decimal("20.5")),
    )
)
SETTINGS = [
    ("band:VTI", "3/off"),
    ("min", "12.345"),
    ("nosell", "VTI,BND"),
    ("locations", "bonds:tax_deferred"),
    ("check", "11:00,close-30m"),
    ("many_above", "5000"),
]
EVERY: list[What] = [
    TargetsChange(None, OTHER),
    TargetsChange(TargetAllocation.of({"VTI": 100}), OTHER),
    PolicyChange(Policy(), change_policy(Policy(), SETTINGS)),
    RuleTurnedOn(RuleId(3), "VIX > 30", Action.WIDEN, Decimal("1.5")),
    RoleChange(MemberId(2), Role.VIEWER, Role.OWNER),
    RoleChange(MemberId(2), Role.APPROVER, None),
    HandOver(MemberId(1), MemberId(2), Role.APPROVER),
    AccountAdded(
        "IRA", "manual", "m-2", Rung.DRY_RUN, TaxTreatment.TAX_FREE, opening_cash=Decimal("10.10")
    ),
    AccountConnected(FIRST, ("simulated", "s-1"), "alpaca", "PA31", Rung.DRY_RUN, CredentialId(4)),
    RungRaised(FIRST, "987654321", Rung.LIVE_CAPPED, Rung.LIVE),
]


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


async def draft(store: Store, family: Family, what: What = EVERY[0]) -> PendingChange:
    async with store.begin() as work:
        return await work.changes.draft(family.portfolio.id, what, by=family.member.id, at=NOW)


async def ask(store: Store, change: PendingChange) -> PendingChange:
    async with store.begin() as work:
        moved = await work.changes.move(
            change.id, ChangeState.DRAFTED, ChangeState.ASKED, takes_effect_at=LATER
        )
    assert moved
    return replace(change, state=ChangeState.ASKED, takes_effect_at=LATER)


async def test_every_kind_of_change_comes_back_as_it_was(store: Store) -> None:
    family = await settle(store)
    made = [await draft(store, family, what) for what in EVERY]
    async with store.read() as work:
        assert [await work.changes.get(each.id) for each in made] == made
        assert [each.what for each in made] == EVERY
        assert await work.changes.get(ChangeId(99)) is None


async def test_a_change_is_moved_once_and_keeps_its_time(store: Store) -> None:
    change = await ask(store, await draft(store, await settle(store)))
    async with store.begin() as work:
        again = await work.changes.move(change.id, ChangeState.DRAFTED, ChangeState.ASKED)
        assert not again
        assert await work.changes.get(change.id) == change
        assert await work.changes.move(change.id, ChangeState.ASKED, ChangeState.AGREED)
        assert await work.changes.get(change.id) == replace(change, state=ChangeState.AGREED)


async def test_nothing_is_asked_for_without_a_time(store: Store) -> None:
    change = await draft(store, await settle(store))
    with pytest.raises((IntegrityError, StoreError)):
        async with store.begin() as work:
            await work.changes.move(change.id, ChangeState.DRAFTED, ChangeState.ASKED)


async def test_answers_come_back_in_their_order_with_their_givers_names(store: Store) -> None:
    family = await settle(store)
    change, other = await draft(store, family), await draft(store, family)
    said = tuple(
        Answer(family.member.id, family.member.name, kind, NOW + timedelta(minutes=minute))
        for minute, kind in enumerate(AnswerKind)
    )
    async with store.begin() as work:
        for answer in said:
            await work.changes.answer(change.id, answer)
    async with store.read() as work:
        assert await work.changes.get(change.id) == replace(change, answers=said)
        assert await work.changes.get(other.id) == other


async def test_changes_are_found_by_where_they_stand(store: Store) -> None:
    family = await settle(store)
    theirs = await ask(
        store, await draft(store, await settle(store, user=700_000_000_002, slug="other"))
    )
    drafted, asked = await draft(store, family), await ask(store, await draft(store, family))
    async with store.read() as work:
        waiting = {ChangeState.ASKED, ChangeState.AGREED}
        assert await work.changes.in_states(waiting, family.portfolio.id) == (asked,)
        assert await work.changes.in_states(waiting) == (theirs, asked)
        assert await work.changes.in_states({ChangeState.DRAFTED}) == (drafted,)
        assert await work.changes.in_states(waiting, PortfolioId(99)) == ()


async def test_what_waits_is_due_when_its_day_is_over(store: Store) -> None:
    family = await settle(store)
    drafted, asked = await draft(store, family), await ask(store, await draft(store, family))
    gone = await ask(store, await draft(store, family))
    async with store.begin() as work:
        await work.changes.move(gone.id, ChangeState.ASKED, ChangeState.WITHDRAWN)
        assert await work.changes.due(LATER - timedelta(microseconds=1)) == ()
        assert await work.changes.due(LATER) == (asked.id,)
        await work.changes.move(asked.id, ChangeState.ASKED, ChangeState.AGREED)
        assert await work.changes.due(LATER) == (asked.id,)
        assert await work.changes.drafted_before(NOW) == ()
        assert await work.changes.drafted_before(LATER) == (drafted.id,)


async def test_people_are_reminded_once_of_what_still_waits_for_agreement(store: Store) -> None:
    family = await settle(store)
    await draft(store, family)
    asked, agreed = [await ask(store, await draft(store, family)) for _ in range(2)]
    async with store.begin() as work:
        await work.changes.move(agreed.id, ChangeState.ASKED, ChangeState.AGREED)
        assert await work.changes.to_remind(LATER - timedelta(microseconds=1)) == ()
        assert await work.changes.to_remind(LATER) == (asked.id,)
        assert await work.changes.reminded(asked.id, NOW)
        assert not await work.changes.reminded(asked.id, NOW)
        assert await work.changes.to_remind(LATER) == ()
