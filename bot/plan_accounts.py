"""The accounts of a plan file: what each holds, in which lots, and how it is taxed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bot.plan_values import (
    Entry,
    Faults,
    JsonObject,
    read_date,
    read_list,
    read_number,
    read_object,
    read_positions,
    read_symbol,
    read_text,
    read_word,
)
from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod
from core.domain.money import ZERO
from core.domain.plan import PlanAccount
from core.domain.portfolio import Holdings, TaxTreatment

HOLDING_FIELDS = ("cash", "positions", "lots", "lots_first", "withdraw")
"""What the file says of its one account, or each of its accounts of itself."""
_ACCOUNT_FIELDS = ("name", *HOLDING_FIELDS, "treatment", "tax_owner", "lot_methods")
_POSITION_FIELDS = ("symbol", "quantity")
_LOT_FIELDS = ("symbol", "quantity", "cost_per_share", "acquired", "name")


def read_one_account(faults: Faults, root: JsonObject) -> PlanAccount | None:
    """The account of a file that has only one, from its own fields; None where they are at fault."""
    return _read_account(faults, "", root, "")


def read_accounts(faults: Faults, raw: object) -> tuple[PlanAccount, ...] | None:
    """The accounts of a file that lists them; None where any of them is at fault."""
    before = len(faults.lines)
    items = read_list(faults, "accounts", raw)
    if isinstance(raw, list) and not items:
        faults.add("accounts", "empty; expected at least one account")
    found = [_read_named(faults, f"accounts[{index}]", item) for index, item in enumerate(items)]
    names = [account.name for account in found if account is not None]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add("accounts", f"{name} is named twice; expected each account once")
    if len(faults.lines) > before:
        return None
    return tuple(account for account in found if account is not None)


def _read_named(faults: Faults, where: str, raw: object) -> PlanAccount | None:
    fields = read_object(faults, where, raw, _ACCOUNT_FIELDS)
    if fields is None:
        return None
    if "name" not in fields:
        faults.add(f"{where}.name", "missing; expected a name such as IRA")
        return None
    name = read_text(faults, f"{where}.name", fields["name"], "a name such as IRA")
    return None if name is None else _read_account(faults, f"{where}.", fields, name)


def _read_account(faults: Faults, prefix: str, fields: JsonObject, name: str) -> PlanAccount | None:
    before = len(faults.lines)
    cash = read_number(faults, f"{prefix}cash", fields.get("cash", ZERO))
    positions = read_positions(
        faults, _position_entries(faults, f"{prefix}positions", fields.get("positions", []))
    )
    lots = _read_lots(faults, f"{prefix}lots", fields.get("lots", []), positions)
    account = PlanAccount(
        Holdings(cash or ZERO, positions or {}),
        name=name,
        treatment=_read_treatment(faults, f"{prefix}treatment", fields.get("treatment")),
        tax_owner=_read_owner(faults, f"{prefix}tax_owner", fields.get("tax_owner")),
        lots=lots,
        lot_methods=_read_methods(faults, f"{prefix}lot_methods", fields.get("lot_methods")),
        lots_first=_read_first(faults, f"{prefix}lots_first", fields.get("lots_first", []), lots),
        withdraw=read_number(faults, f"{prefix}withdraw", fields.get("withdraw", ZERO)) or ZERO,
    )
    return account if len(faults.lines) == before else None


def _read_treatment(faults: Faults, where: str, raw: object) -> TaxTreatment:
    found = None if raw is None else read_word(faults, where, raw, TaxTreatment)
    return found or TaxTreatment.TAXABLE


def _read_owner(faults: Faults, where: str, raw: object) -> str:
    return "" if raw is None else read_text(faults, where, raw, "a name such as Anna") or ""


def _read_methods(faults: Faults, where: str, raw: object) -> frozenset[LotMethod]:
    if raw is None:
        return frozenset(LotMethod)
    found = [
        read_word(faults, f"{where}[{index}]", item, LotMethod)
        for index, item in enumerate(read_list(faults, where, raw))
    ]
    return frozenset(method for method in found if method is not None)


def _read_first(faults: Faults, where: str, raw: object, lots: Iterable[Lot]) -> tuple[str, ...]:
    known = {lot.name for lot in lots if lot.name}
    names: list[str] = []
    for index, item in enumerate(read_list(faults, where, raw)):
        at = f"{where}[{index}]"
        name = read_text(faults, at, item, "the name of a lot")
        if name is not None and name not in known:
            faults.expected(at, "the name of one of the lots", item)
        elif name is not None:
            names.append(name)
    return tuple(dict.fromkeys(names))


def _position_entries(faults: Faults, where: str, raw: object) -> Iterator[Entry]:
    for index, item in enumerate(read_list(faults, where, raw)):
        at = f"{where}[{index}]"
        position = read_object(faults, at, item, _POSITION_FIELDS)
        if position is not None and has_all(faults, at, position, _POSITION_FIELDS):
            yield Entry(f"{at}.symbol", position["symbol"], f"{at}.quantity", position["quantity"])


def has_all(faults: Faults, where: str, raw: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether an object has the fields that it must have; reports those that are missing."""
    missing = [name for name in names if name not in raw]
    kinds = {"symbol": "a symbol such as VTI", "date": "a date such as 2023-01-05"}
    for name in missing:
        faults.add(f"{where}.{name}", f"missing; expected {kinds.get(name, 'a number')}")
    return not missing


def _read_lots(
    faults: Faults, where: str, raw: object, positions: Mapping[Symbol, Decimal] | None
) -> tuple[Lot, ...]:
    lots = []
    for index, item in enumerate(read_list(faults, where, raw)):
        at = f"{where}[{index}]"
        fields = read_object(faults, at, item, _LOT_FIELDS)
        if fields is not None and has_all(faults, at, fields, _POSITION_FIELDS):
            lot = _read_lot(faults, at, fields)
            lots += [lot] if lot is not None else []
    if positions is not None:
        _require_lots_fit(faults, where, lots, positions)
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
    name = ""
    if fields.get("name") is not None:
        name = read_text(faults, f"{where}.name", fields["name"], "a name such as first") or ""
    if symbol is None or quantity is None:
        return None
    return Lot(symbol, quantity, cost, acquired, name)


def _require_lots_fit(
    faults: Faults, where: str, lots: Iterable[Lot], positions: Mapping[Symbol, Decimal]
) -> None:
    """Lots may cover less than a position (the rest is unknown), but never more."""
    covered: dict[Symbol, Decimal] = {}
    for lot in lots:
        covered[lot.symbol] = covered.get(lot.symbol, ZERO) + lot.quantity
    for symbol, quantity in covered.items():
        held = positions.get(symbol, ZERO)
        if quantity > held:
            faults.add(
                where,
                f"{symbol} has {quantity:f} shares in lots; expected at most the position's"
                f" {held:f}",
            )
