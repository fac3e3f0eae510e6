"""A family that does as it likes: whatever it taps, nothing loosens a live portfolio without those who must agree.

Four people ask, agree, object, take back and withdraw at random, roles change and the rule is made stricter, and time
passes. A model that knows nothing of the code but its answers says what may be in force.
"""

from __future__ import annotations

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from core.application.agree_to_change import agree_to_change, take_agreement_back
from core.application.ask_for_change import ask_for_change
from core.application.change_policy import change_policy
from core.application.object_to_change import object_to_change
from core.application.set_targets import set_targets
from core.application.settle_changes import settle_changes
from core.application.withdraw_change import withdraw_change
from core.domain.ids import ChangeId, MemberId, PortfolioId, UserId
from core.domain.membership import Member, Role
from core.domain.portfolio import Rung
from core.domain.refusals import NeedsAgreement, Refusal
from core.domain.targets import TargetAllocation
from tests.application.acts import drifted
from tests.application.live_world import live_world, stand_on
from tests.fakes.world import World
from tests.reliability.profile import by_profile

A_DAY = timedelta(hours=24)
DECIDE = {Role.APPROVER, Role.OWNER}
STEPS = 40
MOSTLY = 0.8
KEPT = (11, 19)
"""Walks in which agreement is lost with a role, and in which many changes take effect."""


@dataclass
class Asked:
    """What the model knows of one change."""

    by: MemberId
    targets: TargetAllocation
    before: TargetAllocation | None
    at: datetime | None = None
    agreed: set[MemberId] = field(default_factory=set)
    is_over: bool = False


@dataclass
class Household:
    """The family, its portfolio, and the model of what was said."""

    world: World
    portfolio_id: PortfolioId
    people: list[Member]
    chance: Random
    changes: dict[ChangeId, Asked] = field(default_factory=dict)
    made: int = 0

    async def roles(self) -> dict[MemberId, Role]:
        async with self.world.store.read() as work:
            every = await work.people.memberships(self.portfolio_id)
        return {each.member.id: each.role for each in every}

    async def targets(self) -> TargetAllocation | None:
        async with self.world.store.read() as work:
            return (await work.portfolios.get(self.portfolio_id)).targets

    async def needed(self) -> tuple[int, bool]:
        """How many must agree, and whether whoever asks is not enough."""
        async with self.world.store.read() as work:
            policy = (await work.portfolios.get(self.portfolio_id)).policy
        many = policy.approvals_many if policy.approvals_above is not None else 1
        return max(policy.approvals, many), policy.four_eyes

    async def step(self) -> None:
        """Somebody does something, which is refused or not; then what is due is settled."""
        who = self.chance.choice([self.people[0], *self.people])
        often = [*[self.draft] * 3, self.ask, *[self.say] * 4]
        deed = self.chance.choice([*often, *[self.reshuffle] * 3, self.rule])
        with suppress(Refusal):
            await deed(who)
        self.world.pass_time(timedelta(hours=self.chance.choice([0, 1, 5, 13])))
        await self.settle()

    async def draft(self, who: Member) -> None:
        weight = self.chance.randrange(5, 100, 5)
        wanted = TargetAllocation.of({"AAA": weight, "BBB": 100 - weight})
        before = await self.targets()
        changing = set_targets(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=who,
            portfolio_id=self.portfolio_id,
            targets=wanted,
        )
        number = await _held(changing)
        if number is not None:
            self.changes[number] = Asked(who.id, wanted, before)
            if self.chance.random() < MOSTLY:
                await self.ask(who, number)
        else:
            assert before == wanted, "at once only what changes nothing"

    async def ask(self, who: Member, number: ChangeId | None = None) -> None:
        number = number or self._some_change()
        await ask_for_change(self.world.store, self.world.clock, member=who, change_id=number)
        asked = self.changes[number]
        asked.at = self.world.clock.now()
        asked.agreed.add(who.id)

    async def say(self, who: Member) -> None:
        number = self._some_change()
        seldom = [take_agreement_back, object_to_change, withdraw_change]
        use = self.chance.choice([*[agree_to_change] * 7, *seldom])
        await use(self.world.store, self.world.clock, member=who, change_id=number)
        asked = self.changes[number]
        if use is agree_to_change:
            asked.agreed.add(who.id)
        elif use is take_agreement_back:
            asked.agreed.discard(who.id)
        else:
            asked.is_over = True

    def _some_change(self) -> ChangeId:
        """One of the latest, or one that is not there."""
        return self.chance.choice([*list(self.changes)[-3:], ChangeId(999)])

    async def reshuffle(self, _who: Member) -> None:
        """Roles change, however that came about; somebody always owns the portfolio."""
        _, *others = self.people
        role = self.chance.choice([*Role, Role.APPROVER, Role.APPROVER])
        await self.world.give_role(self.chance.choice(others), self.portfolio_id, role)

    async def rule(self, who: Member) -> None:
        """The rule is made stricter, which needs nobody's leave, or looser, which does."""
        pair = self.chance.choice(
            [("approvals", "2"), ("four_eyes", "on"), ("many_above", "5000"), ("approvals", "1")]
        )
        before = await self.needed()
        changing = change_policy(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=who,
            portfolio_id=self.portfolio_id,
            pairs=[pair],
        )
        await _held(changing)
        assert await self.needed() >= before

    async def settle(self) -> None:
        before, roles, needed = await self.targets(), await self.roles(), await self.needed()
        await settle_changes(self.world.desk)
        after = await self.targets()
        if after == before:
            return
        permitted = [
            number
            for number in self.changes
            if self._may_be_made(number, roles, needed, before, after)
        ]
        assert permitted, "nothing that was said permits these targets"
        number = permitted[0]
        self.changes[number].is_over = True
        self.made += 1

    def _may_be_made(
        self,
        number: ChangeId,
        roles: dict[MemberId, Role],
        needed: tuple[int, bool],
        before: TargetAllocation | None,
        after: TargetAllocation | None,
    ) -> bool:
        """Whether the model permits this change to have brought these targets now."""
        asked = self.changes[number]
        standing = {member for member in asked.agreed if roles.get(member) in DECIDE}
        people, four_eyes = needed
        return (
            not asked.is_over
            and asked.targets == after
            and asked.before == before
            and asked.at is not None
            and self.world.clock.now() - asked.at >= A_DAY
            and roles.get(asked.by) is Role.OWNER
            and len(standing) >= people
            and not (four_eyes and standing == {asked.by})
        )


async def _held(changing: Awaitable[object]) -> ChangeId | None:
    """The number of the change that was made out instead; None where it was made."""
    try:
        await changing
    except NeedsAgreement as held:
        return ChangeId(held.change)
    return None


async def walk(folder: Path, seed: int) -> int:
    """So many steps of one family; returns how many changes took effect."""
    async with live_world(folder) as world:
        anna, portfolio_id = await drifted(world)
        people = [anna]
        for number, name in enumerate(("Ben", "Carl", "Dora"), start=2):
            person = await world.person(UserId(1000 + number), name)
            await world.give_role(person, portfolio_id, Role.APPROVER)
            people.append(person)
        await stand_on(world, anna, Rung.LIVE_CAPPED)
        family = Household(world, portfolio_id, people, Random(seed))
        for _ in range(STEPS):
            await family.step()
        return family.made


@pytest.mark.slow
async def test_no_taps_loosen_a_live_portfolio_without_those_who_must_agree(tmp_path: Path) -> None:
    made = 0
    for seed in (*KEPT, *range(100, 100 + by_profile(quick=0, full=100, soak=1000))):
        made += await walk(_made(tmp_path / str(seed)), seed)
    assert made, "some changes do take effect"


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
