"""A calculated plan as one JSON object, and as a table for the terminal (80 columns)."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot.words.labels import SIDES
from bot.words.numbers import money, quantity, signed, small_drift, tenths
from bot.words.plan_reasons import reason_sentence
from core.domain.drift import DriftLine
from core.domain.instrument import CASH
from core.domain.money import ZERO, to_cents
from core.domain.plan import Plan, Trade

_FOUR_PLACES = Decimal("0.0001")
_WIDTH = 80


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan as the file interface promises it: decimals as strings, no others keys than those."""
    return {
        "needed": plan.needed,
        "reason": reason_sentence(plan.reason),
        "total_value": _money(plan.before.total),
        "portfolio_drift": _percent(plan.before.portfolio_drift),
        "lines": [_line_as_json(line) for line in plan.before.lines],
        "trades": [_trade_as_json(trade) for trade in plan.trades],
        "skipped": [
            {"symbol": skip.symbol, "reason": reason_sentence(skip.reason)} for skip in plan.skipped
        ],
        "after": {
            "cash": _money(plan.after.cash),
            "weights": {symbol: _percent(weight) for symbol, weight in plan.after.weights.items()},
            "portfolio_drift": _percent(plan.after.portfolio_drift),
        },
        "cost": _money(plan.cost),
        "tax": None if plan.tax is None else _money(plan.tax),
    }


def _line_as_json(line: DriftLine) -> dict[str, Any]:
    return {
        "symbol": line.symbol,
        "quantity": _money(line.quantity) if line.symbol == CASH else _plain(line.quantity),
        "price": f"{line.price:f}",
        "value": _money(line.value),
        "weight": _percent(line.weight),
        "target": _percent(line.target),
        "goal": _percent(line.goal),
        "drift": _percent(line.drift),
        "band": None if line.band is None else _percent(line.band),
        "breached": line.breached,
    }


def _trade_as_json(trade: Trade) -> dict[str, Any]:
    return {
        "symbol": trade.symbol,
        "side": trade.side.value,
        "quantity": _plain(trade.quantity),
        "price": f"{trade.price:f}",
        "value": _money(trade.value),
        "reason": reason_sentence(trade.reason),
    }


def _money(amount: Decimal) -> str:
    return f"{to_cents(amount) + ZERO:f}"


def _percent(value: Decimal) -> str:
    return f"{value.quantize(_FOUR_PLACES) + ZERO:f}"


def _plain(value: Decimal) -> str:
    text = f"{value + ZERO:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plan_as_text(plan: Plan) -> str:
    """The plan for people at a terminal: why, the lines, the trades, what is left alone."""
    out = io.StringIO()
    console = Console(file=out, width=_WIDTH, highlight=False, markup=False, color_system=None)
    console.print(reason_sentence(plan.reason))
    console.print(_lines_table(plan))
    if plan.trades:
        console.print(_trades_table(plan))
    if plan.skipped:
        console.print("Left alone:")
        for skip in plan.skipped:
            console.print(f"  {skip.symbol}: {reason_sentence(skip.reason)}", soft_wrap=False)
        console.print()
    console.print(_summary(plan))
    console.print("Calculated from your targets.")
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _lines_table(plan: Plan) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("", overflow="fold")
    for name in ("shares", "value", "now %", "target", "drift", "band", "after"):
        table.add_column(name, justify="right", overflow="fold")
    for line in plan.before.lines:
        table.add_row(
            line.symbol,
            "" if line.symbol == CASH else quantity(line.quantity),
            money(line.value),
            tenths(line.weight),
            tenths(line.target),
            signed(line.drift) + ("!" if line.breached else " "),
            "" if line.band is None else tenths(line.band),
            tenths(plan.after.weights[line.symbol]),
        )
    return table


def _trades_table(plan: Plan) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("trade")
    table.add_column("shares", justify="right", overflow="fold")
    table.add_column("", overflow="fold")
    table.add_column("price", justify="right", overflow="fold")
    table.add_column("value", justify="right", overflow="fold")
    table.add_column("why", overflow="fold")
    for trade in plan.trades:
        table.add_row(
            SIDES[trade.side],
            quantity(trade.quantity),
            trade.symbol,
            f"{trade.price:f}",
            money(trade.value),
            reason_sentence(trade.reason),
        )
    return table


def _summary(plan: Plan) -> str:
    now, after = plan.before.portfolio_drift, plan.after.portfolio_drift
    drift = f"Drift {small_drift(now)}"
    if plan.trades:
        drift += f" → {small_drift(after)}"
    return (
        f"{drift} · cost {money(plan.cost)} · cash after {money(plan.after.cash)}"
        f" · value {money(plan.before.total)}"
    )
