"""The status in plain words: what it is worth, what was wanted, what is there, and what becomes of it."""

from __future__ import annotations

from bot.telegram.html import CAPTION_LIMIT, bold, escape
from bot.telegram.views.parts import SOME_LINES, first_fitting, head, lines, paragraphs
from bot.telegram.views.plain_parts import parts_now
from bot.words.changes import waiting_line
from bot.words.holds import HOLD_REASONS
from bot.words.labels import CHECK_OUTCOMES, PROPOSAL_STATES, proposal_number
from bot.words.numbers import listed, money
from bot.words.plain_words import two_sentences
from bot.words.times import clock_time
from core.application.show_status import Status
from core.domain.drift import DriftReport
from core.domain.money import ZERO
from core.domain.proposal import Proposal, ProposalState

_OUTSIDE_SHOWN = 5
_SIZES = (SOME_LINES, 8, 4)


def plain_status_text(status: Status, drift: DriftReport) -> str:
    """The text beside the picture, as a caption where it is short enough."""
    levels = range(len(_SIZES))
    caption = first_fitting(
        lambda level: _text(status, drift, _SIZES[level]), levels, CAPTION_LIMIT
    )
    return caption or _text(status, drift, _SIZES[-1])


def _text(status: Status, drift: DriftReport, limit: int) -> str:
    currency = status.managed.portfolio.currency
    return paragraphs(
        lines(head(status.managed), *stands_against(status)),
        lines(
            f"It is worth {bold(money(drift.total + status.set_aside, currency))}.", _aside(status)
        ),
        parts_now(drift.lines, currency, limit),
        escape(two_sentences(drift, currency)),
        lines(
            _outside(drift),
            _prices(status),
            what_comes(status),
            *proposals_in_words(status),
            waiting_line(status.changes),
        ),
    )


def stands_against(status: Status) -> list[str]:
    """That nothing is traded, where it is so, and why."""
    why = listed(list(dict.fromkeys(HOLD_REASONS[hold.reason] for hold in status.holds)))
    return [
        "⏸ Paused: nothing is bought or sold until /resume."
        if status.managed.portfolio.is_paused
        else "",
        f"⛔ Nothing is bought or sold: {escape(why)}." if why else "",
    ]


def _aside(status: Status) -> str:
    if status.set_aside <= ZERO:
        return ""
    amount = money(status.set_aside, status.managed.portfolio.currency)
    return f"{amount} of it waits to be taken out, and is not counted below."


def _outside(drift: DriftReport) -> str:
    shown = [escape(line.symbol) for line in drift.outside[:_OUTSIDE_SHOWN]]
    more = len(drift.outside) - len(shown)
    names = listed([*shown, f"{more} more"] if more else shown)
    return f"Not part of the plan, and not counted: {names}." if names else ""


def _prices(status: Status) -> str:
    if status.prices_at is None:
        return ""
    return f"Prices from {clock_time(status.prices_at, status.market_now)}."


def what_comes(status: Status) -> str:
    """What the last look came to, and when the next one is."""
    record = status.last_check
    last = ""
    if record is not None and record.outcome in CHECK_OUTCOMES:
        when = clock_time(record.check.due_at, status.market_now)
        last = f"Last looked {when}: {CHECK_OUTCOMES[record.outcome]}."
    if status.next_check_at is None or status.next_check_at <= status.market_now:
        return last
    return lines(last, f"I look again {clock_time(status.next_check_at, status.market_now)}.")


def proposals_in_words(status: Status) -> list[str]:
    """Each plan that has not ended."""
    return [_proposal(proposal, status) for proposal in status.open_proposals]


def _proposal(proposal: Proposal, status: Status) -> str:
    number = proposal_number(proposal.id, proposal.revision.number)
    if proposal.state is ProposalState.OPEN:
        until = clock_time(proposal.expires_at, status.market_now)
        return f"Proposal {number} waits for a yes or no until {until}."
    return f"Proposal {number}: {PROPOSAL_STATES[proposal.state]}."
