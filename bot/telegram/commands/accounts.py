"""``/accounts``: where the money is and how real it is; owners climb the ladder here, and take an account down."""

from __future__ import annotations

from bot.telegram.commands.account_words import ADD, read_account
from bot.telegram.commands.command import Command, Words
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.screen import Screen
from bot.telegram.views.accounts import (
    accounts_screen,
    added_screen,
    climb_question,
    climbed_screen,
    down_screen,
)
from bot.work import desk_of
from core.application.add_account import add_account
from core.application.climb_ladder import ask_to_climb, climb, look_at_ladders, step_down
from core.application.show_change import list_changes
from core.domain.ids import AccountId, PortfolioId
from core.domain.permissions import Act
from core.domain.portfolio import Rung


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the accounts, or add one."""
    if not words.items:
        return say(await _shown(turn, await turn.portfolio_id(words.slug)))
    if words.items[0].lower() == "add":
        return await _add(turn, words)
    raise Misunderstood(
        "Keys of a broker are given on the server (evenkeel connect); how real an account is, an owner "
        "changes with the buttons under /accounts. To add an account:",
        ADD,
    )


async def _add(turn: Turn, words: Words) -> Reaction:
    """Add an account: its name, and in any order where it is, how it is taxed, and its opening cash."""
    runtime, managed = turn.runtime, (await turn.current(words.slug)).portfolio
    wish = read_account(words.items[1:], managed.portfolio.currency)
    added = await add_account(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=turn.member,
        portfolio_id=managed.portfolio.id,
        name=wish.name,
        broker=wish.broker,
        treatment=wish.treatment,
        opening_cash=wish.cash,
    )
    turn.wake()
    return say(added_screen(added, wish.cash), await _shown(turn, managed.portfolio.id))


async def show(turn: Turn, portfolio_id: int) -> Reaction:
    """[Accounts]."""
    return say(await _shown(turn, PortfolioId(portfolio_id)))


async def _shown(turn: Turn, portfolio_id: PortfolioId) -> Screen:
    desk, member = desk_of(turn.runtime), turn.member
    ladders = await look_at_ladders(desk, member=member, portfolio_id=portfolio_id)
    waiting = await list_changes(desk.store, member=member, portfolio_id=portfolio_id)
    return accounts_screen(ladders, [each.change for each in waiting])


async def go_up(turn: Turn, portfolio_id: int, rung: str, account_id: int = 0) -> Reaction:
    """[One rung up] and [Confirm anew]: say what changes, and ask for the end of the account number."""
    if rung not in set(Rung):
        raise Misunderstood("This button is of another version of me.", "/accounts")
    asked = await ask_to_climb(
        desk_of(turn.runtime),
        member=turn.member,
        chat=turn.chat,
        portfolio_id=PortfolioId(portfolio_id),
        rung=Rung(rung),
        account_id=AccountId(account_id) if account_id else None,
    )
    return say(climb_question(asked))


async def typed_digits(turn: Turn, text: str) -> Reaction:
    """What an owner typed to confirm."""
    done = await climb(desk_of(turn.runtime), member=turn.member, chat=turn.chat, typed=text)
    turn.wake()
    return say(climbed_screen(done))


async def go_down(turn: Turn, portfolio_id: int, account_id: int = 0) -> Reaction:
    """[Down to dry run]: at once."""
    runtime = turn.runtime
    before = await step_down(
        runtime.store,
        runtime.clock,
        member=turn.member,
        portfolio_id=PortfolioId(portfolio_id),
        account_id=AccountId(account_id) if account_id else None,
    )
    turn.wake()
    screen = await _shown(turn, PortfolioId(portfolio_id))
    return Reaction(
        says=say(down_screen(before)).says,
        edit=put(screen).edit,
        toast="Dry run now: no further order is sent.",
    )


def _act(words: Words) -> Act:
    return Act.ADD_ACCOUNT if words.flags & {"add"} else Act.SEE_ACCOUNTS


COMMAND = Command(
    "accounts", run, "where the money is, and how real", "/accounts", _act, moves=True
)
