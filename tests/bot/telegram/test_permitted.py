"""What is offered: in a private chat, no button whose tap would be refused to the one who reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.telegram.letters.scene import read_scene
from bot.telegram.letters.writing import copy_screen, write_letter
from bot.telegram.permitted import for_one, permitted
from bot.telegram.screen import Action, Button, Screen, tap
from bot.telegram.verb_acts import VERB_ACTS
from bot.telegram.views.proposal import proposal_screen
from core.domain.ids import ChatId, MemberId, ProposalId
from core.domain.membership import Role
from core.domain.outbox import Copy, MessageKind, OutboxItem
from core.domain.permissions import may
from tests.bot.telegram.cast import CAST, GROUP, Play, play
from tests.bot.telegram.scenes import decision, member, view
from tests.bot.telegram.test_permission_matrix import tapped, typed


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Play]:
    async with play(tmp_path) as made:
        yield made


def verbs(screen: Screen) -> set[str]:
    return {button.action.verb for row in screen.rows for button in row if button.action}


async def of_proposal(stage: Play, chat_id: int) -> tuple[set[str], set[str]]:
    """The verbs under the family's proposal, as it comes to a chat and as it is brought up to date there."""
    item = OutboxItem(
        MessageKind.PROPOSAL,
        ChatId(chat_id),
        f"x:{chat_id}",
        stage.family.portfolio.id,
        ProposalId(stage.proposal),
    )
    now = await stage.runtime.market.clock.now()
    async with stage.runtime.store.read() as work:
        scene = await read_scene(work, item)
    scene = replace(scene, copies=(Copy(ProposalId(stage.proposal), 1, item.chat_id, 1),))
    letter, copy = write_letter(item, scene, now), copy_screen(scene, 1, now)
    assert letter is not None
    assert copy is not None
    return verbs(letter.screen), verbs(copy)


@pytest.mark.parametrize("kind", ["viewer", "proposer"])
async def test_nothing_is_offered_in_private_that_would_be_refused(kind: str, stage: Play) -> None:
    person, wrong = CAST[kind], []
    for deed in (*typed(), *tapped(stage)):
        if not deed.is_open_to(person):
            continue
        await stage.do(person, deed.name, deed.action)
        refused = {
            action.verb
            for action in stage.offered(person)
            if not may(person.who, VERB_ACTS[action.verb])
        }
        if refused:
            wrong.append(f"{deed.name}: {sorted(refused)}")
        stage.begin()
    assert not wrong, "\n".join(wrong)


async def test_a_viewers_own_proposal_has_no_buttons_of_those_who_decide(stage: Play) -> None:
    for found in await of_proposal(stage, CAST["viewer"].user_id):
        assert found == {"why", "alerts"}
    for found in await of_proposal(stage, CAST["approver"].user_id):
        assert {"approve", "reject", "snooze", "edit", "why"} <= found


async def test_in_a_group_a_proposal_keeps_the_buttons_of_everybody(stage: Play) -> None:
    async with stage.runtime.store.begin() as work:
        await work.conversation.show_amounts(stage.family.portfolio.id, ChatId(GROUP), shown=True)
    for found in await of_proposal(stage, GROUP):
        assert {"approve", "reject", "snooze", "edit", "why"} <= found


async def test_who_was_promoted_gets_the_buttons_with_the_next_look(stage: Play) -> None:
    viewer = CAST["viewer"]
    show = Action("show", (stage.proposal,))
    await stage.tap(viewer, show)
    assert {action.verb for action in stage.offered(viewer)} == {"why", "alerts"}
    promote = Action("set_role", (stage.family.portfolio.id, viewer.user_id, "approver"))
    await stage.tap(CAST["owner"], promote)
    await stage.tap(viewer, show)
    assert {"approve", "reject"} <= {action.verb for action in stage.offered(viewer)}


def test_links_stay_and_who_is_no_member_any_more_keeps_what_needs_no_role() -> None:
    screen = Screen(
        "x",
        (
            (tap("Approve", "approve", 1, 1), tap("Why", "why", 1, 1)),
            (tap("Reject", "reject", 1, 1),),
            (Button("Out", url="https://example.org"), tap("New", "new_in", 1)),
        ),
    )
    labels = [[button.label for button in row] for row in permitted(screen, None).rows]
    assert labels == [["Out", "New"]]
    labels = [[button.label for button in row] for row in permitted(screen, Role.VIEWER).rows]
    assert labels == [["Why"], ["Out", "New"]]
    assert permitted(screen, Role.APPROVER).rows == screen.rows


def test_an_approval_is_given_once_and_only_ones_own_is_taken_back() -> None:
    anna, ben = member(), member(2, "Ben")
    shown = view(members=(anna, ben), approvals_needed=2, decisions=(decision(ben),))
    screen = proposal_screen(shown)
    assert {"approve", "unapprove"} <= verbs(screen)
    annas, bens = (verbs(for_one(screen, shown, each.id)) for each in (anna, ben))
    assert ("approve" in annas, "unapprove" in annas) == (True, False)
    assert ("approve" in bens, "unapprove" in bens) == (False, True)
    assert verbs(for_one(screen, shown, MemberId(9))) == set(), "who is no member of it"
