"""Cases written as sentences: holdings and policy, an arrow, and the trades that must come of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import Plan, PlanAccount, PlanRequest, Side, Trade
from core.domain.policy import FILE_DEFAULTS, Policy
from core.domain.policy_fields import change_policy
from core.domain.portfolio import Holdings
from core.domain.targets import TargetAllocation, TargetLine
from core.planning import calculate

_LINE = re.compile(r"([A-Z.]+) ([\d.]+) @ ([\d.]+)(?: target ([\d.]+))?")


@dataclass(frozen=True)
class Case:
    """A request read from a sentence, and the trades expected of it."""

    request: PlanRequest
    expected: list[str]

    @property
    def plan(self) -> Plan:
        return calculate(self.request)

    def holds(self, **changes: object) -> Plan:
        """Calculate, compare with the expected trades, and return the plan for a closer look."""
        plan = calculate(replace(self.request, **changes))  # type: ignore[arg-type]
        assert [trade_text(trade) for trade in plan.trades] == self.expected
        return plan


def trade_text(trade: Trade) -> str:
    return f"{trade.side} {trade.symbol} {trade.quantity.normalize():f}"


def read_case(text: str, policy: Policy = FILE_DEFAULTS) -> Case:
    """Read ``cash 200.00 · SPY 10 @ 500.00 target 60 · policy band 5 -> sell SPY 1 · buy AGG 7``."""
    before, _, after = " ".join(text.split()).partition("->")
    cash, force = Decimal(0), False
    positions: dict[Symbol, Decimal] = {}
    prices: dict[Symbol, Decimal] = {}
    lines: list[TargetLine] = []
    for part in (piece.strip() for piece in before.split("·")):
        words = part.split()
        if words[0] == "cash":
            cash = Decimal(words[1])
            lines += [TargetLine(CASH, Decimal(words[3]))] if "target" in words else []
        elif words[0] == "policy":
            pairs = list(zip(words[1::2], words[2::2], strict=True))
            policy = change_policy(policy, pairs)
        elif part == "force":
            force = True
        else:
            match = _LINE.fullmatch(part)
            assert match, f"a case cannot read {part!r}"
            symbol = Symbol(match[1])
            positions[symbol], prices[symbol] = Decimal(match[2]), Decimal(match[3])
            lines += [TargetLine(symbol, Decimal(match[4]))] if match[4] else []
    trades = [piece.strip() for piece in after.split("·")]
    request = PlanRequest(
        accounts=(PlanAccount(Holdings(cash, positions)),),
        prices=prices,
        targets=TargetAllocation(tuple(lines)),
        policy=policy,
        force=force,
    )
    return Case(request, [] if trades == ["nothing"] else trades)


def bought(plan: Plan, symbol: str) -> Decimal:
    """Shares bought of a symbol; negative where sold."""
    for trade in plan.trades:
        if trade.symbol == symbol:
            return trade.quantity if trade.side is Side.BUY else -trade.quantity
    return Decimal(0)


def with_account(request: PlanRequest, **changes: Any) -> PlanRequest:
    """A request whose one account is changed."""
    (account,) = request.accounts
    return replace(request, accounts=(replace(account, **changes),))
