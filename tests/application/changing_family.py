"""A family whose portfolio trades real money, and what they do to change it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.application.agree_to_change import agree_to_change
from core.application.ask_for_change import ask_for_change
from core.application.change_policy import change_policy
from core.application.members import change_role, remove_member
from core.application.object_to_change import object_to_change
from core.application.set_targets import set_targets
from core.application.settle_changes import settle_changes
from core.application.show_change import ChangeView, show_change
from core.domain.change import NOTICE, ChangeState
from core.domain.ids import ChangeId, PortfolioId, UserId
from core.domain.membership import Member, Role
from core.domain.outbox import MessageKind
from core.domain.policy import Policy
from core.domain.portfolio import ManagedPortfolio, Rung
from core.domain.refusals import (
    NeedsAgreement,
)
from core.domain.targets import TargetAllocation
from tests.application.acts import drifted, let_in, told
from tests.application.live_world import live_world, stand_on
from tests.fakes.world import World

CARL = UserId(1003)
OTHER = TargetAllocation.of({"AAA": 80, "BBB": 20})


@dataclass
class Family:
    """Anna owns a live portfolio; Ben may approve there, and Carl may look."""

    world: World
    anna: Member
    ben: Member
    carl: Member
    portfolio_id: PortfolioId

    async def managed(self) -> ManagedPortfolio:
        async with self.world.store.read() as work:
            return await work.portfolios.get(self.portfolio_id)

    async def targets(self) -> TargetAllocation | None:
        return (await self.managed()).targets

    async def policy(self) -> Policy:
        return (await self.managed()).policy

    async def role(self, member: Member) -> Role | None:
        async with self.world.store.read() as work:
            return await work.people.role(member.id, self.portfolio_id)

    async def set_policy(self, member: Member | None = None, **pairs: str) -> Policy:
        return await change_policy(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=member or self.anna,
            portfolio_id=self.portfolio_id,
            pairs=list(pairs.items()),
        )

    async def set_targets(self) -> Any:
        return await set_targets(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.portfolio_id,
            targets=OTHER,
        )

    async def set_role(self, who: Member, role: Role) -> Any:
        return await change_role(
            self.world.store,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.portfolio_id,
            user_id=who.user_id,
            role=role,
        )

    async def remove(self, who: Member) -> Any:
        return await remove_member(
            self.world.store,
            self.world.clock,
            member=self.anna,
            portfolio_id=self.portfolio_id,
            user_id=who.user_id,
        )

    async def ask(self, change_id: ChangeId, member: Member | None = None) -> ChangeView:
        return await ask_for_change(
            self.world.store, self.world.clock, member=member or self.anna, change_id=change_id
        )

    async def asked(self, changing: Awaitable[Any]) -> ChangeId:
        """Anna asks for something that loosens."""
        number = await drafted(changing)
        await self.ask(number)
        return number

    async def agree(self, member: Member, change_id: ChangeId) -> ChangeView:
        return await agree_to_change(
            self.world.store, self.world.clock, member=member, change_id=change_id
        )

    async def object(self, member: Member, change_id: ChangeId) -> ChangeView:
        return await object_to_change(
            self.world.store, self.world.clock, member=member, change_id=change_id
        )

    async def state(self, change_id: ChangeId) -> ChangeState:
        shown = await show_change(self.world.store, member=self.anna, change_id=change_id)
        return shown.change.state

    async def next_day(self) -> int:
        self.world.pass_time(NOTICE)
        return await settle_changes(self.world.desk)

    async def told(self, kind: MessageKind) -> list[tuple[int, str]]:
        """Who was told of a change, and where it stood."""
        return [
            (item.chat_id, item.data["state"])
            for item in await told(self.world)
            if item.kind is kind
        ]

    @property
    def everybody(self) -> list[int]:
        return [each.user_id for each in (self.anna, self.ben, self.carl)]


async def drafted(changing: Awaitable[Any]) -> ChangeId:
    with pytest.raises(NeedsAgreement) as held:
        await changing
    return ChangeId(held.value.change)


@asynccontextmanager
async def changing_family(folder: Path) -> AsyncIterator[Family]:
    """Anna, Ben and Carl, on a Monday at eleven."""
    async with live_world(folder) as world:
        anna, portfolio_id = await drifted(world)
        ben = await let_in(world, portfolio_id)
        carl = await world.person(CARL, "Carl")
        await world.give_role(carl, portfolio_id, Role.VIEWER)
        await stand_on(world, anna, Rung.LIVE_CAPPED)
        yield Family(world, anna, ben, carl, portfolio_id)
