"""After an outage: the one message that says what happened while nothing could be sent to a chat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.telegram.html import TEXT_LIMIT, bold, escape, shown_name
from bot.telegram.screen import Screen
from bot.telegram.views.notices import CHECK_TROUBLES
from bot.telegram.views.parts import capped, lines, paragraphs
from bot.words.labels import CHECK_OUTCOMES, proposal_number, proposal_state
from bot.words.numbers import count
from bot.words.times import clock_time
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Proposal, ProposalState
from core.domain.session import NEW_YORK
from core.ports.store import CheckRecord

_NOTHING_TRADED = frozenset(
    {
        ProposalState.EXPIRED,
        ProposalState.SUPERSEDED,
        ProposalState.REJECTED,
        ProposalState.CANCELLED,
    }
)


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What happened to one portfolio meanwhile; ``others`` is how many notices are not told one by one."""

    managed: ManagedPortfolio
    checks: tuple[CheckRecord, ...]
    proposals: tuple[Proposal, ...]
    others: int = 0


def outage_screen(since: datetime, until: datetime, meanwhile: Sequence[Meanwhile]) -> Screen:
    """What happened between two instants of the wall's clock, by portfolio."""
    blocks = [_of(each) for each in meanwhile]
    text = paragraphs(
        f"📴 {bold('Nothing could be sent here')} {_span(since, until)}.",
        *([capped(["\n\n".join(filter(None, blocks))], TEXT_LIMIT * 3 // 4, "more")]),
        "Whatever still needs you follows. /history lists everything.",
    )
    return Screen(text)


def _span(since: datetime, until: datetime) -> str:
    """From when to when, with the days where there are more than one."""
    is_one_day = since.astimezone(NEW_YORK).date() == until.astimezone(NEW_YORK).date()
    now = until if is_one_day else None
    return f"from {clock_time(since, now)} to {clock_time(until, now)}"


def _of(each: Meanwhile) -> str:
    counted = [
        count(len(each.checks), "check") if each.checks else "",
        count(len(each.proposals), "proposal") if each.proposals else "",
        count(each.others, "notice") if each.others else "",
    ]
    return lines(
        f"{bold(shown_name(each.managed.portfolio.name))}: {', '.join(filter(None, counted)) or 'nothing new'}",
        *map(_proposal, each.proposals),
        _trouble(each.checks),
    )


def _proposal(proposal: Proposal) -> str:
    number = proposal_number(proposal.id, proposal.revision.number)
    more = ", nothing was traded" if proposal.state in _NOTHING_TRADED else ""
    return f"Proposal {number}: {proposal_state(proposal)}{more}"


def _trouble(checks: Sequence[CheckRecord]) -> str:
    """Why checks made no plan, where some did not: the latest reason."""
    refused = [record for record in checks if record.outcome == "refused"]
    if not refused:
        return ""
    why = next(
        (why for code, why in CHECK_TROUBLES.items() if f'"{code}"' in refused[0].detail), ""
    )
    return (
        f"{count(len(refused), 'check')} made no plan: {escape(why or CHECK_OUTCOMES['refused'])}"
    )
