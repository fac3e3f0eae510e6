"""Money to be taken out: what a plan raises, what is set aside until it is out, and the buttons for it."""

from __future__ import annotations

from decimal import Decimal

from bot.telegram.html import shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import lines
from bot.words.by_hand import is_by_hand
from bot.words.numbers import money
from bot.words.reader import reader
from bot.words.times import date_of
from core.application.show_proposal import ProposalView, why_ended
from core.domain.earmark import RAISED, Earmark
from core.domain.money import ZERO
from core.domain.plan import ReasonCode
from core.domain.portfolio import ManagedPortfolio, Rung
from core.domain.proposal import UNDECIDED, Cause
from core.domain.report import WhyEnded
from core.domain.tax_treatment import TaxTreatment


def is_withdrawal(view: ProposalView) -> bool:
    """Whether a proposal was made to raise money."""
    return view.proposal.cause is Cause.WITHDRAWAL


MUCH_MORE = Decimal("1.05")
"""From so many times what is missing, a plan that sells more than that says why."""


def purpose(view: ProposalView) -> str:
    """Under the reason of a plan: what its weights are of, and why it sells more than is missing."""
    plan, aside = view.proposal.revision.plan, view.proposal.revision.snapshot.set_aside
    if not aside:
        return ""
    if plan.reason.code is not ReasonCode.WITHDRAWAL:
        amount = money(aside, view.managed.portfolio.currency)
        return f"{_shares()} are of what remains without the {amount} set aside."
    sold = sum((trade.value for trade in plan.sells), ZERO)
    is_more = sold > plan.reason.values["missing"] * MUCH_MORE
    return lines(
        f"{_shares()} are of what remains then.",
        "It sells more, to keep what remains near its targets." if is_more else "",
        *_taxed_on_the_way(view),
    )


def _shares() -> str:
    return "The parts" if reader().is_plain else "Weights"


def _taxed_on_the_way(view: ProposalView) -> list[str]:
    """That money out of a tax-deferred account is taxed, which no plan counts."""
    aside = {each.account_id for each in view.proposal.revision.snapshot.accounts if each.set_aside}
    return [
        f"What leaves {shown_name(account.name)} may be taxed as income; that is not counted here."
        for account in view.managed.accounts
        if account.id in aside and account.tax_treatment is TaxTreatment.TAX_DEFERRED
    ]


def worth_lines(view: ProposalView) -> str:
    """What the portfolio is worth, how much of it is cash, and how much of that is to be taken out."""
    snapshot, plan = view.proposal.revision.snapshot, view.proposal.revision.plan
    currency = view.managed.portfolio.currency
    aside = snapshot.set_aside
    value = money(plan.before.total + aside, currency)
    line = f"Value {value} · cash {money(snapshot.holdings.cash, currency)}"
    if not aside:
        return line
    short = -plan.after.cash if plan.after.cash < ZERO else ZERO
    is_short = bool(short) and view.proposal.state in UNDECIDED
    return lines(
        line,
        f"⚠ It raises {money(aside - short, currency)} of it: limits or edits allow no more."
        if is_short
        else "",
    )


def set_aside_line(amount: Decimal, earmark: Earmark, currency: str) -> str:
    """In a status: what waits to be taken out, and until when."""
    return (
        f"Set aside to be taken out: {money(amount, currency)}, until {date_of(earmark.lapses_on)}"
    )


def raised_text(view: ProposalView) -> str:
    """In a report: how much of the money is there now, and what is to be done with it."""
    if not is_withdrawal(view):
        return ""
    asked = view.proposal.revision.snapshot.set_aside
    currency = view.managed.portfolio.currency
    if why_ended(view.proposal) is WhyEnded.MONEY_IS_THERE:
        return f"💵 {money(asked, currency)} is there, to be taken out: /status."
    earmark = view.earmark
    if earmark is None or view.proposal.state not in RAISED:
        return f"{money(asked, currency)} was not raised: /withdraw asks again."
    some = f" of the {money(asked, currency)}" if earmark.amount < asked else ""
    return lines(
        f"💵 {money(earmark.amount, currency)}{some} is there, to be taken out.",
        kept_words(view.managed, earmark),
    )


def kept_words(managed: ManagedPortfolio, earmark: Earmark) -> str:
    """Until when the money is left alone, and who moves it."""
    kept = f"No plan invests it until {date_of(earmark.lapses_on)}."
    if _is_play_money(managed, earmark):
        return kept
    return f"{kept} Move it out at the broker, then tap “It is out”."


def aside_buttons(managed: ManagedPortfolio, earmark: Earmark) -> tuple[Button, ...]:
    """[Take it out], or that it is out; and that it stays invested."""
    out = "💵 Take it out" if _is_play_money(managed, earmark) else "✔ It is out"
    portfolio_id = managed.portfolio.id
    return (
        tap(out, "wd_out", portfolio_id, earmark.id),
        tap("↩ Keep it invested", "wd_keep", portfolio_id, earmark.id),
    )


def raised_buttons(view: ProposalView) -> tuple[Button, ...]:
    """The same under a report."""
    if view.earmark is None or not is_withdrawal(view) or view.proposal.state not in RAISED:
        return ()
    return aside_buttons(view.managed, view.earmark)


def aside_screen(managed: ManagedPortfolio, earmark: Earmark) -> Screen:
    """The money was there already: it is set aside."""
    amount = money(earmark.amount, managed.portfolio.currency)
    text = lines(f"Nothing need be sold: {amount} is there in cash.", kept_words(managed, earmark))
    return Screen(text, (aside_buttons(managed, earmark),))


def _is_play_money(managed: ManagedPortfolio, earmark: Earmark) -> bool:
    account = managed.part(earmark.account_id).account
    return account.rung is Rung.SIMULATED and not is_by_hand(account)
