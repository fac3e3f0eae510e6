"""A broker at whose door it is noted what was true of the store when each order came.

Nothing is asserted here: what is wrong is written down in ``broken``, as use cases live on after a broker's exception.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from core.domain.ids import ClientOrderId
from core.ports.broker import BrokerOrder, BrokerUnavailable, Dedup, OrderRequest
from core.ports.guard import is_unit_of_work_open
from tests.fakes.broker import FakeBroker

MOVES = """
CREATE TEMP TABLE IF NOT EXISTS moves (what TEXT, id INTEGER, before TEXT, after TEXT);
CREATE TEMP TRIGGER IF NOT EXISTS order_made AFTER INSERT ON main.orders
    BEGIN INSERT INTO moves VALUES ('order', NEW.id, NULL, NEW.state); END;
CREATE TEMP TRIGGER IF NOT EXISTS order_moved AFTER UPDATE OF state ON main.orders
    BEGIN INSERT INTO moves VALUES ('order', NEW.id, OLD.state, NEW.state); END;
CREATE TEMP TRIGGER IF NOT EXISTS proposal_made AFTER INSERT ON main.proposals
    BEGIN INSERT INTO moves VALUES ('proposal', NEW.id, NULL, NEW.state); END;
CREATE TEMP TRIGGER IF NOT EXISTS proposal_moved AFTER UPDATE OF state ON main.proposals
    BEGIN INSERT INTO moves VALUES ('proposal', NEW.id, OLD.state, NEW.state); END;
"""

AT_THE_DOOR = """
SELECT o.state, o.side, p.id, p.state, p.revision, p.approvals_needed, p.scheduled_for, f.is_paused,
    (SELECT count(*) FROM orders s WHERE s.proposal_id = p.id AND s.side = 'sell' AND s.state IN
        ('intended', 'submitting', 'unknown', 'frozen', 'submitted', 'partially_filled')),
    (SELECT count(*) FROM orders e WHERE e.proposal_id = p.id AND e.leg = o.leg AND e.id < o.id AND e.state NOT IN
        ('filled', 'cancelled', 'expired', 'rejected', 'void'))
FROM orders o JOIN proposals p ON p.id = o.proposal_id JOIN portfolios f ON f.id = p.portfolio_id
WHERE o.client_order_id = ?
"""


@dataclass(frozen=True)
class Intent:
    """What the store had committed of an order at the moment when it came to the broker."""

    client_order_id: str
    order_state: str
    side: str
    proposal: int
    proposal_state: str
    revision: int
    approvals_needed: int
    scheduled_for: datetime | None
    is_paused: bool
    sales_under_way: int
    other_attempts: int


def intent_of(raw: sqlite3.Connection, client_order_id: str) -> Intent | None:
    """Look an order up as it is committed; None where nothing of it is."""
    row = raw.execute(AT_THE_DOOR, (client_order_id,)).fetchone()
    if row is None:
        return None
    state, side, proposal, proposal_state, revision, needed, scheduled, paused, sales, others = row
    return Intent(
        client_order_id,
        state,
        side,
        proposal,
        proposal_state,
        revision,
        needed,
        datetime.fromisoformat(scheduled) if scheduled else None,
        bool(paused),
        sales,
        others,
    )


@dataclass
class WatchedBroker(FakeBroker):
    """The fake broker with a porter; ``meanwhile`` is what happens elsewhere while the next orders are on their way."""

    porter: Callable[[OrderRequest], Awaitable[None]] | None = None
    meanwhile: deque[Callable[[], Awaitable[None]]] = field(default_factory=deque)
    broken: list[str] = field(default_factory=list)
    interruptions: int = 0
    _to_look_up: set[ClientOrderId] = field(default_factory=set)
    _ever: set[ClientOrderId] = field(default_factory=set)

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        self._require_looked_up(request.client_order_id)
        if is_unit_of_work_open():
            self.broken.append(f"{request.client_order_id} came while a unit of work was open")
        elif self.porter is not None:
            await self.porter(request)
        if self.meanwhile:
            self.interruptions += 1
            await self.meanwhile.popleft()()
        try:
            return await super().submit(request)
        except BrokerUnavailable:
            self._to_look_up.discard(request.client_order_id)
            self._ever.discard(request.client_order_id)
            raise

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        found = await super().find_order(client_order_id)
        if found is None:
            self._to_look_up.discard(client_order_id)
        return found

    def usable_cash(self) -> Decimal:
        """What purchases may still be made from."""
        return self.cash - self._held()

    def is_still(self) -> bool:
        """Whether no order is open."""
        return not any(kept.is_open for kept in self._kept)

    def split(self, symbol: str, factor: Decimal) -> None:
        """A corporate action: more shares (or fewer) at the inverse price."""
        for held in self.positions:
            if held == symbol:
                self.positions[held] *= factor
                self.prices[held] = max(
                    (self.prices[held] / factor).quantize(Decimal("0.01")), Decimal("0.01")
                )

    def _require_looked_up(self, client_order_id: ClientOrderId) -> None:
        """An order that may have arrived is looked up before it comes again; at some brokers it never comes again."""
        if client_order_id in self._to_look_up:
            self.broken.append(f"{client_order_id} was sent again without a look-up")
        if client_order_id in self._ever and self.dedup is not Dedup.FOREVER:
            self.broken.append(f"{client_order_id} was sent again to a broker that keeps no ids")
        self._to_look_up.add(client_order_id)
        self._ever.add(client_order_id)
