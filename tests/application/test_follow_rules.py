"""Rules in use: due checks held off, widened, brought about, and what people are told, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.application import follow_rules as following
from core.application.change_policy import change_policy
from core.application.check_drift import ASKED, request_rebalance
from core.application.check_result import Outcome
from core.application.follow_rules import verdict_now
from core.application.keep_rules import add_rule, switch_rule
from core.application.pause import pause, resume
from core.application.run_due_work import WorkDone, run_due_work
from core.application.schedule_checks import schedule_checks
from core.domain.ids import PortfolioId, RuleId
from core.domain.membership import Member
from core.domain.outbox import MessageKind
from core.domain.refusals import PriceSourceDown
from core.domain.rules import Action, Told, Verdict, read_told
from core.ports.store import CheckRecord
from tests.application.test_rules import back
from tests.fakes.world import World

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


@dataclass
class Ruled:
    """A family whose AAA is 7 points over its target on Tuesday, 10 March 2020, when its check falls due."""

    world: World
    anna: Member
    pid: PortfolioId

    async def rule(self, text: str, action: Action, factor: str | None = None) -> RuleId:
        """A rule that is on."""
        rule = await add_rule(
            self.world.store,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.pid,
            text=text,
            action=action,
            factor=None if factor is None else Decimal(factor),
        )
        await self.switch(rule.id, is_enabled=True)
        return rule.id

    async def switch(self, rule_id: RuleId, *, is_enabled: bool) -> None:
        await switch_rule(
            self.world.store,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.pid,
            rule_id=rule_id,
            is_enabled=is_enabled,
        )

    async def policy(self, *pairs: tuple[str, str]) -> None:
        await change_policy(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.pid,
            pairs=list(pairs),
        )

    async def check_at(self, times: str) -> None:
        await self.policy(("check", times))
        await schedule_checks(self.world.store, self.world.market)

    async def next_day(self, **prices: int) -> Mapping[Outcome, int]:
        """The checks of the next day."""
        return (await self.later(DAY, **prices)).checks.counts

    async def later(self, step: timedelta, **prices: int) -> WorkDone:
        """A round of work after a while."""
        self.world.pass_time(step)
        for name, price in prices.items():
            self.world.prices.set_price(f"^{name}", price)
        return await run_due_work(self.world.desk)

    async def told(self) -> list[Told]:
        """What people were told of rules so far."""
        async with self.world.store.read() as work:
            queued = await work.outbox.queued(self.world.clock.now() + DAY, 1000)
        return [read_told(q.item.data) for q in queued if q.item.kind is MessageKind.RULE]

    async def checks(self) -> list[CheckRecord]:
        async with self.world.store.read() as work:
            return list(await work.checks.recent(self.pid, 50))


@pytest.fixture
async def family(world: World) -> Ruled:
    anna = await world.person()
    pid = (await world.portfolio(anna, {"AAA": 50, "BBB": 50})).portfolio.portfolio.id
    world.hold(0, AAA=57, BBB=86)
    world.prices.set_closes("^VIX", back(20, 29))
    world.prices.set_price("^VIX", 34)
    await schedule_checks(world.store, world.market)
    return Ruled(world, anna, pid)


# --- holding off ---------------------------------------------------------------------------------


async def test_a_rule_holds_a_check_off_and_says_so_once(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)
    assert await family.next_day() == {Outcome.HELD_OFF: 1}
    (told,) = await family.told()
    assert (told.action, told.day, told.evaluation.since) == (
        Action.HOLD_OFF,
        date(2020, 3, 10),
        date(2020, 3, 10),
    )
    quiet = await family.later(DAY)
    assert quiet.checks.counts == {Outcome.HELD_OFF: 1}
    assert not quiet.has_news
    assert len(await family.told()) == 1


async def test_when_it_holds_no_more_the_check_is_made_and_people_hear_that_it_is_over(
    family: Ruled,
) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)
    await family.next_day()
    assert await family.next_day(VIX=25) == {Outcome.PROPOSED: 1}
    began, ended = await family.told()
    assert (began.day, began.is_over) == (date(2020, 3, 10), False)
    assert (ended.day, ended.is_over) == (date(2020, 3, 11), True)
    assert [reading.value for reading in ended.evaluation.readings] == [Decimal(25)]


async def test_a_market_that_hovers_is_told_of_once_a_week_at_most(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)
    for vix in (34, 25, 36, 28, 34):
        await family.next_day(VIX=vix)
    await family.later(2 * DAY)
    assert len(await family.told()) == 2
    await family.next_day()
    days = [(told.day, told.is_over) for told in await family.told()]
    assert days == [
        (date(2020, 3, 10), False),
        (date(2020, 3, 11), True),
        (date(2020, 3, 17), False),
    ]
    await family.next_day()
    assert len(await family.told()) == 3


async def test_a_check_that_is_caught_up_with_is_told_of_on_its_day_and_its_end_too(
    family: Ruled,
) -> None:
    """Tuesday's check is made on Wednesday, when the rule holds; on Thursday it does not any more."""
    await family.rule("VIX > 30", Action.HOLD_OFF)
    done = await family.later(2 * DAY)
    assert done.checks.counts == {Outcome.HELD_OFF: 1}
    await family.next_day(VIX=25)
    days = [(told.day, told.is_over) for told in await family.told()]
    assert days == [(date(2020, 3, 11), False), (date(2020, 3, 12), True)]


async def test_a_market_that_comes_back_on_the_day_that_it_was_over_is_told_of_a_week_later(
    family: Ruled,
) -> None:
    """Held off at 11:00, over at 12:00, held off again from 15:00 on -> told again on the next Tuesday."""
    await family.check_at("11:00,12:00,15:00")
    await family.rule("VIX > 30", Action.HOLD_OFF)
    await family.next_day()
    await family.later(HOUR, VIX=25)
    assert (await family.later(3 * HOUR, VIX=34)).checks.counts == {Outcome.HELD_OFF: 1}
    for _ in range(6):
        await family.later(DAY)
    assert len(await family.told()) == 2
    await family.later(DAY)
    days = [(told.day, told.is_over) for told in await family.told()]
    tuesday = date(2020, 3, 10)
    assert days == [(tuesday, False), (tuesday, True), (tuesday + 7 * DAY, False)]
    await family.later(DAY, VIX=25)
    assert [told.is_over for told in await family.told()] == [False, True, False, True]


async def test_a_market_that_comes_and_goes_on_one_day_is_over_once(family: Ruled) -> None:
    await family.check_at("11:00,12:00,15:00")
    await family.rule("VIX > 30", Action.HOLD_OFF)
    await family.next_day()
    await family.later(HOUR, VIX=25)
    await family.later(3 * HOUR, VIX=34)
    await family.later(DAY, VIX=25)
    assert [told.is_over for told in await family.told()] == [False, True]


async def test_a_market_that_is_over_twice_on_one_day_is_told_of_twice_where_it_was_told_to_hold(
    family: Ruled,
) -> None:
    """Held off since a week; on the next Tuesday over at 11:00, held off again at 12:00, over at 15:00."""
    await family.check_at("11:00,12:00,15:00")
    await family.rule("VIX > 30", Action.HOLD_OFF)
    await family.next_day()
    for _ in range(6):
        await family.later(DAY)
    await family.later(DAY, VIX=25)
    await family.later(HOUR, VIX=34)
    await family.later(3 * HOUR, VIX=25)
    await family.later(DAY)
    assert [told.is_over for told in await family.told()] == [False, True, False, True]


async def test_nothing_is_told_while_the_portfolio_is_paused(family: Ruled) -> None:
    """It turns true on Tuesday, and the portfolio goes on after Wednesday's check: told on Thursday."""
    await family.rule("VIX > 30", Action.NOTIFY)
    world = family.world
    await pause(world.store, world.clock, member=family.anna, portfolio_id=family.pid)
    assert await family.next_day() == {Outcome.PAUSED: 1}
    assert await family.next_day() == {Outcome.PAUSED: 1}
    assert await family.told() == []
    await resume(world.store, world.clock, member=family.anna, portfolio_id=family.pid)
    await family.next_day()
    assert [told.day for told in await family.told()] == [date(2020, 3, 12)]


async def test_what_is_missing_in_between_is_no_new_reason(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)
    await family.next_day()
    family.world.prices.set_fault("^VIX")
    assert await family.next_day() == {Outcome.PROPOSED: 1}
    assert await family.next_day(VIX=34) == {Outcome.HELD_OFF: 1}
    assert len(await family.told()) == 1


async def test_people_who_ask_are_not_held_and_can_be_told(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)
    family.world.pass_time(DAY)
    world = family.world
    result = await request_rebalance(
        world.store,
        world.brokers,
        world.market,
        world.clock,
        member=family.anna,
        portfolio_id=family.pid,
        request_key="1",
    )
    assert result.outcome is Outcome.PROPOSED
    assert (await verdict_now(world.store, world.market, family.pid)).action is Action.HOLD_OFF
    assert await verdict_now(world.store, world.market, PortfolioId(99)) == Verdict()


async def test_what_was_asked_for_and_is_taken_over_is_not_held_either(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)
    moment = await family.world.market.moment()
    async with family.world.store.begin() as work:
        await work.checks.add_due(family.pid, moment.session.date, f"{ASKED}1", moment.now)
    done = await family.later(timedelta(minutes=3))
    assert done.checks.counts == {Outcome.PROPOSED: 1}


async def test_a_date_that_was_held_off_is_kept_later(family: Ruled) -> None:
    """Weekly: the first session of a week is the date, and Monday's check is held off."""
    await family.policy(("calendar", "weekly"), ("trigger", "band_on_date"))
    await family.rule("VIX > 30", Action.HOLD_OFF)
    assert [await family.next_day(VIX=25) for _ in range(4)] == [{Outcome.ON_TARGET: 1}] * 4
    await family.later(2 * DAY)
    assert await family.next_day(VIX=34) == {Outcome.HELD_OFF: 1}
    assert await family.next_day(VIX=25) == {Outcome.PROPOSED: 1}


# --- widening ------------------------------------------------------------------------------------


async def test_bands_are_widened_for_the_check_alone(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.WIDEN, "1.5")
    assert await family.next_day() == {Outcome.ON_TARGET: 1}
    (told,) = await family.told()
    assert (told.action, told.factor) == (Action.WIDEN, Decimal("1.5"))
    assert await family.next_day() == {Outcome.ON_TARGET: 1}
    assert len(await family.told()) == 1
    assert await family.next_day(VIX=25) == {Outcome.PROPOSED: 1}
    assert [told.is_over for told in await family.told()] == [False, True]


# --- notes ---------------------------------------------------------------------------------------


async def test_a_note_is_told_once_a_week_at_most_and_the_check_goes_on(family: Ruled) -> None:
    await family.rule("VIX > 30", Action.NOTIFY)
    first = await family.later(DAY)
    assert first.checks.counts == {Outcome.PROPOSED: 1}
    await family.next_day()
    assert [told.day for told in await family.told()] == [date(2020, 3, 10)]
    await family.next_day(VIX=25)
    await family.next_day(VIX=34)
    await family.later(3 * DAY, VIX=25)
    assert [told.day for told in await family.told()] == [date(2020, 3, 10)]
    await family.next_day(VIX=34)
    assert [told.day for told in await family.told()] == [date(2020, 3, 10), date(2020, 3, 17)]


async def test_a_rule_that_is_turned_on_anew_is_told_anew_on_another_day(family: Ruled) -> None:
    number = await family.rule("VIX > 30", Action.NOTIFY)
    await family.next_day()
    await family.switch(number, is_enabled=False)
    await family.next_day()
    await family.switch(number, is_enabled=True)
    await family.next_day()
    assert [told.day for told in await family.told()] == [date(2020, 3, 10), date(2020, 3, 12)]


# --- checking now --------------------------------------------------------------------------------


async def test_a_rule_brings_one_check_about_for_each_turn(family: Ruled) -> None:
    await family.rule("VIX > 36", Action.CHECK_NOW)
    await family.policy(("calendar", "annual"), ("trigger", "band_on_date"))
    assert await family.next_day() == {Outcome.ON_TARGET: 1}
    done = await family.later(QUARTER, VIX=37)
    assert done.checks.counts == {Outcome.PROPOSED: 1}
    (check, *_) = await family.checks()
    assert (check.check.slot, check.check.session) == ("rule1:2020-03-10", date(2020, 3, 10))
    (told,) = await family.told()
    assert (told.action, told.outcome) == (Action.CHECK_NOW, "proposed")
    for price in (38, 30, 39):
        assert (await family.later(QUARTER, VIX=price)).checks.counts == {}
    assert len(await family.told()) == 1


async def test_rules_are_looked_at_between_checks_every_quarter_of_an_hour_at_most(
    family: Ruled,
) -> None:
    await family.rule("VIX > 36", Action.CHECK_NOW)
    await family.next_day()
    asked = len(family.world.prices.histories)
    await family.later(timedelta(minutes=5), VIX=37)
    assert len(family.world.prices.histories) == asked
    await family.later(timedelta(minutes=10))
    assert len(family.world.prices.histories) == asked + 1
    await family.later(timedelta(hours=8))
    await family.later(QUARTER)
    assert len(family.world.prices.histories) == asked + 1


async def test_without_a_rule_that_checks_now_nothing_is_looked_at_between_checks(
    family: Ruled,
) -> None:
    await family.rule("VIX > 36", Action.NOTIFY)
    await family.next_day()
    asked = len(family.world.prices.histories)
    await family.later(QUARTER, VIX=37)
    assert len(family.world.prices.histories) == asked
    assert await family.told() == []


async def test_holding_off_goes_before_checking_now_which_then_follows(family: Ruled) -> None:
    await family.rule("VIX > 33", Action.HOLD_OFF)
    await family.rule("VIX > 30", Action.CHECK_NOW)
    assert await family.next_day() == {Outcome.HELD_OFF: 1}
    assert [told.action for told in await family.told()] == [Action.HOLD_OFF]
    done = await family.later(QUARTER, VIX=32)
    assert done.checks.counts == {Outcome.PROPOSED: 1}
    assert [(told.action, told.is_over) for told in await family.told()] == [
        (Action.HOLD_OFF, False),
        (Action.HOLD_OFF, True),
        (Action.CHECK_NOW, False),
    ]


# --- asking, and what cannot be told -------------------------------------------------------------


async def test_all_due_portfolios_share_one_request_for_closes_and_one_more_for_prices(
    family: Ruled,
) -> None:
    world = family.world
    other = (await world.portfolio(family.anna, {"AAA": 50, "CCC": 50}, "Other")).portfolio
    world.hold(0, AAA=57, BBB=86)
    await schedule_checks(world.store, world.market)
    await family.rule("VIX > 30", Action.NOTIFY)
    await Ruled(world, family.anna, other.portfolio.id).rule("SPX > 3000", Action.WIDEN, "2")
    world.prices.requests.clear()
    await family.next_day()
    assert [symbols for symbols, _ in world.prices.histories] == [{"^VIX", "^GSPC"}]
    assert sorted(world.prices.requests, key=len) == [{"^VIX", "^GSPC"}, {"AAA", "BBB", "CCC"}]


async def test_without_rules_that_are_on_nothing_more_is_asked_for(family: Ruled) -> None:
    number = await family.rule("VIX > 30", Action.HOLD_OFF)
    await family.switch(number, is_enabled=False)
    family.world.prices.requests.clear()
    await family.next_day()
    assert family.world.prices.histories == []
    assert family.world.prices.requests == [{"AAA", "BBB"}]


async def test_a_source_that_is_down_holds_nothing_off(
    family: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)

    async def down(*_: object) -> None:
        raise PriceSourceDown("fake", "gone")

    monkeypatch.setattr(family.world.prices, "history", down)
    assert await family.next_day() == {Outcome.PROPOSED: 1}
    assert await family.told() == []


async def test_a_fault_of_our_own_in_a_rule_stops_no_check(
    family: Ruled, monkeypatch: pytest.MonkeyPatch
) -> None:
    await family.rule("VIX > 30", Action.HOLD_OFF)

    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(following, "weigh_portfolios", broken)
    assert await family.next_day() == {Outcome.PROPOSED: 1}
