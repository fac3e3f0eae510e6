"""The status: weights against targets as a table and a picture, and all that stands around them."""

from __future__ import annotations

from decimal import Decimal

from bot.charts import allocation_chart
from bot.telegram.html import CAPTION_LIMIT, TEXT_LIMIT, bold, code, escape, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import (
    SOME_LINES,
    capped,
    choose_lines,
    drift_table,
    first_fitting,
    head,
    left_out,
    legend,
    lines,
    paragraphs,
)
from bot.telegram.views.plain_parts import why_buttons
from bot.telegram.views.plain_status import plain_status_text
from bot.telegram.views.standing import held_line, hold_buttons, which_account
from bot.telegram.views.targets import EXAMPLE
from bot.telegram.views.withdrawals import aside_buttons, set_aside_line
from bot.words.by_hand import accounts_label, estimates_line, is_by_hand
from bot.words.changes import waiting_line
from bot.words.labels import (
    CHECK_OUTCOMES,
    PROPOSAL_STATES,
    proposal_number,
    source_label,
)
from bot.words.numbers import count, listed, money, quantity, round_money, small_drift
from bot.words.reader import reader
from bot.words.refusals import refusal_sentence
from bot.words.times import age, clock_time, day
from core.application.show_status import Status
from core.domain.drift import DriftReport, OutsideLine
from core.domain.hold import Hold
from core.domain.instrument import CASH
from core.domain.permissions import Act, may
from core.domain.portfolio import Holdings, ManagedAccount, Rung
from core.domain.proposal import UNDECIDED, Proposal, ProposalState
from core.domain.refusals import EmptyAccount, NoTargets

EXAMPLE_DEPOSIT = "/deposit 10000"
DEPOSITS = (1_000, 10_000)
_AT_WORK = frozenset({ProposalState.EXECUTING, ProposalState.FROZEN})
"""Its purchases may hold money back, which a broker then no longer counts as cash."""

_FEW_LINES = 8
_MANY_LINES = 50
_OUTSIDE_SHOWN = 5


def status_screen(status: Status, *, layout: str = "table", dark: bool = False) -> Screen:
    """A portfolio at a glance; without prices or targets, what is missing and how to mend it."""
    drift = status.drift
    if drift is None:
        return Screen(_without_drift(status), _buttons(status))
    chart = allocation_chart(
        drift,
        title=status.managed.portfolio.name,
        subtitle=_subtitle(status, drift),
        dark=dark,
    )
    return Screen(status_text(status, drift, layout), _buttons(status), chart)


def status_in_words(status: Status, *, layout: str) -> Screen:
    """The same without its picture, for a message that shows none."""
    drift = status.drift
    text = _without_drift(status) if drift is None else status_text(status, drift, layout)
    return Screen(text, _buttons(status))


def status_text(status: Status, drift: DriftReport, layout: str) -> str:
    """The text beside the picture: complete by itself; as a caption where it can be short enough."""
    if reader().is_plain:
        return plain_status_text(status, drift)
    sizes = (_MANY_LINES, SOME_LINES, _FEW_LINES)
    caption = first_fitting(
        lambda level: _text(status, drift, layout, sizes[level]),
        (0,) if len(drift.lines) <= SOME_LINES else (0, 1),
        CAPTION_LIMIT,
    )
    if caption is not None:
        return caption
    text = first_fitting(lambda level: _text(status, drift, layout, sizes[level]), (0, 1, 2))
    return text or _text(status, drift, layout, 1)


def _text(status: Status, drift: DriftReport, layout: str, limit: int) -> str:
    shown, hidden = choose_lines(drift.lines, (CASH,), limit)
    notes = " ".join(filter(None, [legend(shown, layout), left_out(hidden)]))
    return paragraphs(
        lines(head(status.managed), paused_line(status), _held(status)),
        lines(drift_table(shown, None, layout) if shown else "", notes),
        lines(
            _value(status, drift),
            *_by_account(status),
            _set_aside(status),
            drift_line(drift),
            *_outside(status, drift),
        ),
        lines(
            prices_age(status),
            escape(estimates_line(status.estimates)),
            _unsettled(status),
            last_check_line(status),
            exchange_line(status),
            *proposal_lines(status),
            waiting_line(status.changes),
        ),
    )


def _unsettled(status: Status) -> str:
    """What may not be sold yet, and why."""
    if not status.unsettled:
        return ""
    names = escape(listed(sorted(status.unsettled)))
    return f"Not sold before the next trading day: {names} (bought with money that has not settled)"


def _subtitle(status: Status, drift: DriftReport) -> str:
    when = status.prices_at or status.market_now
    return " · ".join(
        [
            accounts_label(status.managed.accounts),
            money(drift.total + status.set_aside, status.managed.portfolio.currency),
            f"{day(when)}, {clock_time(when, when)}",
        ]
    )


def paused_line(status: Status) -> str:
    """That nothing is sent, where it is so."""
    return "⏸ Paused: nothing is sent until /resume." if status.managed.portfolio.is_paused else ""


def _held(status: Status) -> str:
    return lines(*(held_line(each, holds) for each, holds in _held_accounts(status)))


def _held_accounts(status: Status) -> list[tuple[ManagedAccount, list[Hold]]]:
    """The accounts that are held, each with why."""
    found = [
        (each, [hold for hold in status.holds if hold.account_id == each.account.id])
        for each in status.managed.parts
    ]
    return [(each, holds) for each, holds in found if holds]


def _value(status: Status, drift: DriftReport) -> str:
    currency = status.managed.portfolio.currency
    value = f"Value {money(drift.total + status.set_aside, currency)}"
    if status.holdings is None:
        return value
    return f"{value} · cash {_cash_words(status.holdings, currency)}"


def _by_account(status: Status) -> list[str]:
    """What each account is worth, and its cash, where there are several."""
    if len(status.accounts) < 2:  # noqa: PLR2004 - the only one is the portfolio
        return []
    currency = status.managed.portfolio.currency
    return [
        f"{shown_name(each.account.name)}: "
        + _worth(each.value, currency, is_priced=status.drift is not None)
        + f"cash {_cash_words(each.holdings, currency)}"
        for each in status.accounts
    ]


def _worth(value: Decimal | None, currency: str, *, is_priced: bool) -> str:
    """An account's value, or that a price for it is missing; nothing where there are no prices at all."""
    if value is not None:
        return f"{money(value, currency)}, "
    return "value unknown (a price is missing), " if is_priced else ""


def _cash_words(holdings: Holdings, currency: str) -> str:
    """All of the cash, and how much of it open purchases hold back."""
    whole = money(holdings.with_bound.cash, currency)
    if not holdings.bound:
        return whole
    return f"{whole}, of it {money(holdings.bound, currency)} in open purchases"


def _set_aside(status: Status) -> str:
    currency = status.managed.portfolio.currency
    rows = [set_aside_line(kept, mark, currency) for mark, kept in status.aside if kept]
    return f"{'. '.join(rows)}. Weights are of the rest." if rows else ""


def drift_line(drift: DriftReport) -> str:
    """How far the portfolio is from its targets, and which lines are beyond their bands."""
    return f"Drift {small_drift(drift.portfolio_drift)}: {_verdict(drift)}"


def _verdict(drift: DriftReport) -> str:
    breached = [escape(line.symbol) for line in drift.breached]
    if not breached:
        return "every line is inside its band"
    if len(breached) > _FEW_LINES:
        return f"{count(len(breached), 'line')} are beyond their bands"
    one_or_more = "is beyond its band" if len(breached) == 1 else "are beyond their bands"
    return f"{listed(breached)} {one_or_more}"


def _outside(status: Status, drift: DriftReport) -> list[str]:
    if not drift.outside:
        return []
    currency = status.managed.portfolio.currency
    rows = [_outside_line(line, currency) for line in drift.outside[:_OUTSIDE_SHOWN]]
    more = len(drift.outside) - len(rows)
    rest = [f"{more} more"] if more else []
    return [f"Not counted (no target): {', '.join(rows + rest)}"]


def _outside_line(line: OutsideLine, currency: str) -> str:
    words = f"{escape(line.symbol)} {quantity(line.quantity)}"
    return words if line.value is None else f"{words} ({money(line.value, currency)})"


def prices_age(status: Status) -> str:
    """From when and where the prices are."""
    source = escape(source_label(status.source))
    if status.prices_at is None:
        return f"Prices from {source}"
    old = age(status.market_now - status.prices_at)
    when = clock_time(status.prices_at, status.market_now)
    return f"Prices {when} ({old} old), from {source}"


def last_check_line(status: Status) -> str:
    """What the last check came to."""
    record = status.last_check
    if record is None or record.outcome not in CHECK_OUTCOMES:
        return ""
    when = clock_time(record.check.due_at, status.market_now)
    return f"Last check {when}: {CHECK_OUTCOMES[record.outcome]}"


def exchange_line(status: Status) -> str:
    """Whether the exchange is open, and when the next check is."""
    state = "The exchange is open." if status.is_open else "The exchange is closed."
    if status.next_check_at is None:
        return state
    if status.next_check_at <= status.market_now:
        return f"{state} A check is due."
    return f"{state} Next check {clock_time(status.next_check_at, status.market_now)}."


def proposal_lines(status: Status) -> list[str]:
    """Each proposal that has not ended."""
    return [_proposal_line(proposal, status) for proposal in status.open_proposals]


def _proposal_line(proposal: Proposal, status: Status) -> str:
    number = proposal_number(proposal.id, proposal.revision.number)
    state = PROPOSAL_STATES[proposal.state]
    is_counted = status.holdings is not None and status.holdings.bound
    if proposal.state in _AT_WORK and not is_counted:
        return f"Proposal {number}: {state}; what its orders still hold back is not counted above"
    if proposal.state not in UNDECIDED or proposal.state is ProposalState.APPROVED:
        return f"Proposal {number}: {state}"
    return f"Proposal {number}: {state}, to {clock_time(proposal.expires_at, status.market_now)}"


def _without_drift(status: Status) -> str:
    trouble = status.refusal
    if isinstance(trouble, NoTargets):
        body = lines(
            _cash(status),
            "No targets yet, so there is nothing to hold the portfolio against.",
            f"For example: {code(EXAMPLE)}",
        )
    elif isinstance(trouble, EmptyAccount):
        body = lines(
            "The account is empty.",
            _how_money_comes(status),
            _targets(status),
        )
    else:
        why = escape(refusal_sentence(trouble)) if trouble else "It is not known why."
        body = lines(
            "⚠ <b>What is where cannot be told now.</b>"
            if reader().is_plain
            else "⚠ <b>No weights can be shown now.</b>",
            capped(why.splitlines(), TEXT_LIMIT // 2, "more"),
            _cash(status),
            *_positions(status),
        )
    return paragraphs(
        lines(head(status.managed), paused_line(status), _held(status)),
        body,
        lines(exchange_line(status), *proposal_lines(status), waiting_line(status.changes)),
    )


def _how_money_comes(status: Status) -> str:
    """How an empty account gets its first money; where people type what it holds, a button says so."""
    if _has_play_money(status):
        return f"To put money in: {code(EXAMPLE_DEPOSIT)}"
    if all(map(is_by_hand, status.managed.accounts)):
        return ""
    return "Money that comes to the broker is seen by the next check."


def _cash(status: Status) -> str:
    if status.holdings is None:
        return ""
    return f"Cash {_cash_words(status.holdings, status.managed.portfolio.currency)}"


def _positions(status: Status) -> list[str]:
    if status.holdings is None or not status.holdings.positions:
        return []
    held = [f"{escape(s)} {quantity(n)}" for s, n in sorted(status.holdings.positions.items())]
    return [capped([f"Holds {', '.join(held)}"], TEXT_LIMIT // 4, "positions")]


def _targets(status: Status) -> str:
    targets = status.managed.targets
    if targets is None:
        return ""
    return f"{bold('Targets')}: {count(len(targets.lines), 'line')} (/targets shows them)"


def _buttons(status: Status) -> tuple[tuple[Button, ...], ...]:
    rows: list[tuple[Button, ...]] = [
        (tap(f"Show proposal {proposal.id}", "show", proposal.id),)
        for proposal in status.open_proposals[:3]
    ]
    if may(status.role, Act.RELEASE_HOLD):
        for each, holds in _held_accounts(status):
            rows += hold_buttons(each, holds)[:-1]
            rows.append((tap(f"🔎 Check {_called(each)}again", "ho_check", *which_account(each)),))
    if may(status.role, Act.SAY_TAKEN_OUT):
        rows += [aside_buttons(status.managed, mark) for mark, kept in status.aside if kept]
    rows += [row for row in (_mending_buttons(status),) if row]
    if reader().is_plain and status.drift is not None:
        asked = [line.symbol for line in status.drift.lines]
        rows += why_buttons(status.managed.portfolio.id, asked)
    if status.managed.portfolio.is_paused and may(status.role, Act.RESUME):
        rows.append((tap("▶️ Resume", "resume", status.managed.portfolio.id),))
    return tuple(rows)


def _called(managed: ManagedAccount) -> str:
    return "" if managed.is_only else f"{managed.account.name} "


def _may_deposit(status: Status) -> bool:
    return _has_play_money(status) and may(status.role, Act.MOVE_CASH)


def _has_play_money(status: Status) -> bool:
    """Whether money can be put in from here."""
    return any(each.rung is Rung.SIMULATED for each in status.managed.accounts)


def _mending_buttons(status: Status) -> tuple[Button, ...]:
    portfolio = status.managed.portfolio.id
    if isinstance(status.refusal, NoTargets):
        is_owner = may(status.role, Act.CHANGE_TARGETS)
        return (tap("🎯 Choose targets", "setup", portfolio),) if is_owner else ()
    is_empty = isinstance(status.refusal, EmptyAccount)
    if is_empty and all(map(is_by_hand, status.managed.accounts)):
        return (tap("✏️ Type what it holds", "bk_show", portfolio),)
    if is_empty and _may_deposit(status):
        currency = status.managed.portfolio.currency
        return tuple(
            tap(f"Deposit {round_money(Decimal(amount), currency)}", "deposit", amount, portfolio)
            for amount in DEPOSITS
        )
    buttons = [tap("🔄 Refresh", "status", portfolio)]
    if may(status.role, Act.ASK_FOR_PLAN) and not is_empty:
        buttons.append(tap("⚖️ Check now", "rebalance", portfolio))
    return tuple(buttons)
