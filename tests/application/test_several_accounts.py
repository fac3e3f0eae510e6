"""One target over two accounts: planned together, carried out each at its own broker, nothing crossing between."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.proposal_why import proposal_why_screen
from bot.telegram.views.status import status_text
from core.application.add_account import MOST_ACCOUNTS, add_account
from core.application.check_result import Outcome
from core.application.desk import take_account, take_accounts
from core.application.execute_proposal import execute_approved
from core.application.hold_account import hold_account
from core.application.reconcile import reconcile
from core.application.resolve_frozen import say_not_at_broker
from core.application.show_status import show_status
from core.domain.hold import HoldReason
from core.domain.ids import AccountId
from core.domain.ledger import LedgerLot, TaxProfile
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState, RevisionCause
from core.domain.refusals import (
    AccountHeld,
    AccountNameTaken,
    NotAllowed,
    OrdersUnderWay,
    RiskLimit,
    TooManyAccounts,
)
from core.domain.risk import resume_plan
from core.domain.tax import TaxRulesName
from core.domain.tax_treatment import TaxTreatment
from core.ports.broker import BrokerUnavailable, Dedup
from tests.application.acts import ask, decide, let_in, view
from tests.application.several_accounts import AAA, Household, two_accounts
from tests.fakes.broker import Mishap


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Household]:
    async with two_accounts(tmp_path) as made:
        yield made


async def taxed(home: Household) -> None:
    """Anna is taxed, and her first account's AAA have gained ninety percent; there is no cash beside them."""
    home.hold(home.first, 0, AAA=60)
    shares = Decimal(60)
    lot = LedgerLot(home.first, AAA, shares, shares, Decimal(10), date(2018, 1, 2))
    async with home.world.store.begin() as work:
        await work.taxes.set_profile(TaxProfile(home.anna.id, TaxRulesName.US))
        await work.taxes.open_lot(lot, "USD")


# --- the whole way -------------------------------------------------------------------------------


async def test_what_must_be_sold_is_sold_where_nobody_is_taxed_and_nothing_crosses(
    home: Household,
) -> None:
    await taxed(home)
    proposal = await home.proposed()
    trades = proposal.revision.plan.trades
    assert {(t.side, t.account) for t in trades} == {
        (Side.SELL, f"{home.ira}"),
        (Side.BUY, f"{home.ira}"),
    }
    await decide(home.world, home.anna, proposal)
    assert await execute_approved(home.world.desk) == 1
    assert await home.state(proposal) is ProposalState.DONE
    assert home.world.broker.submits == []
    assert len(home.other.orders) == 2
    assert home.world.broker.cash == 0
    assert home.world.broker.positions == {AAA: Decimal(60)}
    assert home.other.cash >= 0


async def test_each_order_goes_to_its_own_broker_and_buys_with_its_own_cash(
    home: Household,
) -> None:
    await home.both_trade()
    proposal = await home.approved()
    assert proposal.revision.plan.traded_in == (home.first, home.ira)
    assert await execute_approved(home.world.desk) == 1
    assert await home.state(proposal) is ProposalState.DONE
    for number, broker in zip((home.first, home.ira), home.brokers, strict=True):
        placed = await home.orders(proposal, number)
        assert {o.client_order_id for o in placed} == {o.client_order_id for o in broker.orders}
        assert broker.cash >= 0
        filled = sum((o.signed_filled for o in placed if o.symbol == AAA), Decimal(0))
        assert broker.positions[AAA] == 50 + filled


async def test_a_proposal_names_the_account_of_each_trade_and_what_is_not_taxed(
    home: Household,
) -> None:
    await home.both_trade()
    shown = await view(home.world, await home.proposed())
    for screen in (proposal_screen(shown), proposal_why_screen(shown)):
        assert "Account <b>Family</b> (taxable) · BROKER PAPER" in screen.text
        assert (
            "Account <b>IRA</b> (tax-deferred: no tax on its sales) · BROKER PAPER" in screen.text
        )


async def test_the_status_says_what_each_account_is_worth(home: Household) -> None:
    status = await show_status(
        home.world.store,
        home.world.brokers,
        home.world.market,
        member=home.anna,
        portfolio_id=home.portfolio_id,
    )
    assert status.drift is not None
    assert [each.value for each in status.accounts] == [6100, 6100]
    text = status_text(status, status.drift, "table")
    assert "Value $12,200.00 · cash $200.00" in text
    assert "IRA: $6,100.00, cash $100.00" in text


async def test_an_edit_shrinks_the_leg_of_one_account_alone(home: Household) -> None:
    from tests.application.acts import edit

    await home.both_trade()
    proposal = await home.proposed()
    trades = proposal.revision.plan.trades
    leg = next(n for n, t in enumerate(trades, 1) if t.account == f"{home.ira}")
    edited = await edit(home.world, home.anna, proposal, leg, 0)
    gone = {t.key for t in trades} - {t.key for t in edited.revision.plan.trades}
    assert trades[leg - 1].key in gone
    assert edited.revision.plan.in_account(home.first)


# --- one account in trouble ----------------------------------------------------------------------


async def test_with_one_broker_down_nothing_is_begun_anywhere(home: Household) -> None:
    await home.both_trade()
    proposal = await home.approved()
    home.other.read_error = BrokerUnavailable("down")
    assert await execute_approved(home.world.desk) == 0
    assert await home.state(proposal) is ProposalState.APPROVED
    assert home.world.broker.submits == home.other.submits == []
    home.other.read_error = None
    assert await execute_approved(home.world.desk) == 1


async def test_a_broker_that_hangs_holds_up_nobody_else_s_orders(home: Household) -> None:
    await home.both_trade()
    proposal = await home.approved()
    home.other.hold = asyncio.Event()
    running = asyncio.create_task(execute_approved(home.world.desk))
    while not await home.is_filled(proposal, home.first):  # noqa: ASYNC110 - it is in the store
        await asyncio.sleep(0)
    assert home.other.orders == ()
    assert await home.state(proposal) is ProposalState.EXECUTING
    home.other.hold.set()
    assert await running == 1
    assert await home.state(proposal) is ProposalState.DONE


async def test_a_doubt_in_one_account_lets_the_other_finish_and_then_asks_a_person(
    home: Household,
) -> None:
    await home.both_trade()
    home.other.dedup = Dedup.NONE
    home.other.mishaps = deque([Mishap.NEVER_ARRIVED])
    proposal = await home.approved()
    await execute_approved(home.world.desk)
    assert await home.state(proposal) is ProposalState.FROZEN
    assert {o.state for o in await home.orders(proposal, home.first)} == {OrderState.FILLED}
    (doubtful,) = [o for o in await home.orders(proposal, home.ira) if o.state is OrderState.FROZEN]
    await say_not_at_broker(
        home.world.desk, member=home.anna, proposal_id=proposal.id, order_id=doubtful.id
    )
    await execute_approved(home.world.desk)
    assert await home.state(proposal) is ProposalState.PARTIAL
    assert len(home.world.broker.orders) == 2


async def test_a_change_in_any_account_asks_again_before_anything_is_sent(
    home: Household,
) -> None:
    await home.both_trade()
    proposal = await home.approved()
    home.other.positions[AAA] = Decimal(49)
    assert await execute_approved(home.world.desk) == 0
    latest = await home.world.proposal(proposal.id)
    assert latest.state is ProposalState.OPEN
    assert latest.revision.cause is RevisionCause.HOLDINGS_CHANGED
    assert {change.account_id for change in latest.revision.changes} == {home.ira}
    assert home.world.broker.submits == home.other.submits == []


# --- who may -------------------------------------------------------------------------------------


async def test_the_leases_of_a_plan_are_taken_together_or_not_at_all(home: Household) -> None:
    await home.both_trade()
    proposal = await home.approved()
    elsewhere = replace(home.world.desk, holder="another")
    assert await take_account(elsewhere, home.ira) is not None
    assert await take_accounts(home.world.desk, [home.first, home.ira]) is None
    assert await execute_approved(home.world.desk) == 0
    assert await home.state(proposal) is ProposalState.APPROVED
    assert await take_account(elsewhere, home.first) is not None, "it was given back"
    home.world.pass_time(timedelta(minutes=1))
    assert await execute_approved(home.world.desk) == 1


async def test_an_order_of_another_account_than_its_leg_s_is_not_covered(home: Household) -> None:
    await home.both_trade()
    proposal = await home.approved()
    async with home.world.store.begin() as work:
        await work.proposals.move(proposal.id, ProposalState.APPROVED, ProposalState.EXECUTING)
    approved = resume_plan(await home.world.proposal(proposal.id))
    order = (await home.orders(proposal, home.first))[0]
    approved.require_covers(order)
    with pytest.raises(RiskLimit):
        approved.require_covers(replace(order, account_id=home.ira))


async def hold(home: Household, number: AccountId) -> None:
    async with home.world.store.begin() as work:
        managed = (await work.portfolios.get(home.portfolio_id)).part(number)
        await hold_account(work, managed, HoldReason.RESTRICTED, "", home.world.clock.now())


async def test_a_hold_stops_only_plans_that_trade_in_its_account(home: Household) -> None:
    await taxed(home)
    await hold(home, home.first)
    proposal = await home.proposed()
    assert proposal.revision.plan.traded_in == (home.ira,)
    await decide(home.world, home.anna, proposal)
    assert await execute_approved(home.world.desk) == 1


async def test_a_plan_that_trades_in_a_held_account_is_refused(home: Household) -> None:
    await home.both_trade()
    await hold(home, home.ira)
    result = await ask(home.world, home.anna, home.portfolio_id)
    assert result.outcome is Outcome.REFUSED
    assert isinstance(result.refusal, AccountHeld)


async def test_a_hold_that_comes_after_the_approval_keeps_the_whole_plan_waiting(
    home: Household,
) -> None:
    await home.both_trade()
    proposal = await home.approved()
    await hold(home, home.ira)
    assert await execute_approved(home.world.desk) == 0
    assert await home.state(proposal) is ProposalState.APPROVED


async def test_what_was_under_way_in_two_accounts_is_reconciled_at_both(home: Household) -> None:
    await home.both_trade()
    home.world.broker.mishaps = deque([Mishap.LATE])
    home.other.mishaps = deque([Mishap.LOST_ANSWER])
    proposal = await home.approved()
    await execute_approved(home.world.desk)
    assert await reconcile(home.world.desk) <= 1
    while await home.state(proposal) is ProposalState.EXECUTING:
        home.world.pass_time(timedelta(seconds=5))
        await execute_approved(home.world.desk)
    assert await home.state(proposal) is ProposalState.DONE
    assert [len(broker.orders) for broker in home.brokers] == [2, 2]


# --- adding one ----------------------------------------------------------------------------------


async def add(home: Household, name: str = "Roth", **changes: object) -> None:
    await add_account(
        home.world.store,
        home.world.brokers,
        home.world.clock,
        **{
            "member": home.anna,
            "portfolio_id": home.portfolio_id,
            "name": name,
            "broker": home.world.broker.name,
            **changes,
        },  # type: ignore[arg-type]
    )


async def test_an_account_is_added_with_its_taxes_and_its_cash_and_ends_what_was_proposed(
    home: Household,
) -> None:
    proposal = await home.proposed()
    await add(home, treatment=TaxTreatment.TAX_FREE, opening_cash=Decimal(500))
    assert await home.state(proposal) is ProposalState.SUPERSEDED
    async with home.world.store.read() as work:
        third = (await work.portfolios.get(home.portfolio_id)).accounts[2]
    assert (third.name, third.tax_treatment, third.rung) == (
        "Roth",
        TaxTreatment.TAX_FREE,
        Rung.BROKER_PAPER,
    )
    assert third.tax_owner_id == home.anna.id
    assert (await home.world.brokers.of(third).account()).cash == 600


async def test_no_account_is_added_while_something_is_being_carried_out(home: Household) -> None:
    await home.approved()
    with pytest.raises(OrdersUnderWay):
        await add(home)


async def test_only_an_owner_adds_an_account(home: Household) -> None:
    ben = await let_in(home.world, home.portfolio_id, Role.APPROVER)
    with pytest.raises(NotAllowed):
        await add(home, member=ben)


async def test_two_accounts_do_not_share_a_name_and_there_are_eight_at_most(
    home: Household,
) -> None:
    with pytest.raises(AccountNameTaken):
        await add(home, "ira")
    for number in range(3, MOST_ACCOUNTS + 1):
        await add(home, f"Account {number}")
    with pytest.raises(TooManyAccounts):
        await add(home, "One more")
