"""The pinned message: that the bot is alive, what the last check came to, and when it looks again.

Everybody in the chat can see it at any time, so it names no amount of money; and as it may be read days later, every
time in it has its date.
"""

from __future__ import annotations

from bot.telegram.html import escape
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.notices import CHECK_TROUBLES
from bot.telegram.views.parts import head, lines
from bot.words.holds import HOLD_REASONS
from bot.words.labels import CHECK_OUTCOMES, PROPOSAL_STATES, proposal_number
from bot.words.numbers import listed, small_drift
from bot.words.plain_words import out_of_place
from bot.words.reader import reader
from bot.words.times import clock_time
from core.application.keep_pinned import Board
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState

_S = ProposalState
FAREWELL = (
    "No longer kept up to date here. /status shows how things are, /alerts what is told where."
)


def pinned_screen(board: Board) -> Screen:
    """What stands in the pinned message now."""
    managed = board.managed
    text = lines(
        head(managed, _in_short(board)),
        _checked(board),
        _drift(board),
        *map(_proposal, board.proposals),
        _stands_against(board),
        _next(board),
    )
    return Screen(text, _buttons(board))


def farewell_screen(managed: ManagedPortfolio) -> Screen:
    """What is left of one that is no longer kept up."""
    return Screen(lines(head(managed), FAREWELL))


_SHORT = {
    "on_target": "on target",
    "nothing_helps": "off target",
    "refused": "not checked",
    "cooling_down": "quiet",
    "held_off": "held off",
}


def _in_short(board: Board) -> str:
    """How it stands in two or three words: all that the bar over the chat has room for."""
    if board.managed.portfolio.is_paused:
        return "paused"
    if board.holds:
        return "held"
    if board.proposals:
        latest = board.proposals[-1]
        number = proposal_number(latest.id, latest.revision.number)
        return f"proposal {number} {PROPOSAL_STATES[latest.state]}"
    return _SHORT.get((board.last.outcome if board.last else None) or "", "watched")


def _checked(board: Board) -> str:
    if board.checked_at is None or board.last is None:
        return "Not checked yet."
    done = "⚠ Not checked" if board.last.outcome == "refused" else "✓ Checked"
    return f"{done} {clock_time(board.checked_at)}: {_outcome(board)}"


def _outcome(board: Board) -> str:
    outcome = (board.last.outcome if board.last else None) or ""
    if outcome == "refused":
        return escape(CHECK_TROUBLES.get(board.refusal, CHECK_OUTCOMES[outcome]))
    return escape(CHECK_OUTCOMES.get(outcome, "done"))


def _drift(board: Board) -> str:
    if board.drift is None:
        return ""
    if reader().is_plain:
        return out_of_place(board.drift, board.managed.portfolio.currency)
    return f"Drift {small_drift(board.drift)} points"


def _proposal(proposal: Proposal) -> str:
    number = proposal_number(proposal.id, proposal.revision.number)
    match proposal.state:
        case _S.OPEN:
            until = clock_time(proposal.expires_at)
            return f"⚖️ Proposal {number} waits for a decision until {until}"
        case _S.SCHEDULED if proposal.scheduled_for is not None:
            return f"⚖️ Proposal {number} is approved: orders go out {clock_time(proposal.scheduled_for)}"
        case _S.APPROVED:
            return f"⚖️ Proposal {number} is approved: its orders are next"
        case _S.FROZEN:
            return f"⛔ Proposal {number}: a person must look"
        case _:
            return f"⚖️ Proposal {number} is being carried out"


def _stands_against(board: Board) -> str:
    if board.managed.portfolio.is_paused:
        return "⏸ Paused: nothing is checked or sent until /resume"
    if not board.holds:
        return ""
    why = listed(list(dict.fromkeys(HOLD_REASONS[hold.reason] for hold in board.holds)))
    held = {hold.account_id for hold in board.holds}
    names = [escape(each.name) for each in board.managed.accounts if each.id in held]
    where = "" if len(board.managed.accounts) == 1 else f" for {listed(names)}"
    return f"⛔ Nothing is sent{where}: {escape(why)}"


def _next(board: Board) -> str:
    if board.next_at is None or board.managed.portfolio.is_paused:
        return ""
    is_again = board.refusal in {"PricesRefused", "PriceSourceDown", "BrokerDown"}
    return f"{'Trying again' if is_again else 'Next check'} {clock_time(board.next_at)}"


def _buttons(board: Board) -> tuple[tuple[Button, ...], ...]:
    portfolio = board.managed.portfolio.id
    waiting = [p for p in board.proposals if p.state in {_S.OPEN, _S.FROZEN}]
    shown = [(tap(f"Show proposal {p.id}", "show", p.id),) for p in waiting[:1]]
    return (*shown, (tap("📊 Status", "status", portfolio), tap("🔔 Alerts", "alerts", portfolio)))
