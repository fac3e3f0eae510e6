"""Approvals on a proposal's message: who has approved it, who is still needed, and until when one may object."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.telegram.html import bold, shown_name
from bot.telegram.views.parts import lines
from bot.words.approvals import one_of, why_sentence
from bot.words.numbers import listed
from bot.words.times import clock_time
from core.application.show_proposal import ProposalView
from core.domain.approval import (
    StillNeeded,
    able,
    counted,
    fewest_approvers,
    roles_of,
    rule_of,
    still_needed,
)
from core.domain.ids import MemberId
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import Decision


def deciders(decisions: Iterable[Decision], now: datetime | None) -> str:
    """Who decided and when: ``Anna 10:05 ET and Ben 10:07 ET``."""
    return listed(
        [f"{shown_name(d.member_name)} {clock_time(d.market_at, now)}" for d in decisions]
    )


def counting(view: ProposalView) -> tuple[Decision, ...]:
    """The approvals of people who may approve now."""
    approvals = view.proposal.approvals
    givers = counted([each.member_id for each in approvals], roles_of(view.memberships))
    return tuple(each for each in approvals if each.member_id in givers)


def still_wanted(view: ProposalView) -> StillNeeded:
    """How many more must approve, and among whom they may be."""
    givers = [each.member_id for each in counting(view)]
    return still_needed(view.proposal.revision.need, givers, able(view.memberships))


def waiting(view: ProposalView, now: datetime | None, *, with_amounts: bool = True) -> str:
    """Who has approved, who is still needed and (an amount may be why) why, where it is more than the first of one."""
    need, given = view.proposal.revision.need, counting(view)
    if need.people == 1 and not need.authors and not given:
        return ""
    return lines(
        why_sentence(need, view.managed.portfolio.currency) if with_amounts else "",
        _four_eyes(view) if need.missing([each.member_id for each in given]) else "",
        approved_and_needed(view, now),
    )


def approved_and_needed(view: ProposalView, now: datetime | None) -> str:
    """One line: ``Anna ✅ 10:02 ET · still needed: one of Ben, Carla``."""
    given = [
        f"{bold(shown_name(each.member_name))} ✅ {clock_time(each.market_at, now)}"
        for each in counting(view)
    ]
    wanted = still_wanted(view)
    if not wanted.number:
        return ", ".join(given)
    names = [name_of(view, each) for each in wanted.among]
    if not wanted.is_possible:
        return lines(", ".join(given), _nobody(wanted))
    needed = f"still needed: {one_of(wanted.number, names)}"
    return f"{', '.join(given)} · {needed}" if given else f"{needed[:1].upper()}{needed[1:]}"


def _nobody(wanted: StillNeeded) -> str:
    missing = wanted.number - len(wanted.among)
    who = "one more person" if missing == 1 else f"{missing} more people"
    return f"⚠ It cannot be approved until {who} may approve: /members, /invite approver"


def name_of(view: ProposalView, member_id: MemberId) -> str:
    """A member's name as it is shown."""
    names = {each.member.id: each.member.name for each in view.memberships}
    return shown_name(names.get(member_id, "somebody"))


def _four_eyes(view: ProposalView) -> str:
    """Who cannot be the only one to approve, where one approval is enough otherwise."""
    authors = [name_of(view, each) for each in view.proposal.revision.need.authors]
    if not authors or view.proposal.revision.need.people > 1:
        return ""
    return f"{_or(authors)} cannot approve it alone, having asked for it or changed it."


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def too_few(managed: ManagedPortfolio, approvers: int) -> str:
    """A warning where a portfolio has fewer people who may approve than its rule may need; else empty."""
    wanted = fewest_approvers(rule_of(managed.policy))
    if approvers >= wanted:
        return ""
    return (
        f"⚠ <b>Only {approvers} of you may approve</b>, and a plan may need {wanted}: such a plan waits, "
        "and ends without orders. /invite approver"
    )
