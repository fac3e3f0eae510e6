"""``/targets``: show the targets, or set new ones after a look at what they would trade.

A change waits in the dialogue's row until its button is tapped, so that the button works after a restart; the
button carries a token of exactly what was shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bot.telegram.commands.allocation import (
    allocation_of,
    has_room_for_cash,
    plain,
    read_allocation,
    scaled,
    with_rest_in_cash,
    write_allocation,
)
from bot.telegram.commands.command import Command, Words, with_words
from bot.telegram.commands.notes import bold, code, escape, note, tap
from bot.telegram.context import Reaction, Turn, alert, put, say
from bot.telegram.dialogues import end_dialogue, open_dialogue, save_dialogue
from bot.telegram.first_portfolio import current_or_new
from bot.telegram.screen import Screen
from bot.telegram.views.targets import targets_preview_screen, targets_screen
from bot.words.numbers import listed
from core.application.choose_portfolio import Current
from core.application.set_targets import TargetsPreview, preview_targets, set_targets
from core.domain.ids import PortfolioId
from core.domain.money import HUNDRED
from core.domain.permissions import Act, require
from core.domain.refusals import EmptyAccount, TargetsDoNotSum
from core.domain.targets import TargetLine
from core.ports.store import Dialogue

NAME = "targets"
"""The name of the dialogue that keeps a change which is not made yet."""

GONE = "This was replaced by something newer. Send /targets to see how things are."


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the targets, or look at new ones."""
    if not words.text:
        return say(targets_screen(await turn.current(words.slug)))
    lines = read_allocation(words.text)
    current = await current_or_new(turn, words.slug)
    require(current.role, Act.CHANGE_TARGETS)
    return await look(turn, current, lines)


async def look(turn: Turn, current: Current, lines: Sequence[TargetLine]) -> Reaction:
    """Show what new targets would trade, or offer to complete weights that do not sum to 100."""
    portfolio = current.portfolio.portfolio
    try:
        wanted = allocation_of(lines)
    except TargetsDoNotSum as refusal:
        await _keep(turn, portfolio.id, lines)
        return say(_offer(portfolio.id, lines, refusal))
    runtime = turn.runtime
    preview = await preview_targets(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=portfolio.id,
        targets=wanted,
    )
    if preview.before is None and isinstance(preview.refusal, EmptyAccount):
        return await _set(turn, portfolio.id, lines)
    await _keep(turn, portfolio.id, lines)
    return say(_preview_screen(preview, portfolio.id, lines))


def _preview_screen(
    preview: TargetsPreview, portfolio_id: PortfolioId, lines: Sequence[TargetLine]
) -> Screen:
    return targets_preview_screen(preview, portfolio_id=portfolio_id, token=token_of(lines))


def _offer(
    portfolio_id: PortfolioId, lines: Sequence[TargetLine], refusal: TargetsDoNotSum
) -> Screen:
    token = token_of(lines)
    distance = plain(abs(refusal.difference))
    verdict = f"{distance} too {'little' if refusal.difference > 0 else 'much'}"
    choices = []
    if refusal.total > 0:
        choices.append(tap("📐 Scale to 100", "tg_scale", portfolio_id, token))
    if has_room_for_cash(lines):
        choices.append(tap("💵 Rest to CASH", "tg_rest", portfolio_id, token))
    return note(
        f"{code(write_allocation(lines))}",
        f"These weights sum to {bold(plain(refusal.total))}, which is {verdict}: they must sum to "
        f"exactly {plain(HUNDRED)}. Nothing was changed.",
        "Send /targets with corrected weights, or:"
        if choices
        else "Send /targets with corrected weights.",
        rows=(tuple(choices), (tap("✖ Cancel", "tg_cancel", portfolio_id, token),)),
    )


async def _keep(turn: Turn, portfolio_id: PortfolioId, lines: Sequence[TargetLine]) -> None:
    data = {"portfolio": str(portfolio_id), "targets": write_allocation(lines)}
    await save_dialogue(turn, Dialogue(NAME, "preview", data))


def token_of(lines: Sequence[TargetLine]) -> str:
    """A short token of an allocation: a button of another one is refused."""
    return hashlib.sha256(write_allocation(lines).encode()).hexdigest()[:10]


async def kept_lines(turn: Turn, portfolio_id: int, token: str) -> tuple[TargetLine, ...] | None:
    """The lines that a button was drawn for, if they still wait."""
    dialogue = await open_dialogue(turn)
    if dialogue is None or dialogue.name != NAME:
        return None
    lines = read_allocation(dialogue.data.get("targets", ""))
    is_same = dialogue.data.get("portfolio") == str(portfolio_id) and token_of(lines) == token
    return lines if is_same else None


async def use(turn: Turn, portfolio_id: int, token: str) -> Reaction:
    """[Use these targets]: make the change that was shown."""
    lines = await kept_lines(turn, portfolio_id, token)
    if lines is None:
        return alert(GONE)
    await end_dialogue(turn)
    reaction = await _set(turn, PortfolioId(portfolio_id), lines)
    return put(reaction.says[0].screen, toast="Targets are set")


async def _set(turn: Turn, portfolio_id: PortfolioId, lines: Sequence[TargetLine]) -> Reaction:
    runtime = turn.runtime
    ended = await set_targets(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio_id,
        targets=allocation_of(lines),
    )
    await _end_choosing(turn)
    turn.wake()
    numbers = listed([str(number) for number in ended])
    withdrawn = (
        f"Proposal {numbers} was made for the old targets and is withdrawn." if ended else ""
    )
    return say(
        note(
            f"{bold('The targets are set:')} {escape(write_allocation(lines))}",
            withdrawn,
            "They are checked every trading day, or now:",
            rows=(
                (
                    tap("⚖️ Check now", "rebalance", portfolio_id),
                    tap("📊 Status", "status", portfolio_id),
                ),
            ),
        )
    )


async def _end_choosing(turn: Turn) -> None:
    """A set-up that still asks for targets has its answer."""
    dialogue = await open_dialogue(turn)
    if dialogue is not None and (dialogue.name, dialogue.step) == ("setup", "targets"):
        await end_dialogue(turn)


async def complete(turn: Turn, portfolio_id: int, token: str, *, in_cash: bool) -> Reaction:
    """[Scale to 100] and [Rest to CASH]: make the weights sum to 100, and look at that."""
    lines = await kept_lines(turn, portfolio_id, token)
    if lines is None:
        return alert(GONE)
    current = await turn.of_id(portfolio_id)
    completed = with_rest_in_cash(lines) if in_cash else scaled(lines)
    reaction = await look(turn, current, completed)
    return put(reaction.says[0].screen)


async def cancel(turn: Turn, portfolio_id: int, token: str) -> Reaction:
    """[Cancel]: forget the change."""
    if await kept_lines(turn, portfolio_id, token) is not None:
        await end_dialogue(turn)
    return put(note("Cancelled: the targets stay as they are."))


COMMAND = Command(
    "targets",
    run,
    "show the targets, or set new ones",
    "/targets VTI 60 BND 40",
    with_words(Act.SEE_PORTFOLIO, Act.CHANGE_TARGETS),
    moves=True,
    is_slow=True,
)
