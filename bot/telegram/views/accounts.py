"""Accounts: where the money is, how real it is, and the steps up and down the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.telegram.html import bold, code, escape, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import head, lines, paragraphs
from bot.telegram.views.proposal_text import title
from bot.telegram.views.standing import held_line, hold_buttons, which_account
from bot.words.by_hand import account_label, account_meaning, is_by_hand
from bot.words.changes import waiting_line
from bot.words.holds import goes_on
from bot.words.labels import capital, rung_label, source_label
from bot.words.ladder import (
    LOSSES,
    REINS,
    caps_line,
    is_up,
    place_line,
    rung_news,
    what_changes,
)
from bot.words.numbers import money
from bot.words.refusals import refusal_sentence
from core.application.add_account import MOST_ACCOUNTS
from core.application.change_rung import RungCause
from core.application.climb_ladder import PATIENCE, TRIES, Climb, Ladder
from core.application.show_proposal import ProposalView
from core.domain.change import PendingChange
from core.domain.ladder import DRY_RUNS_NEEDED, LIVE_RUNGS, Barrier, TradingMode, next_rung
from core.domain.permissions import Act, may
from core.domain.portfolio import Account, ManagedAccount, Rung, TaxTreatment
from core.domain.refusals import MayNotTrade

TAX = {
    TaxTreatment.TAXABLE: "gains are taxed",
    TaxTreatment.TAX_DEFERRED: "taxed when money is taken out",
    TaxTreatment.TAX_FREE: "gains are free of tax",
}

_TO_CONFIRM = frozenset(
    {
        Barrier.NOT_CONFIRMED,
        Barrier.CONFIRMED_OTHER_ACCOUNT,
        Barrier.CONFIRMED_OTHER_RUNG,
        Barrier.CONFIRMATION_OLD,
        Barrier.CONFIRMER_GONE,
    }
)
"""What an owner mends by confirming the same rung anew."""

Row = tuple[Button, ...]


def accounts_screen(ladders: Sequence[Ladder], changes: Sequence[PendingChange] = ()) -> Screen:
    """The accounts with their rungs, what stands in the way, and for owners the ways up and down.

    ``changes`` are those of the portfolio that wait.
    """
    portfolio = ladders[0].managed.portfolio
    text = paragraphs(
        f"{bold(shown_name(portfolio.name))} keeps its money in:",
        *(block for ladder in ladders for block in _blocks(ladder)),
        waiting_line(changes),
        _how_to_add(ladders),
    )
    return Screen(text, tuple(row for ladder in ladders for row in _rows(ladder)))


def _how_to_add(ladders: Sequence[Ladder]) -> str:
    """For owners: that other accounts can stand under the same targets."""
    if not may(ladders[0].role, Act.ADD_ACCOUNT) or len(ladders) >= MOST_ACCOUNTS:
        return ""
    return lines(
        "Another account under the same targets, for example:",
        code("/accounts add IRA tax_deferred 20000"),
        code("/accounts add Broker by hand taxable"),
        "No money moves between accounts; each order goes to its own broker.",
    )


def added_screen(added: ManagedAccount, cash: Decimal) -> Screen:
    """An account was added, with so much cash."""
    name = shown_name(added.account.name)
    is_hand = is_by_hand(added.account)
    text = paragraphs(
        f"✅ {bold(name)} stands under the targets of {shown_name(added.portfolio.name)} now: "
        f"{TAX[added.account.tax_treatment]}.",
        f"It starts with {money(cash, added.account.currency)} in cash." if cash else "",
        f"Say what it holds: {code(f'/holdings VTI 112 #{added.slug}')}"
        if is_hand
        else f"{'More' if cash else 'Cash'} goes in with {code(f'/deposit 1000 #{added.slug}')}.",
        "Proposals that were open are replaced; the next check looks at all accounts together.",
    )
    number = added.portfolio.id
    return Screen(
        text, ((tap("📊 Status", "status", number), tap("⚖️ Check now", "rebalance", number)),)
    )


def _blocks(ladder: Ladder) -> tuple[str, ...]:
    return (
        lines(
            _account(ladder.managed.account, is_by_hand=ladder.is_by_hand),
            "" if ladder.is_by_hand else _standing(ladder),
        ),
        _held(ladder),
    )


def _account(account: Account, *, is_by_hand: bool) -> str:
    return lines(
        f"{bold(shown_name(account.name))} · {bold(account_label(account))}",
        f"{account_meaning(account)}, in {account.currency}",
        "you type what it holds (/holdings), and place the orders yourself"
        if is_by_hand
        else _where(account),
        f"tax: {TAX[account.tax_treatment]}",
    )


def _where(account: Account) -> str:
    """The broker, where the line above does not name it."""
    is_built_in = account.rung is Rung.SIMULATED
    return "" if is_built_in else f"held at {shown_name(source_label(account.broker))}"


def _held(ladder: Ladder) -> str:
    """Why nothing is sent for the account at all, and what ends that."""
    if not ladder.holds:
        return ""
    ends = dict.fromkeys(goes_on(hold.reason) for hold in ladder.holds)
    return lines(held_line(ladder.managed, ladder.holds), *(escape(words) for words in ends))


def _standing(ladder: Ladder) -> str:
    account = ladder.managed.account
    caps = caps_line(account.rung, ladder.limits, account.currency)
    barrier = ladder.barrier
    return lines(
        f"{escape(place_line(account.rung))}.",
        f"{capital(caps)}." if caps else "",
        _confirmed(ladder),
        f"⛔ {escape(refusal_sentence(MayNotTrade(barrier, account.rung)))}" if barrier else "",
        _above(ladder),
    )


def _confirmed(ladder: Ladder) -> str:
    given = ladder.confirmation
    return f"Confirmed by an owner on {given.confirmed_at:%d %b %Y}." if given else ""


def _above(ladder: Ladder) -> str:
    """What the next rung takes."""
    rung = ladder.managed.account.rung
    above = next_rung(rung)
    if above is None:
        return ""
    if ladder.mode is not TradingMode.LIVE:
        return f"Next would be {rung_label(above)}; this installation is set to paper."
    if rung is Rung.DRY_RUN:
        done = f"dry runs done: {ladder.dry_runs}, needed: {DRY_RUNS_NEEDED}"
        return f"Next: {rung_label(above)} ({done})."
    if ladder.managed.portfolio.is_paused:
        return f"Next: {rung_label(above)}, after /resume."
    return f"Next: {rung_label(above)}."


def _rows(ladder: Ladder) -> tuple[Row, ...]:
    if not may(ladder.role, Act.RAISE_RUNG) or ladder.is_by_hand:
        return ()
    managed, rung = ladder.managed, ladder.managed.account.rung
    portfolio_id, *account = which_account(managed)
    called = "" if managed.is_only else f"{managed.account.name}: "
    above = next_rung(rung)
    rows: list[Row] = list(hold_buttons(managed, ladder.holds)) if ladder.holds else []
    if above is not None and _can_climb(ladder):
        label = f"⬆ {called}One rung up: {rung_label(above)}"
        rows.append((tap(label, "rung_up", portfolio_id, above.value, *account),))
    if rung in LIVE_RUNGS and ladder.barrier in _TO_CONFIRM:
        rows.append(
            (tap(f"✍ {called}Confirm anew", "rung_up", portfolio_id, rung.value, *account),)
        )
    if rung in LIVE_RUNGS:
        rows.append((tap(f"⬇ {called}Down to dry run", "rung_down", portfolio_id, *account),))
    return tuple(rows)


def _can_climb(ladder: Ladder) -> bool:
    """Whether nothing that is said above the buttons stands in the way of the next rung."""
    portfolio, account = ladder.managed.portfolio, ladder.managed.account
    has_run = account.rung is not Rung.DRY_RUN or ladder.dry_runs >= DRY_RUNS_NEEDED
    is_free = not portfolio.is_paused and not ladder.holds
    return ladder.mode is TradingMode.LIVE and has_run and is_free


def climb_question(climb: Climb) -> Screen:
    """What a step up changes, and the question for the end of the account number."""
    account = climb.managed.account
    minutes = int(PATIENCE.total_seconds() // 60)
    text = paragraphs(
        lines(head(climb.managed, "real money"), f"The step: {_step(account.rung, climb.rung)}"),
        escape(what_changes(climb.rung, climb.limits, account.currency)),
        escape(LOSSES),
        escape(REINS),
        f"{bold('To confirm, type the last four digits of the account number')} that "
        f"{shown_name(source_label(account.broker))} shows for this account. You have {minutes} "
        f"minutes and {TRIES} tries; /cancel leaves everything as it is.",
    )
    return Screen(text)


def _named(managed: ManagedAccount) -> str:
    """A portfolio by its name; an account of several by both."""
    name = shown_name(managed.portfolio.name)
    return bold(name if managed.is_only else f"{name} · {shown_name(managed.account.name)}")


def _step(before: Rung, rung: Rung) -> str:
    if before is rung:
        return f"{bold(rung_label(rung))}, confirmed anew."
    return f"{bold(rung_label(before))} → {bold(rung_label(rung))}."


def climbed_screen(climb: Climb) -> Screen:
    """The account is on its new rung."""
    portfolio_id = climb.managed.portfolio.id
    account = climb.managed.account
    text = paragraphs(
        f"✅ {_named(climb.managed)} is {bold(rung_label(climb.rung))} now: "
        "what is approved from now on is traded with real money.",
        escape(f"{capital(caps_line(climb.rung, climb.limits, account.currency))}."),
        "Proposals that were open are replaced; the next check makes a new one. Everybody who may "
        "approve has been told.",
    )
    row = (tap("⚖️ Check now", "rebalance", portfolio_id), tap("⏸ Pause", "pause", portfolio_id))
    return Screen(text, (row,))


def down_screen(before: ManagedAccount) -> Screen:
    """The account is a dry run again."""
    text = paragraphs(
        f"{_named(before)} is a {bold(rung_label(Rung.DRY_RUN))} now: no "
        "further order is sent. What the broker already has may still be filled.",
        "To go up again, an owner confirms anew: /accounts",
    )
    return Screen(text)


def barred_notice(view: ProposalView, account: Account, reason: str) -> Screen:
    """Why no order of an approved plan was sent: an account may not trade."""
    why = refusal_sentence(MayNotTrade(reason, account.rung))
    text = paragraphs(
        title(view),
        f"⛔ <b>No order was sent</b>, and the approval has ended. {escape(why)}",
        "Your money and holdings are as they were.",
    )
    return Screen(text, ((tap("🏦 Accounts", "accounts", view.managed.portfolio.id),),))


def rung_changed(
    managed: ManagedAccount, before: Rung, rung: Rung, cause: RungCause, name: str
) -> Screen:
    """A notice that an account is more, or less, real than before."""
    mark = "⚠" if is_up(before, rung) else "⬇"
    news = escape(rung_news(before, rung, cause, name))
    is_live = rung in LIVE_RUNGS
    text = paragraphs(
        head(managed, "how real it is"),
        f"{mark} <b>{news}</b>",
        "What is approved from now on is traded with real money. If that is not right: /pause stops "
        "everything at once, and an owner takes the account down in /accounts."
        if is_live
        else "No further order is sent. Proposals that were open are replaced.",
    )
    portfolio_id = managed.portfolio.id
    accounts = tap("🏦 Accounts", "accounts", portfolio_id)
    row = (tap("⏸ Pause", "pause", portfolio_id), accounts) if is_live else (accounts,)
    return Screen(text, (row,))
