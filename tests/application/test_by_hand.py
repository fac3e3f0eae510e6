"""Accounts without an interface: what people type, the checklist of an approved plan, and their answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio

from core.adapters.brokers.manual import PricesByHand
from core.application.execute_proposal import execute_approved
from core.application.find_proxy import find_proxy
from core.application.reconcile import reconcile
from core.application.run_due_work import run_due_work
from core.application.show_proposal import ProposalView
from core.application.tell_fill import tell_fill, tell_not_done
from core.application.type_holdings import confirm_holdings, show_book, type_price
from core.domain.book import TypedPrice
from core.domain.ids import Symbol
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Rung
from core.domain.proposal import Proposal, ProposalState
from core.domain.quote import Proxy
from core.domain.refusals import (
    BadNumber,
    BadProxy,
    BadSymbol,
    ChecklistClosed,
    ChecklistOpen,
    HoldingsOld,
    NotAllowed,
    NotKeptByHand,
    UnknownLeg,
)
from tests.application.hand_kept_world import HandKeptWorld, hand_kept_world, holding
from tests.fakes.world import BEN, World
from tests.reliability.crashing import Killed

AAA, BBB = Symbol("AAA"), Symbol("BBB")
ONE_SESSION = timedelta(days=1)


@pytest_asyncio.fixture
async def kept(tmp_path: Path) -> AsyncIterator[HandKeptWorld]:
    async with hand_kept_world(tmp_path) as made:
        yield made


async def handed_over(kept: HandKeptWorld) -> Proposal:
    """An approved plan that has become a checklist: sell AAA, buy BBB."""
    proposal = await kept.approved()
    await execute_approved(kept.desk)
    return proposal


async def done(kept: HandKeptWorld, proposal: Proposal, leg: int, **said: str) -> ProposalView:
    return await tell_fill(
        kept.desk,
        member=kept.anna,
        proposal_id=proposal.id,
        leg=leg,
        key=said.get("key", f"done {leg}"),
        quantity=Decimal(said["quantity"]) if "quantity" in said else None,
        price=Decimal(said["price"]) if "price" in said else None,
    )


# --- what is typed -------------------------------------------------------------------------------


async def test_a_hand_kept_account_is_a_real_one_to_which_nothing_is_sent(
    kept: HandKeptWorld,
) -> None:
    assert kept.managed.accounts[0].rung is Rung.DRY_RUN
    assert kept.managed.accounts[0].broker_account_id == "HAND-000001"


async def test_what_is_typed_replaces_the_lines_named_and_nothing_else(kept: HandKeptWorld) -> None:
    book = await kept.type(holding(AAA="71", CCC="3"))
    assert book.positions == {AAA: 71, BBB: 60, Symbol("CCC"): 3}
    assert book.cash == 100
    book = await kept.type(holding("5", CCC="0"))
    assert book.positions == {AAA: 71, BBB: 60}
    assert book.cash == 5


async def test_a_whole_list_leaves_nothing_that_it_does_not_name(kept: HandKeptWorld) -> None:
    book = await kept.type(holding("7", everything=True, BBB="2"))
    assert book.positions == {BBB: 2}
    assert book.cash == 7


async def test_only_an_owner_says_what_is_held(kept: HandKeptWorld) -> None:
    ben = await kept.world.person(BEN, "Ben")
    await kept.world.give_role(ben, kept.id, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await kept.type(holding("1000000"), ben)
    assert (await kept.account.book()).cash == 100


async def test_nothing_is_typed_where_the_broker_says_it_itself(
    kept: HandKeptWorld, world: World
) -> None:
    anna = await world.person()
    portfolio = (await world.portfolio(anna, {"AAA": 100}, "Other")).portfolio.portfolio
    with pytest.raises(NotKeptByHand):
        await show_book(
            world.store,
            world.brokers,
            world.market_clock,
            member=anna,
            portfolio_id=portfolio.id,
        )


# --- how old it is -------------------------------------------------------------------------------


async def test_holdings_of_more_than_thirty_days_are_confirmed_before_a_plan(
    kept: HandKeptWorld,
) -> None:
    kept.world.pass_time(timedelta(days=31))  # Thursday 9 April, 11:00
    refused = await kept.ask()
    assert isinstance(refused.refusal, HoldingsOld)
    assert refused.refusal.age_days == 31
    await confirm_holdings(
        kept.world.store,
        kept.desk.brokers,
        kept.world.clock,
        member=kept.anna,
        portfolio_id=kept.id,
    )
    assert (await kept.ask("2")).proposal is not None


async def test_holdings_of_thirty_days_still_count(kept: HandKeptWorld) -> None:
    kept.world.pass_time(timedelta(days=30))  # Wednesday 8 April, 11:00
    assert (await kept.ask()).proposal is not None


async def test_a_scheduled_check_asks_for_the_confirmation_once_a_week(kept: HandKeptWorld) -> None:
    kept.world.pass_time(timedelta(days=31, minutes=1))
    for days in (
        4,
        1,
        1,
        5,
        1,
        0,
    ):  # Thursday 9 April, then Monday 13 to Wednesday 15, Monday 20, Tuesday 21
        await run_due_work(kept.desk)
        kept.world.pass_time(timedelta(days=days))
    assert [kind for kind, _ in await kept.world.outbox()] == ["check_refused"] * 2


# --- the checklist -------------------------------------------------------------------------------


async def test_an_approved_plan_becomes_one_checklist_with_its_purchases_paid_by_its_sales(
    kept: HandKeptWorld,
) -> None:
    """
    cash 100 · AAA 70 @ 100 · BBB 60 @ 50 · both target 50
    -> sell AAA 20 and buy BBB 41 stand on it together, although there is cash for two BBB only
    """
    proposal = await handed_over(kept)
    orders = (await kept.view(proposal.id)).orders
    assert [(o.side, o.symbol, o.state) for o in orders] == [
        (Side.SELL, AAA, OrderState.SUBMITTED),
        (Side.BUY, BBB, OrderState.SUBMITTED),
    ]
    assert [o.quantity for o in orders] == [t.quantity for t in proposal.revision.plan.trades]
    assert orders[1].quantity * 50 > 100
    assert ("checklist", kept.anna.user_id) in await kept.world.outbox()


async def test_nobody_hurries_a_person(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    kept.world.pass_time(timedelta(hours=3))
    await execute_approved(kept.desk)
    await reconcile(kept.desk)
    view = await kept.view(proposal.id)
    assert view.proposal.state is ProposalState.EXECUTING
    assert {order.state for order in view.orders} == {OrderState.SUBMITTED}
    assert (await kept.world.outbox()).count(("checklist", kept.anna.user_id)) == 1


async def test_done_means_at_the_price_shown_and_the_report_follows(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    await done(kept, proposal, 1)
    await done(kept, proposal, 2)
    assert await execute_approved(kept.desk) == 1
    view = await kept.view(proposal.id)
    assert view.proposal.state is ProposalState.DONE
    assert [order.average_price for order in view.orders] == [
        order.limit_price for order in view.orders
    ]
    sold, bought = (order.quantity for order in view.orders)
    book = await kept.account.book()
    assert book.positions == {AAA: 70 - sold, BBB: 60 + bought}
    assert ("report", kept.anna.user_id) in await kept.world.outbox()


async def test_money_is_conserved_to_the_cent_i4(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    view = await done(kept, proposal, 1, quantity="3", price="99.995")
    assert view.orders[0].state is OrderState.PARTIALLY_FILLED
    assert (await kept.account.book()).cash == Decimal("399.98")  # 100 + 299.985, down to the cent
    await done(kept, proposal, 2, quantity="1", price="50.001")
    assert (await kept.account.book()).cash == Decimal("349.97")  # − 50.001, up to the cent


async def test_other_prices_and_the_rest_not_done(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    await done(kept, proposal, 1, quantity="5", price="101.50")
    await tell_not_done(kept.desk, member=kept.anna, proposal_id=proposal.id, leg=1)
    await tell_not_done(kept.desk, member=kept.anna, proposal_id=proposal.id, leg=2)
    await execute_approved(kept.desk)
    view = await kept.view(proposal.id)
    assert view.proposal.state is ProposalState.PARTIAL
    assert [o.state for o in view.orders] == [OrderState.CANCELLED] * 2
    assert view.orders[0].filled_quantity == 5
    assert view.orders[0].average_price == Decimal("101.5")
    assert (await kept.account.book()).positions == {AAA: 65, BBB: 60}


@pytest.mark.fault(2)
async def test_a_second_tap_changes_nothing(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    taps = [done(kept, proposal, 1, key=f"tap {number}") for number in range(20)]
    await asyncio.gather(*taps)
    await tell_not_done(kept.desk, member=kept.anna, proposal_id=proposal.id, leg=1)
    view = await kept.view(proposal.id)
    assert view.orders[0].state is OrderState.FILLED
    assert view.orders[0].filled_quantity == view.orders[0].quantity
    assert (await kept.account.book()).positions[AAA] == 70 - view.orders[0].quantity


@pytest.mark.fault(5)
async def test_the_same_answer_delivered_twice_counts_once(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    for _ in range(2):
        view = await done(kept, proposal, 1, quantity="2", price="100", key="update:7")
    assert view.orders[0].filled_quantity == 2


async def test_more_than_was_approved_is_not_taken_down(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    with pytest.raises(BadNumber, match="at most"):
        await done(kept, proposal, 1, quantity="70", price="100")
    with pytest.raises(BadNumber):
        await done(kept, proposal, 1, price="0")
    with pytest.raises(UnknownLeg):
        await done(kept, proposal, 9)
    assert (await kept.account.book()).positions[AAA] == 70


@pytest.mark.fault(58)
async def test_only_approvers_answer(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    ben = await kept.world.person(BEN, "Ben")
    await kept.world.give_role(ben, kept.id, Role.PROPOSER)
    with pytest.raises(NotAllowed):
        await tell_fill(kept.desk, member=ben, proposal_id=proposal.id, leg=1, key="tap")
    with pytest.raises(NotAllowed):
        await tell_not_done(kept.desk, member=ben, proposal_id=proposal.id, leg=1)


async def test_what_has_no_answer_by_the_next_close_ends_and_is_reported(
    kept: HandKeptWorld,
) -> None:
    proposal = await handed_over(kept)
    await done(kept, proposal, 1)
    kept.world.pass_time(ONE_SESSION)
    await execute_approved(kept.desk)
    assert (await kept.view(proposal.id)).proposal.state is ProposalState.EXECUTING
    kept.world.pass_time(timedelta(hours=5))  # Tuesday, 16:00 in New York
    await execute_approved(kept.desk)
    view = await kept.view(proposal.id)
    assert view.proposal.state is ProposalState.PARTIAL
    assert [o.state for o in view.orders] == [OrderState.FILLED, OrderState.EXPIRED]
    with pytest.raises(ChecklistClosed):
        await done(kept, proposal, 2)


async def test_holdings_are_not_typed_over_an_open_checklist(kept: HandKeptWorld) -> None:
    proposal = await handed_over(kept)
    await done(kept, proposal, 1)
    with pytest.raises(ChecklistOpen) as caught:
        await kept.type(holding("0"))
    assert caught.value.count == 1
    await tell_not_done(kept.desk, member=kept.anna, proposal_id=proposal.id, leg=2)
    await kept.type(holding("0"))


async def test_after_a_crash_between_the_two_sides_the_purchases_follow(
    kept: HandKeptWorld,
) -> None:
    proposal = await kept.approved()
    submit = kept.house.submit
    sent: list[Side] = []

    async def dies_at_the_purchase(number: int, request: object) -> object:
        if sent:
            raise Killed
        sent.append(Side.SELL)
        return await submit(number, request)  # type: ignore[arg-type]

    kept.house.submit = dies_at_the_purchase  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        await execute_approved(kept.desk)
    kept.house.submit = submit  # type: ignore[method-assign]
    await reconcile(kept.desk)
    await execute_approved(kept.desk)
    orders = (await kept.view(proposal.id)).orders
    assert [o.state for o in orders] == [OrderState.SUBMITTED] * 2


# --- typed prices --------------------------------------------------------------------------------


async def test_a_typed_price_is_good_to_the_close_of_the_fifth_session(kept: HandKeptWorld) -> None:
    typed = await type_price(
        kept.world.store,
        kept.desk.brokers,
        kept.world.clock,
        member=kept.anna,
        portfolio_id=kept.id,
        symbol=Symbol("FUND"),
        price=Decimal("12.34"),
    )
    assert typed.valid_until.isoformat() == "2020-03-13T20:00:00+00:00"
    assert [t.symbol for t in await kept.account.typed_prices()] == ["FUND"]
    kept.world.market_clock.set(typed.valid_until)
    assert await kept.account.typed_prices() == ()


async def test_cash_and_nothing_have_no_price(kept: HandKeptWorld) -> None:
    for symbol, price in (("CASH", "1"), ("FUND", "0")):
        with pytest.raises((BadNumber, BadSymbol)):
            await type_price(
                kept.world.store,
                kept.desk.brokers,
                kept.world.clock,
                member=kept.anna,
                portfolio_id=kept.id,
                symbol=Symbol(symbol),
                price=Decimal(price),
            )


# --- proxies -------------------------------------------------------------------------------------

FUND, QUOTED = Symbol("FUND"), Symbol("BBB")


async def proxy_of(kept: HandKeptWorld, like: Symbol, symbol: Symbol = FUND) -> Proxy:
    world = kept.world
    return await find_proxy(world.store, world.market, symbol=symbol, like=like, currency="USD")


async def test_a_proxy_is_taken_at_the_price_it_has_now(kept: HandKeptWorld) -> None:
    kept.world.prices.set_price("BBB", "80.5")
    assert await proxy_of(kept, QUOTED) == Proxy(QUOTED, Decimal("80.5"))


async def test_while_the_exchange_is_closed_the_price_of_the_close_will_do(
    kept: HandKeptWorld,
) -> None:
    saturday = datetime(2020, 3, 14, 15, 0, tzinfo=UTC)
    friday = datetime(2020, 3, 13, 20, 0, tzinfo=UTC)
    kept.world.market_clock.set(saturday)
    kept.world.prices.set_price("BBB", 80, at=friday - timedelta(minutes=1))
    assert await proxy_of(kept, QUOTED) == Proxy(QUOTED, Decimal(80))
    kept.world.prices.set_price("BBB", 80, at=friday - timedelta(hours=1))
    with pytest.raises(BadProxy):
        await proxy_of(kept, QUOTED)


async def test_what_has_no_good_quote_of_its_own_is_no_proxy(kept: HandKeptWorld) -> None:
    prices = kept.world.prices
    prices.set_price("OLD", 10, at=kept.world.market_clock.instant - timedelta(hours=1))
    prices.set_price("PENCE", 10, currency="GBp")
    for like in ("NOSUCH", "OLD", "PENCE", "CASH", "FUND"):
        with pytest.raises(BadProxy) as refused:
            await proxy_of(kept, Symbol(like))
        assert refused.value.proxy == like


async def test_a_proxy_that_has_just_jumped_is_refused(kept: HandKeptWorld) -> None:
    async with kept.world.store.begin() as work:
        await work.instruments.record_closes(date(2020, 3, 6), {QUOTED: Decimal(200)})
    kept.world.prices.set_price("BBB", 80)
    with pytest.raises(BadProxy):
        await proxy_of(kept, QUOTED)


async def test_no_chain_of_proxies(kept: HandKeptWorld) -> None:
    await type_fund(kept, FUND, None)
    world = kept.world
    prices = PricesByHand(world.prices, kept.house.typed_prices)
    market = replace(world.market, prices=prices)
    with pytest.raises(BadProxy):
        await find_proxy(world.store, market, symbol=Symbol("OTHER"), like=FUND, currency="USD")
    await type_fund(kept, FUND, await proxy_of(kept, QUOTED))
    with pytest.raises(BadProxy):
        await find_proxy(world.store, market, symbol=Symbol("OTHER"), like=FUND, currency="USD")


async def test_the_log_says_what_a_price_moves_with(kept: HandKeptWorld) -> None:
    await type_fund(kept, FUND, await proxy_of(kept, QUOTED))
    async with kept.world.store.read() as work:
        events = await work.log.events(kept.id, 50)
    assert [e.data for e in events if e.kind == "price_typed"] == ["FUND 12.34 like BBB at 50"]


async def type_fund(kept: HandKeptWorld, symbol: Symbol, like: Proxy | None) -> TypedPrice:
    return await type_price(
        kept.world.store,
        kept.desk.brokers,
        kept.world.clock,
        member=kept.anna,
        portfolio_id=kept.id,
        symbol=symbol,
        price=Decimal("12.34"),
        like=like,
    )
