"""Plan files: one JSON file, or CSV files for targets, holdings and prices, as a request for a plan.

Everything that is wrong is collected and raised together as ``PlanFileRefused``, one line a fault.
Only ``targets`` and ``prices`` must be there; without ``cash`` it is 0, without ``positions`` nothing
is held. Symbols may be written in any case.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from bot.plan_policy import PlanPolicy, change_by_options, read_policy
from bot.plan_values import (
    Entry,
    Faults,
    JsonObject,
    NotFinite,
    read_date,
    read_list,
    read_number,
    read_object,
    read_positions,
    read_prices,
    read_symbol,
    read_weights,
    shown,
)
from core.domain.drift import managed_symbols
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.lots import Lot
from core.domain.money import ZERO
from core.domain.plan import PlanAccount, PlanRequest
from core.domain.policy import Policy
from core.domain.portfolio import Holdings
from core.domain.refusals import NoTargets, TargetsDoNotSum, TooManyTargets
from core.domain.targets import TargetAllocation, TargetLine

_FIELDS = ("cash", "positions", "lots", "prices", "targets", "policy")
_POSITION_FIELDS = ("symbol", "quantity")
_LOT_FIELDS = ("symbol", "quantity", "cost_per_share", "acquired")


class PlanFileRefused(Exception):
    """A plan file with faults: one line each, naming the field and what was expected."""

    def __init__(self, faults: Iterable[str]) -> None:
        """Keep the lines."""
        super().__init__("\n".join(faults))

    @property
    def faults(self) -> tuple[str, ...]:
        """The faults, one line each."""
        return tuple(str(self).splitlines())


@dataclass(frozen=True, slots=True)
class CsvFiles:
    """Where the CSV files are, and the cash as it was typed; holdings may be missing."""

    targets: Path
    prices: Path
    holdings: Path | None = None
    cash: str = "0"


@dataclass(slots=True)
class _Parts:
    """What was read so far; None is what could not be read."""

    cash: Decimal | None = ZERO
    positions: dict[Symbol, Decimal] | None = field(default_factory=dict)
    prices: dict[Symbol, Decimal] | None = None
    weights: dict[Symbol, Decimal] | None = None
    lots: tuple[Lot, ...] = ()
    policy: PlanPolicy | None = None


def read_json_request(
    data: bytes, name: str = "the file", options: Iterable[str] = ()
) -> PlanRequest:
    """Read a request from the bytes of a JSON file; raises PlanFileRefused.

    ``options`` are ``name=value`` pairs that change the file's policy.
    """
    faults = Faults()
    raw = _parse_json(faults, decode(data, name), name)
    _raise_if_any(faults)
    parts = _Parts()
    root = read_object(faults, "", raw, _FIELDS)
    if root is not None:
        _read_root(faults, root, parts)
    return _request(faults, parts, options)


def read_csv_request(files: CsvFiles, options: Iterable[str] = ()) -> PlanRequest:
    """Read a request from CSV files, with its policy from options; raises PlanFileRefused."""
    faults = Faults()
    parts = _Parts(policy=PlanPolicy())
    parts.cash = read_number(faults, "--cash", files.cash)
    parts.weights = read_weights(faults, _csv_entries(faults, files.targets, "weight"))
    if files.holdings is not None:
        entries = _csv_entries(faults, files.holdings, "quantity")
        parts.positions = read_positions(faults, entries)
    parts.prices = read_prices(faults, _csv_entries(faults, files.prices, "price"))
    return _request(faults, parts, options)


def read_bytes(path: Path) -> bytes:
    """Read a file; raises PlanFileRefused with the reason where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise PlanFileRefused([f"{path}: {reason}; expected a file"]) from None


def decode(data: bytes, name: str) -> str:
    """Decode UTF-8, with or without a byte order mark; raises PlanFileRefused."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = f"{name}: not UTF-8 text (byte {error.start + 1}); expected UTF-8"
        raise PlanFileRefused([fault]) from None


def _raise_if_any(faults: Faults) -> None:
    if faults.lines:
        raise PlanFileRefused(faults.lines)


# --- JSON ----------------------------------------------------------------------------------------


def _parse_json(faults: Faults, text: str, name: str) -> Any:
    try:
        return json.loads(
            text,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=NotFinite,
            object_pairs_hook=JsonObject,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        faults.add(name, f"not valid JSON at {where}: {error.msg}")
    except RecursionError:
        faults.add(name, "nested too deeply; expected the fields of a plan file")
    return None


def _read_root(faults: Faults, root: JsonObject, parts: _Parts) -> None:
    for needed in ("targets", "prices"):
        if needed not in root:
            faults.add(needed, "missing; expected an object by symbol")
    if "cash" in root:
        parts.cash = read_number(faults, "cash", root["cash"])
    if "positions" in root:
        parts.positions = read_positions(faults, _position_entries(faults, root["positions"]))
    if "prices" in root:
        parts.prices = read_prices(faults, _object_entries(faults, "prices", root["prices"]))
    if "targets" in root:
        parts.weights = read_weights(faults, _object_entries(faults, "targets", root["targets"]))
    if "lots" in root:
        parts.lots = _read_lots(faults, root["lots"], parts.positions)
    known = {*(parts.weights or {}), *(parts.positions or {}), CASH}
    is_known_all = parts.weights is not None and parts.positions is not None
    raw = root.get("policy", JsonObject(()))
    parts.policy = read_policy(faults, raw, known if is_known_all else None)


def _object_entries(faults: Faults, where: str, raw: object) -> Iterator[Entry]:
    for key, value in (read_object(faults, where, raw) or {}).items():
        at = f"{where}.{key[:40]}"
        yield Entry(at, key, at, value)


def _position_entries(faults: Faults, raw: object) -> Iterator[Entry]:
    for index, item in enumerate(read_list(faults, "positions", raw)):
        at = f"positions[{index}]"
        position = read_object(faults, at, item, _POSITION_FIELDS)
        if position is not None and _has_all(faults, at, position, _POSITION_FIELDS):
            yield Entry(f"{at}.symbol", position["symbol"], f"{at}.quantity", position["quantity"])


def _has_all(faults: Faults, where: str, raw: Mapping[str, Any], names: Iterable[str]) -> bool:
    missing = [name for name in names if name not in raw]
    for name in missing:
        what = "a symbol such as VTI" if name == "symbol" else "a number"
        faults.add(f"{where}.{name}", f"missing; expected {what}")
    return not missing


def _read_lots(
    faults: Faults, raw: object, positions: Mapping[Symbol, Decimal] | None
) -> tuple[Lot, ...]:
    lots = []
    for index, item in enumerate(read_list(faults, "lots", raw)):
        at = f"lots[{index}]"
        fields = read_object(faults, at, item, _LOT_FIELDS)
        if fields is not None and _has_all(faults, at, fields, _POSITION_FIELDS):
            lot = _read_lot(faults, at, fields)
            lots += [lot] if lot is not None else []
    if positions is not None:
        _require_lots_fit(faults, lots, positions)
    return tuple(lots)


def _read_lot(faults: Faults, where: str, fields: JsonObject) -> Lot | None:
    symbol = read_symbol(faults, f"{where}.symbol", fields["symbol"])
    quantity = read_number(
        faults, f"{where}.quantity", fields["quantity"], expected="a number above 0", above=True
    )
    cost = None
    if fields.get("cost_per_share") is not None:
        cost = read_number(faults, f"{where}.cost_per_share", fields["cost_per_share"])
    acquired = read_date(faults, f"{where}.acquired", fields.get("acquired"))
    if symbol is None or quantity is None:
        return None
    return Lot(symbol, quantity, cost, acquired)


def _require_lots_fit(
    faults: Faults, lots: Iterable[Lot], positions: Mapping[Symbol, Decimal]
) -> None:
    """Lots may cover less than a position (the rest is unknown), but never more."""
    covered: dict[Symbol, Decimal] = {}
    for lot in lots:
        covered[lot.symbol] = covered.get(lot.symbol, ZERO) + lot.quantity
    for symbol, quantity in covered.items():
        held = positions.get(symbol, ZERO)
        if quantity > held:
            faults.add(
                "lots",
                f"{symbol} has {quantity:f} shares in lots; expected at most the position's"
                f" {held:f}",
            )


# --- CSV -----------------------------------------------------------------------------------------


def _csv_entries(faults: Faults, path: Path, column: str) -> Iterator[Entry]:
    try:
        text = decode(read_bytes(path), str(path))
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except PlanFileRefused as refused:
        faults.lines.extend(refused.faults)
        return
    except csv.Error as error:
        faults.add(str(path), f"not valid CSV: {error}")
        return
    header = [name.strip().lower() for name in rows[0]] if rows else []
    if header != ["symbol", column]:
        got = shown(",".join(rows[0])) if rows else "an empty file"
        faults.add(str(path), f"expected the header symbol,{column}, got {got}")
        return
    for number, row in enumerate(rows[1:], 2):
        at = f"{path} line {number}"
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            faults.add(at, f"expected 2 values (symbol,{column}), got {len(row)}")
            continue
        yield Entry(f"{at}, symbol", row[0], f"{at}, {column}", row[1])


# --- together ------------------------------------------------------------------------------------


def _request(faults: Faults, parts: _Parts, options: Iterable[str]) -> PlanRequest:
    targets = None if parts.weights is None else _allocation(faults, parts.weights)
    policy = change_by_options(faults, parts.policy or PlanPolicy(), options)
    if targets and parts.positions is not None and parts.prices is not None:
        holdings = Holdings(parts.cash or ZERO, parts.positions)
        _require_prices(faults, holdings, parts.prices, targets, policy.policy)
        if not faults.lines:
            return PlanRequest(
                accounts=(PlanAccount(holdings, lots=parts.lots),),
                prices=parts.prices,
                targets=targets,
                policy=policy.policy,
                force=policy.force,
            )
    raise PlanFileRefused(faults.lines)


def _allocation(faults: Faults, weights: Mapping[Symbol, Decimal]) -> TargetAllocation | None:
    try:
        return TargetAllocation(
            tuple(TargetLine(symbol, weight) for symbol, weight in weights.items())
        )
    except NoTargets:
        faults.add("targets", "empty; expected at least one symbol with its weight in percent")
    except TooManyTargets as refusal:
        faults.add("targets", f"{refusal.count} lines; expected at most {refusal.limit}")
    except TargetsDoNotSum as refusal:
        by = f"{abs(refusal.difference).normalize():f}"
        side = "short of" if refusal.difference > ZERO else "more than"
        faults.add("targets", f"weights sum to {refusal.total.normalize():f}, {by} {side} 100")
    return None


def _require_prices(
    faults: Faults,
    holdings: Holdings,
    prices: Mapping[Symbol, Decimal],
    targets: TargetAllocation,
    policy: Policy,
) -> None:
    for symbol in managed_symbols(holdings, targets, policy):
        if symbol not in prices:
            faults.add(
                f"prices.{symbol}",
                "missing; a price is needed for every symbol in targets and positions that is"
                " managed",
            )
