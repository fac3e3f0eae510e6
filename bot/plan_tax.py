"""What a plan file says of taxes: rules and the year so far by owner, and what the household bought and lost lately."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from bot.plan_accounts import has_all
from bot.plan_values import (
    Faults,
    JsonObject,
    read_date,
    read_list,
    read_number,
    read_object,
    read_signed,
    read_symbol,
    read_text,
    read_word,
)
from core.domain.ids import Symbol
from core.domain.money import ZERO
from core.domain.portfolio import TaxTreatment
from core.domain.refusals import InTwoGroups
from core.domain.tax import (
    Acquisition,
    Equivalents,
    LossSale,
    TaxOwner,
    TaxRulesName,
    TaxSituation,
    TaxYear,
    match_washes,
    still_claimed,
    still_free,
)

_OWNER_FIELDS = ("rules", "year_to_date", "carried")
_FIELDS = ("today", *_OWNER_FIELDS, "owners", "purchases", "loss_sales", "same")
_TERMS = ("short", "long")
_PURCHASE_FIELDS = ("symbol", "quantity", "date", "account", "treatment")
_LOSS_FIELDS = ("symbol", "quantity", "loss", "date", "account")


def read_tax(faults: Faults, raw: object, known: Collection[str] | None) -> TaxSituation:
    """Read the file's tax object; what the purchases have washed of the losses already is taken off both.

    ``known`` are the tax owners that the accounts name, None where these could not be read.
    """
    fields = read_object(faults, "tax", raw, _FIELDS)
    if fields is None:
        return TaxSituation()
    today = read_date(faults, "tax.today", fields.get("today"))
    owners = {"": _read_owner(faults, "tax.", "", fields)}
    for name, item in (
        read_object(faults, "tax.owners", fields.get("owners", _NOTHING)) or {}
    ).items():
        at = f"tax.owners.{name[:40]}"
        if known is not None and name not in known:
            faults.add(at, "unknown; expected the tax_owner of an account")
        elif (of_owner := read_object(faults, at, item, _OWNER_FIELDS)) is not None:
            owners[name] = _read_owner(faults, f"{at}.", name, of_owner)
    bought = _read_purchases(faults, fields.get("purchases", []))
    lost = _read_losses(faults, fields.get("loss_sales", []))
    has_rules = any(owner.rules is not TaxRulesName.NONE for owner in owners.values())
    if today is None and "today" not in fields and (has_rules or bought or lost):
        faults.add("tax.today", "missing; expected the date of the plan, such as 2024-06-03")
    same = _read_same(faults, fields.get("same", []))
    washes = match_washes(lost, bought, same)
    return TaxSituation(
        today=today,
        owners=owners,
        acquisitions=still_free(bought, washes),
        loss_sales=still_claimed(lost, washes),
        equivalents=same,
    )


_NOTHING = JsonObject(())


def _read_owner(faults: Faults, prefix: str, name: str, fields: JsonObject) -> TaxOwner:
    rules = TaxRulesName.NONE
    if "rules" in fields:
        rules = read_word(faults, f"{prefix}rules", fields["rules"], TaxRulesName) or rules
    short, long = _read_terms(faults, f"{prefix}year_to_date", fields, is_signed=True)
    lost_short, lost_long = _read_terms(faults, f"{prefix}carried", fields, is_signed=False)
    return TaxOwner(name, rules, TaxYear(short, long, lost_short, lost_long))


def _read_terms(
    faults: Faults, where: str, fields: JsonObject, *, is_signed: bool
) -> tuple[Decimal, Decimal]:
    """A short-term and a long-term amount; 0 where one is not there."""
    raw = fields.get(where.rpartition(".")[2], _NOTHING)
    found: JsonObject = read_object(faults, where, raw, _TERMS) or _NOTHING
    read = read_signed if is_signed else read_number
    amounts = [
        read(faults, f"{where}.{term}", found[term]) if term in found else ZERO for term in _TERMS
    ]
    return amounts[0] or ZERO, amounts[1] or ZERO


def _read_purchases(faults: Faults, raw: object) -> tuple[Acquisition, ...]:
    found = []
    for index, item in enumerate(read_list(faults, "tax.purchases", raw)):
        at = f"tax.purchases[{index}]"
        fields = read_object(faults, at, item, _PURCHASE_FIELDS)
        if fields is None or not has_all(faults, at, fields, ("symbol", "quantity", "date")):
            continue
        symbol = read_symbol(faults, f"{at}.symbol", fields["symbol"])
        quantity = read_number(faults, f"{at}.quantity", fields["quantity"])
        day = read_date(faults, f"{at}.date", fields["date"])
        treatment = TaxTreatment.TAXABLE
        if "treatment" in fields:
            treatment = (
                read_word(faults, f"{at}.treatment", fields["treatment"], TaxTreatment) or treatment
            )
        if symbol is not None and quantity is not None and day is not None:
            account = _account(faults, at, fields)
            found.append(Acquisition(symbol, quantity, day, account, treatment))
    return tuple(found)


def _read_losses(faults: Faults, raw: object) -> tuple[LossSale, ...]:
    found = []
    for index, item in enumerate(read_list(faults, "tax.loss_sales", raw)):
        at = f"tax.loss_sales[{index}]"
        fields = read_object(faults, at, item, _LOSS_FIELDS)
        if fields is None or not has_all(
            faults, at, fields, ("symbol", "quantity", "loss", "date")
        ):
            continue
        symbol = read_symbol(faults, f"{at}.symbol", fields["symbol"])
        quantity = read_number(faults, f"{at}.quantity", fields["quantity"])
        loss = read_number(faults, f"{at}.loss", fields["loss"])
        day = read_date(faults, f"{at}.date", fields["date"])
        if symbol is not None and quantity is not None and loss is not None and day is not None:
            found.append(LossSale(symbol, quantity, day, loss, _account(faults, at, fields)))
    return tuple(found)


def _account(faults: Faults, where: str, fields: JsonObject) -> str:
    if "account" not in fields:
        return ""
    return read_text(faults, f"{where}.account", fields["account"], "an account's name") or ""


def _read_same(faults: Faults, raw: object) -> Equivalents:
    groups: list[tuple[Symbol, ...]] = []
    for index, item in enumerate(read_list(faults, "tax.same", raw)):
        at = f"tax.same[{index}]"
        symbols = [
            read_symbol(faults, f"{at}[{place}]", each)
            for place, each in enumerate(read_list(faults, at, item))
        ]
        groups.append(tuple(symbol for symbol in symbols if symbol is not None))
    try:
        return Equivalents.of(*groups)
    except InTwoGroups as refusal:
        faults.add("tax.same", f"{refusal.symbol} is in two groups; expected each symbol once")
        return Equivalents()
