"""``/alerts``: what is told when, and how; shown and set by buttons, or typed as in ``/policy``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.telegram.commands.command import Command, Words, with_words
from bot.telegram.commands.policy import read_pairs, set_fields
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.screen import Screen
from bot.telegram.views.alerts import (
    alert_setting,
    alerts_screen,
    choices_screen,
)
from core.application.choose_portfolio import Current
from core.application.member_channels import my_channels
from core.domain.ids import PortfolioId
from core.domain.permissions import Act

EXAMPLE = "/alerts check close-30m growth 3"
OUTDATED = "This choice is from an older version of me: /alerts shows those of now."


async def run(turn: Turn, words: Words) -> Reaction:
    """Show what is set, or change the named parts of it."""
    current = await turn.current(words.slug)
    if not words.items:
        return say(await _screen(turn, current))
    await set_fields(turn, current.portfolio.portfolio.id, read_pairs(words.text))
    return say(await _screen(turn, await turn.of_id(current.portfolio.portfolio.id)))


async def show(turn: Turn, portfolio_id: int) -> Reaction:
    """[Alerts] and [Settings]: as a message of its own."""
    return say(await _screen(turn, await turn.of_id(portfolio_id)))


async def back(turn: Turn, portfolio_id: int) -> Reaction:
    """[← Back] from the choices of one setting."""
    return put(await _screen(turn, await turn.of_id(portfolio_id)))


async def choose(turn: Turn, portfolio_id: int, key: str) -> Reaction:
    """One setting: show what it can be."""
    setting = alert_setting(key)
    if setting is None:
        raise Misunderstood(OUTDATED)
    return put(choices_screen(await turn.of_id(portfolio_id), setting))


async def set_to(turn: Turn, portfolio_id: int, key: str, value: str) -> Reaction:
    """One choice: set it, and show all that is set then."""
    setting = alert_setting(key)
    if setting is None:
        raise Misunderstood(OUTDATED)
    await set_fields(turn, PortfolioId(portfolio_id), [(setting.field, value)])
    current = await turn.of_id(portfolio_id)
    toast = f"{setting.label}: {setting.words(current.portfolio)}"
    return put(await _screen(turn, current), toast=toast)


async def _screen(turn: Turn, current: Current) -> Screen:
    portfolio_id = current.portfolio.portfolio.id
    async with turn.runtime.store.read() as work:
        kept = (await work.pinned.of([portfolio_id])).get(portfolio_id, ())
        next_at = await work.checks.next_due_of(portfolio_id)
    channels = await my_channels(turn.runtime.store, member=turn.member) if turn.is_private else ()
    return alerts_screen(
        current,
        next_at=next_at,
        pinned=kept,
        channels=len(channels),
        is_private=turn.is_private,
    )


VERBS: dict[str, Callable[..., Awaitable[Reaction]]] = {
    "alerts": show,
    "al_back": back,
    "al_of": choose,
    "al": set_to,
}
"""The buttons of the screen."""

COMMAND = Command(
    "alerts",
    run,
    "what is told when: show or set",
    EXAMPLE,
    with_words(Act.SEE_PORTFOLIO, Act.CHANGE_POLICY),
    moves=True,
)
