"""``/portfolio``: which portfolio a chat's commands act on, and in which group its proposals are put."""

from __future__ import annotations

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import Rows, bold, code, note, shown_name, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.screen import Screen
from bot.words.labels import role_label
from core.application.choose_portfolio import Current, choose_portfolio, my_portfolios
from core.application.set_home_chat import set_home_chat
from core.domain.ids import PortfolioId
from core.domain.membership import Role
from core.domain.permissions import Act, may
from core.domain.portfolio import Portfolio
from core.domain.refusals import NoPortfolio

HOME = "home"


async def run(turn: Turn, words: Words) -> Reaction:
    """List the portfolios, choose one, or make this group a home."""
    if words.flags == {HOME}:
        return await make_home(turn, await turn.portfolio_id(words.slug))
    if words.flags == {HOME, "off"}:
        return await leave_home(turn, await turn.portfolio_id(words.slug))
    if len(words.items) > 1:
        raise Misunderstood("Name one portfolio by its short name.", "/portfolio @family")
    slug = words.slug or next(iter(words.items), None)
    if slug is not None:
        return await choose(turn, slug)
    return say(await _list(turn))


async def choose(turn: Turn, slug: str) -> Reaction:
    """Make a portfolio the one that this chat is about."""
    current = await choose_portfolio(
        turn.runtime.store, member=turn.member, chat=turn.chat, slug=slug
    )
    return say(_chosen(current, turn))


def _chosen(current: Current, turn: Turn) -> Screen:
    portfolio = current.portfolio.portfolio
    return note(
        f"This chat is about {bold(shown_name(portfolio.name))} now; "
        f"you are {_with_article(current.role)} of it.",
        rows=(
            (
                tap("📊 Status", "status", portfolio.id),
                tap("⚖️ Check now", "rebalance", portfolio.id),
            ),
            *_home_rows(turn, portfolio, current.role),
        ),
    )


async def _list(turn: Turn) -> Screen:
    mine = await my_portfolios(turn.runtime.store, member=turn.member)
    if not mine:
        raise NoPortfolio
    current = (await turn.current()).portfolio.portfolio
    role = next(role for portfolio, role in mine if portfolio.id == current.id)
    lines = [
        _line(portfolio, role, is_current=portfolio.id == current.id) for portfolio, role in mine
    ]
    switches = [
        tap(portfolio.name, "use", portfolio.id)
        for portfolio, _ in mine
        if portfolio.id != current.id
    ]
    return note(
        "\n".join(lines),
        f"Any command takes a short name as its last word, such as {code(f'/status @{current.slug}')}.",
        rows=(*((button,) for button in switches), *_home_rows(turn, current, role)),
    )


def _line(portfolio: Portfolio, role: Role, *, is_current: bool) -> str:
    marks = [f"@{portfolio.slug}", role_label(role)]
    if portfolio.is_paused:
        marks.append("paused")
    if is_current:
        marks.append("this chat’s")
    return f"{bold(shown_name(portfolio.name))} · {' · '.join(marks)}"


def _home_rows(turn: Turn, portfolio: Portfolio, role: Role) -> Rows:
    if turn.is_private or not may(role, Act.CHOOSE_HOME):
        return ()
    if portfolio.home_chat_id == turn.chat.id:
        return ((tap("🏠 No longer put proposals here", "unhome", portfolio.id),),)
    return ((tap("🏠 Put proposals into this group", "home", portfolio.id),),)


async def make_home(turn: Turn, portfolio_id: PortfolioId) -> Reaction:
    """Have a portfolio's proposals put into this group."""
    if turn.is_private:
        raise Misunderstood(
            "Proposals come to each approver’s private chat already. To have them in a group, add me "
            "to it and send this command there.",
            "/portfolio home",
        )
    current = await turn.of_id(portfolio_id)
    await set_home_chat(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=portfolio_id,
        chat=turn.chat,
    )
    return say(
        note(
            f"From now on the proposals of {bold(shown_name(current.portfolio.portfolio.name))} come "
            "into this group. Everybody here can read them; only its approvers can decide.",
        )
    )


async def leave_home(turn: Turn, portfolio_id: PortfolioId) -> Reaction:
    """Have a portfolio's proposals sent to each approver again."""
    current = await turn.of_id(portfolio_id)
    await set_home_chat(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=portfolio_id,
        chat=None,
    )
    name = bold(shown_name(current.portfolio.portfolio.name))
    return say(note(f"The proposals of {name} come to each approver’s private chat again."))


def _with_article(role: Role) -> str:
    label = role_label(role)
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"


def _act(words: Words) -> Act:
    return Act.CHOOSE_HOME if HOME in words.flags else Act.CHOOSE_PORTFOLIO


COMMAND = Command(
    "portfolio", run, "switch between portfolios", "/portfolio @family", _act, moves=True
)
