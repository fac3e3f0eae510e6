"""Letters: what an outbox item says, rendered from what is true when it is sent, not when it was written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.telegram.links import command_link, deep_link
from bot.telegram.permitted import permitted
from bot.telegram.screen import Screen
from bot.telegram.views import approval_notices, leaving, notices
from bot.telegram.views.accounts import barred_notice, rung_changed
from bot.telegram.views.changes import change_screen
from bot.telegram.views.checklist import checklist_screen, has_checklist
from bot.telegram.views.frozen import frozen_notice
from bot.telegram.views.harvest import switch_kept
from bot.telegram.views.proposal import (
    proposal_screen,
    recheck_notice,
    reminder,
    report_reply,
)
from bot.telegram.views.rules import rule_notice
from bot.telegram.views.standing import (
    changes_notice,
    foreign_notice,
    held_notice,
    hold_over_notice,
)
from bot.telegram.views.veiled import (
    veiled_notice,
    veiled_proposal,
    veiled_recheck,
    veiled_report,
)
from bot.telegram.views.waiting import waiting_notice
from core.application.change_rung import RungCause
from core.application.hide_amounts import amounts_hidden
from core.application.measured import number_of
from core.application.show_change import ChangeView, change_view
from core.application.show_proposal import ProposalView, view_of
from core.domain.hold import Hold, HoldReason
from core.domain.ids import AccountId, ChangeId, MemberId, UserId
from core.domain.look import changes_from_text
from core.domain.membership import Role
from core.domain.outbox import Copy, MessageKind, OutboxItem
from core.domain.portfolio import ManagedAccount, ManagedPortfolio, Rung
from core.domain.proposal import Proposal, ProposalState, RevisionCause
from core.domain.rules import read_told
from core.ports.store import UnitOfWork

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

ELSEWHERE = "↓ It stands below, with its buttons."


@dataclass(frozen=True, slots=True)
class Scene:
    """What the store knows about an item when it is about to be sent.

    ``reader`` is whose private chat it goes to, None in a group; ``role`` is theirs in the portfolio.
    ``veil`` is None where the chat may see amounts; else the bot's user name, for the way into the private chat.
    ``is_over``: it is about a check without a plan, and a later one has measured the portfolio.
    """

    view: ProposalView | None
    managed: ManagedPortfolio | None
    copies: tuple[Copy, ...]
    layout: str
    holds: tuple[Hold, ...] = ()
    change: ChangeView | None = None
    reader: MemberId | None = None
    role: Role | None = None
    veil: str | None = None
    is_over: bool = False

    @property
    def last_copy(self) -> int | None:
        """The id of the latest message in the chat that shows the proposal."""
        return max((copy.message_id for copy in self.copies), default=None)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to send: its screen, what it answers, and the proposal that it shows, if any."""

    screen: Screen
    reply_to: int | None = None
    shows: Proposal | None = None


async def read_scene(work: UnitOfWork, item: OutboxItem, username: str | None = None) -> Scene:
    """Gather what an item needs, inside a unit of work; ``username`` is the bot's, for links into its chat."""
    view: ProposalView | None = None
    copies: tuple[Copy, ...] = ()
    if item.proposal_id is not None:
        view = await view_of(work, item.proposal_id)
        copies = tuple(
            copy
            for copy in await work.proposals.copies(item.proposal_id)
            if copy.chat_id == item.chat_id
        )
    managed = view.managed if view else None
    if managed is None and item.portfolio_id is not None:
        managed = await work.portfolios.get(item.portfolio_id)
    member = await work.people.member_of_user(UserId(item.chat_id))
    holds: tuple[Hold, ...] = ()
    if managed is not None:
        standing = await work.holds.standing_in([managed.portfolio.id])
        holds = standing.get(managed.portfolio.id, ())
    veil = None
    if managed is not None and await amounts_hidden(work, managed.portfolio.id, item.chat_id):
        veil = username or ""
    return Scene(
        view,
        managed,
        copies,
        member.layout if member else "table",
        holds,
        await _change(work, item),
        member.id if member else None,
        await work.people.role(member.id, managed.portfolio.id) if member and managed else None,
        veil,
        is_over=await _is_over(work, item),
    )


async def _change(work: UnitOfWork, item: OutboxItem) -> ChangeView | None:
    """The change that an item is about, if it is about one."""
    number = item.data.get("change")
    return None if number is None else await change_view(work, ChangeId(int(number)))


async def _is_over(work: UnitOfWork, item: OutboxItem) -> bool:
    """Whether the trouble of a check is over by now: the latest one has measured a value."""
    if item.kind is not MessageKind.CHECK_REFUSED or item.portfolio_id is None:
        return False
    last = await work.checks.last(item.portfolio_id)
    return last is not None and number_of(last, "total") is not None


def write_letter(item: OutboxItem, scene: Scene, market_now: datetime) -> Letter | None:
    """What an item says now; None where there is nothing to say any more. Behind the veil, it says no amount.

    In a private chat it offers only what its reader may do.
    """
    letter = _letter(item, scene, market_now)
    if letter is None:
        return None
    told = veiled(item, letter, scene, market_now)
    return replace(told, screen=_for_reader(told.screen, scene))


def _for_reader(screen: Screen, scene: Scene) -> Screen:
    """What stands in a chat with one reader, as they may use it."""
    return screen if scene.reader is None else permitted(screen, scene.role)


def veiled(item: OutboxItem, letter: Letter, scene: Scene, market_now: datetime) -> Letter:
    """A letter as its chat may see it."""
    if scene.veil is None or scene.managed is None:
        return letter
    username, view, portfolio_id = scene.veil, scene.view, scene.managed.portfolio.id
    if view is None:
        link = command_link(username, "status", portfolio_id)
        return replace(
            letter, screen=veiled_notice(item.kind, scene.managed, letter.screen.text, link)
        )
    match item.kind:
        case MessageKind.PROPOSAL | MessageKind.REMINDER | MessageKind.CHECKLIST:
            screen = veiled_proposal(view, username, market_now)
        case MessageKind.REPORT:
            screen = veiled_report(view, username)
        case MessageKind.RECHECK:
            screen = veiled_recheck(view, username, market_now)
        case _:
            link = deep_link(username, view.proposal.id)
            screen = veiled_notice(item.kind, scene.managed, letter.screen.text, link)
    return replace(letter, screen=screen)


def _letter(item: OutboxItem, scene: Scene, market_now: datetime) -> Letter | None:
    if item.kind is MessageKind.CHANNEL_FAILING:
        since = datetime.fromisoformat(item.data["since"])
        return Letter(notices.channel_failing(item.data["kind"], since))
    if item.proposal_id is not None:
        return _about_proposal(item, scene, market_now) if scene.view else None
    if scene.managed is None or scene.is_over:
        return None
    if scene.change is not None:
        return _about_change(item, scene.change, scene.reader, market_now)
    screen = _about_portfolio(item, scene.managed, scene.holds)
    return None if screen is None else Letter(screen)


def _about_change(
    item: OutboxItem, view: ChangeView, reader: MemberId | None, now: datetime
) -> Letter | None:
    """Where a change stands; news of it that is not true any more is told by what came after it."""
    is_news = item.kind is MessageKind.CHANGE_TOLD
    if reader is None or (is_news and item.data["state"] != view.change.state):
        return None
    return Letter(change_screen(view, reader, now))


def _about_proposal(item: OutboxItem, scene: Scene, market_now: datetime) -> Letter | None:
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
            account = _part(item, view.managed).account
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
    account = _part(item, view.managed).account
    screen = waiting_notice(view, account, item.data["code"], until, market_now)
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


def _about_portfolio(
    item: OutboxItem, managed: ManagedPortfolio, holds: tuple[Hold, ...]
) -> Screen | None:
    data = item.data
    match item.kind:
        case MessageKind.CHECK_REFUSED:
            symbols = tuple(data.get("symbols", "").split())
            return notices.check_refused(managed, data.get("code", ""), symbols)
        case MessageKind.RESTORED:
            return notices.restored(managed)
        case MessageKind.RUNG_CHANGED:
            return rung_changed(
                _part(item, managed),
                Rung(data["before"]),
                Rung(data["rung"]),
                RungCause(data["cause"]),
                data.get("member_name", ""),
            )
        case MessageKind.SWITCH_KEPT | MessageKind.RULE:
            is_rule = item.kind is MessageKind.RULE
            return (
                rule_notice(managed, read_told(data))
                if is_rule
                else switch_kept(managed, dict(data))
            )
        case MessageKind.KEPT_CRASHING:
            return notices.kept_crashing(managed)
        case kind if kind in _OF_PEOPLE:
            return _about_people(item, managed)
        case _:
            return _about_account(item, _part(item, managed), holds)


_OF_PEOPLE = frozenset(
    {
        MessageKind.CLOSED,
        MessageKind.MEMBER_JOINED,
        MessageKind.OWNERSHIP_OFFERED,
        MessageKind.HANDED_OVER,
        MessageKind.HOME_LOST,
        MessageKind.UNREACHABLE,
        MessageKind.REACHABLE,
        MessageKind.CODES_LOCKED,
    }
)


def _about_people(item: OutboxItem, managed: ManagedPortfolio) -> Screen | None:
    """Who joined, who owns it next, who is out of reach, and the group that was lost."""
    data = item.data
    match item.kind:
        case MessageKind.MEMBER_JOINED:
            who, mark = int(data.get("user_id", "0")), data.get("mark", "")
            role = Role(data["role"])
            return notices.member_joined(managed, data.get("member_name", ""), role, who, mark)
        case MessageKind.CLOSED:
            return leaving.closed_notice(managed, data.get("member_name", ""))
        case MessageKind.OWNERSHIP_OFFERED:
            until = datetime.fromisoformat(data["until"])
            return notices.ownership_offered(managed, data.get("member_name", ""), until)
        case MessageKind.HANDED_OVER:
            return notices.handed_over(managed, data.get("giver", ""), data.get("taker", ""))
        case MessageKind.HOME_LOST:
            return notices.home_lost(managed)
        case MessageKind.UNREACHABLE | MessageKind.REACHABLE:
            is_back = item.kind is MessageKind.REACHABLE
            return notices.reach_changed(managed, data.get("member_name", ""), is_reachable=is_back)
        case MessageKind.CODES_LOCKED:
            until = datetime.fromisoformat(data["until"])
            return notices.codes_locked(managed, data.get("member_name", ""), until)
        case _:
            return None


def _part(item: OutboxItem, managed: ManagedPortfolio) -> ManagedAccount:
    """The account that an item is about; one that names none is of when there was only one."""
    number = item.data.get("account")
    return managed.parts[0] if number is None else managed.part(AccountId(int(number)))


def _about_account(
    item: OutboxItem, managed: ManagedAccount, standing: tuple[Hold, ...]
) -> Screen | None:
    """What stands against an account, or what others did there."""
    data = item.data
    holds = tuple(hold for hold in standing if hold.account_id == managed.account.id)
    match item.kind:
        case MessageKind.HELD:
            stands = HoldReason(data["reason"]) in {hold.reason for hold in holds}
            return held_notice(managed, holds) if stands else None
        case MessageKind.HOLD_OVER:
            reason = HoldReason(data["reason"])
            is_back = reason in {hold.reason for hold in holds}
            return None if is_back else hold_over_notice(managed, reason, holds)
        case MessageKind.HOLDINGS_CHANGED:
            changes = changes_from_text(data["changes"])
            ended = data.get("ended", "").split()
            return changes_notice(managed, changes, int(data.get("more", "0")), ended)
        case MessageKind.KEYS_GONE:
            return leaving.keys_gone_notice(managed)
        case MessageKind.FOREIGN_ORDERS:
            return foreign_notice(managed, data.get("symbols", "").split())
        case _:
            return None


def copy_screen(scene: Scene, message_id: int, market_now: datetime) -> Screen | None:
    """What a message that shows a proposal should look like now.

    Only the latest message of a chat has the buttons; the ones above it point to it.
    """
    if scene.view is None:
        return None
    if scene.veil is not None:
        screen = veiled_proposal(scene.view, scene.veil, market_now)
    else:
        screen = proposal_screen(scene.view, layout=scene.layout, market_now=market_now)
    screen = _for_reader(screen, scene)
    if message_id == scene.last_copy or not screen.rows:
        return screen
    return replace(screen, text=f"{screen.text}\n\n{ELSEWHERE}", rows=())
