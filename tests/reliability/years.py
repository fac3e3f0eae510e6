"""Years on a street: rounds at odd times, kills, outages, bad prices, wrong clocks, and people who do not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from core.adapters.calendars.nyse import NyseCalendar
from core.application.run_due_work import run_due_work
from core.domain.ids import Symbol
from core.domain.quote import PriceFaultKind
from core.domain.refusals import PriceSourceDown
from core.ports.broker import BrokerUnavailable
from tests.reliability.crashing import CrashingBrokers, CrashingPrices, CrashingStore, Fuse, Killed
from tests.reliability.family import restarted, run
from tests.reliability.house import House
from tests.reliability.looks_ledger import Ledger
from tests.reliability.nervous_index import KEPT, NervousIndex
from tests.reliability.street import SYMBOLS, Street, settle
from tests.reliability.street_people import People
from tests.reliability.what_must_come import (
    Before,
    Scene,
    Tables,
)


class Years:
    """So many portfolios from a day on; ``tally`` counts what happened, so that a test can see that it did."""

    def __init__(self, seed: int, calendar: NyseCalendar, count: int, first: date) -> None:
        self.chance = Random(seed)
        self.calendar = calendar
        self.street: Street = settle(self.chance, calendar, count, first)
        self.by_id: dict[int, House] = {house.id: house for house in self.street.houses}
        self.session = calendar.current_or_next(self.now)
        self.sessions = {self.session.date: 0}
        self.ledger = Ledger(self.street.raw, self.by_id)
        self.tables = Tables(self.street.raw)
        self.tally = self.ledger.tally
        self.people = People(self.chance, self.tally)
        self.lives = 1
        self.latest_round = self.now
        self.offset = timedelta(0)
        before = calendar.up_to(self.session.date, KEPT)[:-1]
        source = self.street.world.prices
        self.index = NervousIndex(self.chance, source, [each.date for each in before])
        self.ledger.begin_session(self.session)
        run(run_due_work(self.street.world.desk))
        self.ledger.forget_notes()

    @property
    def now(self) -> datetime:
        return self.street.world.market_clock.instant

    # --- a day -----------------------------------------------------------------------------------

    def live(self, sessions: int) -> None:
        """Session after session, with days on which nothing runs between them."""
        while len(self.sessions) < sessions:
            self._day()
            if self.chance.random() < 0.02:
                self.tally["down for 72 h"] += 1
                self._on_to_next(self.now + timedelta(hours=72))
            self._on_to_next(self.session.closes_at)

    def _day(self) -> None:
        length = int((self.session.closes_at - self.session.opens_at).total_seconds()) // 60
        rounds = self.chance.choice([0, 1, 2, 3, 5, 7])
        for minute in sorted(self.chance.randint(-60, length + 60) for _ in range(rounds)):
            at = self.session.opens_at + timedelta(
                minutes=minute, seconds=self.chance.randint(0, 59)
            )
            if self.chance.random() < 0.02:
                self.tally["set back"] += 1
                self.ledger.is_set_back = True
                at -= timedelta(minutes=self.chance.randint(1, 50))
            self._set_clocks(at)
            self._prices_walk()
            self._round()
            self.people.act(self.street)
            self.ledger.hold_wishes(self.people.asked)
            if self.people.has_approved and self.chance.random() < 0.15:
                self._set_clocks(at + timedelta(minutes=1))
                self._round()

    def _set_clocks(self, at: datetime) -> None:
        """The exchange's clock, and the wall's, which somebody may have set wrong for a while."""
        world = self.street.world
        world.market_clock.set(at)
        if self.chance.random() < 0.01:
            self.tally["wall jumped"] += 1
            self.offset = timedelta(minutes=self.chance.randint(-200, 200))
        elif self.chance.random() < 0.1:
            self.offset = timedelta(0)
        world.clock.set(at + self.offset)
        is_open = self.calendar.current_or_next(at).is_open_at(at)
        for broker in world.brokers.by_id.values():
            broker.is_open = is_open

    def _on_to_next(self, after: datetime) -> None:
        """End this session, and pass over those that end before the given time."""
        while self.session.closes_at <= after:
            self.ledger.end_session()
            self.index.end_session(self.session.date)
            for broker in self.street.world.brokers.by_id.values():
                broker.close_market()
            self.session = self.calendar.next_after(self.session.date)
            self.sessions.setdefault(self.session.date, len(self.sessions))
            self.ledger.begin_session(self.session)
            self.offset = timedelta(0)

    def _prices_walk(self) -> None:
        self.index.walk()
        broker_prices = self.street.brokers.prices
        for symbol in SYMBOLS:
            step = Decimal(round(self.chance.gauss(1, 0.014), 5))
            broker_prices[symbol] = max(
                (broker_prices[symbol] * step).quantize(Decimal("0.01")), Decimal(1)
            )

    # --- a round ---------------------------------------------------------------------------------

    def _round(self) -> None:
        world = self.street.world
        scene = self._scene()
        before: dict[int, Before] = run(self.tables.before_looks(world.store, self.now))
        is_done = self._run_round()
        if is_done and self.now >= self.latest_round:
            self.ledger.rounds.append(self.now)
            self.latest_round = self.now
        self.ledger.hold_round(self.now, scene, before, is_done=is_done)

    def _scene(self) -> Scene:
        """What is in order now, and what is not; each time anew."""
        world, chance = self.street.world, self.chance
        source, bad = world.prices, set()
        source.failure = PriceSourceDown("fake", "down") if chance.random() < 0.06 else None
        for symbol, price in self.street.brokers.prices.items():
            source.set_price(symbol, price)
            if chance.random() < 0.008:
                bad.add(symbol)
                self._spoil(symbol, price)
        self.index.show(self.now)
        is_away = chance.random() < 0.06
        for broker in world.brokers.by_id.values():
            is_this_away = is_away or chance.random() < 0.01
            broker.read_error = BrokerUnavailable("away") if is_this_away else None
        prices = dict(self.street.brokers.prices)
        session = self.calendar.current_or_next(self.now)
        self.sessions.setdefault(session.date, len(self.sessions))
        held = {number: house.held() for number, house in self.by_id.items()}
        return Scene(
            session,
            self.sessions,
            prices,
            held,
            bad,
            is_source_down=source.failure is not None,
            paused=frozenset(self.people.paused),
            sent={number: house.sent for number, house in self.by_id.items()},
            aside=self.tables.set_aside(self.by_id, session.date),
            above={sessions: self.index.is_above(sessions) for sessions in (1, 2)},
        )

    def _spoil(self, symbol: Symbol, price: Decimal) -> None:
        source = self.street.world.prices
        kinds = ["missing", "nan", "zero", "stale", "currency"]
        if self._is_close_known(symbol):
            kinds.append("jump")
        kind = self.chance.choice(kinds)
        self.tally[kind] += 1
        if kind == "missing":
            source.set_fault(symbol, PriceFaultKind.MISSING)
        elif kind == "stale":
            source.set_price(symbol, price, at=self.now - timedelta(minutes=21))
        elif kind == "currency":
            source.set_price(symbol, price, currency="EUR")
        else:
            wrong = {"nan": Decimal("NaN"), "zero": Decimal(0), "jump": price * 2}[kind]
            source.set_price(symbol, wrong)

    def _is_close_known(self, symbol: Symbol) -> bool:
        """Whether a jump can be told: the price of a session not long ago was kept."""
        since = (self.now - timedelta(days=6)).date().isoformat()
        found = self.street.raw.execute(
            "SELECT count(*) FROM last_closes c JOIN instruments i ON i.id = c.instrument_id"
            " WHERE i.symbol = ? AND c.session >= ?",
            (symbol, since),
        )
        return bool(found.fetchone()[0])

    def _run_round(self) -> bool:
        """A round of due work; whether it came to its end. Some are cut off, and some are done by two at once."""
        kind = self.chance.random()
        desk = self.street.world.desk
        if kind < 0.08:
            return not self._killed(self.chance.randint(1, 60))
        if kind < 0.16:
            self.tally["two at once"] += 1
            run(_both(run_due_work(desk), run_due_work(self.street.at_work("another"))))
        else:
            run(run_due_work(desk))
        if self.chance.random() < 0.03:
            self._restart()
        return True

    def _killed(self, at: int) -> bool:
        world, fuse = self.street.world, Fuse(at)
        desk = replace(
            world.desk,
            store=CrashingStore(world.store, fuse),
            brokers=CrashingBrokers(world.brokers, fuse),
            market=replace(world.market, prices=CrashingPrices(world.prices, fuse)),
        )
        try:
            run(run_due_work(desk))
        except Killed:
            self.tally["killed"] += 1
            self._restart()
            return True
        return False

    def _restart(self) -> None:
        self.lives += 1
        self.street = replace(self.street, world=restarted(self.street.world, self.lives))


async def _both(*work: Awaitable[Any]) -> None:
    await asyncio.gather(*work)
