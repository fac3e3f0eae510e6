"""The policy of a plan file, read by the one table of policy fields."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from bot.plan_values import Faults, read_list, read_object, read_symbol
from core.domain.ids import Symbol
from core.domain.policy import FILE_DEFAULTS, Band, Policy
from core.domain.policy_fields import FIELDS, PolicyField, change_policy, find_field
from core.domain.refusals import BadPolicyValue, UnknownPolicyName

_FILE_FIELDS = {field.name: field for field in FIELDS if field.in_file}
_NAMES = (*_FILE_FIELDS, "bands", "force")
_PARTS = {"absolute": "band_absolute", "relative": "band_relative"}
_LISTS = frozenset({"do_not_sell", "do_not_buy"})
_TRUTH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


@dataclass(frozen=True, slots=True)
class PlanPolicy:
    """A policy, and whether to plan even where nothing is beyond its band."""

    policy: Policy = FILE_DEFAULTS
    force: bool = False


def read_policy(faults: Faults, raw: object, known: Collection[Symbol] | None) -> PlanPolicy:
    """Read the file's policy object.

    ``known`` are the symbols that targets and positions name; a band or an exclusion for another
    one is a slip of the pen. None where they could not be read.
    """
    fields = read_object(faults, "policy", raw)
    found = PlanPolicy()
    for name, value in sorted((fields or {}).items(), key=_bands_last):
        found = _read_field(faults, found, name, value, known)
    return found


def _bands_last(item: tuple[str, Any]) -> bool:
    """Lines' own bands take the parts that they leave out from the portfolio's band."""
    return item[0] == "bands"


def _read_field(
    faults: Faults,
    found: PlanPolicy,
    name: str,
    raw: object,
    known: Collection[Symbol] | None,
) -> PlanPolicy:
    at = f"policy.{name[:40]}"
    if name == "force":
        return _read_force(faults, at, found, raw)
    if name == "bands":
        bands = _read_bands(faults, at, raw, found.policy.band, known)
        return replace(found, policy=replace(found.policy, bands=MappingProxyType(bands)))
    field = _FILE_FIELDS.get(name)
    if field is None:
        faults.add(at, f"unknown field{_near(name)}")
        return found
    text = _text_of(faults, at, field, raw, known)
    policy = found.policy if text is None else _changed(faults, at, field, found.policy, text, raw)
    return replace(found, policy=policy)


def _near(name: str) -> str:
    close = difflib.get_close_matches(name.lower(), _NAMES, n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else f"; expected {', '.join(_NAMES)}"


def _read_force(faults: Faults, at: str, found: PlanPolicy, raw: object) -> PlanPolicy:
    if not isinstance(raw, bool):
        faults.expected(at, "true or false", raw)
        return found
    return replace(found, force=raw)


def _text_of(
    faults: Faults,
    at: str,
    field: PolicyField,
    raw: object,
    known: Collection[Symbol] | None,
) -> str | None:
    """A raw value as the text that the field reads; None where it has no such text."""
    if field.name in _LISTS:
        return ",".join(_read_symbols(faults, at, raw, known)) or "none"
    if field.name == "fractional" and isinstance(raw, bool):
        return "on" if raw else "off"
    if isinstance(raw, str) and raw.strip():
        return raw
    if isinstance(raw, Decimal) and raw.is_finite() and -13 < raw.adjusted() < 16:  # noqa: PLR2004
        return f"{raw:f}"
    faults.expected(at, _expected(field), raw)
    return None


def _expected(field: PolicyField) -> str:
    return "true or false" if field.name == "fractional" else field.expected


def _read_symbols(
    faults: Faults, at: str, raw: object, known: Collection[Symbol] | None
) -> Iterable[Symbol]:
    for index, item in enumerate(read_list(faults, at, raw)):
        symbol = read_symbol(faults, f"{at}[{index}]", item)
        if symbol is not None and _is_known(faults, f"{at}[{index}]", symbol, known):
            yield symbol


def _is_known(faults: Faults, at: str, symbol: Symbol, known: Collection[Symbol] | None) -> bool:
    if known is None or symbol in known:
        return True
    faults.add(at, f"{symbol} is in neither targets nor positions; expected one that is")
    return False


def _changed(
    faults: Faults, at: str, field: PolicyField, policy: Policy, text: str, raw: object
) -> Policy:
    try:
        return field.change(policy, text)
    except BadPolicyValue as bad:
        expected = _expected(field) if field.name == "fractional" else bad.expected
        faults.expected(at, expected, raw if not isinstance(raw, list) else bad.value)
    return policy


def _read_bands(
    faults: Faults,
    at: str,
    raw: object,
    default: Band,
    known: Collection[Symbol] | None,
) -> dict[Symbol, Band]:
    bands: dict[Symbol, Band] = {}
    for key, value in (read_object(faults, at, raw) or {}).items():
        where = f"{at}.{key[:40]}"
        symbol = read_symbol(faults, where, key)
        parts = read_object(faults, where, value, _PARTS)
        if symbol is None or parts is None or not _is_known(faults, where, symbol, known):
            continue
        if symbol in bands:
            faults.add(where, f"{symbol} is named twice; expected each symbol once")
        bands[symbol] = _read_band(faults, where, parts, default)
    return bands


def _read_band(faults: Faults, at: str, parts: dict[str, Any], default: Band) -> Band:
    policy = replace(FILE_DEFAULTS, band=default)
    for part, raw in parts.items():
        if part not in _PARTS:
            continue
        field = find_field(_PARTS[part])
        where = f"{at}.{part}"
        text = _text_of(faults, where, field, raw, None)
        policy = policy if text is None else _changed(faults, where, field, policy, text, raw)
    return policy.band


def change_by_options(faults: Faults, found: PlanPolicy, options: Iterable[str]) -> PlanPolicy:
    """Apply ``name=value`` options to a policy; names as in chat, and ``force``."""
    for option in options:
        name, equals, text = option.partition("=")
        at = f"--policy {name[:40]}"
        if not equals:
            faults.add(at, "expected name=value, such as band=5")
        elif name.strip().lower() == "force":
            found = _force_by_option(faults, at, found, text)
        else:
            found = replace(found, policy=_change_by_option(faults, at, found.policy, name, text))
    return found


def _force_by_option(faults: Faults, at: str, found: PlanPolicy, text: str) -> PlanPolicy:
    value = _TRUTH.get(text.strip().lower())
    return _read_force(faults, at, found, text if value is None else value)


def _change_by_option(faults: Faults, at: str, policy: Policy, name: str, text: str) -> Policy:
    try:
        return change_policy(policy, [(name, text)])
    except UnknownPolicyName as unknown:
        near = f"; did you mean {' or '.join(unknown.suggestions)}?" if unknown.suggestions else ""
        faults.add(at, f"unknown name{near}")
    except BadPolicyValue as bad:
        faults.expected(at, bad.expected, bad.value)
    return policy
