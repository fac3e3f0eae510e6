"""A family, a market and a broker that do as they like, in any order; what must always be true is held after each step.

Runs more and longer with HYPOTHESIS_PROFILE=full.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core.application.decide_proposal import (
    approve_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.desk import Desk
from core.application.edit_proposal import edit_leg, plan_buys_only, plan_in_full
from core.application.members import change_role
from core.application.move_cash import deposit, withdraw
from core.application.pause import pause, resume
from core.application.reconcile import reconcile
from core.application.run_due_work import run_due_work
from core.application.show_proposal import load_view
from core.domain.ids import ChatId, PortfolioId, Symbol
from core.domain.membership import Member, Permission, Role, may
from core.domain.proposal import DecisionKind, Proposal, ProposalState
from core.domain.refusals import IllegalMove, Refusal
from tests.application.acts import ask
from tests.fakes.broker import Mishap
from tests.fakes.world import BEN, World, small_world
from tests.reliability.crashing import (
    CrashingBrokers,
    CrashingPrices,
    CrashingStore,
    Fuse,
    Killed,
)

pytestmark = pytest.mark.fault(1, 58, 78)

IS_FULL = os.environ.get("HYPOTHESIS_PROFILE") == "full"
SYMBOLS = ["AAA", "BBB", "CCC"]
PEOPLE = st.sampled_from(["anna", "ben"])
APPROVED_ONCE = frozenset(ProposalState) - {
    ProposalState.OPEN,
    ProposalState.REJECTED,
    ProposalState.EXPIRED,
    ProposalState.SUPERSEDED,
}


class Family(RuleBasedStateMachine):
    """Anna owns the portfolio; Ben comes and goes as approver or viewer."""

    world: World
    anna: Member
    ben: Member
    portfolio_id: PortfolioId

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory(prefix="evenkeel-machine-")
        self.keys = 0
        self.lives = 1
        self.around: AbstractAsyncContextManager[World] = small_world(Path(self.folder.name))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something; a refusal is a fair answer, a move that the diagram does not have is not."""
        try:
            return self.loop.run(work)
        except IllegalMove:
            raise
        except Refusal:
            return None

    @initialize(mishaps=st.lists(st.sampled_from([None, *Mishap]), max_size=8))
    def settle_in(self, mishaps: list[Mishap | None]) -> None:
        self.world = self.loop.run(self.around.__aenter__())
        self.loop.run(self._settle_in())
        self.world.broker.mishaps.extend(mishaps)

    async def _settle_in(self) -> None:
        self.anna = await self.world.person()
        self.ben = await self.world.person(BEN, "Ben")
        current = await self.world.portfolio(self.anna, {"AAA": 50, "BBB": 45, "CASH": 5})
        self.portfolio_id = current.portfolio.portfolio.id
        await self.world.give_role(self.ben, self.portfolio_id, Role.APPROVER)
        self.world.hold(1000, AAA=70, BBB=60)

    def teardown(self) -> None:
        self.loop.run(self.around.__aexit__(None, None, None))
        self.loop.close()
        self.folder.cleanup()

    # --- what people do --------------------------------------------------------------------------

    @rule(who=PEOPLE, buy_only=st.booleans())
    def asks_for_a_plan(self, who: str, *, buy_only: bool) -> None:
        self.run(
            ask(self.world, getattr(self, who), self.portfolio_id, self.key(), buy_only=buy_only)
        )

    @rule(
        who=PEOPLE,
        how=st.sampled_from([approve_proposal] * 4 + [reject_proposal, reopen_proposal]),
        is_old=st.sampled_from([False, False, False, True]),
    )
    def taps(self, who: str, how: Any, *, is_old: bool) -> None:
        proposal = self.latest()
        if proposal is None:
            return
        member, revision = getattr(self, who), proposal.revision.number - is_old
        decided = self.run(how(*self.ports(), **self.this(member, proposal, revision)))
        if decided is not None:
            assert may(self.role_of(member), Permission.APPROVE)
            assert not (is_old and how is not reopen_proposal)

    @rule(who=PEOPLE)
    def a_plan_is_asked_for_and_approved(self, who: str) -> None:
        """The main job in one go, as chance alone would seldom have it."""
        self.asks_for_a_plan("anna", buy_only=False)
        self.taps(who, approve_proposal, is_old=False)
        self.work_is_done()
        self.work_is_done()

    @rule(who=PEOPLE, leg=st.integers(1, 3), part=st.sampled_from(["0", "0.5", "1", "2"]))
    def edits_a_line(self, who: str, leg: int, part: str) -> None:
        proposal = self.latest()
        if proposal is None or leg > len(proposal.revision.plan.trades):
            return
        quantity = proposal.revision.plan.trades[leg - 1].quantity * Decimal(part)
        this = self.this(getattr(self, who), proposal, proposal.revision.number)
        edited = self.run(edit_leg(*self.ports(), leg=leg, quantity=quantity, **this))
        if edited is not None:
            before = {(t.symbol, t.side): t.quantity for t in proposal.revision.plan.trades}
            for trade in edited.revision.plan.trades:
                assert trade.quantity <= before[trade.symbol, trade.side]

    @rule(who=PEOPLE, how=st.sampled_from([plan_buys_only, plan_in_full]))
    def plans_again(self, who: str, how: Any) -> None:
        proposal = self.latest()
        if proposal is not None:
            this = self.this(getattr(self, who), proposal, proposal.revision.number)
            self.run(how(*self.ports(), **this))

    @rule(who=PEOPLE)
    def puts_it_off(self, who: str) -> None:
        proposal = self.latest()
        if proposal is not None:
            this = self.this(getattr(self, who), proposal, proposal.revision.number)
            self.run(snooze_proposal(*self.ports(), chat_id=ChatId(1001), **this))

    @rule(aaa=st.integers(10, 80))
    def changes_the_targets(self, aaa: int) -> None:
        targets = {"AAA": aaa, "BBB": 90 - aaa, "CCC": 5, "CASH": 5}
        self.run(self.world.set_targets(self.anna, self.portfolio_id, targets))

    @rule(role=st.sampled_from([Role.VIEWER, Role.APPROVER]))
    def gives_ben_a_role(self, role: Role) -> None:
        self.run(
            change_role(
                self.world.store,
                self.world.clock,
                member=self.anna,
                portfolio_id=self.portfolio_id,
                user_id=BEN,
                role=role,
            )
        )

    @rule(who=PEOPLE, how=st.sampled_from([pause, resume, resume]))
    def pulls_the_kill_switch(self, who: str, how: Any) -> None:
        self.run(
            how(
                self.world.store,
                self.world.clock,
                member=getattr(self, who),
                portfolio_id=self.portfolio_id,
            )
        )

    @rule(how=st.sampled_from([deposit, withdraw]), amount=st.integers(1, 3000))
    def moves_money(self, how: Any, amount: int) -> None:
        self.run(
            how(
                self.world.store,
                self.world.brokers,
                self.world.clock,
                member=self.anna,
                portfolio_id=self.portfolio_id,
                amount=Decimal(amount),
                key=self.key(),
            )
        )

    # --- what the world does ---------------------------------------------------------------------

    @rule(symbol=st.sampled_from(SYMBOLS), percent=st.sampled_from([80, 99, 101, 102, 125]))
    def a_price_moves(self, symbol: str, percent: int) -> None:
        price = self.world.broker.prices[Symbol(symbol)] * percent / 100
        self.world.price(
            **{symbol: min(max(price.quantize(Decimal("0.01")), Decimal(1)), Decimal(5000))}
        )

    @rule(minutes=st.sampled_from([1, 5, 16, 60]))
    def time_passes(self, minutes: int) -> None:
        self.world.pass_time(timedelta(minutes=minutes))

    @rule(hour=st.sampled_from([-1, 0, 2]))
    def a_night_passes(self, hour: int) -> None:
        """Until before, shortly after, or well after the next session opens."""
        moment = self.loop.run(self.world.market.moment())
        session = self.world.market.calendar.next_after(moment.session.date)
        later = session.opens_at + timedelta(hours=hour, minutes=6) - moment.now
        self.world.pass_time(later)

    @rule(mishap=st.sampled_from(list(Mishap)))
    def something_will_go_wrong(self, mishap: Mishap) -> None:
        self.world.broker.mishaps.append(mishap)

    @rule(shares=st.integers(1, 5))
    def trades_elsewhere(self, shares: int) -> None:
        held = self.world.broker.positions
        if held.get(Symbol("AAA"), Decimal(0)) > shares:
            held[Symbol("AAA")] -= shares

    @rule()
    def work_is_done(self) -> None:
        self.round(self.desk())

    @rule()
    def work_is_done_again(self) -> None:
        self.round(self.desk())

    @precondition(lambda self: self.lives < 6)
    @rule(at=st.integers(1, 60))
    def the_process_is_killed_and_started_again(self, at: int) -> None:
        fuse = Fuse(at)
        desk = replace(
            self.desk(),
            store=CrashingStore(self.world.store, fuse),
            brokers=CrashingBrokers(self.world.brokers, fuse),
            market=replace(self.world.market, prices=CrashingPrices(self.world.prices, fuse)),
        )
        with suppress(Killed):
            self.round(desk)
        self.lives += 1
        self.world.pass_time(timedelta(minutes=1))
        self.run(reconcile(self.desk()))

    # --- what must always be true ----------------------------------------------------------------

    @invariant()
    def each_order_is_at_the_broker_once(self) -> None:
        ids = Counter(order.client_order_id for order in self.broker_orders())
        assert set(ids.values()) <= {1}, ids
        filled = Counter(
            tuple(order.client_order_id.split("-")[2:4])
            for order in self.broker_orders()
            if order.fills
        )
        assert set(filled.values()) <= {1}, filled

    @invariant()
    def each_order_was_intended_and_approved(self) -> None:
        for order in self.broker_orders():
            number = int(order.client_order_id.split("-")[2])
            view = self.loop.run(load_view(self.world.store, number))  # type: ignore[arg-type]
            intended = self.loop.run(self._intended(number))
            assert order.client_order_id in intended
            assert view.proposal.state in APPROVED_ONCE
            kinds = [d.kind for d in view.proposal.decisions if d.kind is DecisionKind.APPROVE]
            assert len(kinds) >= view.proposal.approvals_needed

    @invariant()
    def what_we_recorded_is_what_the_broker_did(self) -> None:
        theirs = {f.execution_id: f for order in self.broker_orders() for f in order.fills}
        ours = self.loop.run(self._fills()) if hasattr(self, "portfolio_id") else {}
        assert ours.items() <= theirs.items()

    @invariant()
    def no_account_is_overdrawn(self) -> None:
        if hasattr(self, "world"):
            assert self.world.broker.cash >= 0
            assert all(quantity >= 0 for quantity in self.world.broker.positions.values())

    @invariant()
    def at_most_one_proposal_is_under_way(self) -> None:
        if hasattr(self, "portfolio_id"):
            blocking = self.loop.run(self._blocking())
            assert len(blocking) <= 1, [(p.id, p.state) for p in blocking]

    # --- helpers ---------------------------------------------------------------------------------

    def round(self, desk: Desk) -> None:
        """A round of due work, in which nothing is sent for a paused portfolio (I3)."""
        was_paused = self.loop.run(self._is_paused())
        before = len(self.world.broker.submits)
        self.run(run_due_work(desk))
        if was_paused:
            assert len(self.world.broker.submits) == before

    def desk(self) -> Desk:
        return replace(self.world.desk, holder=f"life:{self.lives}", deadline=timedelta(seconds=3))

    def ports(self) -> tuple[Any, Any, Any]:
        return self.world.store, self.world.market, self.world.clock

    def this(self, member: Member, proposal: Proposal, revision: int) -> dict[str, Any]:
        return {"member": member, "proposal_id": proposal.id, "revision": revision}

    def key(self) -> str:
        self.keys += 1
        return str(self.keys)

    def latest(self) -> Proposal | None:
        recent: tuple[Proposal, ...] = self.loop.run(self._recent())
        return recent[0] if recent else None

    def role_of(self, member: Member) -> Role | None:
        role: Role | None = self.loop.run(self._role(member))
        return role

    def broker_orders(self) -> list[Any]:
        return list(self.world.broker.orders) if hasattr(self, "world") else []

    async def _recent(self) -> tuple[Proposal, ...]:
        async with self.world.store.read() as work:
            return await work.proposals.recent(self.portfolio_id, 1)

    async def _role(self, member: Member) -> Role | None:
        async with self.world.store.read() as work:
            return await work.people.role(member.id, self.portfolio_id)

    async def _is_paused(self) -> bool:
        async with self.world.store.read() as work:
            return (await work.portfolios.get(self.portfolio_id)).portfolio.is_paused

    async def _intended(self, number: Any) -> set[str]:
        async with self.world.store.read() as work:
            return {order.client_order_id for order in await work.orders.of_proposal(number)}

    async def _fills(self) -> dict[str, Any]:
        async with self.world.store.read() as work:
            orders = await work.orders.recent(self.portfolio_id, 1000)
        return {fill.execution_id: fill for order in orders for fill in order.fills}

    async def _blocking(self) -> tuple[Proposal, ...]:
        async with self.world.store.read() as work:
            blocking = await work.proposals.blocking([self.portfolio_id])
        return blocking.get(self.portfolio_id, ())


TestFamily = Family.TestCase
TestFamily.settings = settings(
    max_examples=300 if IS_FULL else 12,
    stateful_step_count=50 if IS_FULL else 30,
    deadline=None,
)
