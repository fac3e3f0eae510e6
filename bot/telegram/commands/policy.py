"""``/policy``: show or set bands, calendar, destination and limits."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words, with_words
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.views.policy import policy_changed_screen, policy_screen
from core.application.change_policy import change_policy
from core.application.members import list_members
from core.domain.ids import PortfolioId
from core.domain.permissions import Act

EXAMPLE = "/policy band 5 relative 25 calendar quarterly"
LIST = "list"
"""Said for all settings, as ``/policy`` alone does."""


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the policy, or change the named parts of it and say what is different then."""
    current = await turn.current(words.slug)
    if not words.items or words.text.lower() == LIST:
        return say(policy_screen(current))
    portfolio_id = current.portfolio.portfolio.id
    await set_fields(turn, portfolio_id, read_pairs(words.text))
    members = await list_members(turn.runtime.store, member=turn.member, portfolio_id=portfolio_id)
    after = await turn.of_id(portfolio_id)
    return say(policy_changed_screen(current.portfolio.policy, after, members))


async def set_fields(turn: Turn, portfolio_id: PortfolioId, pairs: list[tuple[str, str]]) -> None:
    """Change fields of a portfolio's policy together, as whoever writes or taps may."""
    await change_policy(
        turn.runtime.store,
        turn.runtime.market,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=portfolio_id,
        pairs=pairs,
        limits=turn.runtime.limits,
    )
    turn.wake()


def read_pairs(text: str) -> list[tuple[str, str]]:
    """Read name and value pairs: ``band 5 relative 25`` or ``band=5, relative=25``."""
    items = text.replace("=", " ").replace(", ", " ").split()
    if len(items) % 2:
        raise Misunderstood(
            f"Each name needs a value behind it; “{items[-1][:20]}” stands alone.", EXAMPLE
        )
    return list(zip(items[::2], items[1::2], strict=True))


COMMAND = Command(
    "policy",
    run,
    "bands, dates, limits: show or set",
    EXAMPLE,
    with_words(Act.SEE_PORTFOLIO, Act.CHANGE_POLICY),
    moves=True,
)
