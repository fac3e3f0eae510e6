"""Harvests from the look to the way back: asked for or scheduled, carried out, and offered back on the 31st day."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.application.check_result import CheckResult, Outcome
from core.application.decide_proposal import reject_proposal, reopen_proposal
from core.application.edit_proposal import edit_leg, plan_buys_only
from core.application.execute_proposal import execute_approved
from core.application.follow_harvest import stay
from core.application.harvest_ledger import show_harvests
from core.application.harvest_losses import request_harvest
from core.application.schedule_checks import schedule_checks
from core.application.sweep_checks import run_due_checks
from core.domain.harvest import LOSSES_SLOT, Switch, SwitchState
from core.domain.ids import Symbol
from core.domain.ledger import LedgerLot, RealisedSale, TaxProfile
from core.domain.lots import LotMethod, Term
from core.domain.membership import Member
from core.domain.money import to_cents
from core.domain.outbox import MessageKind
from core.domain.plan import ReasonCode
from core.domain.policy import Band
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Cause, DecisionKind, Proposal, ProposalState, RevisionCause
from core.domain.refusals import NothingToBuyWith
from core.domain.report import WhyNot
from core.domain.tax import TaxRulesName
from core.domain.tax_treatment import TaxTreatment
from tests.application import acts
from tests.application.acts import decide, set_policy, told
from tests.application.test_substitutes import family
from tests.fakes.broker import Mishap
from tests.fakes.world import World

AAA, BBB, CCC = Symbol("AAA"), Symbol("BBB"), Symbol("CCC")
MONDAY = date(2020, 3, 9)
"""Its 31st day is Thursday 9 April; the exchange is closed on Good Friday."""


async def losing(
    world: World, *rules: tuple[str, str], cost: int = 130
) -> tuple[Member, ManagedPortfolio]:
    """AAA|CCC 50 · BBB 50 on target, AAA 50 bought at 130 in 2019, now 100; Anna is taxed by US rules."""
    anna, portfolio_id = await family(world, *rules)
    world.hold(100, AAA=50, BBB=100)
    async with world.store.begin() as work:
        managed = await work.portfolios.get(portfolio_id)
        await work.taxes.set_profile(TaxProfile(anna.id, TaxRulesName.US))
        await work.taxes.open_lot(a_lot(managed, AAA, 50, cost, date(2019, 6, 3)), "USD")
        await work.taxes.open_lot(a_lot(managed, BBB, 100, 50, date(2019, 6, 3)), "USD")
    return anna, managed


def a_lot(
    managed: ManagedPortfolio, symbol: Symbol, quantity: int, cost: int, acquired: date
) -> LedgerLot:
    shares = Decimal(quantity)
    return LedgerLot(managed.accounts[0].id, symbol, shares, shares, Decimal(cost), acquired)


async def ask(
    world: World, member: Member, managed: ManagedPortfolio, key: str = "1", **changes: Any
) -> CheckResult:
    return await request_harvest(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=member,
        portfolio_id=managed.portfolio.id,
        request_key=key,
        **changes,
    )


async def sweep(world: World) -> None:
    await schedule_checks(world.store, world.market)
    await run_due_checks(world.store, world.brokers, world.market, world.clock)


async def until(world: World, day: date) -> None:
    """Let days pass until 11:00 of a day."""
    await schedule_checks(world.store, world.market)
    now = await world.market_clock.now()
    world.pass_time(timedelta(days=(day - now.date()).days))
    world.price(AAA=100, BBB=50, CCC=25)


async def newest(world: World, managed: ManagedPortfolio) -> Any:
    """The latest proposal, if any."""
    async with world.store.read() as work:
        found = await work.proposals.recent(managed.portfolio.id, 1)
    return found[0] if found else None


async def switches(world: World, managed: ManagedPortfolio) -> tuple[Switch, ...]:
    async with world.store.read() as work:
        return await work.harvests.waiting([managed.portfolio.id])


def legs(proposal: Proposal) -> Any:
    return [(str(t.side), t.symbol, t.quantity) for t in proposal.revision.plan.trades]


async def harvested(world: World, *rules: tuple[str, str]) -> tuple[Member, ManagedPortfolio]:
    """The same, its loss harvested on Monday."""
    anna, managed = await losing(world, *rules)
    result = await ask(world, anna, managed)
    assert result.proposal is not None, result
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    return anna, managed


# --- asked for -----------------------------------------------------------------------------------


async def test_a_harvest_that_is_asked_for_is_a_proposal_of_a_pair(world: World) -> None:
    anna, managed = await losing(world)
    result = await ask(world, anna, managed)
    assert result.proposal is not None
    assert result.proposal.cause is Cause.HARVEST
    assert legs(result.proposal) == [("sell", AAA, 50), ("buy", CCC, 200)]
    assert (await ask(world, anna, managed)).outcome is Outcome.REPEATED


async def test_what_is_asked_for_stands_in_for_the_policys_amount(world: World) -> None:
    anna, managed = await losing(world, ("harvest", "5000"))
    result = await ask(world, anna, managed)
    assert result.plan is not None
    assert (result.outcome, result.plan.reason.code) == (
        Outcome.ON_TARGET,
        ReasonCode.LOSS_TOO_SMALL,
    )
    assert (await ask(world, anna, managed, "2", least_loss=Decimal(1000))).proposal


async def test_an_open_plan_of_the_household_that_buys_the_same_forbids_it(world: World) -> None:
    anna, managed = await losing(world)
    second = (await world.portfolio(anna, {"AAA": 60, "BBB": 40}, "Second")).portfolio
    other = await acts.ask(world, anna, second.portfolio.id, "other")
    assert other.proposal is not None
    assert ("buy", AAA) in [leg[:2] for leg in legs(other.proposal)]
    result = await ask(world, anna, managed)
    assert result.plan is not None
    assert result.plan.reason.code is ReasonCode.BOUGHT_SOON


async def test_a_purchase_in_the_household_of_late_forbids_it(world: World) -> None:
    anna, managed = await losing(world)
    second = (await world.portfolio(anna, {"AAA": 50, "BBB": 50}, "Second")).portfolio
    async with world.store.begin() as work:
        lot = a_lot(second, AAA, 1, 90, MONDAY - timedelta(days=10))
        await work.taxes.open_lot(lot, "USD")
    result = await ask(world, anna, managed)
    assert result.plan is not None
    assert result.plan.reason.code is ReasonCode.RECENTLY_BOUGHT


async def test_over_two_accounts_only_the_taxable_one_harvests_and_gets_the_switch(
    world: World,
) -> None:
    """The same AAA lost in a retirement account, where no loss counts: there it stays."""
    anna, managed = await losing(world)
    number = await world.brokers.open_account(world.broker.name, "USD")
    ira = world.brokers.by_id[number]
    ira.cash, ira.positions = Decimal(50), {AAA: Decimal(10), BBB: Decimal(20)}
    async with world.store.begin() as work:
        account = await work.portfolios.add_account(
            managed.portfolio.id,
            name="IRA",
            broker=world.broker.name,
            broker_account_id=number,
            currency="USD",
            rung=managed.accounts[0].rung,
            tax_owner_id=anna.id,
        )
        await work.taxes.set_treatment(account.id, TaxTreatment.TAX_DEFERRED)
        old = replace(a_lot(managed, AAA, 10, 130, date(2019, 6, 3)), account_id=account.id)
        await work.taxes.open_lot(old, "USD")
    result = await ask(world, anna, managed)
    assert result.proposal is not None, result
    assert legs(result.proposal) == [("sell", AAA, 50), ("buy", CCC, 200)]
    assert {t.account for t in result.proposal.revision.plan.trades} == {
        f"{managed.accounts[0].id}"
    }
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    (switch,) = await switches(world, managed)
    assert switch.account_id == managed.accounts[0].id
    assert ira.positions[AAA] == 10


# --- edited, and re-checked ----------------------------------------------------------------------


async def test_an_edit_keeps_the_pair_together(world: World) -> None:
    anna, managed = await losing(world)
    proposal = (await ask(world, anna, managed)).proposal
    assert proposal is not None
    edited = await edit_leg(
        world.store,
        world.market,
        world.clock,
        member=anna,
        proposal_id=proposal.id,
        revision=1,
        leg=1,
        quantity=Decimal(20),
    )
    assert legs(edited) == [("sell", AAA, 20), ("buy", CCC, 80)]
    with pytest.raises(NothingToBuyWith):
        await plan_buys_only(
            world.store,
            world.market,
            world.clock,
            member=anna,
            proposal_id=proposal.id,
            revision=2,
        )


async def test_a_purchase_after_the_approval_has_the_loss_left_alone(world: World) -> None:
    anna, managed = await losing(world)
    proposal = (await ask(world, anna, managed)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    second = (await world.portfolio(anna, {"AAA": 50, "BBB": 50}, "Second")).portfolio
    async with world.store.begin() as work:
        await work.taxes.open_lot(a_lot(second, AAA, 1, 90, MONDAY), "USD")
    await execute_approved(world.desk)
    assert (await world.proposal(proposal.id)).state is ProposalState.SUPERSEDED
    assert world.broker.positions[AAA] == 50


async def test_prices_that_moved_have_the_same_pair_planned_again(world: World) -> None:
    anna, managed = await losing(world)
    proposal = (await ask(world, anna, managed)).proposal
    assert proposal is not None
    await decide(world, anna, proposal)
    world.price(AAA=95)
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    assert (again.state, again.revision.cause) == (
        ProposalState.OPEN,
        RevisionCause.PRICES_MOVED,
    )
    assert legs(again) == [("sell", AAA, 50), ("buy", CCC, 190)]


# --- carried out ---------------------------------------------------------------------------------


async def test_carried_out_it_realises_the_loss_and_leaves_a_switch_for_the_31st_day(
    world: World,
) -> None:
    _, managed = await harvested(world)
    async with world.store.read() as work:
        sales = await work.taxes.realised([managed.accounts[0].id], MONDAY)
        orders = await work.harvests.sales([managed.accounts[0].id])
    (sale,) = sales
    assert sale.gain is not None
    assert sale.gain < -1400
    assert sale.execution.partition("/")[0] in orders
    (switch,) = await switches(world, managed)
    assert (switch.sold, switch.bought, switch.sold_on) == (AAA, CCC, MONDAY)
    assert switch.look_from == date(2020, 4, 9)
    assert switch.saves > 300


async def test_the_lots_of_the_plan_are_sold_where_the_broker_lets_them_be_chosen(
    world: World,
) -> None:
    """An older lot has gained: first in, first out would take it."""
    world.broker.lot_methods = tuple(LotMethod)
    anna, managed = await losing(world)
    world.hold(100, AAA=60, BBB=120)
    async with world.store.begin() as work:
        await work.taxes.open_lot(a_lot(managed, AAA, 10, 60, date(2018, 6, 4)), "USD")
    result = await ask(world, anna, managed)
    assert result.proposal is not None
    assert legs(result.proposal)[0] == ("sell", AAA, 50)
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    async with world.store.read() as work:
        (left,) = await work.taxes.open_lots(managed.accounts[0].id, AAA)
    assert left.acquired == date(2018, 6, 4)


async def test_a_sale_that_is_not_filled_has_nothing_bought(world: World) -> None:
    anna, managed = await losing(world)
    result = await ask(world, anna, managed)
    assert result.proposal is not None
    world.hold(6000, AAA=50, BBB=100)
    await decide(world, anna, result.proposal)
    world.broker.mishaps.append(Mishap.REFUSED)
    await execute_approved(world.desk)
    assert world.broker.positions.get(CCC, Decimal(0)) == 0
    async with world.store.read() as work:
        orders = await work.orders.of_proposal(result.proposal.id)
    assert [order.detail for order in orders if order.symbol == CCC] == [WhyNot.SALE_MISSED]
    assert await switches(world, managed) == ()


# --- the scheduled look --------------------------------------------------------------------------


async def test_losses_are_looked_for_once_a_month_by_a_check_that_is_due(world: World) -> None:
    anna, managed = await losing(world, ("harvest", "1000"), ("cool_down", "0"))
    await until(world, MONDAY + timedelta(days=1))
    await sweep(world)
    proposal = await newest(world, managed)
    assert proposal is not None
    assert (proposal.cause, proposal.state) == (Cause.HARVEST, ProposalState.OPEN)
    await sweep(world)
    await reject_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=proposal.id, revision=1
    )
    for day in (11, 12, 31):
        await until(world, date(2020, 3, day))
        await sweep(world)
        assert (await newest(world, managed)).id == proposal.id
    await until(world, date(2020, 4, 1))
    await sweep(world)
    later = await newest(world, managed)
    assert later is not None
    assert later.id != proposal.id
    async with world.store.read() as work:
        looked = await work.checks.latest_of([managed.portfolio.id], LOSSES_SLOT)
    assert looked == {managed.portfolio.id: date(2020, 4, 1)}


async def test_losses_are_looked_for_between_dates_that_alone_let_the_drift_be_looked_at(
    world: World,
) -> None:
    """BBB is far over its target, but only the year's first check may act on that."""
    rules = (("trigger", "band_on_date"), ("calendar", "annual"), ("harvest", "1000"))
    _, managed = await losing(world, *rules)
    world.hold(100, AAA=50, BBB=200)
    await until(world, MONDAY + timedelta(days=1))
    await sweep(world)
    made = await newest(world, managed)
    assert (made.cause, legs(made)[0]) == (Cause.HARVEST, ("sell", AAA, 50))


async def test_a_look_waits_out_the_rest_after_a_decision(world: World) -> None:
    """Rejected on Monday, with a cool-down of five sessions: looked for again on the next Monday."""
    anna, managed = await losing(world, ("harvest", "1000"))
    other = (await ask(world, anna, managed)).proposal
    assert other is not None
    await reject_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=other.id, revision=1
    )
    await until(world, MONDAY + timedelta(days=4))
    await sweep(world)
    assert (await newest(world, managed)).id == other.id
    await until(world, MONDAY + timedelta(days=7))
    await sweep(world)
    assert (await newest(world, managed)).id != other.id


async def test_without_an_amount_nobody_looks(world: World) -> None:
    _, managed = await losing(world)
    await until(world, MONDAY + timedelta(days=1))
    await sweep(world)
    assert await newest(world, managed) is None


async def test_what_drifts_goes_first_and_the_look_is_made_another_day(world: World) -> None:
    anna, managed = await losing(world, ("harvest", "1000"), ("cool_down", "0"))
    await schedule_checks(world.store, world.market)
    world.hold(100, AAA=50, BBB=200)
    await until(world, MONDAY + timedelta(days=1))
    await sweep(world)
    first = await newest(world, managed)
    assert first is not None
    assert first.cause is Cause.SCHEDULED
    await reject_proposal(
        world.store, world.market, world.clock, member=anna, proposal_id=first.id, revision=1
    )
    world.hold(100, AAA=50, BBB=100)
    await until(world, MONDAY + timedelta(days=2))
    await sweep(world)
    assert (await newest(world, managed)).cause is Cause.HARVEST


async def test_a_check_does_not_put_an_open_harvest_aside(world: World) -> None:
    anna, managed = await losing(world)
    result = await ask(world, anna, managed)
    world.hold(100, AAA=50, BBB=200)
    await until(world, MONDAY + timedelta(days=1))
    await sweep(world)
    assert result.proposal is not None
    assert (await world.proposal(result.proposal.id)).state is ProposalState.OPEN
    assert (await newest(world, managed)).id == result.proposal.id


# --- the way back --------------------------------------------------------------------------------


async def test_the_way_back_is_offered_on_the_31st_day_and_not_before(world: World) -> None:
    _, managed = await harvested(world, ("cool_down", "0"))
    await until(world, date(2020, 4, 8))
    await sweep(world)
    assert (await newest(world, managed)).cause is Cause.HARVEST
    await until(world, date(2020, 4, 9))
    await sweep(world)
    await sweep(world)
    offered = await newest(world, managed)
    assert offered is not None
    assert offered.cause is Cause.SWITCH_BACK
    assert [leg[:2] for leg in legs(offered)] == [("sell", CCC), ("buy", AAA)]
    assert legs(offered)[0][2] == 200
    async with world.store.read() as work:
        assert len(await work.proposals.recent(managed.portfolio.id, 9)) == 2
    (switch,) = await switches(world, managed)
    assert (switch.offered, switch.look_from) == (offered.id, date(2020, 5, 10))


async def test_on_a_closed_day_it_waits_for_the_next_session(world: World) -> None:
    """Harvested on Tuesday: the 31st day is Good Friday, so Monday is the first look."""
    anna, managed = await losing(world, ("cool_down", "0"))
    await until(world, date(2020, 3, 10))
    result = await ask(world, anna, managed)
    assert result.proposal is not None
    await decide(world, anna, result.proposal)
    await execute_approved(world.desk)
    for day, cause in ((9, Cause.HARVEST), (13, Cause.SWITCH_BACK)):
        await until(world, date(2020, 4, day))
        await sweep(world)
        assert (await newest(world, managed)).cause is cause


async def test_switched_back_it_is_over(world: World) -> None:
    anna, managed = await harvested(world, ("cool_down", "0"))
    await until(world, date(2020, 4, 9))
    await sweep(world)
    offered = await newest(world, managed)
    assert offered is not None
    await decide(world, anna, offered)
    await execute_approved(world.desk)
    assert world.broker.positions[AAA] > 0
    await until(world, date(2020, 5, 11))
    await sweep(world)
    assert await switches(world, managed) == ()


async def test_stay_rejects_the_offer_and_offers_it_no_more(world: World) -> None:
    anna, managed = await harvested(world, ("cool_down", "0"))
    await until(world, date(2020, 4, 9))
    await sweep(world)
    offered = await newest(world, managed)
    assert offered is not None
    decided = await stay(
        world.store, world.market, world.clock, member=anna, proposal_id=offered.id, revision=1
    )
    assert decided.proposal.state is ProposalState.REJECTED
    assert await switches(world, managed) == ()
    async with world.store.read() as work:
        (switch,) = await work.harvests.offered_by(offered.id)
    assert switch.state is SwitchState.STAYED
    assert decided.proposal.decisions[-1].kind is DecisionKind.STAY
    await until(world, date(2020, 5, 11))
    await sweep(world)
    assert (await newest(world, managed)).id == offered.id


async def test_a_stay_that_is_reopened_waits_for_its_way_back_again(world: World) -> None:
    anna, managed = await harvested(world, ("cool_down", "0"))
    await until(world, date(2020, 4, 9))
    await sweep(world)
    offered = await newest(world, managed)
    assert offered is not None
    waiting = await switches(world, managed)
    for act in (stay, reopen_proposal, reject_proposal):
        await act(
            world.store, world.market, world.clock, member=anna, proposal_id=offered.id, revision=1
        )
    assert await switches(world, managed) == waiting
    await until(world, date(2020, 5, 11))
    await sweep(world)
    again = await newest(world, managed)
    assert again is not None
    assert (again.cause, again.id > offered.id) == (Cause.SWITCH_BACK, True)


async def test_where_the_line_has_changed_nothing_is_offered(world: World) -> None:
    anna, managed = await harvested(world, ("cool_down", "0"), ("outside", "keep"))
    await world.set_targets(anna, managed.portfolio.id, {"AAA": 50, "BBB": 50})
    await set_policy(world, anna, managed.portfolio.id, band=Band(None, None))
    await until(world, date(2020, 4, 9))
    await sweep(world)
    assert await switches(world, managed) == ()
    assert (await newest(world, managed)).cause is Cause.HARVEST


async def test_a_dear_way_back_is_left_and_people_are_told_once(world: World) -> None:
    """CCC rose from 25 to 60: the short-term gain of 7,000 is taxed with more than the loss was worth."""
    _, managed = await harvested(world, ("cool_down", "0"))
    await until(world, date(2020, 4, 9))
    world.price(CCC=60, BBB=120)
    await sweep(world)
    await sweep(world)
    assert (await newest(world, managed)).cause is Cause.HARVEST
    kept = [item for item in await told(world) if item.kind is MessageKind.SWITCH_KEPT]
    (item,) = kept
    assert (item.data["sold"], item.data["bought"]) == (AAA, CCC)
    (switch,) = await switches(world, managed)
    assert switch.look_from == date(2020, 5, 10)


async def test_two_sweeps_at_once_make_one_offer(world: World) -> None:
    _, managed = await losing(world, ("harvest", "1000"))
    await until(world, MONDAY + timedelta(days=1))
    await asyncio.gather(
        *(run_due_checks(world.store, world.brokers, world.market, world.clock) for _ in range(2))
    )
    async with world.store.read() as work:
        (made,) = await work.proposals.recent(managed.portfolio.id, 9)
    assert made.cause is Cause.HARVEST


# --- the ledger ----------------------------------------------------------------------------------


async def test_the_ledger_tells_harvests_from_other_losses_and_carries_them(world: World) -> None:
    """Harvested short-term: 3,000 of all losses meet other income, short-term ones first (IRC § 1212(b)(2))."""
    anna, managed = await harvested(world)
    other = RealisedSale(
        account_id=managed.accounts[0].id,
        owner_id=anna.id,
        symbol=BBB,
        acquired=date(2018, 1, 2),
        quantity=Decimal(1),
        proceeds=Decimal(100),
        gain=Decimal(-4000),
        term=Term.LONG,
        sold=MONDAY,
        execution="o-9/x",
    )
    async with world.store.begin() as work:
        await work.taxes.add_realised([other])
    ledger = await show_harvests(
        world.store, world.market, member=anna, portfolio_id=managed.portfolio.id
    )
    (sale,) = ledger.of(2020)
    (year,) = ledger.years
    assert (sale.sale.symbol, sale.owner, sale.disallowed) == (AAA, "Anna", Decimal(0))
    assert (year.year, year.short, year.long) == (2020, sale.counted, Decimal(0))
    assert year.carried_short == 0
    assert year.carried_long == 4000 + sale.loss - 3000
    assert [each.bought for each in ledger.waiting] == [CCC]


async def test_a_purchase_after_the_harvest_disallows_its_part_in_the_ledger(world: World) -> None:
    """5 of the 50 shares are bought again on the 30th day: a tenth of the loss does not count."""
    anna, managed = await harvested(world)
    async with world.store.begin() as work:
        await work.taxes.open_lot(a_lot(managed, AAA, 5, 100, date(2020, 4, 8)), "USD")
    ledger = await show_harvests(
        world.store, world.market, member=anna, portfolio_id=managed.portfolio.id
    )
    (sale,) = ledger.sales
    assert sale.disallowed == to_cents(sale.loss / 10)
    assert ledger.years[0].disallowed == sale.disallowed
