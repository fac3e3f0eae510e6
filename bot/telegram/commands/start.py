"""``/start [code]``: hello; an invitation or claim is accepted, and who has no portfolio is led to one."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, note, shown_name, tap
from bot.telegram.context import Reaction, Turn, say
from bot.telegram.html import NAME_LIMIT, neutral
from bot.telegram.identity import Sender
from bot.telegram.permitted import permitted
from bot.telegram.screen import Button, Screen
from bot.telegram.setup import choose_targets
from bot.words.labels import ROLE_MEANINGS, article, role_label
from core.application.choose_portfolio import Current, choose_portfolio, my_portfolios
from core.application.enter import Entered
from core.domain.permissions import Act, may

PURPOSE = (
    "I keep a portfolio on its targets: I watch how far it drifts, say exactly what to trade and why, "
    "and place orders only after you tap Approve."
)
SHORT_PURPOSE = "Keeps a portfolio on its targets; trades only what a person has approved."
NOBODY_ELSE = "I answer invited people only."
PAPER = "Everything here is paper money: nothing real is moved."


def clean_name(sender: Sender) -> str:
    """A person's name as it is stored: one short line without hidden characters."""
    name = " ".join(neutral(sender.name).split())[:NAME_LIMIT].strip()
    return name or f"Member {sender.user_id}"


async def run(turn: Turn, _words: Words) -> Reaction:
    """Greet a member who comes back."""
    return await greet(turn, Entered(turn.member, "returning"))


async def greet(turn: Turn, entered: Entered) -> Reaction:
    """Greet somebody who has come in, and go on to what is missing."""
    if entered.how == "invited" and entered.portfolio is not None:
        return say(await _joined(turn, entered))
    mine = await my_portfolios(turn.runtime.store, member=turn.member)
    if not turn.is_private:
        return say(_hello_group(turn, bool(mine)))
    name = shown_name(turn.member.name.split()[0] if turn.member.name.split() else turn.member.name)
    if not mine:
        return await choose_targets(turn, None, greeting=f"👋 Hello {name}. {PURPOSE} {PAPER}")
    current = await turn.current()
    if current.portfolio.targets is None and may(current.role, Act.CHANGE_TARGETS):
        portfolio = shown_name(current.portfolio.portfolio.name)
        return await choose_targets(
            turn, current, greeting=f"👋 Hello {name}. {bold(portfolio)} has no targets yet."
        )
    return say(_welcome_back(name, current))


async def _joined(turn: Turn, entered: Entered) -> Screen:
    if entered.portfolio is None or entered.role is None:
        raise ValueError("an accepted invitation brings a portfolio and a role")
    portfolio, role = entered.portfolio, entered.role
    label = role_label(role)
    slug = (await turn.of_id(portfolio.id)).portfolio.portfolio.slug
    await choose_portfolio(turn.runtime.store, member=turn.member, chat=turn.chat, slug=slug)
    return note(
        f"👋 Welcome. You are {article(label)} {bold(label)} of {bold(shown_name(portfolio.name))} now: "
        f"you {ROLE_MEANINGS[role]}.",
        _waiting(entered),
        PURPOSE,
        rows=((tap("📊 Status", "status", portfolio.id), tap("❔ Help", "help")),),
    )


def _waiting(entered: Entered) -> str:
    """That the role of the invitation comes later."""
    role = entered.waits_for
    if role is None:
        return ""
    label = role_label(role)
    return (
        f"Real money is traded there: {article(label)} {bold(label)} you are once enough of those who "
        "decide have agreed, and a day is over."
    )


def _hello_group(turn: Turn, has_portfolio: bool) -> Screen:  # noqa: FBT001 - a plain fact
    link = f"https://t.me/{turn.bot.username}"
    if not has_portfolio:
        return note(
            f"👋 Hello. {PURPOSE}",
            "Setting up happens in a private chat, where only you see your money:",
            rows=((Button("Open a private chat", url=link),),),
        )
    return note(
        "👋 Hello. Commands work here for each member, by their own rights; everybody in this group "
        "reads the answers, so amounts are hidden until an owner shows them. /portfolio chooses what this "
        "group is about, and whether proposals come here.",
    )


def _welcome_back(name: str, current: Current) -> Screen:
    portfolio = current.portfolio.portfolio
    screen = note(
        f"👋 Welcome back, {name}. This chat is about {bold(shown_name(portfolio.name))}.",
        rows=(
            (
                tap("📊 Status", "status", portfolio.id),
                tap("⚖️ Check now", "rebalance", portfolio.id),
            ),
            (tap("❔ Help", "help"),),
        ),
    )
    return permitted(screen, current.role)


COMMAND = Command("start", run, "begin, or accept an invitation", "/start", Act.COME_IN)
