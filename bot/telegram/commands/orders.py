"""``/orders``: what was sent to the broker, and what became of it."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.views.orders import orders_screen
from core.application.list_proposals import recent_orders
from core.domain.permissions import Act


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the latest orders."""
    current = await turn.current(words.slug)
    found = await recent_orders(
        turn.runtime.store, member=turn.member, portfolio_id=current.portfolio.portfolio.id
    )
    return say(orders_screen(current, found))


COMMAND = Command("orders", run, "what was sent to the broker", "/orders", Act.SEE_ORDERS)
