"""Rules of portfolios: kept by owners, off until turned on, and weighed together with two requests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.words.rules import asked_sentences, state_sentence
from core.adapters.calendars.replay import ReplayCalendar
from core.adapters.market_data.history import load_history
from core.adapters.market_data.replay import ReplayMarketData
from core.application.keep_rules import add_rule, list_rules, remove_rule, switch_rule
from core.application.market import Market
from core.application.weigh_rules import observe, weigh_rules
from core.domain.ids import PortfolioId, RuleId, Symbol
from core.domain.membership import Member, Role
from core.domain.quote import PriceFaultKind
from core.domain.refusals import (
    BadFactor,
    FactorNotTaken,
    NotAllowed,
    PriceSourceDown,
    RuleTooLong,
    RuleUnexpected,
    TooManyRules,
    UnknownPortfolio,
    UnknownRule,
)
from core.domain.rules import (
    MAX_RULES,
    Action,
    Evaluation,
    Lack,
    LackKind,
    Rule,
    Truth,
    Verdict,
    evaluate,
    parse,
)
from core.domain.session import NEW_YORK
from tests.fakes.clock import FakeMarketClock
from tests.fakes.world import BEN, World

VIX = Symbol("VIX")
TODAY = date(2020, 3, 9)
SESSIONS = [day.date for day in ReplayCalendar(load_history().sessions).up_to(date(2020, 3, 6), 30)]


def back(*values: str | int) -> dict[date, str | int]:
    """Closes of the last sessions before today, in order, and of those before that the first one."""
    days = SESSIONS[-len(values) :]
    return {**dict.fromkeys(SESSIONS, values[0]), **dict(zip(days, values, strict=True))}


async def family(world: World) -> tuple[Member, PortfolioId]:
    anna = await world.person()
    return anna, (await world.portfolio(anna)).portfolio.portfolio.id


async def add(world: World, anna: Member, pid: PortfolioId, text: str, action: Action) -> Rule:
    factor = Decimal("1.5") if action is Action.WIDEN else None
    return await add_rule(
        world.store,
        world.clock,
        member=anna,
        portfolio_id=pid,
        text=text,
        action=action,
        factor=factor,
    )


async def turn(world: World, anna: Member, rule: Rule, *, is_enabled: bool = True) -> Rule:
    return await switch_rule(
        world.store,
        world.clock,
        member=anna,
        portfolio_id=rule.portfolio_id,
        rule_id=rule.id,
        is_enabled=is_enabled,
    )


async def weigh(world: World, *pids: PortfolioId) -> Mapping[PortfolioId, Verdict]:
    moment = await world.market.moment()
    return await weigh_rules(world.store, world.prices, world.market.calendar, moment, pids)


async def on(world: World, *rules: tuple[str, Action], price: str | int | None = 34) -> Verdict:
    """The verdict over these rules, with the VIX above 30 for two sessions."""
    anna, pid = await family(world)
    for text, action in rules:
        await turn(world, anna, await add(world, anna, pid, text, action))
    world.prices.set_closes("^VIX", back(20, 29, 31, 33))
    if price is not None:
        world.prices.set_price("^VIX", price)
    return (await weigh(world, pid))[pid]


# --- keeping -------------------------------------------------------------------------------------


async def test_a_rule_is_kept_in_its_usual_spelling_and_is_off(world: World) -> None:
    anna, pid = await family(world)
    rule = await add(world, anna, pid, "vix>30% for 3d", Action.HOLD_OFF)
    assert (rule.text, rule.is_enabled) == ("VIX > 30 for 3d", False)
    assert await list_rules(world.store, anna, pid) == (rule,)
    assert await weigh(world, pid) == {}
    assert world.prices.requests == []
    assert world.prices.histories == []


async def test_a_rule_is_turned_on_and_off_and_removed(world: World) -> None:
    anna, pid = await family(world)
    rule = await add(world, anna, pid, "VIX > 30", Action.NOTIFY)
    assert (await turn(world, anna, rule)).is_enabled
    assert not (await turn(world, anna, rule, is_enabled=False)).is_enabled
    named = {"member": anna, "portfolio_id": pid, "rule_id": rule.id}
    assert await remove_rule(world.store, world.clock, **named) == rule  # type: ignore[arg-type]
    assert await list_rules(world.store, anna, pid) == ()
    with pytest.raises(UnknownRule):
        await remove_rule(world.store, world.clock, **named)  # type: ignore[arg-type]
    with pytest.raises(UnknownRule):
        await turn(world, anna, rule)
    async with world.store.read() as work:
        events = await work.log.events(pid, 9)
    assert [(e.kind, e.data) for e in events if e.kind.startswith("rule_")] == [
        ("rule_removed", f"{rule.id}: VIX > 30 (notify)"),
        ("rule_off", f"{rule.id}: VIX > 30 (notify)"),
        ("rule_on", f"{rule.id}: VIX > 30 (notify)"),
        ("rule_added", f"{rule.id}: VIX > 30 (notify)"),
    ]


async def test_only_an_owner_changes_rules_and_only_members_see_them(world: World) -> None:
    anna, pid = await family(world)
    rule = await add(world, anna, pid, "VIX > 30", Action.NOTIFY)
    ben = await world.person(BEN, "Ben")
    with pytest.raises(UnknownPortfolio):
        await list_rules(world.store, ben, pid)
    await world.give_role(ben, pid, Role.APPROVER)
    assert await list_rules(world.store, ben, pid) == (rule,)
    with pytest.raises(NotAllowed):
        await add(world, ben, pid, "VIX > 30", Action.NOTIFY)
    with pytest.raises(NotAllowed):
        await turn(world, ben, rule)
    with pytest.raises(NotAllowed):
        await remove_rule(
            world.store, world.clock, member=ben, portfolio_id=pid, rule_id=RuleId(rule.id)
        )


async def test_what_cannot_be_kept_is_refused_and_nothing_is(world: World) -> None:
    anna, pid = await family(world)
    named = {"member": anna, "portfolio_id": pid}

    async def refused(error: type[Exception], **what: object) -> None:
        with pytest.raises(error):
            await add_rule(world.store, world.clock, **named, **what)  # type: ignore[arg-type]

    await refused(RuleUnexpected, text="VIX 30", action=Action.NOTIFY)
    await refused(BadFactor, text="VIX > 30", action=Action.WIDEN)
    await refused(FactorNotTaken, text="VIX > 30", action=Action.NOTIFY, factor=Decimal(2))
    long = " and ".join(["VIX > 30"] * 20)
    await refused(RuleTooLong, text=long, action=Action.NOTIFY)
    grows = " and ".join(["ABCDEFGHIJKL>.00001"] * 8)
    assert len(grows) <= 200 < len(grows) + 8 * 3
    await refused(RuleTooLong, text=grows, action=Action.NOTIFY)
    assert await list_rules(world.store, anna, pid) == ()


async def test_a_portfolio_has_only_so_many_rules(world: World) -> None:
    anna, pid = await family(world)
    for number in range(MAX_RULES):
        await add(world, anna, pid, f"VIX > {number}", Action.NOTIFY)
    with pytest.raises(TooManyRules):
        await add(world, anna, pid, "VIX > 99", Action.NOTIFY)


# --- weighing ------------------------------------------------------------------------------------


async def test_holding_off_is_explained_with_the_value_and_the_day(world: World) -> None:
    """The VIX closed at 29 on Wednesday, at 31 on Thursday, at 33 on Friday, and stands at 34 now, on Monday."""
    verdict = await on(world, ("VIX > 30", Action.HOLD_OFF))
    assert verdict.action is Action.HOLD_OFF
    (said,) = asked_sentences(verdict, TODAY)
    assert said.startswith("Rule 1 holds off scheduled checks now: VIX 34.0 > 30 since Thursday.")


async def test_rules_are_brought_to_one_verdict(world: World) -> None:
    verdict = await on(
        world,
        ("VIX > 30", Action.CHECK_NOW),
        ("VIX > 30 for 3d", Action.WIDEN),
        ("VIX > 30 for 4d", Action.HOLD_OFF),
        ("NOSUCH > 1", Action.HOLD_OFF),
    )
    assert (verdict.action, verdict.factor) == (Action.WIDEN, Decimal("1.5"))
    assert [each.rule.text for each in verdict.overruled] == ["VIX > 30"]
    assert [each.evaluation.lacks for each in verdict.unknown] == [
        (Lack(Symbol("NOSUCH"), LackKind.NO_PRICE),)
    ]


async def test_all_portfolios_share_two_requests(world: World) -> None:
    anna, pid = await family(world)
    other = (await world.portfolio(anna, name="Other")).portfolio.portfolio.id
    for owner, text in ((pid, "VIX > 30"), (other, "^VIX change 5d > 3 or SPX drawdown 10d > 1")):
        await turn(world, anna, await add(world, anna, owner, text, Action.NOTIFY))
    assert set(await weigh(world, pid, other)) == {pid, other}
    assert world.prices.requests == [frozenset({"^VIX", "^GSPC"})]
    ((symbols, sessions),) = world.prices.histories
    assert symbols == {"^VIX", "^GSPC"}
    assert sessions[-1] == date(2020, 3, 6)
    assert len(sessions) == 10 + 1 + 21


@pytest.mark.parametrize(
    ("kind", "lack"),
    [
        (PriceFaultKind.MISSING, LackKind.NO_PRICE),
        (PriceFaultKind.NOT_A_NUMBER, LackKind.NOT_A_NUMBER),
        (PriceFaultKind.SOURCE, LackKind.SOURCE),
    ],
)
async def test_a_price_that_the_source_does_not_give_leaves_the_rule_off(
    world: World, kind: PriceFaultKind, lack: LackKind
) -> None:
    world.prices.set_fault("^VIX", kind)
    verdict = await on(world, ("VIX > 30", Action.HOLD_OFF), price=None)
    assert verdict.action is None
    assert verdict.unknown[0].evaluation.lacks == (Lack(VIX, lack),)


@pytest.mark.parametrize(
    ("price", "minutes", "lack"),
    [
        (34, 21, LackKind.STALE),
        (0, 0, LackKind.NOT_POSITIVE),
        (-3, 0, LackKind.NOT_POSITIVE),
        ("NaN", 0, LackKind.NOT_A_NUMBER),
    ],
)
async def test_a_price_that_nothing_can_be_made_from_leaves_the_rule_off(
    world: World, price: int | str, minutes: int, lack: LackKind
) -> None:
    now = await world.market_clock.now()
    world.prices.set_price("^VIX", price, at=now - timedelta(minutes=minutes))
    verdict = await on(world, ("VIX > 30 or VIX < 40", Action.HOLD_OFF), price=None)
    assert verdict.action is None
    assert verdict.unknown[0].evaluation.lacks == (Lack(VIX, lack),)


async def test_a_source_that_is_down_leaves_every_rule_off(world: World) -> None:
    world.prices.failure = PriceSourceDown("fake", "429")
    verdict = await on(world, ("VIX > 30", Action.HOLD_OFF), ("SPX < 1", Action.CHECK_NOW))
    assert verdict.action is None
    assert [state_sentence(each, TODAY) for each in verdict.unknown] == [
        "It cannot be told and counts as off: the price source did not answer for VIX.",
        "It cannot be told and counts as off: the price source did not answer for SPX.",
    ]


async def test_a_stored_text_of_another_grammar_leaves_its_rule_off_and_says_so(
    world: World,
) -> None:
    anna, pid = await family(world)
    async with world.store.begin() as work:
        rule = await work.rules.add(
            pid, "VIX rises", Action.HOLD_OFF, factor=None, by=anna.id, at=world.clock.now()
        )
        await work.rules.switch(pid, rule.id, is_enabled=True)
    verdict = (await weigh(world, pid))[pid]
    assert verdict.action is None
    assert isinstance(verdict.unknown[0].problem, RuleUnexpected)
    assert world.prices.histories == []


async def test_between_sessions_the_last_close_is_the_value_of_now(world: World) -> None:
    """On Sunday; Friday's close was 33."""
    world.market_clock.set(datetime(2020, 3, 8, 12, tzinfo=NEW_YORK))
    verdict = await on(world, ("VIX > 30", Action.NOTIFY), price=99)
    (reading,) = verdict.notes[0].evaluation.readings
    assert (reading.value, reading.day) == (Decimal(33), date(2020, 3, 6))
    assert world.prices.requests == []


# --- the shipped history -------------------------------------------------------------------------

HISTORY = load_history()


async def judged_in_2020(text: str, instant: datetime) -> Evaluation:
    calendar = ReplayCalendar(HISTORY.sessions)
    clock = FakeMarketClock(instant)
    source = ReplayMarketData(HISTORY, calendar, clock)
    market = Market(source, clock, calendar, source)
    condition = parse(text)
    observations = await observe(source, calendar, await market.moment(), [condition])
    return evaluate(condition, observations)


def new_york(month: int, day: int, hour: int) -> datetime:
    return datetime(2020, month, day, hour, tzinfo=NEW_YORK)


async def test_the_fall_of_2020_is_told_from_the_index_itself() -> None:
    """The S&P 500 was highest on 19 February, and more than 10% below that for the first time on 27 February."""
    text = "SPX drawdown 52w > 10"
    assert (await judged_in_2020(text, new_york(2, 26, 11))).truth is Truth.FALSE
    first = await judged_in_2020(text, new_york(2, 27, 11))
    place = HISTORY.sessions.index(date(2020, 2, 27))
    highest = max(HISTORY.index[place - 251 : place + 1])
    assert highest == HISTORY.index[HISTORY.sessions.index(date(2020, 2, 19))]
    (reading,) = first.readings
    assert reading.value == pytest.approx((1 - HISTORY.index[place] / highest) * 100)
    assert first.since == date(2020, 2, 27)
    later = await judged_in_2020(text, new_york(3, 6, 11))
    assert (later.truth, later.since) == (Truth.TRUE, date(2020, 3, 5))


async def test_the_replay_has_no_vix_and_says_so() -> None:
    evaluation = await judged_in_2020("VIX > 30", new_york(3, 16, 11))
    assert evaluation.lacks == (Lack(VIX, LackKind.NO_PRICE),)


async def test_a_rule_that_looks_back_to_before_the_history_is_unknown() -> None:
    instant = datetime(2014, 3, 3, 11, tzinfo=NEW_YORK)
    evaluation = await judged_in_2020("SPX drawdown 52w > 10", instant)
    assert evaluation.lacks == (
        Lack(Symbol("SPX"), LackKind.BEFORE_HISTORY, HISTORY.first_session),
    )
