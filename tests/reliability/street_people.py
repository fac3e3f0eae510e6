"""The people of a street between rounds: they answer what is put to them or do not, pay in, pause and resume."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

from core.application.decide_proposal import approve_proposal, reject_proposal, snooze_proposal
from core.application.pause import pause, resume
from core.domain.ids import ChatId, ProposalId
from core.domain.membership import Member
from core.domain.refusals import Refusal
from tests.fakes.world import World
from tests.reliability.family import run
from tests.reliability.street import Habit, House, Street

OPEN = "SELECT portfolio_id, id, revision FROM proposals WHERE state = 'open' ORDER BY id"


class People:
    """Everybody on a street; ``paused`` are the portfolios that somebody has stopped, and nobody let go on yet."""

    def __init__(self, chance: Random, tally: Counter[str]) -> None:
        self.chance = chance
        self.tally = tally
        self.paused: set[int] = set()

    def act(self, street: Street) -> None:
        """Those who have something before them answer now, or later, or never; some have paid in, or want a rest."""
        for house in street.houses:
            if self.chance.random() < 0.004:
                house.broker.cash += self.chance.choice([500, 2_000, 5_000])
        by_id = {house.id: house for house in street.houses}
        for portfolio_id, number, revision in street.raw.execute(OPEN).fetchall():
            house = by_id[portfolio_id]
            habit = self.chance.choice([*Habit]) if house.habit is Habit.ANY else house.habit
            if self.chance.random() < 0.4:
                for member in house.deciders:
                    run(self._answer(street.world, habit, member, number, revision))
        for house in street.houses:
            self._rest(street.world, house)

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
            self.tally[habit] += 1
