"""A proposal's text: why it came, what it would trade and change, and what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.telegram.html import escape, shown_name
from bot.telegram.views.by_account import by_account
from bot.telegram.views.outcome import standing
from bot.telegram.views.parts import (
    SOME_LINES,
    choose_lines,
    drift_table,
    first_fitting,
    head,
    left_out,
    legend,
    lines,
    paragraphs,
)
from bot.telegram.views.withdrawals import purpose, worth_lines
from bot.words.by_hand import estimates_line, is_dry_run
from bot.words.labels import REVISION_CAUSES, SIDES, proposal_number
from bot.words.numbers import count, listed, money, quantity, small_drift
from bot.words.plan_notes import cure_sentence, harvest_effect, realised_sentence
from bot.words.plan_reasons import reason_sentence
from bot.words.reader import reader
from bot.words.rules import plain_widened_sentence, widened_sentence
from bot.words.tax_reasons import NO_ADVICE
from bot.words.times import clock_time
from core.application.plan_again import PAIRED_CAUSES
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.instrument import CASH
from core.domain.ladder import LIVE_RUNGS
from core.domain.plan import Plan, Side, Trade
from core.domain.portfolio import HoldingChange, Rung
from core.domain.proposal import (
    UNDECIDED,
    DecisionKind,
    PriceMove,
    Proposal,
    ProposalState,
    RevisionCause,
)

FEW_LINES = 10
SOME_TRADES = 12
_BRIEF, _BRIEFER, _BRIEFEST = 1, 2, 3
_LEVELS = (0, _BRIEF, _BRIEFER, _BRIEFEST)


def proposal_text(view: ProposalView, layout: str, now: datetime | None) -> str | None:
    """The whole message, shortened as far as it must be; None where even that does not fit.

    Before the decision every trade is in it: nobody approves what does not stand there.
    """
    now = now or view.proposal.revision.snapshot.taken_at
    return first_fitting(lambda level: _text(view, layout, now, level), _LEVELS)


def _text(view: ProposalView, layout: str, now: datetime, brevity: int) -> str:
    proposal = view.proposal
    plan = proposal.revision.plan
    is_decided = proposal.state not in UNDECIDED
    return paragraphs(
        lines(title(view), how_real(view), paused_line(view)),
        changes(view),
        lines(
            escape(reason_sentence(plan.reason, currency_of(view))), widened(view), purpose(view)
        ),
        table(plan, layout, FEW_LINES if brevity >= _BRIEFER else SOME_LINES),
        lines(
            trade_lines(view, brevity, is_decided=is_decided),
            effect(view),
            hint(view) if not brevity else "",
            worth_lines(view),
            f"{prices_line(view, now)} · {expiry_line(proposal, now)}",
            escape(estimates_line(proposal.revision.snapshot.estimates)),
            calculated(proposal),
            buys_wait_line(view),
        ),
        standing(view, now, brief=brevity >= _BRIEF),
    )


def widened(view: ProposalView) -> str:
    """That rules for market conditions have widened the bands of this plan, or do so no more."""
    widening = view.proposal.revision.widening
    if widening is None:
        return ""
    say = plain_widened_sentence if reader().is_plain else widened_sentence
    return escape(say(widening))


def calculated(proposal: Proposal) -> str:
    """The last sentence: that it is a calculation, and, where taxes are in it, no tax advice."""
    if is_paired(proposal):
        return NO_ADVICE
    realised = proposal.revision.plan.realised
    return "Calculated from your targets." + (" Not tax advice." if realised else "")


def buys_wait(view: ProposalView) -> tuple[Trade, ...]:
    """The purchases that come later, because a broker lets nobody use money that has not settled."""
    revision = view.proposal.revision
    waiting = [
        revision.plan.in_account(each.account_id)
        for each in revision.snapshot.accounts
        if each.settlement.buys_wait
    ]
    return tuple(
        trade
        for trades in waiting
        if {trade.side for trade in trades} == set(Side)
        for trade in trades
        if trade.side is Side.BUY
    )


def buys_wait_line(view: ProposalView) -> str:
    """Before the decision: that the purchases come later."""
    if not buys_wait(view) or view.proposal.state not in UNDECIDED:
        return ""
    return (
        "⏳ <b>Sells today, buys tomorrow</b>: the money of the sales must settle first. The purchases are "
        "calculated again on the next trading day, for an approval of their own."
    )


def is_paired(proposal: Proposal) -> bool:
    """Whether a proposal sells and buys in pairs, for taxes: it knows no other directions and no aims."""
    return proposal.cause in PAIRED_CAUSES


def currency_of(view: ProposalView) -> str:
    """The currency of a proposal's portfolio."""
    return view.managed.portfolio.currency


def title(view: ProposalView) -> str:
    """The head: portfolio, proposal and version, rung."""
    proposal = view.proposal
    number = proposal_number(proposal.id, proposal.revision.number)
    return head(view.managed, f"proposal {number}", accounts=view.accounts or None)


def how_real(view: ProposalView) -> str:
    """What approving means where it is more, or less, than play money."""
    rungs = {account.rung for account in view.accounts}
    if rungs & LIVE_RUNGS:
        caps = " Made to fit the caps of this rung." if Rung.LIVE_CAPPED in rungs else ""
        return f"💵 <b>REAL MONEY</b>: approved orders are traded at the broker.{caps}"
    if view.accounts and all(map(is_dry_run, view.accounts)):
        return "Dry run: approving it sends nothing."
    return ""


def paused_line(view: ProposalView) -> str:
    """That nothing is sent, where it is so."""
    return "⏸ Paused: nothing is sent until /resume." if view.managed.portfolio.is_paused else ""


def changes(view: ProposalView, *, with_amounts: bool = True) -> str:
    """What is different from the version before: by whom, and, with amounts, which prices, which holdings."""
    revision = view.proposal.revision
    if revision.cause is RevisionCause.FIRST:
        return ""
    currency = currency_of(view)
    before = proposal_number(view.proposal.id, revision.number - 1)
    editor = next(
        (m.member.name for m in view.memberships if m.member.id == revision.created_by), None
    )
    by = f", by {shown_name(editor)}" if editor else ""
    return lines(
        f"✏ <b>Changed from {before}</b>: {REVISION_CAUSES[revision.cause]}{by}.",
        *(move_line(move, currency) for move in revision.moves if with_amounts),
        *(change_line(change, currency) for change in revision.changes if with_amounts),
        _dropped(view),
        _lapsed(view.proposal),
    )


def move_line(move: PriceMove, currency: str) -> str:
    """One price that moved: ``VTI $287.14 → $291.90``."""
    before, after = money(move.before, currency), money(move.after, currency)
    return f"{escape(move.symbol)} {before} → {after} a share"


def change_line(change: HoldingChange, currency: str) -> str:
    """One holding that changed: ``VTI 120 → 118``."""
    if change.symbol == CASH:
        return f"Cash {money(change.before, currency)} → {money(change.after, currency)}"
    return f"{escape(change.symbol)} {quantity(change.before)} → {quantity(change.after)} shares"


def _dropped(view: ProposalView) -> str:
    legs = sorted(view.proposal.revision.dropped)
    if not legs:
        return ""
    names = [f"{SIDES[side].lower()} {escape(symbol)}" for symbol, side, _ in legs]
    return f"Dropped: {listed(names)}."


def _lapsed(proposal: Proposal) -> str:
    current = proposal.revision.number
    names = dict.fromkeys(
        shown_name(decision.member_name)
        for decision in proposal.decisions
        if decision.kind is DecisionKind.APPROVE and decision.revision < current
    )
    if not names:
        return ""
    return f"Approvals of the older version ({listed(list(names))}) do not count any more."


def table(plan: Plan, layout: str, limit: int) -> str:
    """Every line now, wanted and after; of many only those that trade or are beyond their band."""
    trading = [trade.symbol for trade in plan.trades]
    shown, hidden = choose_lines(plan.before.lines, (*trading, CASH), limit)
    table_of = drift_table(shown, plan.after.weights, layout)
    return lines(table_of, " ".join(filter(None, [legend(shown, layout), left_out(hidden)])))


def trade_lines(view: ProposalView, brevity: int, *, is_decided: bool) -> str:
    """The numbered trades; once their orders stand below, a long list may be left to them."""
    trades = view.proposal.revision.plan.trades
    currency = currency_of(view)
    if is_decided and brevity >= _BRIEFEST and len(trades) > SOME_TRADES:
        return f"{count(len(trades), 'trade')} (/orders lists them)"
    if brevity >= _BRIEFEST:
        rows = [(_account_of(trade), _short_trade(trade, currency)) for trade in trades]
    else:
        rows = numbered_trades(trades, currency)
    return _set_apart(view, "\n".join(by_account(view, rows)))


def _set_apart(view: ProposalView, trades: str) -> str:
    """Trades of several accounts end with an empty line, so that what follows is not read as the last account's."""
    return trades if len(view.managed.accounts) == 1 else f"{trades}\n"


def numbered_trades(trades: Iterable[Trade], currency: str) -> list[tuple[AccountId, str]]:
    """Each trade under its number in the plan, with the account in which it is made."""
    return [
        (_account_of(trade), f"{leg}. {trade_line(trade, currency)}")
        for leg, trade in enumerate(trades, 1)
    ]


def _account_of(trade: Trade) -> AccountId:
    return AccountId(int(trade.account))


def trade_line(trade: Trade, currency: str) -> str:
    """One trade: ``Sell 11 VTI ≈ $3,158.54``."""
    shares = quantity(trade.quantity)
    return f"{SIDES[trade.side]} {shares} {escape(trade.symbol)} ≈ {money(trade.value, currency)}"


def _short_trade(trade: Trade, currency: str) -> str:
    what = f"{SIDES[trade.side]} {quantity(trade.quantity)} {escape(trade.symbol)}"
    return f"{what} {money(trade.value, currency)}"


def effect(view: ProposalView) -> str:
    """What the trades do: drift before and after, what they cost, what they realise and what that is taxed with."""
    plan = view.proposal.revision.plan
    currency = currency_of(view)
    before, after = plan.before.portfolio_drift, plan.after.portfolio_drift
    drift = f"Drift {small_drift(before)} → {small_drift(after)}"
    return lines(
        f"{drift} · cost ≈ {money(plan.cost, currency)}",
        *(escape(realised_sentence(each, currency)) for each in plan.realised),
        escape(harvest_effect(plan, currency)),
        *(f"⚠ {escape(reason_sentence(note, currency))}" for note in plan.notes),
    )


def hint(view: ProposalView) -> str:
    """While a plan that sells can be decided: the new money with which nothing need be sold."""
    plan = view.proposal.revision.plan
    cure = plan.cure if plan.sells else None
    if view.proposal.state is not ProposalState.OPEN or cure is None or not cure.deposit:
        return ""
    return escape(cure_sentence(cure, currency_of(view)))


def prices_line(view: ProposalView, now: datetime) -> str:
    """The time of the oldest price."""
    return f"Prices {clock_time(view.proposal.revision.snapshot.prices_at, now)}"


def expiry_line(proposal: Proposal, now: datetime) -> str:
    """Until when it can be decided."""
    return f"open to {clock_time(proposal.expires_at, now)}"
