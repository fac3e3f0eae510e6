"""The end of the set-up: after the first approval, a rehearsal of an alert for who wants to see one."""

from __future__ import annotations

from dataclasses import replace

from bot.telegram.commands.notes import bold, note, tap
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.dialogues import at_step, end_dialogue, open_dialogue, take_step
from bot.telegram.permitted import as_permitted
from bot.telegram.setup import NAME
from bot.telegram.views.rehearsal import rehearsal_screen
from core.application.rehearse import rehearse
from core.domain.ids import PortfolioId


async def after_approval(turn: Turn, portfolio_id: PortfolioId) -> bool:
    """Whether this was the approval that the set-up waited for; it is so only once."""
    dialogue = await at_step(turn, NAME, "proposal")
    if dialogue is None or dialogue.data.get("portfolio") != str(portfolio_id):
        return False
    return await take_step(turn, NAME, "proposal", "report") is not None


def last_step(portfolio_id: PortfolioId, *, is_well: bool) -> Reaction:
    """What is left: to see an alert once; orders that have not gone through are not passed over."""
    opening = bold("That was all.")
    if not is_well:
        opening = f"{bold('The set-up is finished.')} These orders have their own message."
    return say(
        note(
            f"{opening} From now on I check every trading day, and write to you only "
            "when something needs a decision. Do you want to see what such an alert looks like?",
            rows=(
                (tap("🔔 Show me an alert", "rehearse", portfolio_id),),
                (tap("✅ Done", "done"),),
            ),
        )
    )


async def show_alert(turn: Turn, portfolio_id: int) -> Reaction:
    """[Show me an alert]: a rehearsal on a copy."""
    runtime = turn.runtime
    rehearsal = await rehearse(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
    )
    role = (await turn.of_id(portfolio_id)).role
    screen = as_permitted(turn, role, rehearsal_screen(rehearsal))
    if not any(
        button.action and button.action.verb == "done" for row in screen.rows for button in row
    ):
        screen = replace(screen, rows=(*screen.rows, (tap("✅ Done", "done"),)))
    return say(screen)


async def done(turn: Turn) -> Reaction:
    """[Done]: the set-up is over."""
    dialogue = await open_dialogue(turn)
    if dialogue is not None and dialogue.name == NAME:
        await end_dialogue(turn)
    return say(
        note(
            "All set. /status shows where things stand, /help what else I can do. I check every "
            "trading day at 11:00 New York time; /policy changes that.",
        )
    )
