"""What must be true after every step of a family's life, by the numbers of the catalogue's invariants."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from hypothesis.stateful import invariant

from core.domain import order, proposal
from core.domain.ids import Symbol
from core.domain.order import OrderState
from core.domain.proposal import ProposalState
from tests.reliability.life import Life

ANSWERED = "SELECT client_order_id, state, detail FROM orders"
RECORDED = """
SELECT o.client_order_id, f.execution_id, f.quantity, f.price FROM fills f JOIN orders o ON o.id = f.order_id
"""
LIVE_ATTEMPTS = """
SELECT proposal_id, leg, count(*) FROM orders
WHERE state NOT IN ('filled', 'cancelled', 'expired', 'rejected', 'void') GROUP BY 1, 2 HAVING count(*) > 1
"""
UNTOLD = """
SELECT p.id, p.state FROM proposals p WHERE p.state IN ('done', 'partial', 'failed', 'frozen')
AND NOT EXISTS (SELECT 1 FROM outbox m WHERE m.proposal_id = p.id
    AND m.kind = CASE p.state WHEN 'frozen' THEN 'frozen' ELSE 'report' END)
"""
UNLOGGED = """
SELECT p.id, p.state FROM proposals p WHERE p.state IN ('done', 'partial', 'failed')
AND NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.proposal_id = p.id AND e.kind = 'ended_' || p.state)
"""
BLOCKING = """
SELECT id, state FROM proposals WHERE state IN ('open', 'scheduled', 'approved', 'executing', 'frozen')
"""
TOLD_OF_AN_ERROR = (
    "said that it never reached the broker",
    "said that the broker does not have it",
)


class MustHold(Life):
    """The invariants."""

    @invariant()
    def i1_each_order_is_at_the_broker_once(self) -> None:
        ids = Counter(str(order.client_order_id) for order in self.orders)
        assert set(ids.values()) <= {1}, ids

    @invariant()
    def i1_one_attempt_of_a_leg_lives_and_one_trades(self) -> None:
        assert not self.rows(LIVE_ATTEMPTS), self.rows(LIVE_ATTEMPTS)
        traded = Counter(
            tuple(one.client_order_id.split("-")[2:4]) for one in self.orders if one.fills
        )
        assert set(traded.values()) <= {1}, traded

    @invariant()
    def i2_each_order_was_intended_first_and_approved_by_who_might(self) -> None:
        self._nothing_came_that_breaks("I2")

    @invariant()
    def i3_nothing_is_sent_while_paused_ended_aged_or_in_doubt(self) -> None:
        self._nothing_came_that_breaks("I1", "I3", "rb-")

    @invariant()
    def i4_shares_and_cash_are_conserved(self) -> None:
        self.count_fills()
        assert self.broker.cash == self.cash, (self.broker.cash, self.cash)
        assert _there(self.broker.positions) == _there(self.held)

    @invariant()
    def i4_what_we_recorded_is_what_the_broker_did(self) -> None:
        ours = {
            (name, execution): (Decimal(quantity), Decimal(price))
            for name, execution, quantity, price in self.rows(RECORDED)
        }
        theirs = {
            (str(one.client_order_id), fill.execution_id): (fill.quantity, fill.price)
            for one in self.orders
            for fill in one.fills
        }
        assert ours.items() <= theirs.items()
        answered = {name: (state, detail) for name, state, detail in self.rows(ANSWERED)}
        for name, execution in theirs.keys() - ours.keys():
            state, detail = answered[name]
            is_known = order.OrderState(state) in order.TERMINAL
            assert not is_known or detail.endswith(TOLD_OF_AN_ERROR), (name, execution, state)

    @invariant()
    def i5_no_account_is_overdrawn(self) -> None:
        self._nothing_came_that_breaks("I5")
        assert self.broker.cash >= 0
        assert all(quantity >= 0 for quantity in self.broker.positions.values())

    @invariant()
    def i6_states_move_along_the_diagrams(self) -> None:
        for what, number, before, after in self.rows("SELECT * FROM moves"):
            if what == "order":
                came = OrderState(before) if before else None
                allowed = order.TRANSITIONS[came] if came else {OrderState.INTENDED}
                assert OrderState(after) in allowed, (what, number, before, after)
            else:
                was = ProposalState(before) if before else None
                nexts = proposal.TRANSITIONS[was] if was else {ProposalState.OPEN}
                assert ProposalState(after) in nexts, (what, number, before, after)
        self.raw.execute("DELETE FROM moves")

    @invariant()
    def i7_what_ended_or_froze_was_told(self) -> None:
        assert not self.rows(UNTOLD), self.rows(UNTOLD)

    @invariant()
    def i8_each_send_and_each_end_leaves_a_line(self) -> None:
        """A kill between the line and the call leaves a line too many, never one too few."""
        lines = Counter(
            name for (name,) in self.rows("SELECT data FROM audit_events WHERE kind = 'order_sent'")
        )
        sent = Counter(str(request.client_order_id) for request in self.broker.submits)
        assert sent <= lines, sent - lines
        assert lines.total() - sent.total() <= self.kills
        assert not self.rows(UNLOGGED)

    @invariant()
    def at_most_one_proposal_is_under_way(self) -> None:
        assert len(self.rows(BLOCKING)) <= 1, self.rows(BLOCKING)

    def hold(self) -> None:
        """All of them, for a life that chance does not lead."""
        self.i1_each_order_is_at_the_broker_once()
        self.i1_one_attempt_of_a_leg_lives_and_one_trades()
        self.i2_each_order_was_intended_first_and_approved_by_who_might()
        self.i3_nothing_is_sent_while_paused_ended_aged_or_in_doubt()
        self.i4_shares_and_cash_are_conserved()
        self.i4_what_we_recorded_is_what_the_broker_did()
        self.i5_no_account_is_overdrawn()
        self.i6_states_move_along_the_diagrams()
        self.i7_what_ended_or_froze_was_told()
        self.i8_each_send_and_each_end_leaves_a_line()
        self.at_most_one_proposal_is_under_way()

    def _nothing_came_that_breaks(self, *marks: str) -> None:
        found = [what for what in self.broker.broken if what.startswith(marks)]
        assert not found, found


def _there(held: dict[Symbol, Decimal]) -> dict[Symbol, Decimal]:
    return {symbol: quantity for symbol, quantity in held.items() if quantity}
