"""A broker's file of positions, sent to the chat: read, shown, and used only once a person says so."""

from __future__ import annotations

import json
import logging
import secrets
from datetime import date
from decimal import Decimal

from telegram import Document
from telegram.error import TelegramError

from bot.telegram.commands.holdings import book_now
from bot.telegram.commands.notes import note
from bot.telegram.context import Misunderstood, Reaction, Turn, alert, put, say
from bot.telegram.dialogues import end_dialogue, open_dialogue, save_dialogue, take_step
from bot.telegram.hand_book import book_of, tapped_account
from bot.telegram.views.book import change_screen
from bot.telegram.which_account import meant_account
from bot.words.by_hand import is_by_hand
from core.application.type_holdings import type_holdings
from core.domain.book import BookChange
from core.domain.holdings_file import MOST_BYTES, read_holdings_file
from core.domain.ids import PortfolioId, Symbol
from core.domain.lots import Lot
from core.domain.permissions import Act, require
from core.ports.store import Dialogue

LOG = logging.getLogger(__name__)

NAME = "holdings"
OUTDATED = "This file was used, or put aside. Send it again to use it."
_TOO_LARGE = f"This file is larger than {MOST_BYTES // 1024} kB, so it is no list of positions."


async def receive(
    turn: Turn, document: Document, slug: str | None = None, account: str | None = None
) -> Reaction:
    """Read a file that somebody sent, and show what it would change."""
    current = await turn.current(slug)
    part = meant_account(current.portfolio, account, is_by_hand)
    require(current.role, Act.TYPE_HOLDINGS)
    portfolio = current.portfolio.portfolio
    shown = await book_of(turn, part)
    change = read_holdings_file(await _fetch(turn, document))
    token = secrets.token_hex(4)
    data = {
        "portfolio": str(portfolio.id),
        "account": str(part.account.id),
        "token": token,
        "change": _write(change),
    }
    await save_dialogue(turn, Dialogue(NAME, "confirm", data))
    return say(change_screen(part, shown.book, change, token))


async def _fetch(turn: Turn, document: Document) -> bytes:
    if (document.file_size or 0) > MOST_BYTES:
        raise Misunderstood(_TOO_LARGE)
    try:
        file = await turn.bot.get_file(document.file_id)
        return bytes(await file.download_as_bytearray())
    except TelegramError as error:
        LOG.warning("A file could not be fetched: %s", type(error).__name__)
        raise Misunderstood("I could not fetch this file from Telegram. Send it again.") from error


async def use(turn: Turn, portfolio_id: int, token: str) -> Reaction:
    """[Use these holdings]: all of them at once; of two taps only one does."""
    dialogue = await open_dialogue(turn)
    if dialogue is None or not _is_it(dialogue, portfolio_id, token):
        return alert(OUTDATED)
    if await take_step(turn, NAME, "confirm", "using") is None:
        return alert(OUTDATED)
    runtime = turn.runtime
    part = await tapped_account(turn, portfolio_id, int(dialogue.data.get("account", "0")))
    try:
        await type_holdings(
            runtime.store,
            runtime.brokers,
            runtime.clock,
            member=turn.member,
            portfolio_id=PortfolioId(portfolio_id),
            account_id=part.account.id,
            change=_read(dialogue.data["change"]),
        )
    except BaseException:
        await take_step(turn, NAME, "using", "confirm")
        raise
    await end_dialogue(turn)
    return put(await book_now(turn, part), toast="Written down.")


async def cancel(turn: Turn, portfolio_id: int, token: str) -> Reaction:
    """[Cancel]: the file is forgotten."""
    dialogue = await open_dialogue(turn)
    if dialogue is not None and _is_it(dialogue, portfolio_id, token):
        await end_dialogue(turn)
    return put(note("The file is put aside. Nothing was changed."))


def _is_it(dialogue: Dialogue, portfolio_id: int, token: str) -> bool:
    wanted = {"portfolio": str(portfolio_id), "token": token}
    is_same = all(dialogue.data.get(name) == value for name, value in wanted.items())
    return dialogue.name == NAME and is_same


def _write(change: BookChange) -> str:
    """A change as it is remembered between the file and the tap."""
    lots = [
        [
            lot.symbol,
            f"{lot.quantity:f}",
            None if lot.cost_per_share is None else f"{lot.cost_per_share:f}",
            None if lot.acquired is None else lot.acquired.isoformat(),
        ]
        for its in change.lots.values()
        for lot in its
    ]
    return json.dumps({"lots": lots, "cash": None if change.cash is None else f"{change.cash:f}"})


def _read(text: str) -> BookChange:
    stored = json.loads(text)
    lots: dict[Symbol, tuple[Lot, ...]] = {}
    for symbol, quantity, cost, acquired in stored["lots"]:
        lot = Lot(
            Symbol(symbol),
            Decimal(quantity),
            None if cost is None else Decimal(cost),
            None if acquired is None else date.fromisoformat(acquired),
        )
        lots[lot.symbol] = (*lots.get(lot.symbol, ()), lot)
    cash = None if stored["cash"] is None else Decimal(stored["cash"])
    return BookChange(lots, cash, replaces_all=True)
