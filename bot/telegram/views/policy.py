"""Policy: every setting with its value and its meaning, and how to change one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import bold, code, escape
from bot.telegram.screen import Screen
from bot.telegram.views.approval_rule import PARTS
from bot.telegram.views.approvals import too_few
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.numbers import plain
from bot.words.policy_fields import explain_field
from core.application.choose_portfolio import Current
from core.domain.approval import able, rule_of
from core.domain.membership import Membership
from core.domain.permissions import Act, may
from core.domain.policy import Band, Policy
from core.domain.policy_fields import FIELDS, PolicyField
from core.domain.portfolio import ManagedPortfolio

EXAMPLE = "/policy band 5 relative 25"
_OF_RULE = frozenset(part.field for part in PARTS)


def policy_screen(current: Current) -> Screen:
    """Every setting of a portfolio; the name in front is the one that ``/policy`` takes.

    Those that are the rule for approvals stand in sentences of their own (``/approval``).
    """
    managed = current.portfolio
    fields = [field for field in FIELDS if field.name not in _OF_RULE]
    changed = [field for field in fields if _is_changed(field, managed.policy)]
    usual = [field for field in fields if field not in changed]
    how = f"To change one: {code(EXAMPLE)}"
    if not may(current.role, Act.CHANGE_POLICY):
        how = "Only an owner can change the policy."
    text = paragraphs(
        head(managed, "policy"),
        _block("Changed from the defaults", changed, managed),
        _own_bands(managed.policy),
        _block("As by default" if changed else "", usual, managed),
        "Who approves what, and how long anybody may object: /approval",
        how,
    )
    return Screen(text)


def policy_changed_screen(
    before: Policy, current: Current, memberships: Sequence[Membership]
) -> Screen:
    """What a change of the policy came to, with the former values; the whole stands behind ``/policy``.

    Of a rule for approvals that the members there are cannot meet, it says so.
    """
    managed = current.portfolio
    now = managed.policy
    rows = [
        f"{_row(field, managed)} (it was {escape(field.show(before) or 'none')})"
        for field in FIELDS
        if field.show(before) != field.show(now)
    ]
    text = paragraphs(
        head(managed, "policy"),
        lines(bold("Changed"), *rows) if rows else "",
        _own_bands(now) if before.bands != now.bands else "",
        "Nothing is different: it stood like this already." if now == before else "",
        too_few(managed, len(able(memberships))) if rule_of(now) != rule_of(before) else "",
        "/policy shows every setting.",
    )
    return Screen(text)


def _is_changed(field: PolicyField, policy: Policy) -> bool:
    return field.show(policy) != field.chat_default


def _block(heading: str, fields: list[PolicyField], managed: ManagedPortfolio) -> str:
    if not fields:
        return ""
    rows = (_row(field, managed) for field in fields)
    return lines(f"<b>{heading}</b>" if heading else "", *rows)


def _row(field: PolicyField, managed: ManagedPortfolio) -> str:
    name = code(field.aliases[0] if field.aliases else field.name)
    value = field.show(managed.policy) or "none"
    unit = _unit(field.unit, value, managed.portfolio.currency)
    return f"{name} {bold(escape(value))}{escape(unit)}: {escape(explain_field(field))}"


def _unit(unit: str, value: str, currency: str) -> str:
    """The unit behind a value; money is named by its currency, and people need no unit."""
    if not unit or unit == "people" or value in {"off", "none"} or value.endswith("%"):
        return ""
    if unit.startswith("money"):
        return f" {currency}"
    return " ET" if unit == "exchange time" else f" {unit}"


def _own_bands(policy: Policy) -> str:
    if not policy.bands:
        return ""
    rows = (f"{escape(symbol)}: {_band(band)}" for symbol, band in sorted(policy.bands.items()))
    return lines("<b>Lines with a band of their own</b>", *rows)


def _band(band: Band) -> str:
    absolute = "off" if band.absolute is None else f"{plain(band.absolute)} points"
    relative = "off" if band.relative is None else f"{plain(band.relative)}% of the target"
    return f"{absolute}, {relative}"
