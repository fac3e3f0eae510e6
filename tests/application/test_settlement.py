"""Accounts whose sales settle a day later: what they bought is held, or the purchases wait for the money."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from bot.telegram.html import plain
from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.status import status_screen
from core.application.after_sale import try_the_buys
from core.application.check_drift import SETTLED
from core.application.execute_proposal import execute_approved
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.application.show_proposal import buys_on
from core.application.show_status import show_status
from core.domain.ids import ChatId, PortfolioId, Symbol
from core.domain.membership import Member
from core.domain.order import OrderState
from core.domain.plan import ReasonCode, Side
from core.domain.portfolio import Settlement
from core.domain.proposal import Cause, Proposal, ProposalState
from core.domain.refusals import NothingSold
from core.domain.report import WhyNot
from core.domain.settlement import exchange_date
from tests.application.acts import approved, ask, decide, proposed, set_policy, view
from tests.fakes.broker import Mishap
from tests.fakes.world import World

AAA, BBB = Symbol("AAA"), Symbol("BBB")
A_DAY = timedelta(days=1)


async def traded(world: World) -> tuple[Member, Proposal]:
    """Some AAA was sold, and with the money BBB bought, which is unsettled until tomorrow."""
    world.broker.settles_at_once = False
    anna, proposal = await approved(world)
    await execute_approved(world.desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.DONE
    return anna, proposal


@pytest.mark.fault(26)
async def test_what_was_bought_with_unsettled_money_is_not_sold_today_but_tomorrow(
    world: World,
) -> None:
    """BBB rises by a fifth: it would be sold, were it not for the purchase of today."""
    anna, proposal = await traded(world)
    world.price(BBB=60)
    result = await ask(world, anna, proposal.portfolio_id, "2", force=True)
    assert result.plan is not None
    assert BBB not in {trade.symbol for trade in result.plan.sells}
    reasons = {skip.symbol: skip.reason.code for skip in result.plan.skipped}
    assert reasons[BBB] is ReasonCode.UNSETTLED
    world.pass_time(A_DAY)
    result = await ask(world, anna, proposal.portfolio_id, "3", force=True)
    assert result.plan is not None
    assert BBB in {trade.symbol for trade in result.plan.sells}


async def test_a_scheduled_check_holds_it_as_well(world: World) -> None:
    anna, proposal = await traded(world)
    await set_policy(world, anna, proposal.portfolio_id, cool_down=0)
    async with world.store.begin() as work:
        await work.checks.add_due(
            proposal.portfolio_id,
            world.market_clock.instant.date(),
            "11:30",
            world.market_clock.instant,
        )
    world.price(BBB=60)
    await run_due_work(world.desk)
    async with world.store.read() as work:
        recent = await work.proposals.recent(proposal.portfolio_id, 5)
    assert all(BBB not in {t.symbol for t in p.revision.plan.sells} for p in recent)


async def test_an_account_that_settles_at_once_holds_nothing(world: World) -> None:
    anna, proposal = await approved(world)
    await execute_approved(world.desk)
    world.price(BBB=60)
    result = await ask(world, anna, proposal.portfolio_id, "2", force=True)
    assert result.plan is not None
    assert BBB in {trade.symbol for trade in result.plan.sells}


@pytest.mark.fault(26)
async def test_a_sale_that_would_violate_the_rule_is_dropped_before_it_is_sent(
    world: World,
) -> None:
    """The plan was made while the account was taken for one with margin."""
    anna, proposal = await approved(world)
    await execute_approved(world.desk)
    world.price(BBB=60)
    result = await ask(world, anna, proposal.portfolio_id, "2", force=True)
    assert result.proposal is not None
    world.broker.settles_at_once = False
    sent = len(world.broker.submits)
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    shown = await view(world, result.proposal)
    sales = [order for order in shown.orders if order.side is Side.SELL]
    assert [(o.symbol, o.state, o.detail) for o in sales] == [
        (BBB, OrderState.VOID, WhyNot.UNSETTLED)
    ]
    assert all(request.side is Side.BUY for request in world.broker.submits[sent:])


# --- brokers that let nobody use unsettled money -------------------------------------------------


async def waiting(world: World) -> tuple[Member, Proposal]:
    """A plan that sells today, and whose purchases wait."""
    world.broker.settles_at_once = False
    world.broker.may_use_unsettled = False
    return await proposed(world)


async def test_the_proposal_says_so_before_anybody_approves(world: World) -> None:
    _, proposal = await waiting(world)
    assert proposal.revision.snapshot.accounts[0].settlement == Settlement(buys_wait=True)
    stored = await world.proposal(proposal.id)
    assert stored.revision.snapshot.accounts[0].settlement.buys_wait
    assert "Sells today, buys tomorrow" in proposal_screen(await view(world, proposal)).text


async def test_a_broker_that_permits_it_is_not_said_to_wait(world: World) -> None:
    world.broker.settles_at_once = False
    _, proposal = await proposed(world)
    assert "buys tomorrow" not in proposal_screen(await view(world, proposal)).text


@pytest.mark.fault(26)
async def test_it_sells_today_and_buys_in_the_next_session_once_after_a_new_approval(
    world: World,
) -> None:
    anna, proposal = await waiting(world)
    await schedule_checks(world.store, world.market)
    await decide(world, anna, proposal)
    for _ in range(3):
        await run_due_work(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL]
    shown = await view(world, proposal)
    assert shown.proposal.state is ProposalState.PARTIAL
    assert shown.orders[1].detail == WhyNot.SETTLES_LATER
    assert shown.sold_not_bought is not None
    assert shown.sold_not_bought.goes_on_by_itself
    later = world.market.calendar.next_after(world.clock.now().date())
    assert buys_on(shown.proposal) == later.date
    assert await proposals(world, proposal.portfolio_id) == 1
    world.pass_time(A_DAY)
    for _ in range(3):
        await run_due_work(world.desk)
    new = await latest(world, proposal.portfolio_id)
    assert await proposals(world, proposal.portfolio_id) == 2
    assert (new.cause, new.state) == (Cause.AFTER_SALE, ProposalState.OPEN)
    assert exchange_date(new.created_at) == later.date
    assert {trade.side for trade in new.revision.plan.trades} == {Side.BUY}
    await decide(world, anna, new)
    await run_due_work(world.desk)
    assert [sent.side for sent in world.broker.submits] == [Side.SELL, Side.BUY]
    assert world.broker.cash >= 0
    assert (await world.proposal(new.id)).state is ProposalState.DONE
    world.pass_time(A_DAY)
    await run_due_work(world.desk)
    assert await proposals(world, proposal.portfolio_id) == 2


async def test_nothing_is_offered_meanwhile_because_it_goes_on_by_itself(world: World) -> None:
    anna, proposal = await waiting(world)
    await decide(world, anna, proposal)
    await execute_approved(world.desk)
    screen = proposal_screen(await view(world, proposal))
    assert "planned on the next trading day" in screen.text
    assert screen.rows == ()
    with pytest.raises(NothingSold):
        await try_the_buys(
            world.store,
            world.brokers,
            world.market,
            world.clock,
            member=anna,
            proposal_id=proposal.id,
            chat_id=ChatId(1),
        )


async def test_a_plan_of_purchases_only_does_not_wait(world: World) -> None:
    world.broker.settles_at_once = False
    world.broker.may_use_unsettled = False
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(5000)
    result = await ask(world, anna, current.portfolio.portfolio.id)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    assert (await world.proposal(result.proposal.id)).state is ProposalState.DONE


async def test_sales_that_were_not_filled_are_followed_by_nothing(world: World) -> None:
    anna, proposal = await waiting(world)
    world.broker.mishaps = deque([Mishap.STUCK])
    await decide(world, anna, proposal)
    await execute_approved(world.desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.FAILED
    async with world.store.read() as work:
        due = await work.checks.due(world.market_clock.instant + 10 * A_DAY)
    assert SETTLED not in [check.slot for check in due]


async def proposals(world: World, portfolio_id: PortfolioId) -> int:
    async with world.store.read() as work:
        return len(await work.proposals.recent(portfolio_id, 20))


async def latest(world: World, portfolio_id: PortfolioId) -> Proposal:
    async with world.store.read() as work:
        return (await work.proposals.recent(portfolio_id, 1))[0]


async def test_the_status_says_what_is_held(world: World) -> None:
    anna, proposal = await traded(world)
    status = await show_status(
        world.store,
        world.brokers,
        world.market,
        member=anna,
        portfolio_id=proposal.portfolio_id,
    )
    assert status.unsettled == {BBB}
    assert "Not sold before the next trading day: BBB" in plain(status_screen(status).text)
