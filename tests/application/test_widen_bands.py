"""A plan made with bands that a rule widened: by which bands it is judged when it is judged again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.application import widen_bands
from core.application.after_sale import try_the_buys
from core.application.check_drift import SETTLED
from core.application.check_result import Outcome
from core.application.decide_proposal import approve_proposal
from core.application.edit_proposal import plan_buys_only, plan_in_full
from core.application.execute_proposal import execute_approved
from core.application.schedule_checks import schedule_checks
from core.domain.proposal import Cause, Proposal, ProposalState, RevisionCause
from core.domain.refusals import PriceSourceDown
from core.domain.rules import Action, Widening
from tests.application.acts import ask, decide, edit
from tests.application.test_after_sale import sell_alone
from tests.application.test_follow_rules import DAY, Ruled
from tests.application.test_rules import back
from tests.fakes.world import World

OWN, WIDE = Decimal(5), Decimal("7.5")


class Family(Ruled):
    """The family of the rules' tests with AAA 10 points over its target, which goes to the bands' edges only."""

    async def proposal(self) -> Proposal:
        """The latest proposal."""
        async with self.world.store.read() as work:
            (latest, *_) = await work.proposals.recent(self.pid, 1)
        return latest

    async def by_rule(self) -> Proposal:
        """The proposal of a check whose bands a rule has widened."""
        await self.rule("VIX > 30", Action.WIDEN, "1.5")
        assert await self.next_day() == {Outcome.PROPOSED: 1}
        return await self.proposal()

    async def asked(self) -> Proposal:
        result = await ask(self.world, self.anna, self.pid)
        assert result.proposal is not None
        return result.proposal

    async def carry_out(self, proposal: Proposal, **prices: int) -> Proposal:
        """Approve it, let prices change, and let the orders go as far as they may."""
        await decide(self.world, self.anna, proposal, proposal.revision.number)
        self.world.price(**prices)
        await execute_approved(self.world.desk)
        return await self.world.proposal(proposal.id)


@pytest.fixture
async def family(world: World) -> Family:
    anna = await world.person()
    pid = (await world.portfolio(anna, {"AAA": 50, "BBB": 50})).portfolio.portfolio.id
    world.hold(0, AAA=60, BBB=80)
    world.prices.set_closes("^VIX", back(20, 29))
    world.prices.set_price("^VIX", 34)
    await schedule_checks(world.store, world.market)
    found = Family(world, anna, pid)
    await found.policy(("destination", "0"))
    return found


def _bands(proposal: Proposal) -> tuple[Decimal | None, Decimal | None]:
    """The band of AAA, and its goal: 50 points and the band."""
    line = next(each for each in proposal.revision.plan.before.lines if each.symbol == "AAA")
    return line.band, round(line.goal, 2)


def _widening(proposal: Proposal) -> Widening:
    assert proposal.revision.widening is not None
    return proposal.revision.widening


async def test_a_proposal_says_by_which_rule_its_bands_were_widened(family: Family) -> None:
    proposal = await family.by_rule()
    assert _bands(proposal) == (WIDE, 50 + WIDE)
    widening = _widening(proposal)
    (rule,) = widening.rules
    assert (widening.factor, widening.is_over) == (Decimal("1.5"), False)
    assert (rule.rule_id, rule.day, rule.evaluation.since) == (1, date(2020, 3, 10), rule.day)
    assert [reading.value for reading in rule.evaluation.readings] == [Decimal(34)]


async def test_what_a_person_asks_for_has_its_own_bands_and_says_nothing(family: Family) -> None:
    await family.rule("VIX > 30", Action.WIDEN, "1.5")
    proposal = await family.asked()
    assert (_bands(proposal), proposal.revision.widening) == ((OWN, 50 + OWN), None)


# --- before the orders go ------------------------------------------------------------------------


async def test_what_was_approved_goes_as_it_was_shown_though_the_own_bands_are_narrower(
    family: Family,
) -> None:
    proposal = await family.by_rule()
    family.world.prices.set_price("^VIX", 25)
    done = await family.carry_out(proposal)
    assert (done.state, done.revision.number) == (ProposalState.DONE, 1)
    assert [(sent.symbol, sent.quantity) for sent in family.world.broker.submits] == [
        (trade.symbol, trade.quantity) for trade in proposal.revision.plan.trades
    ]


async def test_a_plan_that_prices_changed_has_the_same_bands_while_the_rule_holds(
    family: Family,
) -> None:
    proposal = await family.by_rule()
    again = await family.carry_out(proposal, AAA=102)
    assert again.revision.cause is RevisionCause.PRICES_MOVED
    assert again.state is ProposalState.OPEN
    assert (_bands(again), _widening(again)) == ((WIDE, 50 + WIDE), _widening(proposal))


async def test_once_the_rule_is_over_a_plan_that_prices_changed_has_its_own_bands_and_says_so(
    family: Family,
) -> None:
    proposal = await family.by_rule()
    family.world.prices.set_price("^VIX", 25)
    again = await family.carry_out(proposal, AAA=102)
    assert _bands(again) == (OWN, 50 + OWN)
    assert _widening(again) == _widening(proposal).over
    assert _widening(again).is_over


async def test_a_rule_that_holds_anew_widens_the_next_plan_again(family: Family) -> None:
    proposal = await family.by_rule()
    family.world.prices.set_price("^VIX", 25)
    again = await family.carry_out(proposal, AAA=102)
    family.world.prices.set_price("^VIX", 35)
    third = await family.carry_out(again, AAA=104)
    assert (third.revision.number, _bands(third)) == (3, (WIDE, 50 + WIDE))


async def test_the_largest_factor_of_the_rules_that_hold_then_counts(family: Family) -> None:
    proposal = await family.by_rule()
    await family.rule("VIX > 33", Action.WIDEN, "1.8")
    again = await family.carry_out(proposal, AAA=102)
    assert _bands(again) == (Decimal(9), Decimal(59))
    assert [told.rule_id for told in _widening(again).rules] == [1, 2]


async def test_a_rule_that_was_taken_away_widens_nothing_any_more(family: Family) -> None:
    proposal = await family.by_rule()
    for told in _widening(proposal).rules:
        await family.switch(told.rule_id, is_enabled=False)
    again = await family.carry_out(proposal, AAA=102)
    assert (_bands(again), _widening(again).is_over) == ((OWN, 50 + OWN), True)


async def test_a_rule_that_holds_checks_off_changes_nothing_about_what_was_approved(
    family: Family,
) -> None:
    proposal = await family.by_rule()
    await family.rule("VIX > 33", Action.HOLD_OFF)
    again = await family.carry_out(proposal, AAA=102)
    assert (_bands(again), _widening(again)) == ((WIDE, 50 + WIDE), _widening(proposal))


async def test_a_rule_that_began_to_hold_later_has_no_say_in_what_was_proposed_before(
    family: Family,
) -> None:
    """Otherwise wider bands could take away the trades that people have just approved."""
    proposal = await family.asked()
    await family.rule("VIX > 30", Action.WIDEN, "5")
    again = await family.carry_out(proposal, AAA=102)
    assert again.revision.cause is RevisionCause.PRICES_MOVED
    assert (_bands(again), again.revision.widening) == ((OWN, 50 + OWN), None)


@pytest.mark.parametrize("fault", [PriceSourceDown("fake", "gone"), ZeroDivisionError()])
async def test_what_cannot_be_told_then_counts_as_off_and_stops_nothing(
    family: Family, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    proposal = await family.by_rule()

    async def down(*_: object) -> None:
        raise fault

    if isinstance(fault, PriceSourceDown):
        monkeypatch.setattr(family.world.prices, "history", down)
    else:
        monkeypatch.setattr(widen_bands, "weigh_portfolios", down)
    again = await family.carry_out(proposal, AAA=102)
    assert (_bands(again), _widening(again).is_over) == ((OWN, 50 + OWN), True)


async def test_orders_for_the_next_open_are_judged_by_the_rules_of_then(family: Family) -> None:
    proposal = await family.by_rule()
    world = family.world
    await approve_proposal(
        world.store,
        world.market,
        world.clock,
        member=family.anna,
        proposal_id=proposal.id,
        revision=1,
        at_open=True,
    )
    world.pass_time(DAY)
    world.price(AAA=104)
    await execute_approved(world.desk)
    again = await world.proposal(proposal.id)
    assert (again.revision.number, _bands(again)) == (2, (WIDE, 50 + WIDE))


# --- edits ---------------------------------------------------------------------------------------


async def test_whoever_edits_changes_trades_and_not_bands(family: Family) -> None:
    """Purchases only, in full again, and one line smaller: the same look at the market, though VIX is calm by now."""
    proposal = await family.by_rule()
    world, shown = family.world, proposal.revision
    world.prices.set_price("^VIX", 25)
    cheap = await edit(world, family.anna, proposal, 1, 1)
    full = await plan_in_full(
        world.store,
        world.market,
        world.clock,
        member=family.anna,
        proposal_id=proposal.id,
        revision=2,
    )
    for edited in (cheap, full):
        assert _bands(edited) == (WIDE, 50 + WIDE)
        assert edited.revision.widening == shown.widening
    assert full.revision.plan.trades == shown.plan.trades


async def test_purchases_alone_go_to_the_same_edges(family: Family) -> None:
    """cash 1000 · AAA 60 @ 100 target 50 · BBB 60 @ 50 target 50 -> BBB may stay 7.5 points under its target."""
    world = family.world
    world.hold(1000, AAA=60, BBB=60)
    proposal = await family.by_rule()
    buys = await plan_buys_only(
        world.store,
        world.market,
        world.clock,
        member=family.anna,
        proposal_id=proposal.id,
        revision=1,
    )
    assert (_bands(buys)[0], buys.revision.widening) == (WIDE, proposal.revision.widening)


# --- the sweep, and what comes after a sale --------------------------------------------------------


@pytest.mark.parametrize("vix", [34, 25])
async def test_an_open_proposal_is_not_put_again_whether_the_rule_still_holds_or_not(
    family: Family, vix: int
) -> None:
    proposal = await family.by_rule()
    assert await family.next_day(VIX=vix) == {Outcome.STILL_OPEN: 1}
    assert (await family.proposal()).id == proposal.id


async def test_purchases_after_a_sale_that_a_person_asks_for_keep_the_bands_of_the_plan(
    family: Family,
) -> None:
    world, proposal = family.world, await family.by_rule()
    await decide(world, family.anna, proposal)
    await sell_alone(world)
    result = await try_the_buys(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=family.anna,
        proposal_id=proposal.id,
        chat_id=None,
    )
    assert result.proposal is not None, result
    made = await world.proposal(result.proposal.id)
    assert (made.cause, _bands(made)[0]) == (Cause.AFTER_SALE, WIDE)
    assert _widening(made) == _widening(proposal)


async def test_the_look_once_the_money_of_a_sale_has_settled_is_under_the_rules_too(
    family: Family,
) -> None:
    await family.rule("VIX > 30", Action.WIDEN, "1.5")
    family.world.hold(1000, AAA=55, BBB=70)
    moment = await family.world.market.moment()
    async with family.world.store.begin() as work:
        await work.checks.add_due(family.pid, moment.session.date, SETTLED, moment.now)
    done = await family.later(timedelta(minutes=1))
    assert done.checks.counts == {Outcome.PROPOSED: 1}
    made = await family.proposal()
    assert (made.cause, _bands(made)[0]) == (Cause.AFTER_SALE, WIDE)
