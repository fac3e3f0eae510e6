"""A calculated plan as one JSON object, and as a table for the terminal (80 columns)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot.words.labels import SIDES
from bot.words.numbers import money, quantity, signed, small_drift, tenths
from bot.words.plan_notes import certificate_sentence, cure_sentence, realised_sentence
from bot.words.plan_reasons import reason_sentence
from core.domain.drift import DriftLine
from core.domain.instrument import CASH
from core.domain.lots import LotSale
from core.domain.money import ZERO, to_cents
from core.domain.plan import Certificate, Cure, Plan, Realised, Trade

_FOUR_PLACES = Decimal("0.0001")
_WIDTH = 80


def plan_as_json(plan: Plan, *, by_account: bool = False, details: bool = False) -> dict[str, Any]:
    """The plan as the file interface promises it: decimals as strings, no others keys than those.

    ``by_account`` says of each trade in which account it is made; ``details`` adds what is proven of the plan, what
    would cure the drift without selling, the lots sold and what they realise.
    """
    made: dict[str, Any] = {
        "needed": plan.needed,
        "reason": reason_sentence(plan.reason),
        "total_value": _money(plan.before.total),
        "portfolio_drift": _percent(plan.before.portfolio_drift),
        "lines": [_line_as_json(line) for line in plan.before.lines],
        "trades": [_trade_as_json(trade, by_account, details) for trade in plan.trades],
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
    return made | details_as_json(plan) if details else made


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


def _trade_as_json(trade: Trade, by_account: bool, details: bool) -> dict[str, Any]:  # noqa: FBT001
    made = {
        "symbol": trade.symbol,
        "side": trade.side.value,
        "quantity": _plain(trade.quantity),
        "price": f"{trade.price:f}",
        "value": _money(trade.value),
        "reason": reason_sentence(trade.reason),
    }
    if by_account:
        made = {"account": trade.account, **made}
    return made | {"lots": [lot_as_json(sale) for sale in trade.lots]} if details else made


def details_as_json(plan: Plan) -> dict[str, Any]:
    """What the plan knows beyond the promised keys."""
    return {
        "certificate": _certificate_as_json(plan.certificate),
        "cure": _cure_as_json(plan.cure),
        "realised": [_realised_as_json(each) for each in plan.realised],
        "notes": [reason_sentence(note) for note in plan.notes],
    }


def lot_as_json(sale: LotSale) -> dict[str, Any]:
    """What a sale takes from one lot."""
    return {
        "name": sale.lot.name,
        "acquired": None if sale.lot.acquired is None else sale.lot.acquired.isoformat(),
        "quantity": _plain(sale.quantity),
        "proceeds": _money(sale.proceeds),
        "gain": None if sale.gain is None else _money(sale.gain),
        "term": sale.term.value,
    }


def _certificate_as_json(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {
        "objective": _percent(certificate.objective),
        "bound": _percent(certificate.bound),
        "gap": _percent(certificate.gap),
        "optimal": certificate.is_optimal,
        "method": certificate.method.value,
        "work": certificate.work,
        "timed_out": certificate.timed_out,
    }


def _cure_as_json(cure: Cure | None) -> dict[str, Any] | None:
    if cure is None:
        return None
    trades = [
        {"symbol": trade.symbol, "quantity": _plain(trade.quantity), "value": _money(trade.value)}
        for trade in cure.trades
    ]
    return {"deposit": _money(cure.deposit), "trades": trades}


def _realised_as_json(realised: Realised) -> dict[str, Any]:
    return {
        "owner": realised.owner,
        "short_gain": _money(realised.short_gain),
        "long_gain": _money(realised.long_gain),
        "tax": None if realised.tax is None else _money(realised.tax),
        "unknown": _money(realised.unknown),
        "washed": _money(realised.washed),
        "lost": _money(realised.lost),
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
    for line in _further(plan):
        console.print(line, soft_wrap=False)
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
    is_shared = any(trade.account for trade in plan.trades)
    if is_shared:
        table.add_column("account", overflow="fold")
    table.add_column("trade")
    table.add_column("shares", justify="right", overflow="fold")
    table.add_column("", overflow="fold")
    table.add_column("price", justify="right", overflow="fold")
    table.add_column("value", justify="right", overflow="fold")
    table.add_column("why", overflow="fold")
    for trade in plan.trades:
        table.add_row(
            *((trade.account,) if is_shared else ()),
            SIDES[trade.side],
            quantity(trade.quantity),
            trade.symbol,
            f"{trade.price:f}",
            money(trade.value),
            reason_sentence(trade.reason),
        )
    return table


def _further(plan: Plan) -> Iterator[str]:
    """What is realised, what would cure the drift, what is proven: a line each, where there is something to say."""
    for each in plan.realised:
        yield realised_sentence(each)
    yield from (reason_sentence(note) for note in plan.notes)
    if plan.cure is not None:
        yield cure_sentence(plan.cure)
    if plan.certificate is not None:
        yield certificate_sentence(plan.certificate)


def _summary(plan: Plan) -> str:
    now, after = plan.before.portfolio_drift, plan.after.portfolio_drift
    drift = f"Drift {small_drift(now)}"
    if plan.trades:
        drift += f" → {small_drift(after)}"
    return (
        f"{drift} · cost {money(plan.cost)} · cash after {money(plan.after.cash)}"
        f" · value {money(plan.before.total)}"
    )
