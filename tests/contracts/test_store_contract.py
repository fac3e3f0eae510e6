"""What every store does with people, portfolios, instruments and checks, and how it keeps transactions apart."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextvars import Context
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import pytest

from core.domain.ids import (
    ChatId,
    CheckId,
    HouseholdId,
    MemberId,
    PortfolioId,
    Symbol,
    TopicId,
    UserId,
)
from core.domain.ledger import Split
from core.domain.membership import Role
from core.domain.policy import Band, CalendarRule, Policy
from core.domain.portfolio import Rung
from core.domain.refusals import NameTaken
from core.domain.targets import TargetAllocation, TargetLine
from core.ports.guard import UnitOfWorkOpen, is_unit_of_work_open, require_no_unit_of_work
from core.ports.store import AuditEvent, MarketRow, Store
from core.ports.store_errors import StoreConflict, StoreError
from tests.contracts.store_backends import BACKENDS, POSTGRES, fresh_store, reopened
from tests.contracts.store_samples import BND, EXACT, NOW, TODAY, VTI, propose, settle


@pytest.mark.postgres
@pytest.mark.skipif(not POSTGRES, reason="no EVENKEEL_TEST_POSTGRES_URL: held against SQLite only")
def test_the_contract_is_held_against_postgres_too() -> None:
    assert "postgres" in BACKENDS


class OnPurposeError(Exception):
    """What a test raises to have a unit of work undone."""


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(backend: str, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(backend, tmp_path) as fresh:
        yield fresh


# --- units of work -------------------------------------------------------------------------------


async def test_a_clean_exit_keeps_and_an_exception_undoes(store: Store) -> None:
    async with store.begin() as work:
        await work.people.add_household("Kept")
    with contextlib.suppress(OnPurposeError):
        async with store.begin() as work:
            await work.people.add_member(UserId(1), HouseholdId(1), "Ann")
            raise OnPurposeError
    async with store.read() as work:
        assert await work.people.first_household() is not None
        assert await work.people.member_of_user(UserId(1)) is None


async def test_a_reading_unit_of_work_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError):
        async with store.read() as work:
            await work.people.add_household("Never")
    async with store.read() as work:
        assert await work.people.first_household() is None


async def test_a_reader_sees_one_state_while_others_write(store: Store) -> None:
    family = await settle(store)

    async def rename() -> None:
        async with store.begin() as work:
            await work.people.set_layout(family.member.id, "list")

    async with store.read() as work:
        before = await work.people.member(family.member.id)
        await asyncio.get_running_loop().create_task(rename(), context=Context())
        assert await work.people.member(family.member.id) == before
    async with store.read() as work:
        assert (await work.people.member(family.member.id)).layout == "list"


async def test_a_unit_of_work_inside_another_is_refused(store: Store) -> None:
    async with store.begin():
        assert is_unit_of_work_open()
        with pytest.raises(UnitOfWorkOpen, match="asking the broker"):
            require_no_unit_of_work("asking the broker")
        with pytest.raises(UnitOfWorkOpen):
            async with store.read():
                pass
    require_no_unit_of_work("asking the broker")


async def test_two_stores_that_read_then_write_wait_for_each_other(
    store: Store, backend: str, tmp_path: Path
) -> None:
    """Each of 2 × 20 tasks reads the depth of the outbox and writes one more row."""
    other = await reopened(backend, tmp_path)
    family = await settle(store)

    async def read_then_write(chosen: Store) -> None:
        async with chosen.begin() as work:
            found = await work.portfolios.get(family.portfolio.id)
            weight = found.policy.cool_down + 1
            policy = Policy(cool_down=weight)
            await work.portfolios.set_policy(
                family.portfolio.id, policy, by=family.member.id, at=NOW
            )

    await asyncio.gather(*(read_then_write(one) for one in (store, other) for _ in range(20)))
    async with store.read() as work:
        assert (await work.portfolios.get(family.portfolio.id)).policy.cool_down == 5 + 40
    await other.aclose()


async def test_a_cancelled_unit_of_work_leaves_nothing_and_blocks_nobody(store: Store) -> None:
    started = asyncio.Event()

    async def never_ends() -> None:
        async with store.begin() as work:
            await work.people.add_household("Gone")
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.begin() as work:
        assert await work.people.first_household() is None
        await work.people.add_household("Next")


# --- people --------------------------------------------------------------------------------------


async def test_the_installation_keeps_its_name(store: Store, backend: str, tmp_path: Path) -> None:
    async with store.read() as work:
        name = await work.people.install_id()
    assert len(name) == 8
    assert name.isalnum()
    assert name == name.lower()
    again = await reopened(backend, tmp_path)
    async with again.read() as work:
        assert await work.people.install_id() == name
    await again.aclose()


async def test_members_are_known_by_their_number(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await work.people.set_layout(family.member.id, "list")
        await work.people.set_picture(family.member.id, "dark")
        await work.people.set_reachable(family.member.id, reachable=False)
    async with store.read() as work:
        found = await work.people.member_of_user(UserId(700_000_000_001))
        assert found == await work.people.member(family.member.id)
        assert found is not None
        assert (found.layout, found.picture, found.is_reachable) == ("list", "dark", False)
        assert found.is_active
        assert await work.people.member_of_user(UserId(2)) is None
        with pytest.raises(KeyError):
            await work.people.member(MemberId(99))
    async with store.begin() as work:
        back = await work.people.add_member(found.user_id, found.household_id, "Anna")
    assert (back.id, back.name, back.layout, back.is_reachable) == (found.id, "Anna", "list", True)
    assert back.picture == "dark"


async def test_roles_are_given_changed_and_taken(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        household = family.portfolio.household_id
        zoe = await work.people.add_member(UserId(2), household, "zoe")
        bob = await work.people.add_member(UserId(3), household, "Bob")
        await work.people.set_role(zoe.id, family.portfolio.id, Role.VIEWER)
        await work.people.set_role(bob.id, family.portfolio.id, Role.VIEWER)
        await work.people.set_role(zoe.id, family.portfolio.id, Role.OWNER)
    async with store.read() as work:
        everybody = await work.people.memberships(family.portfolio.id)
        assert [(m.member.name, m.role) for m in everybody] == [
            ("Ann", Role.OWNER),
            ("zoe", Role.OWNER),
            ("Bob", Role.VIEWER),
        ]
        assert await work.people.role(bob.id, family.portfolio.id) is Role.VIEWER
        assert [p.slug for p in await work.portfolios.of_member(bob.id)] == ["family"]
    async with store.begin() as work:
        await work.people.remove_membership(bob.id, family.portfolio.id)
        assert await work.people.role(bob.id, family.portfolio.id) is None
        assert await work.portfolios.of_member(bob.id) == ()


# --- portfolios ----------------------------------------------------------------------------------


async def test_a_portfolio_comes_back_with_all_that_a_check_needs(store: Store) -> None:
    family = await settle(store)
    async with store.read() as work:
        found = await work.portfolios.get(family.portfolio.id)
        assert found.portfolio == family.portfolio
        assert found.accounts == (family.account,)
        assert found.policy == Policy()
        assert found.targets == TargetAllocation.of({"VTI": "60", "BND": "35", "CASH": "5"})
        with pytest.raises(KeyError):
            await work.portfolios.get(PortfolioId(99))


async def test_a_name_is_taken_once_in_a_household(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        with pytest.raises(NameTaken):
            await work.portfolios.add(
                family.portfolio.household_id, "family", "Family", "USD", Policy()
            )
        other = await work.people.add_household("Next door")
        made = await work.portfolios.add(other, "family", "Family", "USD", Policy())
        assert (await work.portfolios.get(made.id)).targets is None
    async with store.read() as work:
        mine = await work.portfolios.of_household(family.portfolio.household_id)
        assert mine == (family.portfolio,)


async def test_no_two_accounts_are_the_same_money(store: Store) -> None:
    family = await settle(store)
    with pytest.raises(StoreConflict):
        async with store.begin() as work:
            await work.portfolios.add_account(
                family.portfolio.id,
                name="Again",
                broker="simulated",
                broker_account_id="sim-family",
                currency="USD",
                rung=Rung.SIMULATED,
                tax_owner_id=None,
            )


async def test_a_broker_s_account_is_known_by_broker_and_id(store: Store) -> None:
    await settle(store)
    async with store.read() as work:
        assert await work.portfolios.is_account_known("simulated", "sim-family")
        assert not await work.portfolios.is_account_known("simulated", "sim-other")
        assert not await work.portfolios.is_account_known("alpaca", "sim-family")


async def test_targets_and_policies_keep_their_history(store: Store) -> None:
    family = await settle(store)
    lines = (
        TargetLine(VTI, Decimal("40.5"), "stocks", (Symbol("ITOT"), Symbol("SPTM"))),
        TargetLine(Symbol("CASH"), Decimal("59.5")),
    )
    policy = Policy(
        calendar=CalendarRule.QUARTERLY,
        bands=MappingProxyType({VTI: Band(Decimal(3), None)}),
        do_not_sell=frozenset({BND}),
        check_times=(time(11, 0), time(15, 30)),
    )
    by = family.member.id
    async with store.begin() as work:
        later = NOW + timedelta(days=1)
        await work.portfolios.set_targets(
            family.portfolio.id, TargetAllocation(lines), by=by, at=later
        )
        await work.portfolios.set_policy(
            family.portfolio.id, policy, by=by, at=later + timedelta(hours=1)
        )
    async with store.read() as work:
        found = await work.portfolios.get(family.portfolio.id)
        assert found.targets == TargetAllocation(lines)
        assert found.policy == policy
        changes = await work.portfolios.changes(family.portfolio.id, 10)
        assert [(c.kind, c.member_name) for c in changes] == [
            ("policy", "Ann"),
            ("targets", "Ann"),
            ("targets", "Ann"),
        ]
        assert changes[1].after == "VTI 40.5 · CASH 59.5"
        assert changes[2].after == "VTI 60 · BND 35 · CASH 5"
        for words in ("calendar quarterly", "bands VTI absolute 3", "do_not_sell BND"):
            assert words in changes[0].after
        assert "min_trade" not in changes[0].after
        assert len(await work.portfolios.changes(family.portfolio.id, 1)) == 1


async def test_targets_rolled_back_are_not_remembered(store: Store) -> None:
    family = await settle(store)
    other = TargetAllocation.of({"BND": 100})
    with contextlib.suppress(OnPurposeError):
        async with store.begin() as work:
            await work.portfolios.set_targets(
                family.portfolio.id, other, by=family.member.id, at=NOW
            )
            assert (await work.portfolios.get(family.portfolio.id)).targets == other
            raise OnPurposeError
    final = TargetAllocation.of({"VTI": 100})
    async with store.begin() as work:
        await work.portfolios.set_targets(family.portfolio.id, final, by=family.member.id, at=NOW)
    async with store.read() as work:
        assert (await work.portfolios.get(family.portfolio.id)).targets == final


async def test_the_kill_switch_and_the_home_chat_are_remembered(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await work.portfolios.set_paused(family.portfolio.id, paused=True)
        await work.portfolios.set_home_chat(
            family.portfolio.id, ChatId(-1_001_234_567_890), TopicId(7)
        )
    async with store.read() as work:
        portfolio = (await work.portfolios.get(family.portfolio.id)).portfolio
        assert portfolio.is_paused
        assert (portfolio.home_chat_id, portfolio.home_topic_id) == (-1_001_234_567_890, 7)
        assert await work.portfolios.at_home(ChatId(-1_001_234_567_890)) == (portfolio,)
        assert await work.portfolios.at_home(ChatId(-1)) == ()
    async with store.begin() as work:
        await work.portfolios.set_home_chat(family.portfolio.id, None)
        portfolio = (await work.portfolios.get(family.portfolio.id)).portfolio
        assert (portfolio.home_chat_id, portfolio.home_topic_id) == (None, None)


async def test_many_portfolios_come_back_in_order(store: Store) -> None:
    families = [await settle(store, user=n, slug=f"p{n}") for n in range(1, 6)]
    ids = [family.portfolio.id for family in families]
    async with store.read() as work:
        found = await work.portfolios.many([*reversed(ids), PortfolioId(999)])
        assert [one.portfolio.id for one in found] == ids
        assert [one.accounts[0].id for one in found] == [f.account.id for f in families]
        assert await work.portfolios.many([]) == ()


# --- instruments ---------------------------------------------------------------------------------


async def test_the_latest_close_of_the_latest_session_wins(store: Store) -> None:
    other = Symbol("BRK.B")
    async with store.begin() as work:
        await work.instruments.ensure([VTI, BND, VTI], "USD")
        await work.instruments.ensure([VTI], "USD")
        await work.instruments.record_closes(TODAY, {VTI: Decimal("1.10"), other: EXACT})
        await work.instruments.record_closes(TODAY, {VTI: Decimal("1.20")})
        await work.instruments.record_closes(TODAY - timedelta(days=1), {VTI: Decimal(9)})
    async with store.read() as work:
        closes = await work.instruments.last_closes([VTI, BND, other], TODAY)
        assert closes == {VTI: Decimal("1.20"), other: EXACT}
        assert str(closes[VTI]) == "1.20"
        assert await work.instruments.last_closes([VTI], TODAY + timedelta(days=1)) == {}


@pytest.mark.fault(37)
async def test_a_close_of_before_a_split_is_held_against_no_price(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        await work.instruments.record_closes(TODAY, {VTI: Decimal(100), BND: Decimal(70)})
        split = Split(VTI, TODAY, Fraction(4))
        assert await work.taxes.add_split(family.account.id, split, NOW)
        assert await work.instruments.last_closes([VTI, BND], TODAY) == {BND: Decimal(70)}
        tomorrow = TODAY + timedelta(days=1)
        await work.instruments.record_closes(tomorrow, {VTI: Decimal(25)})
        assert await work.instruments.last_closes([VTI], TODAY) == {VTI: Decimal(25)}


@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("Infinity"), 1.5])
async def test_no_amount_is_a_float_or_without_end(store: Store, bad: Decimal) -> None:
    with pytest.raises((TypeError, ValueError)):
        async with store.begin() as work:
            await work.instruments.record_closes(TODAY, {VTI: bad})


# --- checks --------------------------------------------------------------------------------------


async def test_a_slot_has_one_check_however_many_ask(store: Store) -> None:
    family = await settle(store)

    async def ask() -> bool:
        async with store.begin() as work:
            return await work.checks.add_due(family.portfolio.id, TODAY, "11:00", NOW)

    assert sum(await asyncio.gather(*(ask() for _ in range(10)))) == 1
    async with store.begin() as work:
        rows = [
            (family.portfolio.id, TODAY, "11:00", NOW),
            (family.portfolio.id, TODAY, "15:30", NOW + timedelta(hours=4)),
        ]
        assert await work.checks.add_due_many(rows) == 1
        assert await work.checks.add_due_many([]) == 0


async def test_checks_fall_due_in_order_and_are_finished_once(store: Store) -> None:
    family = await settle(store)
    mine = family.portfolio.id
    async with store.begin() as work:
        assert await work.checks.unscheduled() == (mine,)
        await work.checks.add_due(mine, TODAY, "close-30m", NOW + timedelta(hours=4))
        assert await work.checks.unscheduled() == ()
        await work.checks.add_due(mine, TODAY, "open+15m", NOW + timedelta(hours=2))
        await work.checks.add_due(mine, TODAY, "11:00", NOW)
        await work.checks.add_due(mine, TODAY, "update:77", NOW)
        assert await work.checks.unscheduled() == ()
        assert await work.checks.next_due_at() == NOW
        assert await work.checks.next_due_of(mine) == NOW
        due = await work.checks.due(NOW)
        assert [check.slot for check in due] == ["11:00", "update:77"]
        first = due[0]
        assert await work.checks.finish(first.id, "on_target", "0.1", NOW)
        assert not await work.checks.finish(first.id, "refused", "", NOW)
        done = await work.checks.get(first.id)
        assert done is not None
        assert (done.check, done.outcome, done.detail) == (first, "on_target", "0.1")
        assert done.finished_at == NOW
        assert await work.checks.by_slot(mine, TODAY, "11:00") == done
        assert await work.checks.last(mine) == done
        assert await work.checks.get(CheckId(999)) is None
        assert await work.checks.next_due_of(mine) == NOW + timedelta(hours=2)
        await work.checks.drop_unfinished(mine)
        assert [check.slot for check in await work.checks.due(NOW + timedelta(days=9))] == [
            "update:77"
        ]
        assert await work.checks.unscheduled() == (mine,)


async def test_many_checks_are_finished_at_once(store: Store) -> None:
    families = [await settle(store, user=n, slug=f"p{n}") for n in (1, 2)]
    async with store.begin() as work:
        for family in families:
            await work.checks.add_due(family.portfolio.id, TODAY, "11:00", NOW)
        due = await work.checks.due(NOW)
        await work.checks.finish(due[0].id, "refused", "first", NOW)
        await work.checks.finish_many([(check.id, "on_target", "") for check in due], NOW)
        records = [await work.checks.get(check.id) for check in due]
    assert [record.outcome for record in records if record] == ["refused", "on_target"]


async def test_a_repetition_of_a_scheduled_check_is_a_look_at_its_session(store: Store) -> None:
    family = await settle(store)
    mine = family.portfolio.id
    looks = {4: "again2:11:00", 5: "again1:close-30m", 6: "again1:late", 9: "again1:settled"}
    async with store.begin() as work:
        for day, slot in looks.items():
            await work.checks.add_due(mine, date(2020, 3, day), slot, NOW)
        for check in await work.checks.due(NOW):
            await work.checks.finish(check.id, "on_target", "", NOW)
    async with store.read() as work:
        before = [
            (await work.checks.previous_sessions([mine], date(2020, 3, day))).get(mine)
            for day in (4, 5, 6, 7, 10)
        ]
    assert before == [None, *(date(2020, 3, day) for day in (4, 5, 6, 6))]


async def test_the_session_before_is_that_of_the_last_scheduled_check(store: Store) -> None:
    family = await settle(store)
    mine = family.portfolio.id
    days = [date(2020, 3, day) for day in (2, 3, 4)]
    async with store.begin() as work:
        for day in days:
            await work.checks.add_due(mine, day, "11:00", NOW)
        await work.checks.add_due(mine, TODAY, "update:1", NOW)
        for check in await work.checks.due(NOW):
            if check.session != days[2]:
                await work.checks.finish(check.id, "on_target", "", NOW)
    async with store.read() as work:
        assert await work.checks.previous_sessions([mine], days[1]) == {mine: days[0]}
        assert await work.checks.previous_sessions([mine], days[0]) == {}
        assert await work.checks.previous_sessions([mine, PortfolioId(9)], TODAY) == {mine: days[1]}


# --- log and market ------------------------------------------------------------------------------


async def test_the_log_is_read_newest_first(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        proposal = await propose(work, family)
        await work.log.record(AuditEvent(NOW, "started"))
        full = AuditEvent(NOW, "approved", family.member.id, family.portfolio.id, proposal.id, "x")
        await work.log.record(full)
    async with store.read() as work:
        assert await work.log.events(None, 10) == (full, AuditEvent(NOW, "started"))
        assert await work.log.events(family.portfolio.id, 10) == (full,)
        assert await work.log.events(None, 1) == (full,)


async def test_the_log_of_one_proposal_is_read_oldest_first(store: Store) -> None:
    family = await settle(store)
    here = family.portfolio.id
    async with store.begin() as work:
        proposal = await propose(work, family)
        about = [AuditEvent(NOW, kind, None, here, proposal.id, "x") for kind in ("a", "b")]
        await work.log.record_many([about[0], AuditEvent(NOW, "else", None, here), about[1]])
    async with store.read() as work:
        assert await work.log.of_proposal(here, proposal.id) == tuple(about)
        assert await work.log.of_proposal(PortfolioId(here + 1), proposal.id) == ()


async def test_the_market_has_one_row_and_instants_come_back_in_utc(store: Store) -> None:
    paris = datetime(2020, 3, 5, 17, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    async with store.begin() as work:
        assert await work.log.market() is None
        await work.log.set_market(MarketRow(NOW, 0))
        await work.log.set_market(MarketRow(paris, 1.5))
        found = await work.log.market()
    assert found == MarketRow(paris, 1.5)
    assert found.instant.tzinfo is UTC
    with pytest.raises(ValueError, match="time zone"):
        async with store.begin() as work:
            await work.log.set_market(MarketRow(NOW.replace(tzinfo=None), 0))
