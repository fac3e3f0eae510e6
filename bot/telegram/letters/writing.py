"""What an outbox item says now, as its chat may see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.telegram.letters.portfolios import about_portfolio
from bot.telegram.letters.proposals import about_proposal
from bot.telegram.letters.scene import Letter, Scene
from bot.telegram.links import command_link, deep_link
from bot.telegram.permitted import for_one, permitted
from bot.telegram.screen import Screen
from bot.telegram.views import notices
from bot.telegram.views.changes import change_screen
from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.veiled import (
    veiled_notice,
    veiled_proposal,
    veiled_recheck,
    veiled_report,
)
from core.application.show_change import ChangeView
from core.domain.ids import MemberId
from core.domain.outbox import MessageKind, OutboxItem

ELSEWHERE = "↓ It stands below, with its buttons."


def write_letter(item: OutboxItem, scene: Scene, market_now: datetime) -> Letter | None:
    """What an item says now; None where there is nothing to say any more. Behind the veil, it says no amount.

    In a private chat it offers only what its reader may do.
    """
    letter = _letter(item, scene, market_now)
    if letter is None:
        return None
    told = veiled(item, letter, scene, market_now)
    return replace(told, screen=_for_reader(told.screen, scene))


def _for_reader(screen: Screen, scene: Scene) -> Screen:
    """What stands in a chat with one reader, as they may use it."""
    if scene.reader is None:
        return screen
    if scene.view is not None:
        return for_one(screen, scene.view, scene.reader)
    return permitted(screen, scene.role)


def veiled(item: OutboxItem, letter: Letter, scene: Scene, market_now: datetime) -> Letter:
    """A letter as its chat may see it."""
    if scene.veil is None or scene.managed is None:
        return letter
    username, view, portfolio_id = scene.veil, scene.view, scene.managed.portfolio.id
    if view is None:
        link = command_link(username, "status", portfolio_id)
        return replace(
            letter, screen=veiled_notice(item.kind, scene.managed, letter.screen.text, link)
        )
    match item.kind:
        case MessageKind.PROPOSAL | MessageKind.REMINDER | MessageKind.CHECKLIST:
            screen = veiled_proposal(view, username, market_now)
        case MessageKind.REPORT:
            screen = veiled_report(view, username)
        case MessageKind.RECHECK:
            screen = veiled_recheck(view, username, market_now)
        case _:
            link = deep_link(username, view.proposal.id)
            screen = veiled_notice(item.kind, scene.managed, letter.screen.text, link)
    return replace(letter, screen=screen)


def _letter(item: OutboxItem, scene: Scene, market_now: datetime) -> Letter | None:
    if item.kind is MessageKind.CHANNEL_FAILING:
        since = datetime.fromisoformat(item.data["since"])
        return Letter(notices.channel_failing(item.data["kind"], since))
    if item.proposal_id is not None:
        return about_proposal(item, scene, market_now)
    if scene.managed is None or scene.is_over:
        return None
    if scene.change is not None:
        return _about_change(item, scene.change, scene.reader, market_now)
    screen = about_portfolio(item, scene.managed, scene.holds)
    return None if screen is None else Letter(screen)


def _about_change(
    item: OutboxItem, view: ChangeView, reader: MemberId | None, now: datetime
) -> Letter | None:
    """Where a change stands; news of it that is not true any more is told by what came after it."""
    is_news = item.kind is MessageKind.CHANGE_TOLD
    if reader is None or (is_news and item.data["state"] != view.change.state):
        return None
    return Letter(change_screen(view, reader, now))


def copy_screen(scene: Scene, message_id: int, market_now: datetime) -> Screen | None:
    """What a message that shows a proposal should look like now.

    Only the latest message of a chat has the buttons; the ones above it point to it.
    """
    if scene.view is None:
        return None
    if scene.veil is not None:
        screen = veiled_proposal(scene.view, scene.veil, market_now)
    else:
        screen = proposal_screen(scene.view, layout=scene.layout, market_now=market_now)
    screen = _for_reader(screen, scene)
    if message_id == scene.last_copy or not screen.rows:
        return screen
    return replace(screen, text=f"{screen.text}\n\n{ELSEWHERE}", rows=())
