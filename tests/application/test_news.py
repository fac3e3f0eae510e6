"""What scheduled checks tell people who have answered, have an alert before them, or have put money in."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from core.application.check_result import Outcome
from core.application.decide_proposal import reject_proposal
from core.application.run_due_work import run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.ids import PortfolioId
from core.domain.membership import Member
from core.domain.policy import CalendarRule, Trigger
from core.domain.proposal import Cause, Proposal, ProposalState
from core.domain.refusals import PriceSourceDown
from tests.application.acts import set_policy
from tests.fakes.world import World

DAY = timedelta(days=1)


class Family:
    """Anna's portfolio, half AAA and half BBB, looked at every day."""

    def __init__(self, world: World, anna: Member, portfolio_id: PortfolioId) -> None:
        self.world, self.anna, self.id = world, anna, portfolio_id

    async def next_day(self) -> Outcome:
        """What the next day's check came to."""
        self.world.pass_time(DAY)
        counts = (await run_due_work(self.world.desk)).checks.counts
        (outcome,) = counts
        return outcome

    async def standing(self) -> Proposal:
        """The proposal that waits."""
        async with self.world.store.read() as work:
            (proposal,) = await work.proposals.in_states({ProposalState.OPEN}, self.id)
        return proposal

    async def reject(self) -> None:
        proposal = await self.standing()
        await reject_proposal(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=self.anna,
            proposal_id=proposal.id,
            revision=proposal.revision.number,
        )

    async def alerts(self) -> int:
        return sum(kind == "proposal" for kind, _ in await self.world.outbox())

    async def policy(self, **values: object) -> None:
        await set_policy(self.world, self.anna, self.id, **values)


@pytest.fixture
async def family(world: World) -> Family:
    """AAA at 60 percent of 10,000, where the band ends at 55."""
    anna = await world.person()
    current = await world.portfolio(anna, {"AAA": 50, "BBB": 50})
    world.hold(0, AAA=60, BBB=40)
    world.prices.set_prices({"AAA": 100, "BBB": 100})
    await schedule_checks(world.store, world.market)
    return Family(world, anna, current.portfolio.portfolio.id)


def drift_to(family: Family, percent: int) -> None:
    """Let prices carry AAA to so many percent, the whole staying 10,000."""
    prices = {"AAA": Decimal(percent * 100) / 60, "BBB": Decimal((100 - percent) * 100) / 40}
    family.world.prices.set_prices(prices)


async def test_an_answer_is_respected_until_the_drift_has_grown(family: Family) -> None:
    assert await family.next_day() is Outcome.PROPOSED
    await family.reject()
    drift_to(family, 61)
    assert await family.next_day() is Outcome.COOLING_DOWN
    drift_to(family, 63)
    assert await family.next_day() is Outcome.PROPOSED
    assert await family.alerts() == 2
    await family.reject()
    drift_to(family, 64)
    assert await family.next_day() is Outcome.COOLING_DOWN


async def test_without_growth_in_the_policy_silence_is_silence(family: Family) -> None:
    await family.policy(alert_growth=None)
    assert await family.next_day() is Outcome.PROPOSED
    await family.reject()
    drift_to(family, 80)
    family.world.prices.requests.clear()
    assert await family.next_day() is Outcome.COOLING_DOWN
    assert family.world.prices.requests == []


async def test_when_the_silence_is_over_the_same_drift_is_told_again(family: Family) -> None:
    await family.policy(cool_down=2)
    assert await family.next_day() is Outcome.PROPOSED
    await family.reject()
    assert await family.next_day() is Outcome.COOLING_DOWN
    assert await family.next_day() is Outcome.PROPOSED


async def test_an_open_alert_is_replaced_only_when_the_drift_has_grown(family: Family) -> None:
    await family.policy(expires_after=10)
    assert await family.next_day() is Outcome.PROPOSED
    first = await family.standing()
    drift_to(family, 61)
    assert await family.next_day() is Outcome.STILL_OPEN
    assert (await family.standing()).id == first.id
    drift_to(family, 63)
    assert await family.next_day() is Outcome.PROPOSED
    assert (await family.standing()).id != first.id
    assert await family.alerts() == 2


async def test_trouble_with_prices_is_not_told_to_those_who_want_silence(family: Family) -> None:
    assert await family.next_day() is Outcome.PROPOSED
    await family.reject()
    family.world.prices.failure = PriceSourceDown("fake", "503")
    assert await family.next_day() is Outcome.COOLING_DOWN
    assert [kind for kind, _ in await family.world.outbox()].count("check_refused") == 0


# --- new cash ------------------------------------------------------------------------------------


async def put_in(family: Family, cash: int) -> None:
    family.world.hold(cash, AAA=50, BBB=50)


async def test_spare_cash_of_so_much_is_invested_by_purchases_alone(family: Family) -> None:
    await family.policy(new_cash=Decimal(450))
    await put_in(family, 449)
    assert await family.next_day() is Outcome.ON_TARGET
    await put_in(family, 510)
    assert await family.next_day() is Outcome.PROPOSED
    proposal = await family.standing()
    assert proposal.cause is Cause.NEW_CASH
    assert not proposal.revision.plan.sells
    assert proposal.revision.plan.trades
    assert await family.next_day() is Outcome.STILL_OPEN


async def test_spare_cash_is_no_reason_where_the_policy_has_no_amount(family: Family) -> None:
    await put_in(family, 510)
    assert await family.next_day() is Outcome.ON_TARGET


async def test_money_that_people_would_not_invest_is_not_asked_about_until_more_comes(
    family: Family,
) -> None:
    await family.policy(new_cash=Decimal(300), alert_growth=None)
    await put_in(family, 400)
    assert await family.next_day() is Outcome.PROPOSED
    await family.reject()
    await put_in(family, 600)
    assert await family.next_day() is Outcome.COOLING_DOWN
    await put_in(family, 705)
    assert await family.next_day() is Outcome.PROPOSED


async def test_money_counts_on_days_on_which_the_bands_do_not(family: Family) -> None:
    await family.policy(
        new_cash=Decimal(300), trigger=Trigger.BAND_ON_DATE, calendar=CalendarRule.ANNUAL
    )
    family.world.hold(400, AAA=60, BBB=40)
    assert await family.next_day() is Outcome.PROPOSED
    assert (await family.standing()).cause is Cause.NEW_CASH
