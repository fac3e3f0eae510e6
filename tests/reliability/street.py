"""A street of families: many portfolios of unlike policies and people at one broker, whose prices walk together."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from core.adapters.calendars.nyse import NyseCalendar
from core.application.add_account import add_account
from core.application.desk import Desk, WatchMemory
from core.application.keep_rules import add_rule, switch_rule
from core.application.market import Market
from core.domain.due_date import CalendarRule, ChosenDay
from core.domain.ids import PortfolioId, Symbol, UserId
from core.domain.instrument import CASH
from core.domain.membership import Member, Role
from core.domain.policy import Band, Policy, Trigger, WashRule
from core.domain.rules import Action
from core.domain.slot import Edge, FromEdge, Slot
from tests.application.acts import set_policy
from tests.fakes.broker import FakeBroker, FakeBrokers
from tests.fakes.clock import FakeClock, FakeMarketClock
from tests.fakes.market_data import FakeMarketData
from tests.fakes.store import _template
from tests.fakes.world import World
from tests.reliability.family import database, run
from tests.reliability.house import Habit, House, HouseRule
from tests.reliability.nervous_index import LIMIT

SYMBOLS = tuple(Symbol(f"S{number:02}") for number in range(16))
TIMES: tuple[tuple[Slot, ...], ...] = (
    (time(11, 0),),
    (time(9, 30),),
    (time(15, 59),),
    (FromEdge(Edge.OPEN, 15),),
    (FromEdge(Edge.CLOSE, 30),),
    (FromEdge(Edge.OPEN, 15), FromEdge(Edge.CLOSE, 30)),
    (time(10, 0), time(12, 30), time(15, 0)),
)
OFTEN = TIMES[-2:]
"""When houses with rules look: often enough that what rules look at comes and goes between two looks of a session."""

DATES = (
    (CalendarRule.OFF, ChosenDay()),
    (CalendarRule.OFF, ChosenDay()),
    (CalendarRule.WEEKLY, ChosenDay(3, is_weekday=True)),
    (CalendarRule.MONTHLY, ChosenDay()),
    (CalendarRule.MONTHLY, ChosenDay(31)),
    (CalendarRule.QUARTERLY, ChosenDay(15, 2)),
    (CalendarRule.ANNUAL, ChosenDay(28, 11)),
)


RULES: tuple[tuple[tuple[Action, int, str | None], ...], ...] = (
    (),
    ((Action.HOLD_OFF, 1, None),),
    (),
    ((Action.NOTIFY, 1, None),),
    ((Action.WIDEN, 1, "2"),),
    (),
    ((Action.CHECK_NOW, 1, None),),
    ((Action.HOLD_OFF, 2, None), (Action.NOTIFY, 1, None)),
    (),
    ((Action.WIDEN, 2, "1.5"), (Action.CHECK_NOW, 1, None)),
    *((),) * 10,
)
"""What houses have in turn of rules: what each does while the index is above its limit for how many sessions."""


TWO_ACCOUNTS = (2, 7)
"""Which houses of each ten keep their money in two accounts."""


class Houses(FakeBrokers):
    """A broker at which every portfolio opens accounts of its own, on the exchange's clock."""

    def __init__(self, clock: FakeMarketClock) -> None:
        super().__init__()
        self.clock = clock

    async def open_account(self, broker: str, currency: str) -> str:
        number = f"FAKE-{len(self.by_id) + 1}"
        self.by_id[number] = FakeBroker(
            account_id=number,
            currency=currency,
            name=broker,
            prices=self.prices,
            market_clock=self.clock,
        )
        return number

    @property
    def latest(self) -> FakeBroker:
        """The account that was opened last."""
        return next(reversed(self.by_id.values()))


@dataclass
class Street:
    """The families, their world, and the names of the people in it."""

    world: World
    brokers: Houses
    houses: tuple[House, ...]

    @property
    def raw(self) -> sqlite3.Connection:
        """The store's rows as they stand."""
        return database().raw

    def at_work(self, name: str) -> Desk:
        """The desk of one more process on the same store."""
        return replace(self.world.desk, holder=name, watched=WatchMemory())


def settle(chance: Random, calendar: NyseCalendar, count: int, first: date) -> Street:
    """So many portfolios on a fresh store, each on target, an hour before a day's session begins."""
    with sqlite3.connect(_template()) as fresh:
        database().fill(fresh)
    fresh.close()
    opens = calendar.current_or_next(datetime.combine(first, time(0), UTC)).opens_at - timedelta(
        hours=1
    )
    clock, market_clock = FakeClock(opens), FakeMarketClock(opens)
    prices = FakeMarketData(clock=market_clock)
    market = Market(prices, market_clock, calendar, prices)
    brokers = Houses(market_clock)
    store = database().store()
    desk = Desk(store, brokers, market, clock, holder="street:1")
    desk = replace(desk, deadline=timedelta(seconds=3), poll=timedelta(seconds=4))
    name_giver = FakeBroker(market_clock=market_clock)
    world = World(store, name_giver, brokers, prices, market_clock, clock, market, desk)
    for symbol in SYMBOLS:
        brokers.prices[symbol] = Decimal(chance.randint(2_000, 30_000)) / 100
    prices.set_prices({str(symbol): price for symbol, price in brokers.prices.items()})
    people = run(_people(world))
    houses = tuple(run(_house(world, brokers, chance, people, n)) for n in range(count))
    return Street(world, brokers, houses)


async def _people(world: World) -> list[Member]:
    return [
        await world.person(UserId(2001 + number), name)
        for number, name in enumerate(("Anna", "Ben", "Cleo", "Dora", "Eve", "Finn"))
    ]


async def _house(
    world: World, brokers: Houses, chance: Random, people: list[Member], number: int
) -> House:
    owner, other, viewer = chance.sample(people, 3)
    targets = _targets(chance)
    made = await world.portfolio(owner, {str(s): w for s, w in targets.items()}, f"House {number}")
    portfolio_id = made.portfolio.portfolio.id
    await world.give_role(viewer, portfolio_id, Role.VIEWER)
    deciders: tuple[Member, ...] = (owner,)
    if chance.random() < 0.4:
        await world.give_role(other, portfolio_id, Role.APPROVER)
        deciders = (owner, other)
    policy, ruled = _policy(chance, len(deciders)), RULES[number % len(RULES)]
    if ruled:
        policy = replace(policy, check_times=chance.choice(OFTEN))
    fields = {name: getattr(policy, name) for name in policy.__slots__}
    await set_policy(world, owner, portfolio_id, **fields)
    accounts = {made.portfolio.accounts[0].id: brokers.latest}
    if number % 10 in TWO_ACCOUNTS:
        this: dict[str, Any] = {"member": owner, "portfolio_id": portfolio_id}
        ports = world.store, world.brokers, world.clock
        second = await add_account(*ports, **this, name="Second", broker=world.broker.name)
        accounts[second.account.id] = brokers.latest
    total = Decimal(chance.choice([20_000, 100_000, 400_000])) / len(accounts)
    for broker in accounts.values():
        broker.positions = {
            s: (total * weight / 100 / brokers.prices[s]).quantize(Decimal("0.001"))
            for s, weight in targets.items()
            if s != CASH
        }
        broker.cash = (total * targets[CASH] / 100).quantize(Decimal("0.01"))
    habit = chance.choice([*Habit])
    rules = [await _rule(world, owner, portfolio_id, *each) for each in ruled]
    return House(portfolio_id, targets, policy, deciders, habit, accounts, tuple(rules))


async def _rule(
    world: World,
    owner: Member,
    portfolio_id: PortfolioId,
    action: Action,
    sessions: int,
    factor: str | None,
) -> HouseRule:
    """A rule that is on."""
    this: dict[str, Any] = {"member": owner, "portfolio_id": portfolio_id}
    text = f"VIX > {LIMIT}" + (f" for {sessions}d" if sessions > 1 else "")
    times = None if factor is None else Decimal(factor)
    rule = await add_rule(world.store, world.clock, **this, text=text, action=action, factor=times)
    await switch_rule(world.store, world.clock, **this, rule_id=rule.id, is_enabled=True)
    return HouseRule(rule.id, action, sessions, times or Decimal(1))


def _targets(chance: Random) -> dict[Symbol, Decimal]:
    """Two to five instruments, and five to ten percent cash."""
    names = chance.sample(SYMBOLS, chance.randint(2, 5))
    cash = chance.choice([5, 6, 10])
    each = (100 - cash) // len(names)
    weights = {name: Decimal(each) for name in names}
    weights[names[0]] += 100 - cash - each * len(names)
    return {**weights, CASH: Decimal(cash)}


def _policy(chance: Random, deciders: int) -> Policy:
    calendar, day = chance.choice(DATES)
    trigger = chance.choice([Trigger.EITHER, Trigger.EITHER, Trigger.BAND_ON_DATE])
    return Policy(
        band=Band(
            chance.choice([Decimal(2), Decimal(3), Decimal(5)]), chance.choice([None, Decimal(20)])
        ),
        calendar=calendar,
        calendar_day=day,
        trigger=Trigger.EITHER if calendar is CalendarRule.OFF else trigger,
        check_times=chance.choice(TIMES),
        cool_down=chance.choice([0, 1, 5, 20]),
        alert_growth=chance.choice([None, Decimal(1), Decimal(2)]),
        new_cash=chance.choice([None, None, Decimal(1_500)]),
        expires_after=chance.choice([1, 3, 5]),
        approvals=chance.randint(1, deciders),
        wash=WashRule.OFF,
    )
