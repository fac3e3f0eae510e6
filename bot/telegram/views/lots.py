"""The lots of a proposed sale: what it takes now, and a button for each lot that it can take."""

from __future__ import annotations

from bot.telegram.html import bold, escape
from bot.telegram.screen import Button, Screen
from bot.telegram.views.parts import lines, paragraphs
from bot.telegram.views.proposal_text import currency_of, effect, title, trade_line
from bot.telegram.views.revision_buttons import is_open, revision_tap
from bot.words.numbers import money, quantity
from bot.words.plan_notes import lot_lines
from core.application.edit_proposal import lots_to_choose
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.lots import Lot, Term, term_of
from core.domain.money import ZERO
from core.domain.plan import Trade

MOST_LOTS_SHOWN = 40
_TERMS = {Term.SHORT: "short", Term.LONG: "long", Term.UNKNOWN: "date unknown"}


def proposal_lots_screen(view: ProposalView, leg: int) -> Screen:
    """What a sale takes from which lots, and a button for each lot: tapped, it is sold first."""
    revision = view.proposal.revision
    trade = revision.plan.trades[leg - 1]
    currency = currency_of(view)
    lots = lots_to_choose(view.proposal, trade)[:MOST_LOTS_SHOWN]
    taken = [escape(line) for line in lot_lines(trade, currency)]
    text = paragraphs(
        title(view),
        bold(f"{leg}. {trade_line(trade, currency)}"),
        lines("It takes:", *taken),
        effect(view),
        "Tap lots in the order in which they are to be sold; another tap takes one back. "
        "The rest goes first in, first out. Each tap makes a new version."
        if lots
        else "No lots can be chosen here.",
    )
    rows = [
        (_button(view, trade, leg, place, lot),) for place, lot in enumerate(lots) if is_open(view)
    ]
    back = revision_tap(view, "← Back", "edit")
    return Screen(text, (*rows, (back,)))


def _button(view: ProposalView, trade: Trade, leg: int, place: int, lot: Lot) -> Button:
    """``✔1 10 of 2021-03-04 @ $210.10, gain +$412.00 long``."""
    revision = view.proposal.revision
    chosen = revision.snapshot.chosen[AccountId(int(trade.account))]
    first = [each for each in chosen if each in _names(view, trade)]
    mark = f"✔{first.index(lot.name) + 1} " if lot.name in first else ""
    label = f"{mark}{lot_label(lot, currency_of(view))}{_gain(view, trade, lot)}"
    return revision_tap(view, label, "lot", leg, place)


def _names(view: ProposalView, trade: Trade) -> frozenset[str]:
    return frozenset(lot.name for lot in lots_to_choose(view.proposal, trade))


def lot_label(lot: Lot, currency: str) -> str:
    """A lot as a broker can find it: ``10 of 2021-03-04 @ $210.10``."""
    bought = "an unknown day" if lot.acquired is None else lot.acquired.isoformat()
    cost = "" if lot.cost_per_share is None else f" @ {money(lot.cost_per_share, currency)}"
    return f"{quantity(lot.quantity)} of {bought}{cost}"


def _gain(view: ProposalView, trade: Trade, lot: Lot) -> str:
    """What all of a lot would gain at the price shown, and under which term."""
    if lot.cost_per_share is None:
        return ", cost unknown"
    gain = (trade.price - lot.cost_per_share) * lot.quantity
    word = "loss −" if gain < ZERO else "gain +"
    session = view.proposal.revision.snapshot.session
    term = Term.UNKNOWN if session is None else term_of(lot, session)
    return f", {word}{money(abs(gain), currency_of(view))} {_TERMS[term]}"
