"""A family of four around one portfolio, and what they do about a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.application.check_drift import request_rebalance
from core.application.decide_proposal import (
    approve_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.decisions import Decided
from core.application.gate import gate_of
from core.application.object_to_proposal import object_to_proposal
from core.application.take_back_approval import take_back_approval
from core.domain.ids import ChatId, PortfolioId, UserId
from core.domain.membership import Member, Role
from core.domain.proposal import Proposal
from tests.application.acts import drifted, set_policy
from tests.fakes.world import World


@dataclass
class Family:
    """Anna owns it, Ben and Carla approve, Dora proposes; 20 of 70 AAA are to be sold."""

    world: World
    portfolio_id: PortfolioId
    anna: Member
    ben: Member
    carla: Member
    dora: Member

    async def ask(self, member: Member | None = None, key: str = "1") -> Proposal:
        """Somebody (or Anna) asks for a plan."""
        world = self.world
        result = await request_rebalance(
            world.store,
            world.brokers,
            world.market,
            world.clock,
            member=member or self.anna,
            portfolio_id=self.portfolio_id,
            request_key=key,
            chat_id=None,
            limits=world.desk.limits,
        )
        assert result.proposal is not None, result
        return result.proposal

    async def approve(
        self, member: Member, proposal: Proposal, *, at_open: bool = False
    ) -> Decided:
        """Approve the revision that stands."""
        return await approve_proposal(
            self.world.store,
            self.world.market,
            self.world.clock,
            member=member,
            proposal_id=proposal.id,
            revision=(await self.now(proposal)).revision.number,
            at_open=at_open,
            gate=gate_of(self.world.desk),
        )

    async def take_back(self, member: Member, proposal: Proposal) -> Decided:
        """Take one's own approval back."""
        return await take_back_approval(**await self._tap(member, proposal))

    async def object_to(self, member: Member, proposal: Proposal) -> Decided:
        """Object to what was approved."""
        return await object_to_proposal(**await self._tap(member, proposal))

    async def reject(self, member: Member, proposal: Proposal) -> Decided:
        """Reject it."""
        return await reject_proposal(**await self._tap(member, proposal))

    async def reopen(self, member: Member, proposal: Proposal) -> Decided:
        """Open it again."""
        return await reopen_proposal(**await self._tap(member, proposal))

    async def put_off(self, member: Member, proposal: Proposal) -> None:
        """Put it off in the private chat."""
        tap = await self._tap(member, proposal)
        await snooze_proposal(**tap, chat_id=ChatId(member.user_id))

    async def _tap(self, member: Member, proposal: Proposal) -> dict[str, Any]:
        return {
            "store": self.world.store,
            "market": self.world.market,
            "clock": self.world.clock,
            "member": member,
            "proposal_id": proposal.id,
            "revision": (await self.now(proposal)).revision.number,
        }

    async def now(self, proposal: Proposal) -> Proposal:
        """The proposal as the store has it."""
        return await self.world.proposal(proposal.id)

    async def set_rule(self, **fields: Any) -> None:
        """Set parts of the approval rule, whatever is open."""
        await set_policy(self.world, self.anna, self.portfolio_id, **fields)

    async def demote(self, member: Member, role: Role = Role.VIEWER) -> None:
        """Give somebody another role."""
        await self.world.give_role(member, self.portfolio_id, role)

    async def told(self, kind: str) -> list[int]:
        """To which chats something of this kind waits to be told."""
        return [chat for said, chat in await self.world.outbox() if said == kind]


async def family(world: World, **rule: Any) -> Family:
    """The four of them, under a rule."""
    anna, portfolio_id = await drifted(world)
    people = {}
    for number, (name, role) in enumerate(
        {"Ben": Role.APPROVER, "Carla": Role.APPROVER, "Dora": Role.PROPOSER}.items(), start=2
    ):
        people[name] = await world.person(UserId(1000 + number), name)
        await world.give_role(people[name], portfolio_id, role)
    made = Family(world, portfolio_id, anna, people["Ben"], people["Carla"], people["Dora"])
    if rule:
        await made.set_rule(**rule)
    return made
