"""What every store says of very many portfolios in columns: the plain ones, their lines, and whether they still are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain.earmark import Earmark
from core.domain.harvest import Switch
from core.domain.hold import Hold, HoldReason
from core.domain.ids import ChatId, EarmarkId, PortfolioId, UserId
from core.domain.membership import Role
from core.domain.packed import PackedLines, PlainPortfolio
from core.domain.policy import Policy
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from core.domain.rules import Action
from core.domain.targets import TargetAllocation, TargetLine
from core.ports.store import Store, UnitOfWork
from tests.contracts.store_backends import BACKENDS, fresh_store
from tests.contracts.store_samples import BND, NOW, TODAY, VTI, Family, propose, settle

DAY = timedelta(days=1)


@pytest.fixture(params=BACKENDS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(request.param, tmp_path) as fresh:
        yield fresh


async def plain(store: Store, family: Family) -> tuple[PlainPortfolio, ...]:
    async with store.read() as work:
        return await work.columns.plain([family.portfolio.id, PortfolioId(99)], TODAY)


async def test_a_plain_portfolio_comes_with_its_account_policy_and_lines(store: Store) -> None:
    family = await settle(store)
    (found,) = await plain(store, family)
    assert found == PlainPortfolio(
        family.portfolio.id,
        family.portfolio.household_id,
        "USD",
        None,
        "simulated",
        "sim-family",
        found.targets_version,
        found.policy_version,
        Policy(),
        None,
        None,
    )
    async with store.read() as work:
        lines = await work.columns.targets([found.targets_version, 99])
        called = await work.columns.instruments()
        assert await work.columns.targets([found.targets_version]) == lines
        assert await work.columns.targets([99, 98]) == PackedLines()
    assert set(lines.owners.split(",")) == {f"{found.targets_version}"}
    weights = zip(lines.names.split(","), lines.amounts.split(","), strict=True)
    assert {called[int(number)]: weight for number, weight in weights} == {
        VTI: "60",
        BND: "35",
        "CASH": "5",
    }


async def test_it_says_when_it_was_looked_at_and_when_a_proposal_was_settled(store: Store) -> None:
    family = await settle(store)
    here = family.portfolio.id
    async with store.begin() as work:
        for days, outcome in ((1, "refused"), (2, "on_target")):
            day = TODAY - days * DAY
            await work.checks.add_due(here, day, "11:00", NOW - days * DAY)
            record = await work.checks.by_slot(here, day, "11:00")
            assert record is not None
            await work.checks.finish(record.check.id, outcome, "{}", NOW)
        proposal = await propose(work, family)
        await work.proposals.move(proposal.id, ProposalState.OPEN, ProposalState.REJECTED)
    (found,) = await plain(store, family)
    assert (found.checked, found.settled) == (TODAY - DAY, TODAY)
    async with store.read() as work:
        (found,) = await work.columns.plain([here], TODAY, ["refused"])
    assert found.checked == TODAY - 2 * DAY


Deed = Callable[[UnitOfWork, Family], Awaitable[object]]


async def _another_account(work: UnitOfWork, family: Family) -> None:
    await work.portfolios.add_account(
        family.portfolio.id,
        name="Second",
        broker="simulated",
        broker_account_id="sim-2",
        currency="USD",
        rung=Rung.SIMULATED,
        tax_owner_id=None,
    )


async def _substitute(work: UnitOfWork, family: Family) -> None:
    line = TargetLine(VTI, Decimal(100), substitutes=(BND,))
    targets = TargetAllocation((line,))
    await work.portfolios.set_targets(family.portfolio.id, targets, by=family.member.id, at=NOW)


async def _hold(work: UnitOfWork, family: Family) -> None:
    await work.holds.place(Hold(family.account.id, HoldReason.RESTRICTED, "", NOW))


async def _earmark(work: UnitOfWork, family: Family) -> None:
    ids = family.account.id, family.member.id
    await work.earmarks.add(Earmark(EarmarkId(0), ids[0], Decimal(5), NOW, TODAY, ids[1], None))


async def _rule(work: UnitOfWork, family: Family) -> None:
    here, by = family.portfolio.id, family.member.id
    rule = await work.rules.add(here, "VIX > 30", Action.HOLD_OFF, factor=None, by=by, at=NOW)
    await work.rules.switch(here, rule.id, is_enabled=True)


async def _switch(work: UnitOfWork, family: Family) -> None:
    proposal = await propose(work, family)
    await work.proposals.move(proposal.id, ProposalState.OPEN, ProposalState.REJECTED)
    switch = Switch(
        portfolio_id=family.portfolio.id,
        account_id=family.account.id,
        proposal_id=proposal.id,
        sold=VTI,
        bought=BND,
        sold_on=TODAY,
        saves=Decimal(1),
        look_from=date(2020, 4, 5),
    )
    await work.harvests.add([switch])


async def _pause(work: UnitOfWork, family: Family) -> None:
    await work.portfolios.set_paused(family.portfolio.id, paused=True)


@pytest.mark.parametrize(
    "deed",
    [_another_account, _substitute, _hold, _earmark, _rule, _switch, _pause, propose],
    ids=lambda deed: deed.__name__.strip("_"),
)
async def test_what_is_out_of_the_ordinary_is_not_plain(store: Store, deed: Deed) -> None:
    family, other = await settle(store), await settle(store, user=2, slug="other")
    (before,) = await plain(store, family)
    async with store.begin() as work:
        await deed(work, family)
    assert await plain(store, family) == ()
    async with store.read() as work:
        assert await work.columns.still_plain([before]) == frozenset()
    assert [each.id for each in await plain(store, other)] == [other.portfolio.id]


async def test_one_without_targets_is_not_plain(store: Store) -> None:
    family = await settle(store)
    async with store.begin() as work:
        household = family.portfolio.household_id
        empty = await work.portfolios.add(household, "empty", "Empty", "USD", Policy())
        assert await work.columns.plain([empty.id], TODAY) == ()


async def _new_targets(work: UnitOfWork, family: Family) -> None:
    targets = TargetAllocation.of({"VTI": "60", "BND": "35", "CASH": "5"})
    await work.portfolios.set_targets(family.portfolio.id, targets, by=family.member.id, at=NOW)


async def _new_policy(work: UnitOfWork, family: Family) -> None:
    here, by = family.portfolio.id, family.member.id
    await work.portfolios.set_policy(here, Policy(), by=by, at=NOW)


async def _new_home(work: UnitOfWork, family: Family) -> None:
    await work.portfolios.set_home_chat(family.portfolio.id, ChatId(-7))


async def _moved(work: UnitOfWork, family: Family) -> None:
    await work.portfolios.move_account(
        family.account.id, broker="simulated", broker_account_id="sim-9", rung=Rung.SIMULATED
    )


@pytest.mark.parametrize(
    "deed", [_new_targets, _new_policy, _new_home, _moved], ids=lambda d: d.__name__.strip("_")
)
async def test_one_that_was_touched_is_not_what_it_was(store: Store, deed: Deed) -> None:
    family, other = await settle(store), await settle(store, user=2, slug="other")
    before = [*await plain(store, family), *await plain(store, other)]
    async with store.begin() as work:
        assert await work.columns.still_plain(before) == {family.portfolio.id, other.portfolio.id}
        await deed(work, family)
        assert await work.columns.still_plain(before) == {other.portfolio.id}


async def test_private_chats_are_those_of_the_reachable_in_a_role_owners_first(
    store: Store,
) -> None:
    family = await settle(store)
    here, household = family.portfolio.id, family.portfolio.household_id
    async with store.begin() as work:
        for number, name, role in ((11, "Zoe", Role.APPROVER), (12, "bob", Role.APPROVER)):
            member = await work.people.add_member(UserId(number), household, name)
            await work.people.set_role(member.id, here, role)
        lost = await work.people.add_member(UserId(13), household, "Cy")
        await work.people.set_role(lost.id, here, Role.APPROVER)
        await work.people.set_reachable(lost.id, reachable=False)
        roles = [Role.APPROVER, Role.OWNER]
        assert await work.people.chats_of([here, PortfolioId(99)], roles) == {
            here: (ChatId(family.member.user_id), ChatId(12), ChatId(11))
        }
        assert await work.people.chats_of([here], [Role.VIEWER]) == {}
