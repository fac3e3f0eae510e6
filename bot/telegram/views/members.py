"""Members: who belongs to a portfolio, in which role; how others come in, and how it is handed over."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import bold, code, neutral, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.labels import ROLE_MEANINGS, article, role_label
from bot.words.numbers import count, listed
from bot.words.times import clock_time, day
from core.application.choose_portfolio import Current
from core.application.see_family import Family
from core.domain.invitation import Invitation
from core.domain.membership import Membership, Role
from core.domain.permissions import Act, may

MOST_WITH_BUTTONS = 20
MOST_INVITATIONS = 10
_LABEL_LIMIT = 20


def members_screen(current: Current, family: Family) -> Screen:
    """Everybody in a portfolio; an owner sees the open invitations, and gets the buttons to change all that."""
    is_owner = may(current.role, Act.CHANGE_ROLES)
    role = role_label(current.role)
    roles = "\n".join(f"{role_label(role)}: {ROLE_MEANINGS[role]}" for role in Role)
    invitation = f"To invite somebody: {code('/invite approver')}" if is_owner else ""
    invitations = family.invitations[:MOST_INVITATIONS]
    text = paragraphs(
        head(current.portfolio, "members"),
        lines(*(_line(family, membership) for membership in family.memberships)),
        _household(current, family),
        lines(*(_invitation(family, each) for each in invitations)),
        _offer(family),
        roles,
        lines(f"You are {article(role)} {bold(role)} here.", invitation),
    )
    if not is_owner:
        return Screen(text)
    managed = family.memberships[:MOST_WITH_BUTTONS]
    return Screen(
        text,
        (
            *(_buttons(current, each) for each in managed),
            *(_revoking(current, each) for each in invitations),
            *_last_rows(current, family),
        ),
    )


def _line(family: Family, membership: Membership) -> str:
    """Who is what; owners see as well who came in by a link, and when."""
    member = membership.member
    unreachable = "" if member.is_reachable else " (messages do not reach them)"
    name = bold(shown_name(member.name))
    at = next((each.at for each in family.joined if each.member.id == member.id), None)
    joined = f" · by a link, {day(at)}" if at is not None else ""
    return (
        f"{name}: {role_label(membership.role)} · {code(str(member.user_id))}{joined}{unreachable}"
    )


def _household(current: Current, family: Family) -> str:
    name = bold(shown_name(family.household.name))
    if current.portfolio.portfolio.is_shared:
        return f"Shared with the household {name}: whoever comes into it can look here too."
    return f"Private: of the household {name}, only those above see it."


def _invitation(family: Family, invitation: Invitation) -> str:
    names = [shown_name(each.member.name) for each in family.joined if each.mark == invitation.mark]
    joined = f"; joined: {listed(names)}" if names else ""
    by = family.named(invitation.created_by) if invitation.created_by is not None else ""
    whose = f", from {shown_name(by)}" if by else ""
    return (
        f"✉️ {role_label(invitation.role)}: open to {count(invitation.left, 'person', 'people')} "
        f"until {clock_time(invitation.expires_at)}{whose}{joined}"
    )


def _offer(family: Family) -> str:
    offer = family.offer
    if offer is None:
        return ""
    taker = bold(shown_name(family.named(offer.taker_id)))
    return f"🤝 Offered to {taker}, who can accept until {clock_time(offer.until)}."


def _buttons(current: Current, membership: Membership) -> tuple[Button, ...]:
    portfolio, user = current.portfolio.portfolio.id, membership.member.user_id
    name = _label(membership.member.name) or str(user)
    return (
        tap(f"✏️ {name}: role", "role", portfolio, user),
        tap(f"✖ Remove {name}", "remove", portfolio, user),
    )


def _label(name: str) -> str:
    return neutral(name)[:_LABEL_LIMIT].strip()


def _revoking(current: Current, invitation: Invitation) -> tuple[Button, ...]:
    label = f"✖ Take the invitation back: {role_label(invitation.role)}"
    return (tap(label, "uninvite", current.portfolio.portfolio.id, invitation.mark),)


def _last_rows(current: Current, family: Family) -> tuple[tuple[Button, ...], ...]:
    portfolio = current.portfolio.portfolio
    sharing = (
        tap("🔒 Share it no more", "share", portfolio.id, 0)
        if portfolio.is_shared
        else tap("🏠 Share with the whole household", "share", portfolio.id, 1)
    )
    rows: list[tuple[Button, ...]] = [(sharing,)]
    if family.offer is not None:
        rows.append((tap("✖ Take the offer back", "own_back", portfolio.id),))
    elif _takers(family.memberships):
        rows.append((tap("🤝 Hand over", "own_give", portfolio.id),))
    return tuple(rows)


def _takers(memberships: Sequence[Membership]) -> list[Membership]:
    return [each for each in memberships if each.role is not Role.OWNER]


def takers_screen(current: Current, memberships: Sequence[Membership]) -> Screen:
    """To whom a portfolio can be handed over."""
    portfolio = current.portfolio.portfolio
    rows = [
        (tap(_label(each.member.name) or str(each.member.user_id), "own_to", *_ids(current, each)),)
        for each in _takers(memberships)[:MOST_WITH_BUTTONS]
    ]
    text = paragraphs(
        head(current.portfolio, "hand over"),
        "Who is to be its owner? They have to accept; then you are an approver.",
    )
    return Screen(text, (*rows, (tap("← Back", "members_back", portfolio.id),)))


def offer_question(current: Current, taker: Membership) -> Screen:
    """Asked once more before a portfolio is offered."""
    name = bold(shown_name(taker.member.name))
    text = paragraphs(
        head(current.portfolio, "hand over"),
        f"Offer it to {name}? Once they accept, {name} {ROLE_MEANINGS[Role.OWNER]}, and you are an approver.",
    )
    back = tap("← Back", "members_back", current.portfolio.portfolio.id)
    return Screen(text, ((tap("🤝 Offer it", "own_yes", *_ids(current, taker)), back),))


def _ids(current: Current, membership: Membership) -> tuple[int, int]:
    return current.portfolio.portfolio.id, membership.member.user_id
