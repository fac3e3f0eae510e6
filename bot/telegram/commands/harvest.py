"""``/harvest [amount]``: look for losses to harvest now; ``losses`` and ``csv`` show those of a year."""

from __future__ import annotations

from decimal import Decimal

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.rebalance import react
from bot.telegram.context import Misunderstood, Reaction, Turn, put, say
from bot.telegram.views.harvest import nothing_screen, sales_file, years_file, years_screen
from core.application.check_result import Outcome
from core.application.harvest_ledger import HarvestLedger, show_harvests
from core.application.harvest_losses import request_harvest
from core.domain.ids import PortfolioId
from core.domain.money import ZERO, parse_decimal
from core.domain.permissions import Act
from core.domain.refusals import BadNumber, PrivateOnly

EXAMPLE = "/harvest 500"
_FIRST_YEAR, _LAST_YEAR = 1990, 2200


async def run(turn: Turn, words: Words) -> Reaction:
    """Look for losses, or show the harvested ones."""
    match [item.lower() for item in words.items]:
        case []:
            return await _look(turn, words, None)
        case ["losses" | "csv" as what]:
            return await _ledger(turn, await turn.portfolio_id(words.slug), what, None)
        case ["losses" | "csv" as what, year]:
            number = await turn.portfolio_id(words.slug)
            return await _ledger(turn, number, what, _read_year(year))
        case [amount]:
            return await _look(turn, words, _read_amount(amount))
        case _:
            raise Misunderstood(
                "Behind /harvest stands the least loss, such as 500; or losses, or csv, with a year.",
                EXAMPLE,
            )


def _read_amount(text: str) -> Decimal:
    amount = parse_decimal("the least loss", text.removeprefix("$"), "an amount such as 500")
    if amount < ZERO:
        raise BadNumber("the least loss", text, "an amount of 0 or more")
    return amount


def _read_year(text: str) -> int:
    is_year = text.isascii() and text.isdigit() and _FIRST_YEAR <= int(text[:9]) <= _LAST_YEAR
    if not is_year:
        raise Misunderstood(f"“{text[:20]}” is no year.", "/harvest losses 2024")
    return int(text)


async def _look(turn: Turn, words: Words, least_loss: Decimal | None) -> Reaction:
    """Look for losses; a new proposal comes as a message of its own."""
    runtime = turn.runtime
    current = await turn.current(words.slug)
    result = await request_harvest(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.portfolio.id,
        request_key=turn.key,
        chat_id=turn.asks_from,
        least_loss=least_loss,
        limits=runtime.limits,
    )
    turn.wake()
    if result.outcome is Outcome.ON_TARGET and result.plan is not None:
        return say(nothing_screen(current.portfolio, result.plan))
    return await react(turn, current.portfolio.portfolio, result, is_forced=False)


async def _ledger(turn: Turn, portfolio_id: PortfolioId, what: str, year: int | None) -> Reaction:
    ledger = await _shown(turn, portfolio_id)
    if what == "csv":
        return say(years_file(ledger) if year is None else sales_file(ledger, year))
    return say(years_screen(ledger, year))


async def _shown(turn: Turn, portfolio_id: PortfolioId) -> HarvestLedger:
    if not turn.is_private:
        raise PrivateOnly("speak of taxes")
    runtime = turn.runtime
    return await show_harvests(
        runtime.store, runtime.market, member=turn.member, portfolio_id=portfolio_id
    )


async def _show_year(turn: Turn, portfolio_id: int, year: int) -> Reaction:
    """[2020], and [Losses by year] (the year 0)."""
    ledger = await _shown(turn, PortfolioId(portfolio_id))
    screen = years_screen(ledger, year or None)
    return put(screen) if year else say(screen)


async def _send_file(turn: Turn, portfolio_id: int, year: int) -> Reaction:
    """[Sales of 2020], and [All years] (the year 0)."""
    ledger = await _shown(turn, PortfolioId(portfolio_id))
    return say(sales_file(ledger, year) if year else years_file(ledger))


VERBS = {"hv_year": _show_year, "hv_csv": _send_file}
"""What the buttons of the ledger do."""


def _act(words: Words) -> Act:
    return Act.SEE_HARVESTED if words.flags & {"losses", "csv"} else Act.ASK_FOR_HARVEST


COMMAND = Command(
    "harvest",
    run,
    "look for losses to harvest now",
    EXAMPLE,
    _act,
    moves=True,
    is_slow=True,
)
