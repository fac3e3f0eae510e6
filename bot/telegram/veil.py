"""The veil: in a group where a portfolio's amounts are hidden, only what shows none is answered; the rest in private.

What is not named here is not answered there: a command or button that nobody thought of stays behind the veil.
"""

from __future__ import annotations

from dataclasses import replace

from bot.telegram.context import AmountsHidden, Reaction, Turn, alert
from bot.telegram.links import READ_ONLY, command_link
from bot.telegram.screen import Action, Screen
from bot.telegram.views.veiled import HIDDEN_HERE, open_privately
from core.domain.ids import ProposalId

OPEN_COMMANDS = frozenset(
    {
        "cancel",
        "help",
        "invite",
        "leave",
        "members",
        "pause",
        "performance",
        "portfolio",
        "resume",
        "settings",
        "start",
        "status",
        "whoami",
    }
)
"""Commands whose answers show no amounts, or, as the status and the performance, none where those are hidden."""

OPEN_VERBS = frozenset(
    {
        "am_hide",
        "am_show",
        "close",
        "help",
        "home",
        "invite",
        "layout",
        "leave_yes",
        "members",
        "members_back",
        "own_back",
        "own_give",
        "own_to",
        "own_yes",
        "pause",
        "perf",
        "picture",
        "remove",
        "remove_yes",
        "resume",
        "role",
        "set_role",
        "share",
        "st_back",
        "st_of",
        "st_set",
        "status",
        "unhome",
        "uninvite",
        "unjoin",
        "use",
    }
)
"""The same of buttons."""


def lifted(turn: Turn, name: str, names: frozenset[str]) -> Turn:
    """The same turn, open where what is asked for shows no amounts."""
    return replace(turn, is_amountless=name in names)


async def guard_tap(turn: Turn, action: Action, *, is_of_proposal: bool) -> None:
    """Raise AmountsHidden where a button would show amounts in a group that hides them."""
    if turn.is_private or turn.is_amountless:
        return
    number = next(iter(action.args), None)
    if not is_of_proposal or not isinstance(number, int):
        await turn.current()
        return
    async with turn.runtime.store.read() as work:
        proposal = await work.proposals.get(ProposalId(number))
    if proposal is not None:
        await turn.require_shown(proposal.portfolio_id)


def elsewhere(turn: Turn, hidden: AmountsHidden, command: str) -> Screen:
    """The one line that answers a command behind the veil, and the way to what it shows."""
    link = command_link(turn.bot.username, command, hidden.portfolio_id)
    ask = "" if command in READ_ONLY else f" Send /{command} to me privately."
    return Screen(f"{HIDDEN_HERE}{ask}", (open_privately(link),))


def not_here() -> Reaction:
    """The answer to a tap behind the veil."""
    return alert(f"{HIDDEN_HERE} Open a private chat with me for this.")
