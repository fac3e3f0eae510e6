"""A family's rows for the store's tests: what a household with one portfolio looks like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from core.domain.approval import Need
from core.domain.drift import DriftLine, DriftReport, OutsideLine
from core.domain.ids import AccountId, ClientOrderId, OrderId, ProposalId, Symbol, UserId
from core.domain.instrument import CASH
from core.domain.membership import Member, Role
from core.domain.order import Order
from core.domain.plan import After, LegKey, Plan, Reason, ReasonCode, Side, Skipped, Trade
from core.domain.policy import Policy
from core.domain.portfolio import (
    Account,
    AccountSnapshot,
    HoldingChange,
    Holdings,
    Portfolio,
    Rung,
    Snapshot,
)
from core.domain.proposal import (
    Cause,
    Decision,
    DecisionKind,
    PriceMove,
    Proposal,
    Revision,
    RevisionCause,
)
from core.domain.quote import Quote
from core.domain.targets import TargetAllocation
from core.ports.store import Store, UnitOfWork

NOW = datetime(2020, 3, 5, 16, 0, tzinfo=UTC)
TODAY = date(2020, 3, 5)
VTI, BND = Symbol("VTI"), Symbol("BND")
FIRST = AccountId(1)
EXACT = Decimal("1234567890123456789012345.678")
"""A number of 28 digits."""


@dataclass(frozen=True)
class Family:
    """One household, its first member and portfolio, and the portfolio's account."""

    member: Member
    portfolio: Portfolio
    account: Account


async def settle(store: Store, *, user: int = 700_000_000_001, slug: str = "family") -> Family:
    """Make a household with an owner, a portfolio of VTI 60 / BND 35 / CASH 5, and its account."""
    async with store.begin() as work:
        household = await work.people.first_household()
        if household is None:
            household = await work.people.add_household("Home")
        member = await work.people.add_member(UserId(user), household, "Ann")
        portfolio = await work.portfolios.add(household, slug, slug.title(), "USD", Policy())
        account = await work.portfolios.add_account(
            portfolio.id,
            name="Simulated",
            broker="simulated",
            broker_account_id=f"sim-{slug}",
            currency="USD",
            rung=Rung.SIMULATED,
            tax_owner_id=member.id,
        )
        await work.people.set_role(member.id, portfolio.id, Role.OWNER)
        targets = TargetAllocation.of({"VTI": "60", "BND": "35", "CASH": "5"})
        await work.portfolios.set_targets(portfolio.id, targets, by=member.id, at=NOW)
    return Family(member, portfolio, account)


def a_snapshot(account: AccountId = FIRST) -> Snapshot:
    quote = Quote(VTI, Decimal("150.10"), "USD", NOW - timedelta(seconds=3), "replay")
    return Snapshot(
        accounts=(
            AccountSnapshot(
                account,
                Holdings(Decimal("120.55"), {VTI: Decimal("11.5"), BND: EXACT}),
                fractionable=frozenset({VTI, BND}),
            ),
        ),
        quotes={VTI: quote, BND: replace(quote, symbol=BND, price=Decimal(88))},
        taken_at=NOW,
        session=TODAY,
    )


def a_plan(account: AccountId = FIRST) -> Plan:
    line = DriftLine(
        symbol=VTI,
        quantity=Decimal("11.5"),
        price=Decimal("150.10"),
        value=Decimal("1726.150"),
        weight=Decimal("66.6"),
        target=Decimal(60),
        goal=Decimal("60.00"),
        drift=Decimal("6.6"),
        band=None,
        breached=True,
    )
    outside = (OutsideLine(Symbol("OLD"), Decimal(1), None, None),)
    reason = Reason(ReasonCode.BAND_BREACHED, VTI, {"drift": Decimal("6.6"), "band": Decimal(5)})
    sale = Trade(
        VTI,
        Side.SELL,
        Decimal(1),
        Decimal("150.10"),
        Decimal("150.10"),
        Decimal("0.02"),
        reason,
        f"{account}",
    )
    return Plan(
        needed=True,
        reason=reason,
        before=DriftReport(Decimal("9999.99"), (line,), outside, Decimal("7.0")),
        trades=(sale, replace(sale, symbol=BND, side=Side.BUY)),
        skipped=(Skipped(CASH, Reason(ReasonCode.AT_GOAL)),),
        after=After(
            Decimal("1.00"),
            {VTI: Decimal(60), CASH: Decimal("0.1")},
            Decimal("0.05"),
            Decimal("0.01"),
        ),
        cost=Decimal("0.04"),
    )


def a_revision(number: int = 1, account: AccountId = FIRST) -> Revision:
    return Revision(
        number=number,
        plan=a_plan(account),
        snapshot=a_snapshot(account),
        cause=RevisionCause.FIRST,
        created_at=NOW,
        dropped=frozenset(
            {LegKey(VTI, Side.SELL, f"{account}"), LegKey(BND, Side.BUY, f"{account}")}
        ),
        moves=(PriceMove(VTI, Decimal(1), Decimal("1.02")),),
        changes=(HoldingChange(CASH, Decimal("5.50"), Decimal(5)),),
    )


async def propose(work: UnitOfWork, family: Family, *, approvals: int = 1) -> Proposal:
    return await work.proposals.add(
        family.portfolio.id,
        cause=Cause.SCHEDULED,
        revision=replace(a_revision(account=family.account.id), need=Need(approvals)),
        created_at=NOW,
        expires_at=NOW + timedelta(days=3),
        check_id=None,
    )


def an_approval(family: Family, proposal: Proposal) -> Decision:
    return Decision(
        member_id=family.member.id,
        member_name=family.member.name,
        kind=DecisionKind.APPROVE,
        revision=proposal.revision.number,
        plan_hash=proposal.revision.plan_hash,
        at=NOW,
        market_at=NOW,
    )


def an_order(family: Family, proposal: ProposalId, leg: int = 1, attempt: int = 1) -> Order:
    return Order(
        id=OrderId(0),
        proposal_id=proposal,
        account_id=family.account.id,
        leg=leg,
        attempt=attempt,
        client_order_id=ClientOrderId(f"rb-install-{proposal}-{leg}-{attempt}"),
        symbol=VTI,
        side=Side.SELL,
        quantity=EXACT,
        limit_price=Decimal("149.35"),
    )
