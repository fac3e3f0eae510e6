"""What every store does with holds on accounts and with looks at them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.hold import Hold, HoldReason
from core.domain.ids import ClientOrderId, Symbol
from core.domain.look import Held, Look
from core.domain.order import Fill, OrderState
from core.domain.plan import Side
from core.domain.policy import Policy
from core.domain.targets import TargetAllocation
from core.ports.store import Store
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import BND, EXACT, NOW, VTI, Family, an_order, propose, settle

SOON = timedelta(minutes=5)
R = HoldReason


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


def a_hold(family: Family, reason: R = R.KEYS_REFUSED, detail: str = "refused") -> Hold:
    return Hold(family.account.id, reason, detail, NOW)


async def test_one_hold_of_each_reason_stands_on_an_account(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, slug="other")
    async with store.begin() as work:
        assert await work.holds.place(a_hold(family))
        assert not await work.holds.place(a_hold(family, detail="locked"))
        assert await work.holds.place(a_hold(family, R.STRANGE_FILL, "more rb-1"))
        assert await work.holds.place(a_hold(other))
    async with store.read() as work:
        keys, strange = await work.holds.standing(family.account.id)
        assert (keys.reason, keys.detail, keys.since) == (R.KEYS_REFUSED, "locked", NOW)
        assert strange == a_hold(family, R.STRANGE_FILL, "more rb-1")
        both = await work.holds.standing_in([family.portfolio.id, other.portfolio.id])
        assert both == {family.portfolio.id: (keys, strange), other.portfolio.id: (a_hold(other),)}
        owned = await work.holds.portfolios_of({other.account.id})
        assert owned == {other.account.id: other.portfolio}
        assert await work.holds.every_standing() == (keys, strange, a_hold(other))


async def test_a_hold_is_lifted_once_and_can_be_placed_again(store: Store) -> None:
    family = await settle(store)
    number = family.account.id
    async with store.begin() as work:
        assert not await work.holds.lift(number, R.KEYS_REFUSED, NOW, None)
        await work.holds.place(a_hold(family))
        assert await work.holds.lift(number, R.KEYS_REFUSED, NOW + SOON, None)
        assert not await work.holds.lift(number, R.KEYS_REFUSED, NOW + SOON, None)
        assert await work.holds.standing(number) == ()
        assert await work.holds.place(a_hold(family, detail="again"))
        assert [hold.detail for hold in await work.holds.standing(number)] == ["again"]


async def test_what_a_person_has_lifted_is_known_and_what_lifted_itself_is_not(
    store: Store,
) -> None:
    family = await settle(store)
    number, reason = family.account.id, R.STRANGE_FILL
    async with store.begin() as work:
        for detail, by in (("unknown rb-1", family.member.id), ("unknown rb-2", None)):
            await work.holds.place(a_hold(family, reason, detail))
            await work.holds.lift(number, reason, NOW, by)
    async with store.read() as work:
        assert [h.detail for h in await work.holds.lifted(number, reason)] == ["unknown rb-1"]


def a_look(family: Family, minutes: int = 0) -> Look:
    return Look(
        family.account.id,
        NOW + timedelta(minutes=minutes),
        Decimal("120.55"),
        "USD",
        {VTI: Held(EXACT, "asset-vti", Decimal("150.10")), BND: Held(Decimal("-0.5"))},
        fills_seen=minutes,
    )


async def test_the_latest_look_comes_back_with_every_digit(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        assert await work.looks.last(family.account.id) is None
        for minutes in range(8):
            await work.looks.add(a_look(family, minutes))
        await work.looks.add(a_look(family, 7))
    async with store.read() as work:
        assert await work.looks.last(family.account.id) == a_look(family, 7)


async def test_forgotten_looks_are_gone_and_others_stay(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, slug="other")
    async with store.begin() as work:
        await work.looks.add(a_look(family))
        await work.looks.add(a_look(other))
        await work.looks.forget(family.account.id)
    async with store.read() as work:
        assert await work.looks.last(family.account.id) is None
        assert await work.looks.last(other.account.id) == a_look(other)


async def test_only_the_last_few_looks_are_kept(store: Store) -> None:
    from sqlalchemy import func, select

    from core.adapters.store.accounts import LOOKS_KEPT
    from core.adapters.store.store import SqlUnitOfWork
    from core.adapters.store.tables import ACCOUNT_SNAPSHOTS

    family = await settle(store)
    async with store.begin() as work:
        for minutes in range(12):
            await work.looks.add(a_look(family, minutes))
    async with store.read() as work:
        assert isinstance(work, SqlUnitOfWork)
        rows = select(func.count()).select_from(ACCOUNT_SNAPSHOTS)
        assert await work._database.value(rows) == LOOKS_KEPT


# --- what is ours at an account ------------------------------------------------------------------


def a_fill(name: str, quantity: int) -> Fill:
    return Fill(name, Decimal(quantity), Decimal(1), Decimal(0), NOW)


async def test_our_executions_are_summed_by_symbol_from_a_number_on(store: Store) -> None:
    """VTI −3 −4 at first; then BND +10 and VTI −1."""
    family = await settle(store)
    other = await settle(store, slug="other")
    mine = family.account.id
    async with store.begin() as work:
        proposal = await propose(work, family)
        sale = an_order(family, proposal.id)
        purchase = replace(an_order(family, proposal.id, leg=2), side=Side.BUY, symbol=BND)
        await work.orders.add([sale, purchase, an_order(other, proposal.id, leg=3)])
        first, second, foreign = await work.orders.of_proposal(proposal.id)
        assert await work.orders.fills_since(mine, 0) == ({}, 0)
        await work.orders.add_fills(first.id, [a_fill("a", 3), a_fill("b", 4)])
        await work.orders.add_fills(foreign.id, [a_fill("x", 99)])
        net, newest = await work.orders.fills_since(mine, 0)
        assert net == {VTI: -7}
        assert await work.orders.fills_since(mine, newest) == ({}, newest)
        await work.orders.add_fills(second.id, [a_fill("c", 10)])
        await work.orders.add_fills(first.id, [a_fill("d", 1)])
        net, later = await work.orders.fills_since(mine, newest)
        assert net == {VTI: -1, BND: 10}
        assert later > newest


async def test_orders_are_found_by_account_state_and_name(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, slug="other")
    mine, states = family.account.id, frozenset({OrderState.INTENDED, OrderState.VOID})
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.orders.add([an_order(family, proposal.id, leg) for leg in (1, 2)])
        await work.orders.add([an_order(other, proposal.id, 3)])
        first, second, _ = await work.orders.of_proposal(proposal.id)
        assert await work.orders.of_account(mine, states) == (first, second)
        assert await work.orders.last_of_account(mine, OrderState.INTENDED) == second
        assert await work.orders.last_of_account(mine, OrderState.FILLED) is None
        stranger = ClientOrderId("rb-else-1-1-1")
        known = await work.orders.known([first.client_order_id, stranger])
        assert known == {first.client_order_id}


async def test_portfolios_are_found_by_their_broker(store: Store) -> None:
    family = await settle(store)
    other = await settle(store, slug="other")
    async with store.begin() as work:
        await work.portfolios.move_account(
            other.account.id, broker="fake", broker_account_id="F1", rung=other.account.rung
        )
        bare = await work.portfolios.add(
            family.portfolio.household_id, "bare", "Bare", "USD", Policy()
        )
    async with store.read() as work:
        assert [a.broker for a in await work.portfolios.houses()] == ["simulated", "fake"]
        assert await work.portfolios.active_at("simulated") == (family.portfolio.id,)
        assert await work.portfolios.active_at("fake") == (other.portfolio.id,)
        assert await work.portfolios.active_at("nowhere") == ()
        assert await work.portfolios.every() == (family.portfolio, other.portfolio, bare)


# --- other names ---------------------------------------------------------------------------------

FB, META = Symbol("FB"), Symbol("META")


@pytest.mark.fault(39)
@pytest.mark.parametrize("is_known", [False, True])
async def test_targets_hold_what_has_another_name_under_its_new_one(
    store: Store, is_known: bool
) -> None:
    """FB becomes META, which may be known already because a price of it was seen; its orders are META's."""
    family = await settle(store)
    wanted = TargetAllocation.of({"FB": 60, "BND": 40})
    async with store.begin() as work:
        await work.portfolios.set_targets(family.portfolio.id, wanted, by=family.member.id, at=NOW)
        if is_known:
            await work.instruments.ensure([META], "USD")
        proposal = await propose(work, family)
        await work.orders.add([replace(an_order(family, proposal.id), symbol=FB)])
    async with store.read() as work:
        assert (await work.portfolios.get(family.portfolio.id)).targets == wanted
    async with store.begin() as work:
        await work.instruments.rename(FB, META, NOW + SOON)
    async with store.read() as work:
        managed = await work.portfolios.get(family.portfolio.id)
        assert managed.targets == TargetAllocation.of({"META": 60, "BND": 40})
        (order,) = await work.orders.of_proposal(proposal.id)
        assert order.symbol == META
        assert len(await work.portfolios.changes(family.portfolio.id, 9)) == 3


async def test_a_name_that_nobody_has_is_not_changed(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await work.instruments.rename(FB, META, NOW)
        await work.instruments.rename(VTI, META, NOW + SOON)
        await work.instruments.rename(META, FB, NOW + 2 * SOON)
    async with store.read() as work:
        managed = await work.portfolios.get(family.portfolio.id)
        assert managed.targets == TargetAllocation.of({"FB": 60, "BND": 35, "CASH": 5})
