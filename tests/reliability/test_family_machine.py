"""A family that changes its roles, its rule, its plans and its mind in any order; what reaches the broker was approved.

At the broker's door each order is held against a small reckoning of its own: who approved this version of the plan and
took it back, who had a hand in it, under which rule it was put, and which roles and rule there are now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.application.change_policy import change_policy
from core.application.decide_proposal import cancel_proposal, reject_proposal, reopen_proposal
from core.application.edit_proposal import edit_leg
from core.application.execute_proposal import execute_approved
from core.application.members import change_role, remove_member
from core.application.object_to_proposal import object_to_proposal
from core.application.take_back_approval import take_back_approval
from core.domain.ids import MemberId, Symbol
from core.domain.membership import Role
from core.domain.plan import Side
from core.domain.proposal import Proposal
from core.ports.broker import OrderRequest
from tests.application.acts import ask
from tests.reliability.family import run
from tests.reliability.life import Life
from tests.reliability.profile import by_profile

pytestmark = pytest.mark.fault(49, 50, 58)

RUNS, STEPS = by_profile(quick=(6, 20), full=(150, 50), soak=(300, 50))

PEOPLE = st.sampled_from(["anna", "ben", "cleo", "dora"])
OTHERS = st.sampled_from(["ben", "cleo", "dora"])
ROLES = st.sampled_from(
    [None, Role.VIEWER, Role.PROPOSER, Role.APPROVER, Role.APPROVER, Role.OWNER]
)
MAY_APPROVE = {"approver", "owner"}
BASE = Decimal(100)
"""What a share of AAA costs at first."""

CLEARS = (reject_proposal, object_to_proposal, reopen_proposal, cancel_proposal)


class Asked(NamedTuple):
    """The rule as this reckoning knows it: people always, two above an amount, four eyes, minutes for objections."""

    people: int = 1
    above: Decimal | None = None
    four_eyes: bool = False
    veto: int = 0

    def wanted(self, amount: Decimal) -> int:
        is_large = self.above is not None and amount > self.above
        return max(self.people, 2) if is_large else self.people


@dataclass
class Put:
    """A version of a plan as it was put: under which rule, by whose hands, and who approved it since, when."""

    asked: Asked
    authors: frozenset[MemberId]
    given: dict[MemberId, datetime] = field(default_factory=dict)


class Families(Life, RuleBasedStateMachine):
    """Anna owns the portfolio from first to last; Ben may approve, Cleo may look, and Dora comes in later, or not."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Asked()
        self.put: dict[tuple[int, int], Put] = {}

    # --- what people do ---------------------------------------------------------------------------

    @rule(who=PEOPLE)
    def asks_for_a_plan(self, who: str) -> None:
        self.run(ask(self.world, self.people[who], self.portfolio_id, self.key(), force=True))
        self.note(who)

    @rule(who=PEOPLE)
    def approves(self, who: str) -> None:
        proposal = self.latest()
        if proposal is None:
            return
        role = self.role_of(who)
        if run(self.approve(who, proposal.id, proposal.revision.number)) is None:
            return
        assert role is not None
        assert role.value in MAY_APPROVE
        self.version(proposal).given[self.people[who].id] = self.world.market_clock.instant

    @rule(who=PEOPLE)
    def takes_an_approval_back(self, who: str) -> None:
        proposal = self.latest()
        if proposal is not None and self.run(
            take_back_approval(*self.ports(), **self.this(who, proposal))
        ):
            del self.version(proposal).given[self.people[who].id]

    @rule(who=PEOPLE, how=st.sampled_from(CLEARS))
    def ends_it_or_opens_it_again(self, who: str, how: Any) -> None:
        proposal = self.latest()
        if proposal is None:
            return
        role = self.role_of(who)
        if self.run(how(*self.ports(), **self.this(who, proposal))):
            assert role is not None
            assert role.value in MAY_APPROVE
            self.version(proposal).given.clear()

    @rule(who=PEOPLE, leg=st.integers(1, 2), part=st.sampled_from(["0", "0.5"]))
    def edits_a_line(self, who: str, leg: int, part: str) -> None:
        proposal = self.latest()
        if proposal is None or leg > len(proposal.revision.plan.trades):
            return
        quantity = proposal.revision.plan.trades[leg - 1].quantity * Decimal(part)
        self.run(edit_leg(*self.ports(), leg=leg, quantity=quantity, **self.this(who, proposal)))
        self.note(who)

    @rule(who=OTHERS, role=ROLES)
    def gets_another_role(self, who: str, role: Role | None) -> None:
        self.run(self._gives(who, role))

    async def _gives(self, who: str, role: Role | None) -> None:
        """By Anna, as she can; whoever was taken out is put back in past the invitations."""
        member = self.people[who]
        this = {**self.whose("anna"), "user_id": member.user_id}
        if role is None:
            await remove_member(self.world.store, self.world.clock, **this)
        elif await self._role(member) is None:
            await self.world.give_role(member, self.portfolio_id, role)
        else:
            await change_role(self.world.store, self.world.clock, role=role, **this)

    @rule(
        people=st.integers(1, 3),
        above=st.sampled_from([None, Decimal(0), Decimal(1500)]),
        four_eyes=st.booleans(),
        veto=st.sampled_from([0, 0, 30]),
    )
    def the_rule_is_changed(
        self, people: int, above: Decimal | None, veto: int, *, four_eyes: bool
    ) -> None:
        self.asked = Asked(people, above, four_eyes, veto)
        pairs = [
            ("approvals", str(people)),
            ("approvals_above", "off" if above is None else str(above)),
            ("four_eyes", "on" if four_eyes else "off"),
            ("veto", str(veto)),
        ]
        run(change_policy(*self.ports(), **self.whose("anna"), pairs=pairs))

    @rule(who=st.lists(PEOPLE, min_size=1, max_size=3), is_early=st.booleans())
    def a_plan_is_asked_for_and_approved(self, who: list[str], *, is_early: bool) -> None:
        """The main job in one go, as chance alone would seldom have it; the time for objections may not be over."""
        self.the_exchange_opens()
        self.a_price_moves(110 if self.broker.prices[Symbol("AAA")] < BASE else 80)
        self.asks_for_a_plan(who[0])
        for each in who:
            self.approves(each)
        self.time_passes(max(self.asked.veto - is_early, 0))
        self.work_is_done()

    @rule(who=OTHERS, role=ROLES, is_later=st.booleans())
    def all_agree_and_one_gets_another_role(
        self, who: str, role: Role | None, *, is_later: bool
    ) -> None:
        """Between the last approval and the orders, or between the orders."""
        for name in ("ben", "cleo"):
            self.gets_another_role(name, Role.APPROVER)
        change = (who, role)
        if is_later:
            self.gets_another_role_while_an_order_is_on_its_way(*change)
        self.the_exchange_opens()
        self.a_price_moves(110 if self.broker.prices[Symbol("AAA")] < BASE else 80)
        for each in ("ben", "anna", "cleo"):
            if each == "ben":
                self.asks_for_a_plan(each)
            self.approves(each)
        self.time_passes(self.asked.veto)
        if not is_later:
            self.gets_another_role(*change)
        self.work_is_done()

    # --- what the world does ----------------------------------------------------------------------

    @rule(percent=st.sampled_from([80, 98, 103, 110]))
    def a_price_moves(self, percent: int) -> None:
        price = self.broker.prices[Symbol("AAA")] * percent / 100
        self.world.price(AAA=min(price, Decimal(500)).quantize(Decimal("0.01")))

    @rule(minutes=st.sampled_from([1, 10, 30, 400]))
    def time_passes(self, minutes: int) -> None:
        self.time_goes_on(timedelta(minutes=minutes))

    @rule()
    def the_exchange_opens(self) -> None:
        moment = run(self.world.market.moment())
        if not moment.is_open:
            self.time_goes_on(moment.session.opens_at + timedelta(minutes=6) - moment.now)

    @rule(who=OTHERS, role=ROLES)
    def gets_another_role_while_an_order_is_on_its_way(self, who: str, role: Role | None) -> None:
        async def meanwhile() -> None:
            await self.unless_refused(self._gives(who, role))

        self.broker.meanwhile.append(meanwhile)

    @rule()
    def work_is_done(self) -> None:
        self.begin_round()
        self.run(execute_approved(self.desk()))
        self.note(None)

    # --- the reckoning ----------------------------------------------------------------------------

    def version(self, proposal: Proposal) -> Put:
        return self.put[proposal.id, proposal.revision.number]

    def note(self, who: str | None) -> None:
        """A version that is new: whose hands it has been through, and the rule that there is now."""
        proposal = self.latest()
        if proposal is None:
            return
        key = (proposal.id, proposal.revision.number)
        if key not in self.put:
            before = self.put.get((key[0], key[1] - 1))
            authors = before.authors if before else frozenset()
            by = frozenset() if who is None else {self.people[who].id}
            self.put[key] = Put(self.asked, authors | by)

    async def _porter(self, request: OrderRequest) -> None:
        ((number, revision),) = self.rows(
            "SELECT p.id, p.revision FROM orders o JOIN proposals p ON p.id = o.proposal_id"
            " WHERE o.client_order_id = ?",
            request.client_order_id,
        )
        put = self.put[number, revision]
        roles = dict(self.rows("SELECT member_id, role FROM memberships"))
        good = {member for member in put.given if roles.get(member) in MAY_APPROVE}
        is_first = (number, revision) not in self.begun
        self.begun.add((number, revision))
        amount = await self._amount(number)
        for asked in {put.asked, self.asked} if is_first else {put.asked}:
            if len(good) < asked.wanted(amount):
                self.broken(f"{request.client_order_id}: {good} for {amount} under {asked}")
            if asked.four_eyes and len(good) == 1 and good <= put.authors:
                self.broken(f"{request.client_order_id}: approved by its author {good} alone")
            now = self.world.market_clock.instant
            since = now - max(put.given.values(), default=now)
            if since < timedelta(minutes=asked.veto):
                self.broken(f"{request.client_order_id}: sent {since} after its approval")

    async def _amount(self, number: int) -> Decimal:
        """The larger of what is bought and what is sold."""
        proposal = await self.world.proposal(number)
        worth = {side: Decimal(0) for side in Side}
        for trade in proposal.revision.plan.trades:
            worth[trade.side] += trade.quantity * trade.price
        return max(worth.values())

    @invariant()
    def nothing_was_sent_without_the_approvals_that_it_needed(self) -> None:
        assert not self.broker.broken, self.broker.broken


TestFamilies = Families.TestCase
TestFamilies.settings = settings(
    max_examples=RUNS, stateful_step_count=STEPS, deadline=None, print_blob=True
)


def test_a_family_that_agrees_trades() -> None:
    """So that the machine's silence means something."""
    family = Families()
    family.the_rule_is_changed(2, None, 30, four_eyes=True)
    family.a_plan_is_asked_for_and_approved(["anna", "ben"], is_early=False)
    assert family.orders
    family.nothing_was_sent_without_the_approvals_that_it_needed()


def test_the_reckoning_sees_an_order_that_nobody_approved() -> None:
    family = Families()
    family.asked = Asked(people=2)
    family.a_plan_is_asked_for_and_approved(["anna"], is_early=False)
    with pytest.raises(AssertionError):
        family.nothing_was_sent_without_the_approvals_that_it_needed()
