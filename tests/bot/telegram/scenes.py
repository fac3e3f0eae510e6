"""Realistic values for messages: portfolios, plans calculated by the real planning, proposals in any state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.application.show_proposal import ProposalView
from core.domain.approval import Need
from core.domain.ids import (
    AccountId,
    ChatId,
    ClientOrderId,
    HouseholdId,
    MemberId,
    OrderId,
    PortfolioId,
    ProposalId,
    RuleId,
    Symbol,
    UserId,
)
from core.domain.instrument import CASH
from core.domain.membership import Member, Membership, Role
from core.domain.order import Fill, Order, OrderState
from core.domain.plan import Plan, PlanAccount, PlanRequest, Trade
from core.domain.policy import Policy
from core.domain.portfolio import (
    Account,
    AccountSnapshot,
    Holdings,
    ManagedPortfolio,
    Portfolio,
    Rung,
    Snapshot,
)
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
from core.domain.report import ExecutionReport, execution_cost
from core.domain.rules import (
    Action,
    Comparison,
    Evaluation,
    Measure,
    Operator,
    Reading,
    Told,
    Truth,
    Widening,
)
from core.domain.targets import TargetAllocation
from core.planning import calculate

NOW = datetime(2026, 3, 10, 14, 5, tzinfo=UTC)
"""Tuesday, 10:05 in New York."""

PRICED = datetime(2026, 3, 10, 14, 2, tzinfo=UTC)
EXPIRES = datetime(2026, 3, 12, 20, 0, tzinfo=UTC)
GROUP = ChatId(-1001234567890)

TARGETS = TargetAllocation.of({"VTI": 60, "BND": 35, "CASH": 5})
PRICES = {Symbol("VTI"): Decimal("287.14"), Symbol("BND"): Decimal("73.43")}
HOLDINGS = Holdings(Decimal("2625.99"), {Symbol("VTI"): Decimal(112), Symbol("BND"): Decimal(184)})


WIDENED = Widening(
    Decimal("1.5"),
    (
        Told(
            RuleId(3),
            Action.WIDEN,
            Evaluation(
                Truth.TRUE,
                (
                    Reading(
                        Comparison(Symbol("VIX"), Measure.LEVEL, None, Operator.ABOVE, Decimal(30)),
                        Decimal(34),
                        NOW.date(),
                        holds=True,
                    ),
                ),
                since=NOW.date(),
            ),
            NOW.date(),
            Decimal("1.5"),
        ),
    ),
)
"""What rule 3, VIX > 30, does to bands."""


def member(number: int = 1, name: str = "Anna") -> Member:
    return Member(MemberId(number), UserId(1000 + number), HouseholdId(1), name)


def managed(
    targets: TargetAllocation | None = TARGETS,
    *,
    name: str = "Family",
    rung: Rung = Rung.SIMULATED,
    policy: Policy | None = None,
    is_paused: bool = False,
) -> ManagedPortfolio:
    portfolio = Portfolio(PortfolioId(1), HouseholdId(1), "family", name, is_paused=is_paused)
    account = Account(AccountId(1), PortfolioId(1), "Main", "simulated", "A1", rung=rung)
    return ManagedPortfolio(portfolio, (account,), targets, policy or Policy())


def snapshot(
    holdings: Holdings = HOLDINGS,
    prices: Mapping[Symbol, Decimal] = PRICES,
    *,
    fractionable: frozenset[Symbol] = frozenset(),
) -> Snapshot:
    quotes = {s: Quote(s, price, "USD", PRICED, "yahoo") for s, price in prices.items()}
    account = AccountSnapshot(AccountId(1), holdings, fractionable)
    return Snapshot((account,), quotes, NOW, date(2026, 3, 10))


def plan_of(where: ManagedPortfolio, shot: Snapshot, *, force: bool = False) -> Plan:
    assert where.targets is not None
    return calculate(
        PlanRequest(
            (PlanAccount(shot.holdings, "1", fractionable=shot.fractionable),),
            shot.prices,
            where.targets,
            where.policy,
            force=force,
        )
    )


def decision(
    who: Member,
    kind: DecisionKind = DecisionKind.APPROVE,
    *,
    revision: int = 1,
    minutes: int = 0,
) -> Decision:
    at = NOW + timedelta(minutes=minutes)
    return Decision(who.id, who.name, kind, revision, "hash", at, at)


def view(
    state: ProposalState = ProposalState.OPEN,
    *,
    where: ManagedPortfolio | None = None,
    shot: Snapshot | None = None,
    decisions: tuple[Decision, ...] = (),
    orders: tuple[Order, ...] = (),
    approvals_needed: int = 1,
    drift_after: Decimal | None = Decimal("0.04"),
    force: bool = False,
    members: tuple[Member, ...] = (),
) -> ProposalView:
    where = where or managed()
    shot = shot or snapshot()
    plan = plan_of(where, shot, force=force)
    proposal = Proposal(
        ProposalId(42),
        PortfolioId(1),
        state,
        Cause.SCHEDULED,
        Revision(1, plan, shot, RevisionCause.FIRST, NOW, need=Need(approvals_needed)),
        decisions,
        NOW,
        EXPIRES,
    )
    people = members or (member(),)
    memberships = tuple(Membership(PortfolioId(1), person, Role.APPROVER) for person in people)
    report = _report(plan, orders, drift_after) if state in _REPORTED else None
    return ProposalView(where, proposal, orders, report, memberships)


_REPORTED = {
    ProposalState.DONE,
    ProposalState.PARTIAL,
    ProposalState.FAILED,
    ProposalState.FROZEN,
}


def _report(plan: Plan, orders: tuple[Order, ...], drift_after: Decimal | None) -> ExecutionReport:
    quoted = {leg: trade.price for leg, trade in enumerate(plan.trades, 1)}
    return ExecutionReport(
        orders,
        execution_cost(orders, quoted),
        plan.cost,
        plan.before.portfolio_drift,
        drift_after,
    )


def with_revision(shown: ProposalView, **changes: object) -> ProposalView:
    revision = replace(shown.proposal.revision, **changes)  # type: ignore[arg-type]
    return replace(shown, proposal=replace(shown.proposal, revision=revision))


def order(
    leg: int,
    trade: Trade,
    *,
    filled: Decimal | None = None,
    price: Decimal | None = None,
    state: OrderState = OrderState.FILLED,
    detail: str = "",
) -> Order:
    quantity = trade.quantity if filled is None else filled
    fill = Fill(f"e{leg}", quantity, price or trade.price, Decimal("0.05"), NOW)
    return Order(
        OrderId(leg),
        ProposalId(42),
        AccountId(1),
        leg,
        1,
        ClientOrderId(f"rb-abcd1234-42-{leg}-1"),
        trade.symbol,
        trade.side,
        trade.quantity,
        None,
        state,
        f"b{leg}",
        detail,
        (fill,) if quantity else (),
    )


def filled_orders(shown: ProposalView) -> tuple[Order, ...]:
    trades = shown.proposal.revision.plan.trades
    return tuple(order(leg, trade) for leg, trade in enumerate(trades, 1))


def many_lines(number: int, *, fractional: bool = True) -> tuple[ManagedPortfolio, Snapshot]:
    """A portfolio of many equal targets, of which every second line is far over and the others under."""
    symbols = [Symbol(f"TICKER{index:02d}.AB"[:12]) for index in range(number)]
    weight = Decimal(100 - 5) / number
    whole = {symbol: weight.quantize(Decimal("0.01")) for symbol in symbols}
    rest = Decimal(100) - sum(whole.values())
    targets = TargetAllocation.of(
        {str(symbol): share for symbol, share in (*whole.items(), (CASH, rest))}
    )
    prices = {symbol: Decimal("123.4567") + index for index, symbol in enumerate(symbols)}
    positions = {
        symbol: (Decimal("1234.567") if index % 2 else Decimal("321.123"))
        for index, symbol in enumerate(symbols)
    }
    holdings = Holdings(Decimal(sum(positions.values()) * 5), positions)
    fractions = frozenset(symbols) if fractional else frozenset()
    return managed(targets), snapshot(holdings, prices, fractionable=fractions)
