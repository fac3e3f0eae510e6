"""Accounts for which nothing is sent: why, who is told, and how it goes on."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from core.application.execute_proposal import execute_approved
from core.application.hold_account import hold_account
from core.application.release_hold import go_on, look_again, use_account
from core.application.run_due_work import run_due_work
from core.application.watch_accounts import watch_accounts
from core.domain.access_fault import AccessFault
from core.domain.hold import HoldReason
from core.domain.ids import PortfolioId, Symbol
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.outbox import MessageKind
from core.domain.portfolio import Account, Rung
from core.domain.proposal import ProposalState
from core.domain.refusals import (
    AccountHeld,
    AccountInUse,
    BrokerDown,
    CurrencyMismatch,
    NotAllowed,
    OtherAccountNow,
)
from core.ports.broker import (
    AccountReport,
    BrokerOrder,
    BrokerUnavailable,
    NoAccess,
    OrderRequest,
)
from tests.application.acts import ask, decide, let_in, proposed, view
from tests.application.watching import LATER, changes_told, holds, look, reasons, told_of, watched
from tests.fakes.broker import Mishap
from tests.fakes.world import World

R = HoldReason
REFUSED = NoAccess(AccessFault.REFUSED, "401")


async def account_of(world: World, portfolio_id: PortfolioId) -> Account:
    async with world.store.read() as work:
        return (await work.portfolios.get(portfolio_id)).accounts[0]


async def hold(world: World, portfolio_id: PortfolioId, reason: R = R.STRANGE_FILL) -> None:
    async with world.store.begin() as work:
        managed = await work.portfolios.get(portfolio_id)
        await hold_account(work, managed.parts[0], reason, "", world.clock.now())


# --- what a hold does ----------------------------------------------------------------------------


@pytest.mark.parametrize("reason", R)
async def test_a_held_account_gets_no_plan(world: World, reason: R) -> None:
    anna, portfolio_id = await watched(world)
    await hold(world, portfolio_id, reason)
    refusal = (await ask(world, anna, portfolio_id)).refusal
    assert isinstance(refusal, AccountHeld)
    assert refusal.reasons == (reason,)


@pytest.mark.parametrize("reason", R)
async def test_a_held_account_gets_no_order(world: World, reason: R) -> None:
    anna, proposal = await proposed(world)
    await decide(world, anna, proposal)
    await hold(world, proposal.portfolio_id, reason)
    await execute_approved(world.desk)
    assert world.broker.submits == []
    assert (await view(world, proposal)).proposal.state is ProposalState.APPROVED


async def test_what_is_proposed_for_a_held_account_cannot_be_approved(world: World) -> None:
    anna, proposal = await proposed(world)
    await hold(world, proposal.portfolio_id)
    with pytest.raises(AccountHeld):
        await decide(world, anna, proposal)


async def test_a_hold_stops_an_execution_within_one_order(world: World) -> None:
    """It is placed after the sale was sent: the purchase is not."""
    anna, proposal = await proposed(world)
    await decide(world, anna, proposal)
    submit = world.broker.submit

    async def then_held(request: OrderRequest) -> BrokerOrder:
        await hold(world, proposal.portfolio_id)
        return await submit(request)

    world.broker.submit = then_held  # type: ignore[method-assign]
    await execute_approved(world.desk)
    sale, purchase = (await view(world, proposal)).orders
    assert (sale.state, purchase.state) == (OrderState.FILLED, OrderState.VOID)
    assert len(world.broker.submits) == 1


async def test_the_scheduled_check_of_a_held_account_says_nothing_more(world: World) -> None:
    _, portfolio_id = await watched(world)
    await run_due_work(world.desk)
    await hold(world, portfolio_id)
    world.pass_time(timedelta(days=1, minutes=1))
    done = await run_due_work(world.desk)
    assert done.checks.checked == 1
    assert await told_of(world, MessageKind.CHECK_REFUSED) == []


async def test_owners_are_told_once_and_then_at_most_once_a_day(world: World) -> None:
    anna, portfolio_id = await watched(world)
    await let_in(world, portfolio_id, Role.APPROVER)
    await hold(world, portfolio_id)
    for hours, count in ((1, 1), (6, 1), (12, 2), (1, 2), (24, 3)):
        world.clock.advance(timedelta(hours=hours))
        await watch_accounts(world.desk)
        await hold(world, portfolio_id)
        items = await told_of(world, MessageKind.HELD)
        assert len(items) == count, hours
        assert {int(item.chat_id) for item in items} == {int(anna.user_id)}


# --- keys and restrictions -----------------------------------------------------------------------


@pytest.mark.fault(30)
async def test_refused_keys_hold_the_account_until_they_are_taken_again(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.read_error = REFUSED
    await look(world)
    (placed,) = await holds(world)
    assert (placed.reason, placed.detail) == (R.KEYS_REFUSED, "refused")
    await look(world)
    assert len(await told_of(world, MessageKind.HELD)) == 1
    world.broker.read_error = None
    await look(world)
    assert await holds(world) == ()
    assert len(await told_of(world, MessageKind.HOLD_OVER)) == 1
    assert (await ask(world, anna, portfolio_id)).proposal is not None


@pytest.mark.fault(30)
async def test_keys_that_fail_now_and_then_do_not_fill_the_chat(world: World) -> None:
    await watched(world)
    for _ in range(10):
        world.broker.read_error = REFUSED
        await look(world)
        world.broker.read_error = None
        await look(world)
    assert len(await told_of(world, MessageKind.HELD)) == 1
    assert len(await told_of(world, MessageKind.HOLD_OVER)) == 1


@pytest.mark.fault(30)
async def test_a_restricted_account_is_held_until_the_broker_says_otherwise(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.is_restricted = True
    await look(world)
    assert await reasons(world) == [R.RESTRICTED]
    world.broker.is_restricted = False
    assert await look_again(world.desk, member=anna, portfolio_id=portfolio_id) == ()


@pytest.mark.fault(19)
async def test_a_broker_that_fails_holds_nothing(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.read_error = BrokerUnavailable("500")
    await look(world)
    assert await holds(world) == ()
    with pytest.raises(BrokerDown):
        await look_again(world.desk, member=anna, portfolio_id=portfolio_id)


@pytest.mark.fault(30)
async def test_an_approved_plan_is_not_begun_with_refused_keys(world: World) -> None:
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    world.pass_time(timedelta(minutes=1))
    world.broker.read_error = REFUSED
    await execute_approved(world.desk)
    assert await reasons(world) == [R.KEYS_REFUSED]
    assert world.broker.submits == []


# --- another account -----------------------------------------------------------------------------


def now_really(world: World) -> None:
    """From now on the fake stands behind its new number too."""
    world.brokers.by_id["FAKE-9"] = world.broker
    world.broker.account_id = "FAKE-9"


@pytest.mark.fault(32)
async def test_another_account_is_used_only_when_an_owner_says_so(world: World) -> None:
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    world.broker.opens = "FAKE-9"
    world.broker.positions = {}
    await look(world)
    await look(world)
    assert await reasons(world) == [R.ACCOUNT_REPLACED]
    assert await use_account(world.desk, member=anna, portfolio_id=portfolio_id) == ()
    account = await account_of(world, portfolio_id)
    assert (account.broker_account_id, account.rung) == ("FAKE-9", Rung.BROKER_PAPER)
    assert (await view(world, proposal)).proposal.state is ProposalState.SUPERSEDED
    now_really(world)
    await watch_accounts(world.desk)
    assert await changes_told(world) == []
    async with world.store.read() as work:
        kinds = {event.kind: event for event in await work.log.events(portfolio_id, 50)}
    assert kinds["account_accepted"].member_id == anna.id
    assert kinds["account_accepted"].data == "FAKE-1 -> FAKE-9"
    assert kinds["hold_lifted"].member_id == anna.id


@pytest.mark.fault(32)
@pytest.mark.parametrize("rung", [Rung.LIVE_CAPPED, Rung.LIVE])
async def test_real_money_behind_another_account_is_confirmed_anew(
    world: World, rung: Rung
) -> None:
    anna, portfolio_id = await watched(world)
    before = await account_of(world, portfolio_id)
    async with world.store.begin() as work:
        await work.ladder.set_rung(before.id, rung)
    world.broker.opens = "FAKE-9"
    await look(world)
    await use_account(world.desk, member=anna, portfolio_id=portfolio_id)
    after = await account_of(world, portfolio_id)
    assert (after.broker_account_id, after.rung) == ("FAKE-9", Rung.DRY_RUN)
    async with world.store.read() as work:
        assert await work.ladder.confirmation(after.id) is None


async def test_the_old_keys_again_end_the_matter_when_an_owner_has_looked(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.opens = "FAKE-9"
    await look(world)
    world.broker.opens = None
    await look(world)
    assert await reasons(world) == [R.ACCOUNT_REPLACED]
    assert await look_again(world.desk, member=anna, portfolio_id=portfolio_id) == ()


async def test_looking_again_at_another_account_changes_nothing(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.opens = "FAKE-9"
    await look(world)
    (still,) = await look_again(world.desk, member=anna, portfolio_id=portfolio_id)
    assert still.reason is R.ACCOUNT_REPLACED


async def test_only_the_account_that_was_shown_is_accepted(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.opens = "FAKE-9"
    await look(world)
    world.broker.opens = "FAKE-8"
    with pytest.raises(OtherAccountNow):
        await use_account(world.desk, member=anna, portfolio_id=portfolio_id)
    world.broker.opens = "FAKE-9"
    world.broker.currency = "EUR"
    with pytest.raises(CurrencyMismatch):
        await use_account(world.desk, member=anna, portfolio_id=portfolio_id)
    world.broker.currency = "USD"
    await world.portfolio(anna, name="Other")
    other = await account_of(world, PortfolioId(portfolio_id + 1))
    async with world.store.begin() as work:
        await work.portfolios.move_account(
            other.id, broker="fake", broker_account_id="FAKE-9", rung=other.rung
        )
    with pytest.raises(AccountInUse):
        await use_account(world.desk, member=anna, portfolio_id=portfolio_id)
    assert (await account_of(world, portfolio_id)).broker_account_id == "FAKE-1"
    assert await reasons(world) == [R.ACCOUNT_REPLACED]


NAMELESS = NoAccess(AccessFault.OTHER_ACCOUNT, "scripted: the keys are another account's")


async def test_a_broker_that_only_says_another_account_is_asked_which(world: World) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.opens = "FAKE-9"

    async def nameless(since: datetime | None) -> AccountReport:
        raise NAMELESS

    world.broker.report = nameless  # type: ignore[method-assign]
    await look(world)
    (placed,) = await holds(world)
    assert (placed.reason, placed.detail) == (R.ACCOUNT_REPLACED, "FAKE-9")
    assert await use_account(world.desk, member=anna, portfolio_id=portfolio_id) == ()


async def test_an_account_that_nobody_was_shown_is_shown_first_and_accepted_then(
    world: World,
) -> None:
    anna, portfolio_id = await watched(world)
    world.broker.read_error = NAMELESS
    await look(world)
    (placed,) = await holds(world)
    assert (placed.reason, placed.detail) == (R.ACCOUNT_REPLACED, "")
    world.broker.read_error = None
    world.broker.opens = "FAKE-9"
    with pytest.raises(OtherAccountNow) as refused:
        await use_account(world.desk, member=anna, portfolio_id=portfolio_id)
    assert (refused.value.shown, refused.value.opened) == ("", "FAKE-9")
    assert [hold.detail for hold in await holds(world)] == ["FAKE-9"]
    assert (await account_of(world, portfolio_id)).broker_account_id == "FAKE-1"
    assert await use_account(world.desk, member=anna, portfolio_id=portfolio_id) == ()
    assert (await account_of(world, portfolio_id)).broker_account_id == "FAKE-9"


@pytest.mark.fault(32)
async def test_an_account_that_forgot_what_it_carried_out_was_reset(world: World) -> None:
    """The number is the same; shares and orders are gone."""
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    await execute_approved(world.desk)
    await look(world)
    assert await reasons(world) == []
    world.broker.deny_orders()
    world.hold(100_000)
    await look(world)
    (placed,) = await holds(world)
    assert (placed.reason, placed.detail) == (R.ACCOUNT_REPLACED, "FAKE-1")
    assert await changes_told(world) == []
    (still,) = await look_again(world.desk, member=anna, portfolio_id=portfolio_id)
    assert still.reason is R.ACCOUNT_REPLACED
    assert await use_account(world.desk, member=anna, portfolio_id=portfolio_id) == ()
    world.hold(90_000, AAA=1)
    await look(world)
    await look(world)
    assert await reasons(world) == []


async def test_only_an_owner_releases(world: World) -> None:
    _, portfolio_id = await watched(world)
    ben = await let_in(world, portfolio_id, Role.APPROVER)
    for act in (look_again, use_account, go_on):
        with pytest.raises(NotAllowed):
            await act(world.desk, member=ben, portfolio_id=portfolio_id)


async def test_releasing_what_is_not_held_changes_nothing(world: World) -> None:
    anna, portfolio_id = await watched(world)
    for act in (look_again, use_account, go_on):
        assert await act(world.desk, member=anna, portfolio_id=portfolio_id) == ()


# --- strange fills -------------------------------------------------------------------------------


@pytest.mark.fault(28)
async def test_more_shares_than_were_ordered_are_recorded_and_hold_the_account(
    world: World,
) -> None:
    anna, proposal = await proposed(world)
    await decide(world, anna, proposal)
    submit = world.broker.submit

    async def too_many(request: OrderRequest) -> BrokerOrder:
        placed = await submit(request)
        (fill,) = placed.fills
        extra = replace(fill, execution_id="extra", quantity=Decimal(2))
        return replace(placed, fills=(fill, extra))

    world.broker.submit = too_many  # type: ignore[method-assign]
    await execute_approved(world.desk)
    sale, purchase = (await view(world, proposal)).orders
    assert sale.filled_quantity == sale.quantity + 2
    assert purchase.state is OrderState.VOID
    (placed,) = await holds(world)
    assert (placed.reason, placed.detail) == (R.STRANGE_FILL, f"more {sale.client_order_id}")
    assert len(await told_of(world, MessageKind.HELD)) == 1
    portfolio_id = proposal.portfolio_id
    assert await go_on(world.desk, member=anna, portfolio_id=portfolio_id) == ()
    await execute_approved(world.desk)
    assert await holds(world) == ()


@pytest.mark.fault(28, 62)
@pytest.mark.parametrize("filled", [0, 5])
async def test_an_order_of_our_name_that_is_not_known_holds_the_account(
    world: World, filled: int
) -> None:
    """As after a restore: the broker has an order, open or filled, that came after the backup."""
    anna, portfolio_id = await watched(world)
    async with world.store.read() as work:
        install = await work.people.install_id()
    name = f"rb-{install}-77-1-1"
    world.broker.somebody_orders("AAA", 5, id_=name, filled=filled)
    world.broker.positions[Symbol("AAA")] += filled
    await look(world)
    (placed,) = await holds(world)
    assert (placed.reason, placed.detail) == (R.STRANGE_FILL, f"unknown {name}")
    await look(world)
    assert len(await told_of(world, MessageKind.HELD)) == 1
    assert await look_again(world.desk, member=anna, portfolio_id=portfolio_id) == (placed,)
    assert await go_on(world.desk, member=anna, portfolio_id=portfolio_id) == ()
    await look(world)
    await look(world)
    assert await holds(world) == ()
    assert await changes_told(world) == []


@pytest.mark.fault(62)
async def test_a_first_look_finds_newer_orders_too(world: World) -> None:
    """The backup was made before anybody had looked."""
    _, portfolio_id = await watched(world)
    async with world.store.begin() as work:
        await work.looks.forget((await work.portfolios.get(portfolio_id)).accounts[0].id)
        install = await work.people.install_id()
    world.broker.somebody_orders("AAA", 5, id_=f"rb-{install}-77-1-1", filled=5)
    await look(world)
    assert await reasons(world) == [R.STRANGE_FILL]
    assert world.broker.reports[-1] == world.clock.now() - timedelta(days=7)


@pytest.mark.fault(62)
async def test_hundreds_of_orders_that_are_not_known_are_looked_at_once(world: World) -> None:
    anna, portfolio_id = await watched(world)
    async with world.store.read() as work:
        install = await work.people.install_id()
    for number in range(300):
        world.broker.somebody_orders("AAA", 1, id_=f"rb-{install}-{number}-1-1", filled=1)
    await look(world)
    assert await reasons(world) == [R.STRANGE_FILL]
    assert await go_on(world.desk, member=anna, portfolio_id=portfolio_id) == ()
    await look(world)
    assert await holds(world) == ()


async def test_orders_that_we_know_hold_nothing(world: World) -> None:
    anna, portfolio_id = await watched(world)
    proposal = (await ask(world, anna, portfolio_id)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    world.broker.mishaps = deque([Mishap.PARTIAL, Mishap.RESTING])
    await execute_approved(world.desk)
    world.pass_time(LATER)
    await watch_accounts(world.desk)
    assert await holds(world) == ()
