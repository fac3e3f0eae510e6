"""Domain values for tests, made from as few words as a case needs."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from core.domain.approval import Need
from core.domain.drift import DriftReport
from core.domain.ids import (
    AccountId,
    ClientOrderId,
    HouseholdId,
    MemberId,
    OrderId,
    PortfolioId,
    ProposalId,
    Symbol,
    UserId,
)
from core.domain.membership import Member, Membership, Role
from core.domain.order import Fill, Order, OrderState
from core.domain.plan import After, Plan, Reason, ReasonCode, Side, Trade
from core.domain.portfolio import AccountSnapshot, Holdings, Rung, Snapshot
from core.domain.proposal import (
    Cause,
    Decision,
    DecisionKind,
    Proposal,
    ProposalState,
    Revision,
    RevisionCause,
)
from core.domain.quote import Quote
from core.domain.risk import Room

NOON = datetime(2020, 3, 9, 16, 0, tzinfo=UTC)
ANNA, BEN = MemberId(1), MemberId(2)
Number = Decimal | int | str

_LETTERED = re.compile(
    r"^ {4}[A-Z] {2}(?P<sources>[a-z_ |]+) → (?P<targets>[a-z_]+(?: \| [a-z_]+)*)"
)


def diagram(docstring: str | None) -> dict[str, set[str]]:
    """Read the lettered lines of a state machine's diagram: the arrows by the state they leave."""
    arrows: dict[str, set[str]] = {}
    for line in (docstring or "").splitlines():
        if found := _LETTERED.match(line):
            for source in found["sources"].split("|"):
                arrows.setdefault(source.strip(), set()).update(
                    target.strip() for target in found["targets"].split("|")
                )
    return arrows


def trade(side: str, quantity: Number, symbol: str, price: Number) -> Trade:
    amount, each = Decimal(quantity), Decimal(price)
    reason = Reason(ReasonCode.OVER_TARGET if side == "sell" else ReasonCode.UNDER_TARGET)
    return Trade(Symbol(symbol), Side(side), amount, each, amount * each, Decimal(0), reason, "1")


def plan(*trades: Trade, total: Number = 10_000) -> Plan:
    before = DriftReport(Decimal(total), (), (), Decimal(7))
    after = After(Decimal(0), {}, Decimal(0), Decimal(0))
    return Plan(
        needed=True,
        reason=Reason(ReasonCode.BAND_BREACHED),
        before=before,
        trades=trades,
        skipped=(),
        after=after,
        cost=Decimal(0),
    )


def holdings(cash: Number = 100, **positions: Number) -> Holdings:
    return Holdings(Decimal(cash), {Symbol(s): Decimal(q) for s, q in positions.items()})


def quotes(**prices: Number) -> dict[Symbol, Quote]:
    return {
        Symbol(symbol): Quote(Symbol(symbol), Decimal(price), "USD", NOON, "fake")
        for symbol, price in prices.items()
    }


def snapshot(held: Holdings | None = None, **prices: Number) -> Snapshot:
    account = AccountSnapshot(AccountId(1), held or holdings())
    return Snapshot((account,), quotes(**prices), NOON, date(2020, 3, 9))


def rooms(rung: Rung = Rung.SIMULATED, used: Number = 0) -> dict[str, Room]:
    """The room of the samples' only account."""
    return {"1": Room(rung, Decimal(used))}


SELL_AND_BUY = (trade("sell", 10, "AAA", 100), trade("buy", 20, "BBB", 50))


def proposal(
    *decisions: Decision,
    trades: tuple[Trade, ...] = SELL_AND_BUY,
    state: ProposalState = ProposalState.OPEN,
    revision: int = 1,
    needed: int = 1,
    need: Need | None = None,
    held: Holdings | None = None,
    **changes: Any,
) -> Proposal:
    made = Revision(
        revision,
        plan(*trades),
        snapshot(held, AAA=100, BBB=50),
        RevisionCause.FIRST,
        NOON,
        need=need or Need(needed),
    )
    facts: dict[str, Any] = {
        "id": ProposalId(42),
        "portfolio_id": PortfolioId(7),
        "state": state,
        "cause": Cause.SCHEDULED,
        "revision": made,
        "decisions": decisions,
        "created_at": NOON,
        "expires_at": NOON + timedelta(days=3),
    }
    return Proposal(**{**facts, **changes})


def decision(
    kind: str = "approve", by: MemberId = ANNA, revision: int = 1, at: datetime = NOON
) -> Decision:
    name = {ANNA: "Anna", BEN: "Ben"}.get(by, f"Member {by}")
    return Decision(by, name, DecisionKind(kind), revision, "hash", at, at)


def order(
    side: str = "sell",
    quantity: Number = 10,
    symbol: str = "AAA",
    *,
    leg: int = 1,
    state: str = "intended",
    fills: tuple[Fill, ...] = (),
    proposal_id: int = 42,
) -> Order:
    return Order(
        id=OrderId(leg),
        proposal_id=ProposalId(proposal_id),
        account_id=AccountId(1),
        leg=leg,
        attempt=1,
        client_order_id=ClientOrderId(f"rb-test-{proposal_id}-{leg}-1"),
        symbol=Symbol(symbol),
        side=Side(side),
        quantity=Decimal(quantity),
        limit_price=None,
        state=OrderState(state),
        fills=fills,
    )


def fill(quantity: Number, price: Number, commission: Number = 0, number: int = 1) -> Fill:
    return Fill(f"x-{number}", Decimal(quantity), Decimal(price), Decimal(commission), NOON)


def membership(by: MemberId, role: Role) -> Membership:
    member = Member(by, UserId(1000 + by), HouseholdId(1), f"Member {by}")
    return Membership(PortfolioId(7), member, role)
