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

from bot.plan_accounts import HOLDING_FIELDS, read_accounts, read_one_account
from bot.plan_policy import PlanPolicy, change_by_options, read_policy
from bot.plan_tax import read_tax
from bot.plan_values import (
    Entry,
    Faults,
    JsonObject,
    NotFinite,
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
from core.domain.money import ZERO
from core.domain.plan import PlanAccount, PlanRequest
from core.domain.portfolio import Holdings
from core.domain.refusals import BadAssetClass, DuplicateTarget, NoTargets, TargetsDoNotSum
from core.domain.targets import TargetAllocation, TargetLine, parse_asset_class
from core.domain.tax import TaxSituation

_FIELDS = (
    "cash",
    "positions",
    "lots",
    "prices",
    "targets",
    "policy",
    "accounts",
    "lots_first",
    "withdraw",
    "substitutes",
    "asset_classes",
    "tax",
)


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

    accounts: tuple[PlanAccount, ...] | None = None
    prices: dict[Symbol, Decimal] | None = None
    weights: dict[Symbol, Decimal] | None = None
    substitutes: dict[Symbol, tuple[Symbol, ...]] = field(default_factory=dict)
    classes: dict[Symbol, str] = field(default_factory=dict)
    policy: PlanPolicy | None = None
    tax: TaxSituation = field(default_factory=TaxSituation)

    @property
    def positions(self) -> set[Symbol] | None:
        """What is held in any account; None where that could not be read."""
        if self.accounts is None:
            return None
        return {symbol for account in self.accounts for symbol in account.holdings.positions}


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
    cash = read_number(faults, "--cash", files.cash)
    parts.weights = read_weights(faults, _csv_entries(faults, files.targets, "weight"))
    positions: dict[Symbol, Decimal] | None = {}
    if files.holdings is not None:
        positions = read_positions(faults, _csv_entries(faults, files.holdings, "quantity"))
    if cash is not None and positions is not None:
        parts.accounts = (PlanAccount(Holdings(cash, positions)),)
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
    parts.accounts = _read_holdings(faults, root)
    if "prices" in root:
        parts.prices = read_prices(faults, _object_entries(faults, "prices", root["prices"]))
    if "targets" in root:
        parts.weights = read_weights(faults, _object_entries(faults, "targets", root["targets"]))
    if "substitutes" in root:
        parts.substitutes = _read_substitutes(faults, root["substitutes"], parts.weights)
    if "asset_classes" in root:
        parts.classes = _read_classes(faults, root["asset_classes"], parts.weights)
    if "tax" in root:
        owners = None
        if parts.accounts is not None:
            owners = {account.tax_owner for account in parts.accounts} - {""}
        parts.tax = read_tax(faults, root["tax"], owners)
    others = {symbol for symbols in parts.substitutes.values() for symbol in symbols}
    known = {*(parts.weights or {}), *(parts.positions or ()), *others, CASH}
    is_known_all = parts.weights is not None and parts.positions is not None
    raw = root.get("policy", JsonObject(()))
    parts.policy = read_policy(faults, raw, known if is_known_all else None)


def _read_holdings(faults: Faults, root: JsonObject) -> tuple[PlanAccount, ...] | None:
    if "accounts" not in root:
        account = read_one_account(faults, root)
        return None if account is None else (account,)
    for name in HOLDING_FIELDS:
        if name in root:
            faults.add(name, "not beside accounts; expected it in one of them")
    return read_accounts(faults, root["accounts"])


def _object_entries(faults: Faults, where: str, raw: object) -> Iterator[Entry]:
    for key, value in (read_object(faults, where, raw) or {}).items():
        at = f"{where}.{key[:40]}"
        yield Entry(at, key, at, value)


def _read_substitutes(
    faults: Faults, raw: object, weights: Mapping[Symbol, Decimal] | None
) -> dict[Symbol, tuple[Symbol, ...]]:
    """The ranked substitutes of lines, by the line's symbol."""
    found: dict[Symbol, tuple[Symbol, ...]] = {}
    for key, value in (read_object(faults, "substitutes", raw) or {}).items():
        at = f"substitutes.{key[:40]}"
        line = read_symbol(faults, at, key)
        symbols = [
            read_symbol(faults, f"{at}[{index}]", item)
            for index, item in enumerate(read_list(faults, at, value))
        ]
        if line is not None and weights is not None and line not in weights:
            faults.add(at, "no target; expected the symbol of a line in targets")
        elif line is not None:
            found[line] = tuple(symbol for symbol in symbols if symbol is not None)
    return found


def _read_classes(
    faults: Faults, raw: object, weights: Mapping[Symbol, Decimal] | None
) -> dict[Symbol, str]:
    """The asset classes of lines, by the line's symbol."""
    found: dict[Symbol, str] = {}
    for key, value in (read_object(faults, "asset_classes", raw) or {}).items():
        at = f"asset_classes.{key[:40]}"
        line = read_symbol(faults, at, key)
        try:
            kind = parse_asset_class(value if isinstance(value, str) else "")
        except BadAssetClass:
            faults.expected(at, "a word of up to 20 letters and _, such as bonds", value)
            continue
        if line is not None and weights is not None and line not in weights:
            faults.add(at, "no target; expected the symbol of a line in targets")
        elif line is not None:
            found[line] = kind
    return found


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
    targets = None
    if parts.weights is not None:
        targets = _allocation(faults, parts)
    policy = change_by_options(faults, parts.policy or PlanPolicy(), options)
    if targets and parts.accounts is not None and parts.prices is not None:
        request = PlanRequest(
            accounts=parts.accounts,
            prices=parts.prices,
            targets=targets,
            policy=policy.policy,
            force=policy.force,
            tax=parts.tax,
        )
        _require_prices(faults, request)
        if not faults.lines:
            return request
    raise PlanFileRefused(faults.lines)


def _allocation(faults: Faults, parts: _Parts) -> TargetAllocation | None:
    try:
        return TargetAllocation(
            tuple(
                TargetLine(
                    symbol, weight, parts.classes.get(symbol), parts.substitutes.get(symbol, ())
                )
                for symbol, weight in (parts.weights or {}).items()
            )
        )
    except DuplicateTarget as refusal:
        faults.add("substitutes", f"{refusal.symbol} serves two lines; expected each symbol once")
    except NoTargets:
        faults.add("targets", "empty; expected at least one symbol with its weight in percent")
    except TargetsDoNotSum as refusal:
        by = f"{abs(refusal.difference).normalize():f}"
        side = "short of" if refusal.difference > ZERO else "more than"
        faults.add("targets", f"weights sum to {refusal.total.normalize():f}, {by} {side} 100")
    return None


def _require_prices(faults: Faults, request: PlanRequest) -> None:
    for symbol in managed_symbols(request.holdings, request.targets, request.policy):
        if symbol not in request.prices:
            faults.add(
                f"prices.{symbol}",
                "missing; a price is needed for every symbol in targets and positions that is"
                " managed",
            )
