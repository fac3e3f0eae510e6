"""``/portfolio``: which portfolio a chat's commands act on, in which group its proposals are put, who sees amounts."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, code, escape, note, shown_name, tap
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.permitted import as_permitted
from bot.telegram.screen import Rows, Screen
from bot.words.labels import role_label
from core.application.choose_portfolio import choose_portfolio, my_portfolios
from core.application.hide_amounts import show_amounts
from core.application.households import my_households
from core.application.set_home_chat import set_home_chat
from core.domain.ids import HouseholdId, PortfolioId
from core.domain.membership import Role
from core.domain.permissions import Act, may
from core.domain.portfolio import Portfolio
from core.domain.refusals import NoPortfolio

HOME, AMOUNTS = "home", "amounts"
ON, OFF = "on", "off"


async def run(turn: Turn, words: Words) -> Reaction:
    """List the portfolios, choose one, make this group a home, or let it see amounts."""
    match [item.lower() for item in words.items]:
        case [word] if word == HOME:
            return await make_home(turn, await turn.portfolio_id(words.slug))
        case [word, how] if (word, how) == (HOME, OFF):
            return await leave_home(turn, await turn.portfolio_id(words.slug))
        case [word, how] if word == AMOUNTS and how in {ON, OFF}:
            return await set_amounts(turn, await turn.portfolio_id(words.slug), shown=how == ON)
        case [word, *_] if word == AMOUNTS:
            raise Misunderstood("Say whether amounts are shown here.", "/portfolio amounts on")
        case [_, _, *_]:
            raise Misunderstood("Name one portfolio by its short name.", "/portfolio @family")
    slug = words.slug or next(iter(words.items), None)
    if slug is not None:
        return say(await choose(turn, slug))
    return say(await _screen(turn))


async def choose(turn: Turn, slug: str) -> Screen:
    """Make a portfolio the one that this chat, or this topic of it, is about."""
    await choose_portfolio(turn.runtime.store, member=turn.member, chat=turn.chat, slug=slug)
    return await _screen(turn)


async def _screen(turn: Turn) -> Screen:
    """The member's portfolios, this chat's marked, with a button to switch to each.

    A group, where everybody reads along, is not told which others the member has.
    """
    mine = await my_portfolios(turn.runtime.store, member=turn.member)
    if not mine:
        raise NoPortfolio
    current = await turn.current()
    if not turn.is_private or len(mine) == 1:
        mine = ()
    portfolio = current.portfolio.portfolio
    here = "topic" if turn.chat.topic_id else "chat"
    screen = note(
        f"This {here} is about {bold(shown_name(portfolio.name))} now; "
        f"you are {_with_article(current.role)} of it.",
        *_by_household(await _houses(turn, mine), portfolio),
        f"Any command takes a short name as its last word, such as {code(f'/status @{portfolio.slug}')}.",
        rows=(
            *((tap(_label(each, portfolio), "use", each.id),) for each, _ in mine),
            (
                tap("📊 Status", "status", portfolio.id),
                tap("⚖️ Check now", "rebalance", portfolio.id),
            ),
            *await _group_rows(turn, portfolio, current.role),
        ),
    )
    return as_permitted(turn, current.role, screen)


Mine = tuple[Portfolio, Role]


async def _houses(turn: Turn, mine: Sequence[Mine]) -> list[tuple[str, list[Mine]]]:
    """The portfolios by their households, whose names come first; two may have the same."""
    names = {
        each.id: each.name for each in await my_households(turn.runtime.store, member=turn.member)
    }
    found: dict[HouseholdId, list[Mine]] = {}
    for portfolio, role in mine:
        found.setdefault(portfolio.household_id, []).append((portfolio, role))
    return [(names.get(house, ""), its) for house, its in found.items()]


def _by_household(houses: Sequence[tuple[str, Sequence[Mine]]], current: Portfolio) -> list[str]:
    """Each household's portfolios; of an only household its name is not said."""
    return [
        "\n".join(
            [
                *([f"{escape(name)}:"] if len(houses) > 1 else []),
                *(_line(portfolio, role, current) for portfolio, role in mine),
            ]
        )
        for name, mine in houses
    ]


def _line(portfolio: Portfolio, role: Role, current: Portfolio) -> str:
    marks = [f"@{portfolio.slug}", role_label(role)]
    if portfolio.is_paused:
        marks.append("paused")
    name = bold(shown_name(portfolio.name))
    return f"{'✓ ' if portfolio.id == current.id else ''}{name} · {' · '.join(marks)}"


def _label(portfolio: Portfolio, current: Portfolio) -> str:
    return f"{'✓ ' if portfolio.id == current.id else ''}{portfolio.name}"


async def _group_rows(turn: Turn, portfolio: Portfolio, role: Role) -> Rows:
    """In a group: whether proposals come here, and whether everybody here sees amounts."""
    rows: Rows = ()
    if turn.is_private:
        return rows
    if may(role, Act.CHOOSE_HOME):
        is_home = portfolio.home_chat_id == turn.chat.id
        words = "No longer put proposals here" if is_home else "Put proposals into this group"
        rows += ((tap(f"🏠 {words}", "unhome" if is_home else "home", portfolio.id),),)
    if may(role, Act.SHOW_AMOUNTS):
        is_hidden = await turn.hides(portfolio.id)
        words = "👁 Show amounts here" if is_hidden else "🔒 Hide amounts here"
        rows += ((tap(words, "am_show" if is_hidden else "am_hide", portfolio.id),),)
    return rows


async def set_amounts(turn: Turn, portfolio_id: PortfolioId, *, shown: bool) -> Reaction:
    """Let everybody in this group see a portfolio's amounts, or percentages only."""
    if turn.is_private:
        raise Misunderstood(
            "In a private chat amounts are always shown. Send this in the group that it is about.",
            "/portfolio amounts on",
        )
    current = await turn.of_id(portfolio_id)
    await show_amounts(
        turn.runtime.store,
        turn.runtime.clock,
        member=turn.member,
        portfolio_id=portfolio_id,
        chat_id=turn.chat.id,
        shown=shown,
    )
    turn.wake()
    name = bold(shown_name(current.portfolio.portfolio.name))
    if shown:
        words = f"Everybody in this group sees the amounts of {name} from now on."
    else:
        words = f"The amounts of {name} are hidden in this group: it sees percentages, and decides in private."
    return say(note(words))


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
            f"into this {'topic' if turn.chat.topic_id else 'group'}. Everybody here can read them; only its "
            "approvers can decide.",
            await _seen(turn, portfolio_id),
        )
    )


async def _seen(turn: Turn, portfolio_id: PortfolioId) -> str:
    if not await turn.hides(portfolio_id):
        return "Amounts are shown here."
    return f"Amounts are hidden here; to show them: {code('/portfolio amounts on')}"


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
    if AMOUNTS in words.flags:
        return Act.SHOW_AMOUNTS
    return Act.CHOOSE_HOME if HOME in words.flags else Act.CHOOSE_PORTFOLIO


COMMAND = Command(
    "portfolio", run, "switch between portfolios", "/portfolio @family", _act, moves=True
)
