"""Years at the exchange from one seed: random walks, dividends, splits, outages, restarts, people who tap.

After every session the invariants are held that the state machine holds; in the end shares and cash are conserved to
the cent, no order came twice, and each session had its one check. The seed is in the test's name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from random import Random

import pytest

from core.adapters.calendars.nyse import NyseCalendar
from core.application.decide_proposal import reject_proposal
from core.application.move_cash import deposit, withdraw
from core.application.reconcile import reconcile
from core.application.resolve_frozen import say_at_broker, say_not_at_broker
from core.domain.proposal import ProposalState
from core.domain.session import Session
from core.ports.broker import Dedup
from tests.application.acts import set_policy
from tests.fakes.broker import Mishap
from tests.reliability.family import restarted, run
from tests.reliability.profile import by_profile, seeds
from tests.reliability.test_state_machine import Family

SESSIONS = by_profile(quick=40, soak=5 * 252)
ANSWERS = [None, say_at_broker, say_not_at_broker]


@cache
def nyse() -> NyseCalendar:
    return NyseCalendar(date(2019, 6, 1), date(2031, 12, 31))


class Years:
    """One family over many sessions: how many checks each had, and how many were due in it."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.family = Family()
        self.family.settle_in(
            mishaps=[],
            approvals=self.chance.choice([1, 1, 2]),
            dedup=Dedup.FOREVER,
            others_trade=self.chance.choice([True, False]),
            settling=self.chance.choice([(True, True), (False, True), (False, False)]),
        )
        world = self.family.world
        market = replace(world.market, calendar=nyse())
        self.family.world = replace(world, market=market, desk=replace(world.desk, market=market))
        anna = self.family.people["anna"]
        run(set_policy(world, anna, self.family.portfolio_id, cool_down=0))
        self.checked: Counter[date] = Counter()
        self.due: Counter[date] = Counter()
        """After an outage one check that was missed is caught up with, and the session's own follows."""

    def live(self, sessions: int) -> None:
        """One session after the other, with gaps; the invariants are held after each."""
        while len(self.checked) < sessions:
            self._night()
            was_away = self._chance(0.04)
            if was_away:
                for _ in range(self.chance.randint(1, 3)):
                    self._night()
                self._restart()
            self.due[self._day()] = 2 if was_away and self.checked else 1
            self.family.hold()

    # --- a day -----------------------------------------------------------------------------------

    def _night(self) -> None:
        """On to the next session, a quarter of an hour after it opens; prices have moved."""
        moment = run(self.family.world.market.moment())
        session = nyse().next_after(moment.session.date) if moment.is_open else moment.session
        self.family.time_goes_on(session.opens_at + timedelta(minutes=15) - moment.now)
        self._prices_walk(0.04)
        self._corporate_action()

    def _day(self) -> date:
        """Rounds in the morning, at noon and in the afternoon; people tap in between. Returns the day."""
        family = self.family
        session: Session = run(family.world.market.moment()).session
        self._trouble()
        done = self._checks_done()
        family.work_is_done()
        family.time_goes_on(session.opens_at + timedelta(minutes=95) - self._now())
        family.work_is_done()
        self._people()
        if self._chance(0.8):
            family.work_is_done()
        for _ in range(2):
            family.time_goes_on(timedelta(minutes=self.chance.randint(1, 40)))
            self._prices_walk(0.002)
            family.work_is_done()
            if self._chance(0.05):
                self._restart()
        family.the_broker_answers_nothing_or_again(is_silent=False)
        family.work_is_done()
        self.checked[session.date] = self._checks_done() - done
        return session.date

    def _people(self) -> None:
        """Somebody decides, or nobody does; somebody puts money in."""
        family = self.family
        proposal = family.latest()
        if proposal is not None and proposal.state is ProposalState.OPEN:
            if self._chance(0.1):
                family.taps_otherwise("ben", reject_proposal)
            elif self._chance(0.8):
                for who in ("anna", "ben"):
                    family.taps_approve(who, is_old=False, times=self.chance.randint(1, 2))
        if proposal is not None and proposal.state is ProposalState.FROZEN:
            family.says_what_became_of_an_order("anna", self.chance.choice(ANSWERS))
        if self._chance(0.1):
            how = self.chance.choice([deposit, deposit, withdraw])
            family.moves_money(how, self.chance.randint(50, 1500))
        if self._chance(0.15):
            family.changes_the_targets(self.chance.randint(20, 70))

    def _trouble(self) -> None:
        family, chance = self.family, self.chance
        if self._chance(0.15):
            family.orders_will_go_wrong(chance.choices([None, *Mishap], k=3))
        if self._chance(0.03):
            family.the_broker_answers_nothing_or_again(is_silent=True)
        if self._chance(0.03):
            symbol = chance.choice(["AAA", "BBB"])
            family.trades_in_the_broker_s_own_app(symbol, chance.randint(-3, 3))

    def _corporate_action(self) -> None:
        family, chance = self.family, self.chance
        if self._chance(0.03):
            family.a_dividend_arrives(chance.randint(100, 9000))
        if self._chance(0.01):
            dear = family.broker.prices[chance.choice(list(family.broker.prices))] > 60
            family.a_split(chance.choice(["AAA", "BBB"]), "2" if dear else "0.5", is_seen=True)

    def _prices_walk(self, by: float) -> None:
        for symbol, price in self.family.broker.prices.items():
            moved = price * Decimal(str(round(1 + self.chance.gauss(0.0003, by), 4)))
            kept = min(max(moved.quantize(Decimal("0.01")), Decimal(2)), Decimal(2000))
            self.family.world.price(**{symbol: kept})

    def _restart(self) -> None:
        """A new process: it agrees with the broker first."""
        family = self.family
        family.lives += 1
        family.world = restarted(family.world, family.lives)
        family.time_goes_on(timedelta(minutes=1))
        family.begin_round()
        family.run(reconcile(family.desk()))

    def _checks_done(self) -> int:
        return self.family.count(
            "SELECT count(*) FROM due_checks WHERE slot = '11:00' AND outcome IS NOT NULL"
        )

    def _now(self) -> datetime:
        return self.family.world.market_clock.instant

    def _chance(self, of: float) -> bool:
        return self.chance.random() < of


@pytest.mark.fault(37, 40)
@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds(kept=(1,), fresh=3))
def test_years_at_the_exchange_end_with_every_cent_accounted_for(seed: int) -> None:
    years = Years(seed)
    years.live(SESSIONS)
    years.family.teardown()
    years.family.hold()
    assert years.checked == years.due
    assert len(years.family.orders) > SESSIONS / 10
