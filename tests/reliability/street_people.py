"""The people of a street: they answer what is put to them or do not, pay in, take out, pause and resume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from random import Random
from typing import Any

from core.application.check_result import Outcome
from core.application.decide_proposal import approve_proposal, reject_proposal, snooze_proposal
from core.application.pause import pause, resume
from core.application.request_withdrawal import request_withdrawal, take_out
from core.domain.ids import AccountId, ChatId, EarmarkId, ProposalId
from core.domain.membership import Member
from core.domain.money import CENT
from core.domain.refusals import Refusal
from tests.fakes.world import World
from tests.reliability.family import run
from tests.reliability.house import Habit, House, cash_in
from tests.reliability.street import Street

UNSENT = """
SELECT portfolio_id FROM proposals WHERE cause = 'withdrawal' AND state IN ('open', 'scheduled', 'approved')
"""
RAISED = """
SELECT e.id, a.portfolio_id FROM earmarks e JOIN accounts a ON a.id = e.account_id
LEFT JOIN proposals p ON p.id = e.proposal_id
WHERE e.ended_at IS NULL AND (e.proposal_id IS NULL OR p.state IN ('done', 'partial'))
"""
OPEN = "SELECT portfolio_id, id, revision, cause FROM proposals WHERE state = 'open' ORDER BY id"


class People:
    """Everybody on a street; ``paused`` are the portfolios that somebody has stopped, and nobody let go on yet.

    ``asked`` are those of which somebody has just been put a plan that raises money; ``has_approved`` says whether
    anybody has just approved anything, so that prices may still be those of then.
    """

    def __init__(self, chance: Random, tally: Counter[str]) -> None:
        self.chance = chance
        self.tally = tally
        self.paused: set[int] = set()
        self.asked: set[int] = set()
        self.has_approved = False
        self.wishes = 0

    def act(self, street: Street) -> None:
        """Those who have something before them answer now, or later, or never; some have paid in, or want a rest."""
        self.has_approved = False
        for house in street.houses:
            if self.chance.random() < 0.004:
                broker = self.chance.choice([*house.accounts.values()])
                broker.cash += self.chance.choice([500, 2_000, 5_000])
        by_id: dict[int, House] = {house.id: house for house in street.houses}
        for portfolio_id, number, revision, cause in street.raw.execute(OPEN).fetchall():
            house = by_id[portfolio_id]
            habit = self._habit(house, is_wanted=cause == "withdrawal")
            if self.chance.random() < 0.4:
                for member in house.deciders:
                    run(self._answer(street.world, habit, member, number, revision))
        for house in street.houses:
            self._rest(street.world, house)
        self._take_out(street, by_id)
        self._ask_for_money(street)

    def _habit(self, house: House, *, is_wanted: bool) -> Habit:
        """What people do with a proposal; one that they have asked for they mostly approve."""
        if is_wanted and self.chance.random() < 0.7:
            return Habit.APPROVE
        return self.chance.choice([*Habit]) if house.habit is Habit.ANY else house.habit

    def _ask_for_money(self, street: Street) -> None:
        """Somebody wants more money than there is in an account: sales are to raise it."""
        self.asked = set()
        unsent = {portfolio_id for (portfolio_id,) in street.raw.execute(UNSENT)}
        for house in street.houses:
            if house.id not in unsent and self.chance.random() < 0.012:
                member = self.chance.choice(house.deciders)
                account = self.chance.choice([*house.accounts])
                if run(self._wish(street, house, member, account)):
                    self.tally["money asked for"] += 1
                    self.asked.add(house.id)

    async def _wish(self, street: Street, house: House, member: Member, account: AccountId) -> bool:
        """Ask for two to eight percent of an account beyond its cash; whether a plan was put that raises it."""
        world, broker = street.world, house.accounts[account]
        values = (q * street.brokers.prices[s] for s, q in broker.positions.items())
        worth = sum(values, Decimal(0))
        self.wishes += 1
        with suppress(Refusal):
            wish = await request_withdrawal(
                world.store,
                world.brokers,
                world.market,
                world.clock,
                member=member,
                portfolio_id=house.id,
                amount=(cash_in(broker) + worth * self.chance.randint(2, 8) / 100).quantize(CENT),
                key=f"wish:{self.wishes}",
                chat_id=ChatId(member.user_id),
                account_id=account,
            )
            return wish.result is not None and wish.result.outcome is Outcome.PROPOSED
        return False

    def _take_out(self, street: Street, by_id: Mapping[int, House]) -> None:
        """What was raised is taken out some day; some forget it, and it is managed again after its time."""
        for number, portfolio_id in street.raw.execute(RAISED).fetchall():
            house = by_id[portfolio_id]
            if house.habit is Habit.IGNORE or self.chance.random() > 0.15:
                continue
            with suppress(Refusal):
                run(
                    take_out(
                        street.world.store,
                        street.world.brokers,
                        street.world.clock,
                        member=house.deciders[0],
                        portfolio_id=house.id,
                        earmark_id=EarmarkId(number),
                    )
                )
                self.tally["money taken out"] += 1

    def _rest(self, world: World, house: House) -> None:
        """One of those who decide stops everything for some sessions, until an owner lets it go on."""
        owner, anybody = house.deciders[0], self.chance.choice(house.deciders)
        ports = world.store, world.clock
        if house.id in self.paused:
            if self.chance.random() < 0.06:
                run(resume(*ports, member=owner, portfolio_id=house.id))
                self.paused.remove(house.id)
                self.tally["resumed"] += 1
        elif self.chance.random() < 0.005:
            run(pause(*ports, member=anybody, portfolio_id=house.id))
            self.paused.add(house.id)

    async def _answer(
        self, world: World, habit: Habit, member: Member, number: int, revision: int
    ) -> None:
        this: dict[str, Any] = {
            "member": member,
            "proposal_id": ProposalId(number),
            "revision": revision,
        }
        ports = world.store, world.market, world.clock
        answers: dict[Habit, Any] = {Habit.APPROVE: approve_proposal, Habit.REJECT: reject_proposal}
        with suppress(Refusal):
            if habit is Habit.SNOOZE:
                await snooze_proposal(*ports, **this, chat_id=ChatId(member.user_id))
            elif habit in answers:
                await answers[habit](*ports, **this)
            self.has_approved |= habit is Habit.APPROVE
            self.tally[habit] += 1
