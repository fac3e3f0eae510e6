"""``/approval`` in the running bot: the rule in words, set by buttons, and typed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.telegram.callback import encode
from bot.telegram.html import plain
from bot.telegram.screen import Action
from bot.telegram.views.approval_rule import (
    FIRST,
    PARTS,
    approval_screen,
    rule_part_screen,
    said,
)
from bot.telegram.views.policy import policy_changed_screen
from core.application.choose_portfolio import Current
from core.domain.ids import PortfolioId
from core.domain.membership import Membership, Role
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy
from tests.bot.telegram.scenes import managed, member
from tests.bot.telegram.stage import ANNA, stage

WHO, BEN, DORA = member(), member(2, "Ben"), member(4, "Dora")
PEOPLE = (
    Membership(PortfolioId(1), WHO, Role.OWNER),
    Membership(PortfolioId(1), BEN, Role.APPROVER),
    Membership(PortfolioId(1), DORA, Role.PROPOSER),
)


async def test_the_rule_is_shown_in_words_and_set_by_taps_and_words(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        shown = await bot.ask(ANNA, "/approval", "One person approves a plan.")
        choices = await bot.tap(ANNA, shown, "Objections", "how long orders wait")
        again = await bot.tap(
            ANNA, choices, "One hour", "Orders go one hour after the last approval"
        )
        assert "Objections: one hour" in [button.text for button in again.buttons]
        await bot.ask(
            ANNA,
            "/approval above 5000 eyes on first Anna",
            "Two different people approve plans that trade more than $5,000.",
            "Whoever asks for a plan, or changes it, cannot approve it alone.",
            "Only 1 of you may approve",
        )
        policy = (await bot.portfolio()).policy
        assert (policy.veto, policy.four_eyes, len(policy.ask_first)) == (60, True, 1)
        members = await bot.tap(
            ANNA,
            await bot.ask(ANNA, "/approval", "is asked first"),
            "Asked first",
            "Asked first: who is asked",
        )
        await bot.tap(ANNA, members, "✓ Anna", "Now: all at once")
        assert (await bot.portfolio()).policy.ask_first == ()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/approval lots 3", "“lots” is no part of it."),
        ("/approval above", "“above” needs a value behind it."),
        ("/approval first Nobody", "Nobody"),
        ("/approval veto 25h", "minutes from 0 to 1440"),
    ],
)
async def test_what_cannot_be_read_is_said_with_what_can(
    tmp_path: Path, typed: str, answer: str
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, typed, answer)
        assert (await bot.portfolio()).policy.approvals == 1


def test_every_choice_can_be_set_and_fits_into_its_button() -> None:
    family = managed()
    for part in PARTS:
        for value in part.offers(family):
            policy = change_policy(family.policy, [(part.field, value)])
            assert part.of.show(policy) == value
            assert said(part, value, family)
            action = Action("ap", (2**31, part.key, value))
            assert len(encode(action, -(10**12), b"k" * 32)) <= 64


def test_who_may_not_change_the_rule_reads_it_without_buttons() -> None:
    assert approval_screen(Current(managed(), Role.APPROVER), PEOPLE).rows == ()
    assert approval_screen(Current(managed(), Role.OWNER), PEOPLE).rows


def test_a_rule_that_the_people_there_are_can_meet_warns_of_nothing() -> None:
    two = managed(policy=Policy(approvals=2))
    assert "⚠" not in approval_screen(Current(two, Role.OWNER), PEOPLE).text
    three = managed(policy=Policy(approvals=3))
    warned = plain(approval_screen(Current(three, Role.OWNER), PEOPLE).text)
    assert "Only 2 of you may approve, and a plan may need 3" in warned


def test_a_rule_set_by_policy_warns_as_well() -> None:
    after = Current(managed(policy=Policy(four_eyes=True)), Role.OWNER)
    alone = plain(policy_changed_screen(Policy(), after, PEOPLE[:1]).text)
    assert "Only 1 of you may approve, and a plan may need 2" in alone
    assert "⚠" not in policy_changed_screen(Policy(), after, PEOPLE).text
    assert "⚠" not in policy_changed_screen(after.portfolio.policy, after, PEOPLE[:1]).text


def test_only_those_who_may_approve_can_be_asked_first() -> None:
    (first,) = [part for part in PARTS if part.key == FIRST]
    asked = managed(policy=replace(Policy(), ask_first=(BEN.id,)))
    rows = rule_part_screen(Current(asked, Role.OWNER), first, PEOPLE).rows
    assert [button.label for row in rows[:-1] for button in row] == ["Anna", "✓ Ben"]
