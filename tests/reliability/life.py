"""One life of a family: its world, its people, and what is remembered of it beside the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from telegram import Bot

from bot.heartbeat import Heartbeat
from bot.pulse import Pulse
from bot.runtime import Runtime
from bot.settings import Settings
from bot.telegram.context import Turn
from core.adapters.channels import AppriseChannel
from core.application.decide_proposal import approve_proposal
from core.application.decisions import Decided
from core.application.desk import Desk, WatchMemory
from core.application.run_due_work import run_due_work
from core.domain.ids import ChatId, ProposalId
from core.domain.membership import Member, Role
from core.domain.money import purchase_cost, sale_proceeds
from core.domain.permissions import Act, may
from core.domain.plan import Side
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal
from core.domain.quote import moved_percent
from core.domain.refusals import IllegalMove, Refusal
from core.domain.risk import APPROVAL_LIFETIME, Limits
from core.ports.broker import BrokerOrder, OrderRequest
from core.ports.store import Chat
from tests.reliability.crashing import (
    CrashingBrokers,
    CrashingPrices,
    CrashingStore,
    Fuse,
    Killed,
)
from tests.reliability.family import database, family_world, restarted, run
from tests.reliability.watched import Intent, WatchedBroker, intent_of


@dataclass(frozen=True)
class Given:
    """An approval as it was given: with which role, and when at the exchange."""

    role: Role | None
    at: datetime


class Life:
    """The family's world, and a ledger kept beside it by what the broker did and the people outside of the bot.

    A refusal is a fair answer to anything; an arrow that a diagram does not have never is.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world, self.people, self.portfolio_id = family_world()
        self.raw = database().raw
        self.broker.porter = self._porter
        self.keys = 0
        self.lives = 1
        self.kills = 0
        self.approvals: dict[tuple[int, int], dict[int, Given]] = {}
        self.begun: set[tuple[int, int]] = set()
        self.interruptions_before = 0
        self.under_way: set[int] = set()
        self.cash = self.broker.cash
        self.held = dict(self.broker.positions)
        self.counted: set[str] = set()

    @property
    def broker(self) -> WatchedBroker:
        return cast("WatchedBroker", self.world.broker)

    @property
    def orders(self) -> tuple[BrokerOrder, ...]:
        """Every order that the broker ever took."""
        return self.broker.orders

    # --- doing -----------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something, and return what came of it; None where it was refused."""
        return run(self.unless_refused(work))

    async def unless_refused(self, work: Awaitable[Any]) -> Any:
        """The same, inside of something else."""
        try:
            return await work
        except IllegalMove:
            raise
        except Refusal:
            return None

    def round(self, desk: Desk) -> None:
        """A round of due work, in which nothing is sent for a portfolio that was paused before."""
        was_paused = self.is_paused()
        before = len(self.broker.submits)
        self.begin_round()
        self.run(run_due_work(desk))
        if was_paused and len(self.broker.submits) > before:
            self.broken("I3 sent in a round that began paused")

    def begin_round(self) -> None:
        """Note what is under way, and that nothing has happened beside it yet."""
        self.interruptions_before = self.broker.interruptions
        under_way = "SELECT id FROM proposals WHERE state IN ('executing', 'frozen')"
        self.under_way = {number for (number,) in self.rows(under_way)}

    def killed(self, at: int, work: Callable[[Desk], Coroutine[Any, Any, Any]]) -> bool:
        """Begin something in a process that ends at the given point; a new one takes its place."""
        self.begin_round()
        try:
            self.run(work(self.breakable(Fuse(at))))
        except Killed:
            self.starts_anew()
            return True
        return False

    def breakable(self, fuse: Fuse) -> Desk:
        """The desk of a process that ends where the fuse burns through."""
        return replace(
            self.desk(),
            store=CrashingStore(self.world.store, fuse),
            brokers=CrashingBrokers(self.world.brokers, fuse),
            market=replace(self.world.market, prices=CrashingPrices(self.world.prices, fuse)),
        )

    def starts_anew(self) -> None:
        """A new process in the place of one that was killed."""
        self.kills += 1
        self.lives += 1
        self.world = restarted(self.world, self.lives)

    def desk(self) -> Desk:
        return self.world.desk

    def other_desk(self) -> Desk:
        """A second process by mistake, on the same store and broker."""
        holder = f"another process {self.key()}"
        return replace(self.world.desk, holder=holder, watched=WatchMemory())

    def ports(self) -> tuple[Any, Any, Any]:
        return self.world.store, self.world.market, self.world.clock

    def whose(self, who: str) -> dict[str, Any]:
        return {"member": self.people[who], "portfolio_id": self.portfolio_id}

    def this(self, who: str, proposal: Proposal, revision: int | None = None) -> dict[str, Any]:
        return {
            "member": self.people[who],
            "proposal_id": proposal.id,
            "revision": proposal.revision.number if revision is None else revision,
        }

    def key(self) -> str:
        self.keys += 1
        return str(self.keys)

    async def approve(self, who: str, proposal_id: ProposalId, revision: int) -> Decided | None:
        """Tap [Approve], and remember with which role that was."""
        member = self.people[who]
        role = await self._role(member)
        decided: Decided | None = await self.unless_refused(
            approve_proposal(
                *self.ports(), member=member, proposal_id=proposal_id, revision=revision
            )
        )
        if decided is not None:
            given = self.approvals.setdefault((proposal_id, revision), {})
            given[member.id] = Given(role, self.world.market_clock.instant)
        return decided

    def approvals_are_not_held(self) -> None:
        """Let orders come whose approvals were given past this ledger."""
        self.broker.porter = None

    def note_approvals(self, number: int, revision: int, who: str, role: Role | None) -> None:
        """Look whether a tap that was cut off was kept."""
        member = self.people[who]
        kept = self.count(
            "SELECT count(*) FROM decisions WHERE kind = 'approve' AND proposal_id = ? AND revision = ?"
            " AND member_id = ?",
            number,
            revision,
            member.id,
        )
        given = self.approvals.setdefault((number, revision), {})
        if kept and member.id not in given:
            given[member.id] = Given(role, self.world.market_clock.instant)

    def turn(self, who: str) -> Turn:
        """Somebody's tap as the chat has it; nothing of it needs Telegram."""
        member = self.people[who]
        runtime = Runtime(
            settings=Settings(_env_file=None),
            store=self.world.store,
            brokers=self.world.brokers,
            market=self.world.market,
            clock=self.world.clock,
            signing_key=b"0" * 32,
            holder=self.desk().holder,
            work_arrived=asyncio.Event(),
            allowed_users=frozenset(),
            limits=Limits(),
            pulse=Pulse(self.world.clock, Heartbeat(None, self.world.clock)),
            channel=AppriseChannel(allow_private=True),
        )
        chat = Chat(ChatId(member.user_id), "private", member.name)
        return Turn(runtime, cast("Bot", None), member, chat, 1, 1)

    # --- looking ---------------------------------------------------------------------------------

    def rows(self, question: str, *values: Any) -> list[Any]:
        """Rows of the store as they stand."""
        return self.raw.execute(question, values).fetchall()

    def count(self, question: str, *values: Any) -> int:
        return int(self.raw.execute(question, values).fetchone()[0])

    def latest(self) -> Proposal | None:
        recent: tuple[Proposal, ...] = run(self._recent())
        return recent[0] if recent else None

    def role_of(self, who: str) -> Role | None:
        role: Role | None = run(self._role(self.people[who]))
        return role

    def is_paused(self) -> bool:
        return bool(self.count("SELECT is_paused FROM portfolios"))

    def managed(self) -> ManagedPortfolio:
        managed: ManagedPortfolio = run(self._managed())
        return managed

    async def _recent(self) -> tuple[Proposal, ...]:
        async with self.world.store.read() as work:
            return await work.proposals.recent(self.portfolio_id, 1)

    async def _role(self, member: Member) -> Role | None:
        async with self.world.store.read() as work:
            return await work.people.role(member.id, self.portfolio_id)

    async def _managed(self) -> ManagedPortfolio:
        async with self.world.store.read() as work:
            return await work.portfolios.get(self.portfolio_id)

    # --- time ------------------------------------------------------------------------------------

    def market_moves(self, step: timedelta) -> None:
        """The exchange's time goes on (or is set back); where its session ends, resting orders end with it."""
        clock = self.world.market_clock
        before = self.world.market.calendar.current_or_next(clock.instant)
        clock.advance(step)
        after = self.world.market.calendar.current_or_next(clock.instant)
        if after.date != before.date:
            self.broker.close_market()
        self.broker.is_open = after.is_open_at(clock.instant)

    def time_goes_on(self, step: timedelta) -> None:
        self.world.clock.advance(step)
        self.market_moves(step)

    # --- the ledger beside -----------------------------------------------------------------------

    def count_fills(self) -> None:
        """Book every execution at the broker once, by the rules of money alone."""
        for order in self.orders:
            for fill in order.fills:
                if fill.execution_id in self.counted:
                    continue
                self.counted.add(fill.execution_id)
                held = self.held.get(order.symbol, Decimal(0))
                if order.side is Side.BUY:
                    self.cash -= purchase_cost(fill.quantity, fill.price)
                    self.held[order.symbol] = held + fill.quantity
                else:
                    self.cash += sale_proceeds(fill.quantity, fill.price)
                    self.held[order.symbol] = held - fill.quantity

    # --- the broker's door -----------------------------------------------------------------------

    def broken(self, what: str) -> None:
        """Write down what must never be: an exception here would be taken for the broker's."""
        self.broker.broken.append(what)

    async def _porter(self, request: OrderRequest) -> None:
        name = request.client_order_id
        intent = intent_of(self.raw, name)
        if intent is None:
            self.broken(f"I2 {name} came without a committed intent")
            return
        self._hold_against_approval(intent)
        if intent.is_paused:
            self.broken(f"I3 {name} was sent while paused")
        if self.count("SELECT count(*) FROM account_holds WHERE lifted_at IS NULL"):
            self.broken(f"I3 {name} was sent for an account that is held")
        if (intent.order_state, intent.proposal_state) != ("submitting", "executing"):
            self.broken(f"I3 {name} was sent as {intent.order_state} of a {intent.proposal_state}")
        if intent.side == "buy" and intent.sales_under_way:
            self.broken(f"I5 {name} buys before every sale has come to its end")
        if intent.other_attempts:
            self.broken(f"I1 {name} was sent beside another attempt of its leg")
        if request.side is Side.BUY:
            self._hold_against_cash(request)
        if (intent.proposal, intent.revision) not in self.begun:
            self.begun.add((intent.proposal, intent.revision))
            await self._hold_against_what_was_shown(intent)

    def _hold_against_approval(self, intent: Intent) -> None:
        given = self.approvals.get((intent.proposal, intent.revision), {})
        good = [one for one in given.values() if may(one.role, Act.APPROVE)]
        if len(good) < intent.approvals_needed:
            self.broken(f"I2 {intent.client_order_id} was approved by {len(good)}")
            return
        now = self.world.market_clock.instant
        start = max(one.at for one in good)
        start = max(start, intent.scheduled_for or start)
        if now - start > APPROVAL_LIFETIME:
            self.broken(f"I3 {intent.client_order_id} was sent under an approval of {start}")
        if not self.world.market.calendar.current_or_next(now).is_open_at(now):
            self.broken(f"I3 {intent.client_order_id} was sent while the exchange is closed")

    def _hold_against_cash(self, request: OrderRequest) -> None:
        """Only where nothing happened meanwhile, and for what goes out for the first time."""
        sent = [one for one in self.broker.submits if one == request]
        if sent or self.broker.interruptions != self.interruptions_before:
            return
        price = request.limit_price or self.broker.prices[request.symbol]
        if purchase_cost(request.quantity, price) > self.broker.usable_cash():
            self.broken(f"I5 {request.client_order_id} costs more than there is")

    async def _hold_against_what_was_shown(self, intent: Intent) -> None:
        """The first order of a plan goes out on the holdings that were shown, at prices close to those shown."""
        is_quiet = self.broker.interruptions == self.interruptions_before
        if not is_quiet or intent.proposal in self.under_way:
            return
        async with self.world.store.read() as work:
            proposal = await work.proposals.get(ProposalId(intent.proposal))
            managed = await work.portfolios.get(self.portfolio_id)
        assert proposal is not None
        shown = proposal.revision.snapshot
        now = {symbol: held for symbol, held in self.broker.positions.items() if held}
        if dict(shown.holdings.positions) != now or self.broker.usable_cash() < shown.holdings.cash:
            self.broken(f"{intent.client_order_id} was sent on other holdings than were shown")
        widest = max(managed.policy.tolerance, managed.policy.tolerance_across_close)
        today = self.world.market.calendar.current_or_next(self.world.market_clock.instant)
        limit = managed.policy.tolerance if shown.session == today.date else widest
        trades = proposal.revision.plan.trades
        batch = await self.world.prices.quotes([trade.symbol for trade in trades])
        for trade in trades:
            if moved_percent(batch.quotes[trade.symbol].price, trade.price) > limit:
                self.broken(f"{intent.client_order_id} was sent though {trade.symbol} had moved")
