"""Letters about a proposal: the plan itself, why it waits, what became of its approvals, how it ended."""

from __future__ import annotations

from datetime import datetime

from bot.telegram.letters.scene import Letter, Scene, part_of
from bot.telegram.views import approval_notices, notices
from bot.telegram.views.accounts import barred_notice
from bot.telegram.views.checklist import checklist_screen, has_checklist
from bot.telegram.views.frozen import frozen_notice
from bot.telegram.views.proposal import proposal_screen, reminder
from bot.telegram.views.proposal_replies import recheck_notice, report_reply
from bot.telegram.views.waiting import waiting_notice
from core.application.show_proposal import ProposalView
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.proposal import ProposalState, RevisionCause
from core.domain.told_faults import read_faults

ENDED_UNSEEN = frozenset(
    {
        ProposalState.EXPIRED,
        ProposalState.SUPERSEDED,
        ProposalState.CANCELLED,
        ProposalState.REJECTED,
    }
)
"""A proposal that ended so before it could be shown is not news any more."""

RECHECK_CAUSES = frozenset(
    {
        RevisionCause.PRICES_MOVED,
        RevisionCause.HOLDINGS_CHANGED,
        RevisionCause.APPROVAL_AGED,
        RevisionCause.WASHED,
    }
)


def about_proposal(item: OutboxItem, scene: Scene, market_now: datetime) -> Letter | None:
    """What an item says of its proposal now; None where that is not true, or not news, any more."""
    view = scene.view
    if view is None:
        return None
    match item.kind:
        case MessageKind.PROPOSAL:
            return _proposal(view, scene, market_now)
        case MessageKind.CHECKLIST:
            return _checklist(view)
        case MessageKind.REMINDER:
            return _reminder(item, view, scene, market_now)
        case MessageKind.REPORT | MessageKind.FROZEN:
            is_report = item.kind is MessageKind.REPORT
            return Letter(report_reply(view) if is_report else frozen_notice(view), scene.last_copy)
        case _:
            return _why_not_yet(item, view, scene, market_now)


def _why_not_yet(
    item: OutboxItem, view: ProposalView, scene: Scene, market_now: datetime
) -> Letter | None:
    match item.kind:
        case MessageKind.WAITING:
            return _waiting(item, view, scene, market_now)
        case MessageKind.BARRED:
            account = part_of(item, view.managed).account
            return Letter(barred_notice(view, account, item.data["reason"]), scene.last_copy)
        case MessageKind.RECHECK:
            return _recheck(view, scene, market_now)
        case MessageKind.APPROVAL_LAPSED:
            return _lapsed(item, view, scene)
        case _:
            return _about_approvals(item, view, scene, market_now)


def _about_approvals(
    item: OutboxItem, view: ProposalView, scene: Scene, market_now: datetime
) -> Letter | None:
    """What became of approvals, where it is still so when it is said."""
    state = view.proposal.state
    match item.kind:
        case MessageKind.OBJECTED if state is ProposalState.REJECTED:
            screen = approval_notices.objected(view, item.data.get("member_name", ""))
        case MessageKind.APPROVAL_LOST if state is ProposalState.OPEN:
            names = item.data.get("member_names", "").splitlines()
            screen = approval_notices.approval_lost(view, names, market_now)
        case MessageKind.MAY_OBJECT if state is ProposalState.SCHEDULED:
            screen = approval_notices.may_object(view, market_now)
        case MessageKind.APPROVALS_MISSING:
            screen = approval_notices.approvals_missing(view, market_now)
        case _:
            return None
    return Letter(screen, scene.last_copy)


def _proposal(view: ProposalView, scene: Scene, market_now: datetime) -> Letter | None:
    if has_ended_unseen(view, market_now):
        return None
    screen = proposal_screen(view, layout=scene.layout, market_now=market_now)
    return Letter(screen, shows=view.proposal)


def _checklist(view: ProposalView) -> Letter | None:
    """What to trade by hand; nothing once all of it has its answer."""
    return Letter(checklist_screen(view), shows=view.proposal) if has_checklist(view) else None


def has_ended_unseen(view: ProposalView, market_now: datetime) -> bool:
    """Whether it is too late to show a proposal for the first time."""
    proposal = view.proposal
    is_late = proposal.state is ProposalState.OPEN and market_now >= proposal.expires_at
    return is_late or proposal.state in ENDED_UNSEEN


def _reminder(
    item: OutboxItem, view: ProposalView, scene: Scene, market_now: datetime
) -> Letter | None:
    if view.proposal.state is not ProposalState.OPEN or has_ended_unseen(view, market_now):
        return None
    why = item.data.get("why")
    screen = reminder(
        view,
        is_last=why == "end",
        is_missing=why == "missing",
        layout=scene.layout,
        market_now=market_now,
    )
    return Letter(screen, shows=view.proposal)


def _waiting(
    item: OutboxItem, view: ProposalView, scene: Scene, market_now: datetime
) -> Letter | None:
    """Why it is not carried out yet; nothing once it is, or has ended."""
    if view.proposal.state not in {ProposalState.APPROVED, ProposalState.EXECUTING}:
        return None
    until = datetime.fromisoformat(item.data["until"])
    account = part_of(item, view.managed).account
    faults = read_faults(item.data.get("faults", ""))
    screen = waiting_notice(view, account, item.data["code"], until, market_now, faults)
    return Letter(screen, scene.last_copy)


def _recheck(view: ProposalView, scene: Scene, market_now: datetime) -> Letter | None:
    revision = view.proposal.revision
    if view.proposal.state is not ProposalState.OPEN or revision.cause not in RECHECK_CAUSES:
        return None
    return Letter(recheck_notice(view, market_now=market_now), scene.last_copy)


def _lapsed(item: OutboxItem, view: ProposalView, scene: Scene) -> Letter:
    old, new = int(item.data["old_revision"]), int(item.data["new_revision"])
    screen = notices.approval_lapsed(view, item.data.get("member_name", ""), old, new)
    return Letter(screen, scene.last_copy)
