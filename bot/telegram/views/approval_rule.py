"""The approval rule on a screen: in sentences, a button for each part, its choices behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.approvals import too_few
from bot.telegram.views.parts import head, lines, paragraphs
from bot.words.approvals import people, rule_sentences, span
from bot.words.labels import capital
from bot.words.numbers import listed, money
from bot.words.policy_fields import explain_field
from core.application.choose_portfolio import Current
from core.domain.approval import able, rule_of
from core.domain.ids import MemberId
from core.domain.membership import Membership
from core.domain.permissions import Act, may
from core.domain.policy_fields import PolicyField, find_field
from core.domain.portfolio import ManagedPortfolio

EXAMPLE = "/approval above 5000 eyes on veto 1h"
FIRST = "f"
"""The key of the part that names members."""

_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class RulePart:
    """One part of the rule: the word that is typed for it, a field of the policy, and the values that it offers.

    ``key`` names it in buttons, whose payload must be short; it never comes to mean anything else.
    """

    key: str
    word: str
    label: str
    field: str
    options: tuple[str, ...] = ()

    @property
    def of(self) -> PolicyField:
        """The field of the policy."""
        return find_field(self.field)

    def offers(self, managed: ManagedPortfolio) -> tuple[str, ...]:
        """The values to choose from; what is set now is among them, first where it is none of the usual."""
        now = self.of.show(managed.policy)
        return self.options if now in self.options else (now, *self.options)


PARTS = (
    RulePart("p", "people", "Always", "approvals", ("1", "2", "3")),
    RulePart("n", "many", "For large ones", "approvals_many", ("2", "3", "4")),
    RulePart(
        "a", "above", "Large from", "approvals_above", ("off", "1000", "5000", "10000", "25000")
    ),
    RulePart("s", "share", "Large part", "approvals_share", ("off", "5", "10", "25")),
    RulePart("g", "gain", "Large gains", "approvals_gain", ("off", "500", "1000", "5000")),
    RulePart("e", "eyes", "Four eyes", "four_eyes", ("on", "off")),
    RulePart("v", "veto", "Objections", "veto", ("off", "15m", "1h", "4h")),
    RulePart(FIRST, "first", "Asked first", "ask_first"),
    RulePart("r", "remind", "Remind after", "remind_after", ("off", "1h", "2h", "24h")),
)
"""The parts of the rule, in the order in which they are shown."""

_ROWS = (("p", "n"), ("a", "s", "g"), ("e", "v"), (FIRST, "r"))


def rule_part(key: str) -> RulePart | None:
    """The part that a button names."""
    return next((part for part in PARTS if part.key == key), None)


def part_of_word(word: str) -> RulePart | None:
    """The part that a typed word names."""
    return next((part for part in PARTS if word.lower() in {part.word, part.field}), None)


def approval_screen(current: Current, memberships: Sequence[Membership]) -> Screen:
    """The rule in words, a warning where the members there are cannot meet it, and a button for each part."""
    managed = current.portfolio
    names = names_of(memberships)
    text = paragraphs(
        head(managed, "approvals"),
        "\n".join(rule_sentences(rule_of(managed.policy), names, managed.portfolio.currency)),
        too_few(managed, len(able(memberships))),
        lines(
            "Anybody who may approve can reject a plan, or object until its first order goes.",
            f"Typed: {code(EXAMPLE)}",
        ),
    )
    if not may(current.role, Act.CHANGE_POLICY):
        return Screen(text)
    rows = [tuple(_part_button(managed, key) for key in row) for row in _ROWS]
    return Screen(text, tuple(rows))


def names_of(memberships: Sequence[Membership]) -> dict[MemberId, str]:
    """The members' names, as they are shown."""
    return {each.member.id: shown_name(each.member.name) for each in memberships}


def _part_button(managed: ManagedPortfolio, key: str) -> Button:
    part = rule_part(key)
    if part is None:
        raise KeyError(key)
    return tap(f"{part.label}: {_short(part, managed)}", "ap_of", managed.portfolio.id, key)


def _short(part: RulePart, managed: ManagedPortfolio) -> str:
    if part.key == FIRST:
        return str(len(managed.policy.ask_first) or "all")
    return said(part, part.of.show(managed.policy), managed)


def said(part: RulePart, value: str, managed: ManagedPortfolio) -> str:
    """A value of a part, as people read it."""
    parsed = part.of.parse(value)
    if not parsed:
        return "off"
    match part.key:
        case "p" | "n":
            return people(parsed)
        case "a" | "g":
            return money(parsed, managed.portfolio.currency).removesuffix(".00")
        case "s":
            return f"{value}%"
        case "v" | "r":
            return span(timedelta(minutes=parsed))
        case _:
            return value


def rule_part_screen(current: Current, part: RulePart, memberships: Sequence[Membership]) -> Screen:
    """What one part is, and what it can be: for an owner, a button each."""
    managed = current.portfolio
    text = paragraphs(
        head(managed, "approvals"),
        lines(
            f"{bold(part.label)}: {escape(explain_field(part.of))}.",
            f"Now: {_now(part, managed, memberships)}",
            f"Typed: {code(_typed(part))}",
        ),
    )
    rows: list[tuple[Button, ...]] = []
    if may(current.role, Act.CHANGE_POLICY):
        choices = _members(managed, memberships) if part.key == FIRST else _choices(managed, part)
        rows = [choices[at : at + _IN_A_ROW] for at in range(0, len(choices), _IN_A_ROW)]
    return Screen(text, (*rows, (tap("← Back", "ap_back", managed.portfolio.id),)))


def _now(part: RulePart, managed: ManagedPortfolio, memberships: Sequence[Membership]) -> str:
    if part.key != FIRST:
        return escape(said(part, part.of.show(managed.policy), managed))
    names = names_of(memberships)
    return listed([names[m] for m in managed.policy.ask_first if m in names]) or "all at once"


def _typed(part: RulePart) -> str:
    value = "Anna, Ben" if part.key == FIRST else part.options[-1]
    return f"/approval {part.word} {value}"


def _choices(managed: ManagedPortfolio, part: RulePart) -> tuple[Button, ...]:
    now = part.of.show(managed.policy)
    return tuple(
        tap(
            f"{'✓ ' if value == now else ''}{capital(said(part, value, managed))}",
            "ap",
            managed.portfolio.id,
            part.key,
            value,
        )
        for value in part.offers(managed)
    )


def _members(managed: ManagedPortfolio, memberships: Sequence[Membership]) -> tuple[Button, ...]:
    """Those who may approve, each a button that puts them among the first, or takes them out."""
    who = {each.member.id: each.member for each in memberships}
    return tuple(
        tap(
            f"{'✓ ' if member_id in managed.policy.ask_first else ''}{who[member_id].name[:20]}",
            "ap_first",
            managed.portfolio.id,
            member_id,
        )
        for member_id in able(memberships)
    )
