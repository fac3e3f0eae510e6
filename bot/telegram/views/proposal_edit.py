"""Editing a proposal: its lines, each with a way to halve or drop it, or to choose its lots."""

from __future__ import annotations

from bot.telegram.html import TEXT_LIMIT
from bot.telegram.screen import Button, Rows, Screen
from bot.telegram.views.by_account import by_account
from bot.telegram.views.parts import SOME_LINES, capped, lines, paragraphs
from bot.telegram.views.proposal_text import (
    FEW_LINES,
    changes,
    currency_of,
    effect,
    numbered_trades,
    table,
    title,
)
from bot.telegram.views.revision_buttons import is_open, revision_tap
from bot.words.numbers import count
from core.application.edit_proposal import lots_to_choose
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.plan import Trade
from core.domain.policy import whole_shares

EDITABLE_LEGS = 30
"""Telegram takes 100 buttons in a message: up to three for each of these, and a few more."""

SEVERAL = 2


def proposal_edit_screen(view: ProposalView, *, layout: str = "table") -> Screen:
    """A proposal's lines, each with a way to halve or drop it; what follows shows in the table."""
    plan = view.proposal.revision.plan
    currency = currency_of(view)
    shown = plan.trades[:EDITABLE_LEGS]
    rest = len(plan.trades) - len(shown)
    rows = by_account(view, numbered_trades(shown, currency))
    text = paragraphs(
        title(view),
        changes(view),
        table(plan, layout, SOME_LINES if len(shown) <= SOME_LINES else FEW_LINES),
        capped(rows, TEXT_LIMIT // 2, "more"),
        f"The other {count(rest, 'line')} cannot be changed here." if rest else "",
        lines(effect(view), "Lines can be made smaller or dropped, never larger."),
    )
    return Screen(text, _edit_buttons(view, shown))


def _edit_buttons(view: ProposalView, shown: tuple[Trade, ...]) -> Rows:
    rows = []
    if is_open(view):
        rows = [_leg_buttons(view, leg, trade) for leg, trade in enumerate(shown, 1)]
    return (*rows, (revision_tap(view, "← Back", "back"),))


def _leg_buttons(view: ProposalView, leg: int, trade: Trade) -> tuple[Button, ...]:
    name = f"{leg}. {trade.symbol}"
    drop = revision_tap(view, f"✖ Drop {name}", "drop", leg)
    halve = (revision_tap(view, f"½ {name}", "halve", leg),) if _can_halve(view, trade) else ()
    return (*halve, drop, *_lots_button(view, leg, trade))


def _lots_button(view: ProposalView, leg: int, trade: Trade) -> tuple[Button, ...]:
    """[Lots] of a sale, where its broker sells any and there are several."""
    if len(lots_to_choose(view.proposal, trade)) < SEVERAL:
        return ()
    return (revision_tap(view, "🧾 Lots", "lots", leg),)


def _can_halve(view: ProposalView, trade: Trade) -> bool:
    return not is_whole(view, trade) or trade.quantity > 1


def is_whole(view: ProposalView, trade: Trade) -> bool:
    """Whether a trade's symbol is traded in whole shares in its account."""
    snapshot = view.proposal.revision.snapshot
    in_parts = snapshot.of(AccountId(int(trade.account))).fractionable
    return trade.symbol in whole_shares(view.managed.policy, snapshot.quotes, in_parts)
