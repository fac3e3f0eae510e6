"""Approvals on the message of a proposal, and what is told of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from bot.telegram.html import plain
from bot.telegram.letters.scene import Scene
from bot.telegram.letters.writing import write_letter
from bot.telegram.screen import Action
from bot.telegram.views.proposal import proposal_screen, reminder
from core.application.show_proposal import ProposalView
from core.domain.approval import Because, Need, Why
from core.domain.ids import ChatId, MemberId, PortfolioId, ProposalId
from core.domain.membership import Membership, Role
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.proposal import Decision, DecisionKind, ProposalState
from tests.bot.telegram.scenes import EXPIRES, NOW, decision, member, snapshot, view

ANNA, BEN, CARLA = member(), member(2, "Ben"), member(3, "Carla <3")
S = ProposalState
HOUR = timedelta(hours=1)


def needing(need: Need, *decisions: Decision, state: S = S.OPEN) -> ProposalView:
    shown = view(state, decisions=decisions, members=(ANNA, BEN, CARLA))
    revision = replace(shown.proposal.revision, need=need)
    when = NOW + HOUR if state is S.SCHEDULED else None
    return replace(shown, proposal=replace(shown.proposal, revision=revision, scheduled_for=when))


def text(shown: ProposalView) -> str:
    return plain(proposal_screen(shown, market_now=NOW).text)


def verbs(shown: ProposalView) -> list[str]:
    rows = proposal_screen(shown, market_now=NOW).rows
    return [button.action.verb for row in rows for button in row if button.action]


def test_who_has_approved_is_named_with_the_time_and_who_is_still_needed() -> None:
    why = (Why(Because.AMOUNT, Decimal(5000), Decimal(6536)),)
    said = text(needing(Need(2, why), decision(ANNA, minutes=-3)))
    assert (
        "Two people must approve it: it trades more than $5,000.\n"
        "Anna ✅ 10:02 ET · still needed: one of Ben, Carla <3"
    ) in said


def test_an_approval_of_somebody_who_may_no_longer_approve_is_not_shown_as_one() -> None:
    shown = needing(Need(2), decision(ANNA), decision(BEN))
    demoted = Membership(PortfolioId(1), BEN, Role.VIEWER)
    people = (shown.memberships[0], demoted, shown.memberships[2])
    assert "Anna ✅ 10:05 ET · still needed: Carla <3" in text(replace(shown, memberships=people))


def test_with_four_eyes_the_asker_is_named_as_one_who_cannot_approve_it_alone() -> None:
    need = Need(authors=(MemberId(1),))
    assert (
        "Anna cannot approve it alone, having asked for it or changed it.\n"
        "Still needed: one of Ben, Carla <3"
    ) in text(needing(need))
    assert "Anna ✅ 10:05 ET · still needed: one of Ben, Carla <3" in text(
        needing(need, decision(ANNA))
    )


def test_where_several_must_approve_anyway_nobody_is_named_as_not_enough_alone() -> None:
    assert "alone" not in text(needing(Need(2, authors=(MemberId(1),))))


def test_one_approval_of_one_says_nothing_beforehand() -> None:
    assert "needed" not in text(needing(Need()))
    assert "unapprove" not in verbs(needing(Need()))


def test_while_others_are_needed_one_s_own_approval_can_be_taken_back() -> None:
    assert "unapprove" in verbs(needing(Need(2), decision(ANNA)))
    taken = decision(ANNA, DecisionKind.TAKE_BACK, minutes=1)
    assert "unapprove" not in verbs(needing(Need(2), decision(ANNA), taken))


def test_only_whoever_approves_last_is_asked_whether_to_wait_for_the_open() -> None:
    late = replace(snapshot(), taken_at=NOW + 5 * HOUR)
    shown = needing(Need(2), decision(ANNA))
    revision = replace(shown.proposal.revision, snapshot=late)
    last = replace(shown, proposal=replace(shown.proposal, revision=revision))
    assert "atopen" in verbs(last)
    first = replace(last, proposal=replace(last.proposal, decisions=()))
    assert "atopen" not in verbs(first)


def test_in_the_time_for_objections_the_message_says_until_when_and_how() -> None:
    shown = needing(Need(veto=HOUR), decision(ANNA), state=S.SCHEDULED)
    assert "Approved. Sends 11:05 ET unless somebody objects.\nApproved by Anna 10:05 ET." in text(
        shown
    )
    assert verbs(shown) == ["object", "why"]


def test_who_objected_is_named_and_it_can_be_reopened() -> None:
    stopped = needing(
        Need(veto=HOUR),
        decision(ANNA),
        decision(BEN, DecisionKind.OBJECT, minutes=9),
        state=S.REJECTED,
    )
    assert "Stopped by an objection by Ben 10:14 ET. Nothing was traded." in text(stopped)
    assert verbs(stopped) == ["reopen", "why"]


def test_at_the_end_who_was_missing_is_named() -> None:
    put_off = decision(BEN, DecisionKind.LATER)
    ended = needing(Need(2), decision(ANNA), put_off, state=S.EXPIRED)
    said = text(ended)
    assert "Anna ✅ 10:05 ET · still needed: one of Ben, Carla <3" in said
    assert "Expired without orders" in said
    assert "Ben put off 42" in said
    assert "Anna approved" not in said


def test_a_reminder_says_that_an_approval_is_missing() -> None:
    said = plain(reminder(needing(Need(2)), is_missing=True, market_now=NOW).text)
    assert said.startswith("⏰ This proposal still waits for an approval:")


# --- what is told --------------------------------------------------------------------------------


def letter(kind: MessageKind, shown: ProposalView, **data: str) -> tuple[str, list[Action]] | None:
    item = OutboxItem(kind, ChatId(1002), "key", PortfolioId(1), ProposalId(42), data=data)
    written = write_letter(item, Scene(shown, shown.managed, (), "table"), NOW)
    if written is None:
        return None
    buttons = [button for row in written.screen.rows for button in row]
    return plain(written.screen.text), [button.action for button in buttons if button.action]


def test_an_objection_is_told_with_its_giver_as_long_as_it_stands() -> None:
    stopped = needing(Need(veto=HOUR), state=S.REJECTED)
    told = letter(MessageKind.OBJECTED, stopped, member_name="Ben")
    assert told is not None
    assert "Ben objected: nothing is traded." in told[0]
    assert letter(MessageKind.OBJECTED, needing(Need()), member_name="Ben") is None


def test_before_orders_go_everybody_hears_until_when_they_can_object() -> None:
    told = letter(
        MessageKind.MAY_OBJECT, needing(Need(veto=HOUR), decision(ANNA), state=S.SCHEDULED)
    )
    assert told is not None
    assert "Its orders go 11:05 ET, unless somebody objects." in told[0]
    assert told[1][0] == Action("object", (42, 1))
    assert letter(MessageKind.MAY_OBJECT, needing(Need(), state=S.DONE)) is None


def test_whose_approval_is_lost_is_told_with_who_is_needed_now() -> None:
    told = letter(
        MessageKind.APPROVAL_LOST, needing(Need(), decision(ANNA)), member_names="Ben\nMax"
    )
    assert told is not None
    assert "Ben and Max may no longer approve, so no order was sent. It is open again." in told[0]
    assert letter(MessageKind.APPROVAL_LOST, needing(Need(), state=S.DONE)) is None


def test_that_time_was_up_before_enough_had_approved_is_told() -> None:
    told = letter(MessageKind.APPROVALS_MISSING, needing(Need(2), decision(ANNA), state=S.EXPIRED))
    assert told is not None
    assert "before enough people had approved it. Nothing was traded." in told[0]
    assert "still needed: one of Ben, Carla <3" in told[0]
    assert EXPIRES > NOW
