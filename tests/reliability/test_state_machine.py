"""A family, a market and a broker that do as they like, in any order; what must always be true is held after each step.

The invariants stand in ``must_hold.py`` under the numbers of the catalogue (docs/faults.md). ``make soak`` does many
more runs, and longer ones; a run that ever failed is kept in ``test_kept_runs.py``.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.telegram.screen import Action
from bot.telegram.taps import react
from core.application.decide_proposal import (
    approve_proposal,
    cancel_proposal,
    reject_proposal,
    reopen_proposal,
    snooze_proposal,
)
from core.application.edit_proposal import edit_leg, plan_buys_only, plan_in_full
from core.application.enter import enter
from core.application.execute_proposal import execute_approved
from core.application.hold_account import hold_account
from core.application.identify import identify
from core.application.invite_member import invite_member
from core.application.members import change_role, leave_portfolio, remove_member
from core.application.move_cash import deposit, withdraw
from core.application.pause import pause, resume
from core.application.reconcile import reconcile
from core.application.release_hold import go_on, look_again
from core.application.resolve_frozen import check_again, say_at_broker, say_not_at_broker
from core.application.run_due_work import run_due_work
from core.domain.hold import HoldReason
from core.domain.ids import ChatId, OrderId, Symbol
from core.domain.membership import Role
from core.domain.money import purchase_cost, sale_proceeds
from core.domain.permissions import Act, may
from core.domain.quote import PriceFaultKind
from core.domain.refusals import NotAMember
from core.ports.broker import BrokerUnavailable, Dedup
from tests.application.acts import ask, set_policy
from tests.fakes.broker import Mishap
from tests.fakes.clock import MONDAY_ELEVEN
from tests.fakes.world import BEN
from tests.reliability.family import NOBODY, run
from tests.reliability.must_hold import MustHold
from tests.reliability.profile import by_profile

pytestmark = pytest.mark.fault(
    1, 2, 4, 9, 10, 12, 13, 14, 15, 19, 25, 34, 36, 37, 40, 49, 50, 58, 65, 78
)

RUNS, STEPS = by_profile(quick=(12, 30), full=(100, 50))

SYMBOLS = st.sampled_from(["AAA", "BBB", "CCC"])
DECIDERS = st.sampled_from(["anna", "ben"])
ANYBODY = st.sampled_from(["anna", "ben", "cleo", "dora", "eve"])
CENT = Decimal("0.01")
LONG_AFTER = MONDAY_ELEVEN + timedelta(days=365)


class Family(MustHold, RuleBasedStateMachine):
    """Anna owns the portfolio; Ben comes and goes; Cleo may look; Dora was removed; Eve never belonged to it."""

    @initialize(
        mishaps=st.lists(st.sampled_from([None, *Mishap]), max_size=8),
        approvals=st.sampled_from([1, 1, 2]),
        dedup=st.sampled_from([Dedup.FOREVER, Dedup.FOREVER, Dedup.NONE]),
        others_trade=st.booleans(),
        settling=st.sampled_from([(True, True), (True, True), (False, True), (False, False)]),
    )
    def settle_in(
        self,
        mishaps: list[Mishap | None],
        approvals: int,
        dedup: Dedup,
        *,
        others_trade: bool,
        settling: tuple[bool, bool],
    ) -> None:
        """A broker is one of several kinds: ``settling`` is whether sales settle at once, or may be used before."""
        self.broker.mishaps.extend(mishaps)
        self.broker.dedup = dedup
        self.broker.others_trade = others_trade
        self.broker.settles_at_once, self.broker.may_use_unsettled = settling
        if approvals != 1:
            anna = self.people["anna"]
            run(set_policy(self.world, anna, self.portfolio_id, approvals=approvals))

    def teardown(self) -> None:
        """I7: once the world is kind again, all comes to rest, or is frozen and somebody was told."""
        self.broker.mishaps.clear()
        self.broker.meanwhile.clear()
        self.the_account_changes("itself")
        self.run(resume(self.world.store, self.world.clock, **self.whose("anna")))
        self.world.clock.set(LONG_AFTER)
        self.time_goes_on(timedelta(days=1))
        for _ in range(3):
            self.work_is_done_once_more()
        rest = "SELECT id, state FROM proposals WHERE state = 'executing'"
        assert not self.rows(rest)
        doubtful = """
            SELECT o.client_order_id FROM orders o JOIN proposals p ON p.id = o.proposal_id WHERE
            o.state IN ('submitting', 'unknown', 'frozen', 'submitted', 'partially_filled') AND p.state != 'frozen'
        """
        assert not self.rows(doubtful)
        self.i4_what_we_recorded_is_what_the_broker_did()
        self.i7_what_ended_or_froze_was_told()

    # --- what people do --------------------------------------------------------------------------

    @rule(who=ANYBODY, buy_only=st.booleans(), force=st.booleans())
    def asks_for_a_plan(self, who: str, *, buy_only: bool, force: bool) -> None:
        asked = self.run(
            ask(
                self.world,
                self.people[who],
                self.portfolio_id,
                self.key(),
                buy_only=buy_only,
                force=force,
            )
        )
        assert asked is None or may(self.role_of(who), Act.ASK_FOR_PLAN)

    @rule(
        who=DECIDERS, is_old=st.sampled_from([False, False, False, True]), times=st.integers(1, 3)
    )
    def taps_approve(self, who: str, *, is_old: bool, times: int) -> None:
        """Two of a double tap's taps are refused."""
        proposal = self.latest()
        if proposal is None:
            return
        number = proposal.revision.number - is_old
        taps = [run(self.approve(who, proposal.id, number)) for _ in range(times)]
        given = [decided for decided in taps if decided is not None]
        assert len(given) <= 1
        if given:
            assert may(self.role_of(who), Act.APPROVE)
            assert not is_old

    @rule(
        who=DECIDERS,
        how=st.sampled_from([reject_proposal, reopen_proposal, cancel_proposal, snooze_proposal]),
    )
    def taps_otherwise(self, who: str, how: Any) -> None:
        proposal = self.latest()
        if proposal is None:
            return
        chat = {"chat_id": ChatId(1001)} if how is snooze_proposal else {}
        decided = self.run(how(*self.ports(), **chat, **self.this(who, proposal)))
        if decided is not None:
            assert may(self.role_of(who), Act.APPROVE)
            if how is not snooze_proposal:
                self.approvals.pop((proposal.id, proposal.revision.number), None)

    @rule(
        who=ANYBODY,
        verb=st.sampled_from(["approve", "reject", "reopen", "cancel", "buyonly", "drop", "later"]),
    )
    def somebody_taps_who_may_not(self, who: str, verb: str) -> None:
        """What is not theirs to do changes nothing, and leaves a line (I8)."""
        proposal = self.latest()
        with pytest.raises(NotAMember):
            run(identify(self.world.store, user_id=NOBODY))
        if proposal is None or may(self.role_of(who), Act.APPROVE):
            return
        number = proposal.revision.number
        args = (int(proposal.id), number, 1) if verb == "drop" else (int(proposal.id), number)
        lines = self.count("SELECT count(*) FROM audit_events WHERE kind = 'refused'")
        reaction = run(react(self.turn(who), Action(verb, args)))
        assert reaction.is_alert
        assert self.latest() == proposal
        assert self.count("SELECT count(*) FROM audit_events WHERE kind = 'refused'") == lines + 1

    @rule(who=DECIDERS, aaa=st.integers(10, 80), is_followed=st.booleans())
    def a_plan_is_asked_for_and_approved(self, who: str, aaa: int, *, is_followed: bool) -> None:
        """The main job in one go, in a world that lets it be, as chance alone would seldom have it."""
        self.all_is_well()
        self.run(self._sets_targets(aaa))
        self.asks_for_a_plan("anna", buy_only=False, force=True)
        self.taps_approve(who, is_old=False, times=1)
        if is_followed:
            self.work_is_done()

    @rule(aaa=st.integers(10, 80), others=st.integers(1, 3))
    def a_plan_meets_trouble(self, aaa: int, others: int) -> None:
        """The same with two who approve, and what is in store for the next orders."""
        self.all_is_well()
        self.run(self._sets_targets(aaa))
        self.asks_for_a_plan("anna", buy_only=False, force=True)
        for who in ("ben", "anna"):
            self.taps_approve(who, is_old=False, times=others)
        self.work_is_done()

    def all_is_well(self) -> None:
        """The broker and the prices answer, Ben may approve, nothing is paused or held, the exchange is open."""
        self.the_account_changes("itself")
        for how in (look_again, go_on):
            self.run(how(self.desk(), **self.whose("anna")))
        for symbol, price in self.broker.prices.items():
            self.world.prices.set_price(symbol, price)
        self.run(resume(self.world.store, self.world.clock, **self.whose("anna")))
        if self.role_of("ben") is None:
            self.ben_is_invited_again(Role.APPROVER)
        moment = run(self.world.market.moment())
        if not moment.is_open:
            self.time_goes_on(moment.session.opens_at + timedelta(minutes=6) - moment.now)

    @rule(who=ANYBODY, leg=st.integers(1, 3), part=st.sampled_from(["0", "0.5", "1", "2"]))
    def edits_a_line(self, who: str, leg: int, part: str) -> None:
        proposal = self.latest()
        if proposal is None or leg > len(proposal.revision.plan.trades):
            return
        quantity = proposal.revision.plan.trades[leg - 1].quantity * Decimal(part)
        edited = self.run(
            edit_leg(*self.ports(), leg=leg, quantity=quantity, **self.this(who, proposal))
        )
        if edited is not None:
            assert may(self.role_of(who), Act.APPROVE)
            before = {(t.symbol, t.side): t.quantity for t in proposal.revision.plan.trades}
            for trade in edited.revision.plan.trades:
                assert trade.quantity <= before[trade.symbol, trade.side]

    @rule(who=DECIDERS, how=st.sampled_from([plan_buys_only, plan_in_full]))
    def plans_again(self, who: str, how: Any) -> None:
        proposal = self.latest()
        if proposal is not None:
            self.run(how(*self.ports(), **self.this(who, proposal)))

    @rule(aaa=st.integers(10, 80))
    def changes_the_targets(self, aaa: int) -> None:
        self.run(self._sets_targets(aaa))

    async def _sets_targets(self, aaa: int) -> None:
        targets = {"AAA": aaa, "BBB": 90 - aaa, "CCC": 5, "CASH": 5}
        await self.world.set_targets(self.people["anna"], self.portfolio_id, targets)

    @rule(
        change=st.sampled_from(["invited", "leaves", "removed", "viewer", "proposer", "approver"]),
    )
    def ben_comes_and_goes(self, change: str) -> None:
        match change:
            case "invited":
                self.ben_is_invited_again(Role.APPROVER)
            case "leaves":
                this = self.whose("ben")
                self.run(leave_portfolio(self.world.store, self.world.clock, **this))
            case "removed":
                self.run(self._gives_ben(None))
            case role:
                self.run(self._gives_ben(Role(role)))

    async def _gives_ben(self, role: Role | None) -> None:
        this = {**self.whose("anna"), "user_id": BEN}
        if role is None:
            await remove_member(self.world.store, self.world.clock, **this)
        else:
            await change_role(self.world.store, self.world.clock, role=role, **this)

    def ben_is_invited_again(self, role: Role) -> None:
        store, clock = self.world.store, self.world.clock
        invited = self.run(invite_member(store, clock, role=role, **self.whose("anna")))
        nobody: frozenset[int] = frozenset()
        self.run(enter(store, clock, user_id=BEN, name="Ben", allowed=nobody, code=invited.code))

    @rule(who=ANYBODY, how=st.sampled_from([pause, resume, resume]))
    def pulls_the_kill_switch(self, who: str, how: Any) -> None:
        was_paused = self.is_paused()
        self.run(how(self.world.store, self.world.clock, **self.whose(who)))
        act = Act.PAUSE if how is pause else Act.RESUME
        assert self.is_paused() == was_paused or may(self.role_of(who), act)

    @rule(how=st.sampled_from([deposit, withdraw]), amount=st.integers(1, 3000))
    def moves_money(self, how: Any, amount: int) -> None:
        before = self.broker.cash
        self.run(
            how(
                self.world.store,
                self.world.brokers,
                self.world.clock,
                amount=Decimal(amount),
                key=self.key(),
                **self.whose("anna"),
            )
        )
        self.count_fills()
        if self.broker.cash != before:
            self.cash += amount if how is deposit else -amount

    @rule(
        who=ANYBODY,
        how=st.sampled_from([say_at_broker, say_not_at_broker, None]),
    )
    def says_what_became_of_an_order(self, who: str, how: Any) -> None:
        """None: asks the broker again."""
        doubtful = self.rows(
            "SELECT id, proposal_id FROM orders WHERE state IN ('unknown', 'frozen') LIMIT 1"
        )
        for order_id, number in doubtful:
            this = {"member": self.people[who], "proposal_id": number}
            if how is None:
                self.run(check_again(self.desk(), **this))
            else:
                self.run(how(self.desk(), order_id=OrderId(order_id), **this))

    # --- what the world does ---------------------------------------------------------------------

    @rule(symbol=SYMBOLS, percent=st.sampled_from([80, 99, 101, 102, 125]))
    def a_price_moves(self, symbol: str, percent: int) -> None:
        price = self.broker.prices[Symbol(symbol)] * percent / 100
        self.world.price(**{symbol: min(max(price.quantize(CENT), Decimal(1)), Decimal(5000))})

    @rule(symbol=SYMBOLS, kind=st.sampled_from([*PriceFaultKind, None]))
    def a_price_fails(self, symbol: str, kind: PriceFaultKind | None) -> None:
        """It goes missing, or (None) stands still and grows old; until it moves the next time."""
        if kind is not None:
            self.world.prices.set_fault(symbol, kind)
            return
        price, at = self.broker.prices[Symbol(symbol)], self.world.market_clock.instant
        self.world.prices.set_price(symbol, price, at=at)

    @rule(minutes=st.sampled_from([1, 5, 16, 60]))
    def time_passes(self, minutes: int) -> None:
        self.time_goes_on(timedelta(minutes=minutes))

    @rule(hour=st.sampled_from([-1, 0, 2]), nights=st.sampled_from([1, 1, 1, 4]))
    def a_night_passes(self, hour: int, nights: int) -> None:
        """Until before, shortly after, or well after the next session opens (or one of those after it)."""
        moment = run(self.world.market.moment())
        session = moment.session
        for _ in range(nights):
            session = self.world.market.calendar.next_after(session.date)
        self.time_goes_on(session.opens_at + timedelta(hours=hour, minutes=6) - moment.now)

    @rule(minutes=st.sampled_from([-1440, -60, -1, 1, 60, 1440]), is_wall=st.booleans())
    def a_clock_jumps(self, minutes: int, *, is_wall: bool) -> None:
        """Ours, or the exchange's; the other does not notice."""
        if is_wall:
            self.world.clock.set(self.world.clock.now() + timedelta(minutes=minutes))
        else:
            self.market_moves(timedelta(minutes=minutes))

    @rule(mishaps=st.lists(st.sampled_from([None, *Mishap]), min_size=1, max_size=5))
    def orders_will_go_wrong(self, mishaps: list[Mishap | None]) -> None:
        self.broker.mishaps.extend(mishaps)

    @rule(is_silent=st.booleans())
    def the_broker_answers_nothing_or_again(self, *, is_silent: bool) -> None:
        self.broker.read_error = BrokerUnavailable("scripted: silent") if is_silent else None

    @rule(symbol=st.sampled_from(["AAA", "BBB"]), shares=st.integers(-5, 5))
    def trades_in_the_broker_s_own_app(self, symbol: str, shares: int) -> None:
        name, price = Symbol(symbol), self.broker.prices[Symbol(symbol)]
        if shares > 0 and purchase_cost(Decimal(shares), price) <= self.broker.usable_cash():
            cost = purchase_cost(Decimal(shares), price)
            self._books(name, Decimal(shares), -cost)
        elif shares < 0 and self.broker._free_shares(name) >= -shares:
            self._books(name, Decimal(shares), sale_proceeds(Decimal(-shares), price))

    @rule(cents=st.integers(1, 20_000))
    def a_dividend_arrives(self, cents: int) -> None:
        self._books(Symbol("AAA"), Decimal(0), Decimal(cents) / 100)

    @rule(
        symbol=st.sampled_from(["AAA", "BBB"]),
        factor=st.sampled_from(["2", "3", "10", "0.5", "0.1"]),
        is_seen=st.booleans(),
    )
    def a_split(self, symbol: str, factor: str, *, is_seen: bool) -> None:
        """Shares times n, price through n; the price source may be the last to know."""
        if not self.broker.is_still():
            return
        self.count_fills()
        self.broker.split(symbol, Decimal(factor))
        name = Symbol(symbol)
        if name in self.held:
            self.held[name] *= Decimal(factor)
        if is_seen:
            self.world.prices.set_price(symbol, self.broker.prices[name])

    def _books(self, symbol: Symbol, shares: Decimal, cash: Decimal) -> None:
        """Something at the broker that we had no part in."""
        self.count_fills()
        held = self.broker.positions
        held[symbol] = held.get(symbol, Decimal(0)) + shares
        self.held[symbol] = self.held.get(symbol, Decimal(0)) + shares
        self.broker.cash += cash
        self.cash += cash

    @rule(what=st.sampled_from(["another", "restricted", "foreign order", "itself"]))
    def the_account_changes(self, what: str) -> None:
        """The keys open another one, the broker restricts it, somebody else orders there; or all is well again."""
        broker = self.broker
        match what:
            case "another":
                broker.opens = "FAKE-9"
            case "restricted":
                broker.is_restricted = True
            case "foreign order":
                broker.somebody_orders("AAA", 1, id_=f"by-hand-{self.key()}")
            case _:
                broker.opens, broker.is_restricted, broker.read_error = None, False, None
                broker.others.clear()

    @rule(who=ANYBODY, how=st.sampled_from([look_again, go_on]))
    def looks_at_what_holds_the_account(self, who: str, how: Any) -> None:
        """Only an owner lifts a hold."""
        standing = "SELECT count(*) FROM account_holds WHERE lifted_at IS NULL"
        before = self.count(standing)
        self.run(how(self.desk(), **self.whose(who)))
        assert self.count(standing) >= before or self.role_of(who) is Role.OWNER

    # --- what happens while an order is on its way ------------------------------------------------

    @rule(
        what=st.sampled_from(
            ["pauses", "holds", "removes", "taps", "edits", "works", "takes_over", "jumps", "earns"]
        )
    )
    def something_will_happen_meanwhile(self, what: str) -> None:
        self.broker.meanwhile.append(getattr(self, f"_meanwhile_{what}"))

    async def _meanwhile_pauses(self) -> None:
        work = pause(self.world.store, self.world.clock, **self.whose("anna"))
        await self.unless_refused(work)

    async def _meanwhile_holds(self) -> None:
        """Somebody found what must be looked at first."""
        async with self.world.store.begin() as work:
            managed = await work.portfolios.get(self.portfolio_id)
            now, reason = self.world.clock.now(), HoldReason.STRANGE_FILL
            await hold_account(work, managed.parts[0], reason, "unknown rb-else-1-1-1", now)

    async def _meanwhile_removes(self) -> None:
        await self.unless_refused(self._gives_ben(None))

    async def _meanwhile_taps(self) -> None:
        (proposal,) = await self._recent()
        for who in ("anna", "ben"):
            assert await self.approve(who, proposal.id, proposal.revision.number) is None

    async def _meanwhile_edits(self) -> None:
        await self.unless_refused(self._sets_targets(30))

    async def _meanwhile_works(self) -> None:
        """A second process finds the account held."""
        before = len(self.broker.submits)
        await run_due_work(self.other_desk())
        if len(self.broker.submits) != before:
            self.broken("I1 a second process sent beside the first")

    async def _meanwhile_takes_over(self) -> None:
        """The first process slept past its lease: the second goes on, and the first writes nothing more."""
        self.world.clock.advance(timedelta(minutes=2))
        other = self.other_desk()
        await reconcile(other)
        await execute_approved(other)

    async def _meanwhile_jumps(self) -> None:
        self.world.clock.set(self.world.clock.now() - timedelta(hours=1))
        self.market_moves(timedelta(hours=1))

    async def _meanwhile_earns(self) -> None:
        self._books(Symbol("AAA"), Decimal(0), Decimal("33.33"))

    # --- what the process does -------------------------------------------------------------------

    @rule()
    def work_is_done(self) -> None:
        self.round(self.desk())

    @rule()
    def work_is_done_once_more(self) -> None:
        """As a process does that has just started."""
        self.begin_round()
        self.run(reconcile(self.desk()))
        self.round(self.desk())
        self.time_goes_on(timedelta(minutes=1))

    @precondition(lambda self: self.lives < 6)
    @rule(at=st.integers(1, 60))
    def the_process_is_killed_in_a_round(self, at: int) -> None:
        if self.killed(at, run_due_work):
            self.time_goes_on(timedelta(minutes=1))
            self.begin_round()
            self.run(reconcile(self.desk()))

    @precondition(lambda self: self.lives < 6)
    @rule(at=st.integers(1, 3), who=DECIDERS)
    def the_process_is_killed_in_a_tap(self, at: int, who: str) -> None:
        """Either all of the tap was kept, or nothing; whoever tapped may tap again."""
        proposal = self.latest()
        if proposal is None:
            return
        role, revision = self.role_of(who), proposal.revision.number
        self.killed(
            at,
            lambda desk: approve_proposal(
                desk.store, desk.market, desk.clock, **self.this(who, proposal)
            ),
        )
        self.note_approvals(proposal.id, revision, who, role)


TestFamily = Family.TestCase
TestFamily.settings = settings(
    max_examples=RUNS, stateful_step_count=STEPS, deadline=None, print_blob=True
)
