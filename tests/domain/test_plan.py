from __future__ import annotations

from decimal import Decimal

from core.domain.drift import DriftReport
from core.domain.ids import Symbol
from core.domain.plan import After, Plan, Reason, ReasonCode, Side, Trade


def trade(symbol: str, side: Side, quantity: int, price: int) -> Trade:
    reason = Reason(ReasonCode.UNDER_TARGET, Symbol(symbol))
    value = Decimal(quantity * price)
    return Trade(Symbol(symbol), side, Decimal(quantity), Decimal(price), value, Decimal(0), reason)


def test_a_plan_knows_its_sales_purchases_and_turnover() -> None:
    sell, buy = trade("SPY", Side.SELL, 1, 500), trade("AGG", Side.BUY, 7, 100)
    plan = Plan(
        needed=True,
        reason=Reason(ReasonCode.FORCED),
        before=DriftReport(Decimal(1), (), (), Decimal(0)),
        trades=(sell, buy),
        skipped=(),
        after=After(Decimal(0), {}, Decimal(0), Decimal(0)),
        cost=Decimal(0),
    )
    assert plan.sells == (sell,)
    assert plan.buys == (buy,)
    assert plan.turnover == 1200
    assert plan.tax is None
