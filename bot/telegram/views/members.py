"""Members: who belongs to a portfolio, in which role."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import bold, code, neutral, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.labels import ROLE_MEANINGS, article, role_label
from core.application.choose_portfolio import Current
from core.domain.membership import Membership, Role
from core.domain.permissions import Act, may

MOST_WITH_BUTTONS = 20
_LABEL_LIMIT = 20


def members_screen(current: Current, memberships: Sequence[Membership]) -> Screen:
    """Everybody in a portfolio; an owner gets buttons to change a role or remove somebody."""
    is_owner = may(current.role, Act.CHANGE_ROLES)
    role = role_label(current.role)
    roles = "\n".join(f"{role_label(role)}: {ROLE_MEANINGS[role]}" for role in Role)
    invitation = f"To invite somebody: {code('/invite approver')}" if is_owner else ""
    text = paragraphs(
        head(current.portfolio, "members"),
        lines(*(_line(membership) for membership in memberships)),
        roles,
        lines(f"You are {article(role)} {bold(role)} here.", invitation),
    )
    managed = memberships[:MOST_WITH_BUTTONS] if is_owner else ()
    return Screen(text, tuple(_buttons(current, each) for each in managed))


def _line(membership: Membership) -> str:
    member = membership.member
    unreachable = "" if member.is_reachable else " (messages do not reach them)"
    name = bold(shown_name(member.name))
    return f"{name}: {role_label(membership.role)} · {code(str(member.user_id))}{unreachable}"


def _buttons(current: Current, membership: Membership) -> tuple[Button, ...]:
    portfolio, user = current.portfolio.portfolio.id, membership.member.user_id
    name = neutral(membership.member.name)[:_LABEL_LIMIT].strip() or str(user)
    return (
        tap(f"✏️ {name}: role", "role", portfolio, user),
        tap(f"✖ Remove {name}", "remove", portfolio, user),
    )
