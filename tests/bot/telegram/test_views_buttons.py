"""Every button that a message shows is one that a tap can be answered for."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest

from bot.telegram.buttons import VERBS
from bot.telegram.screen import Action, Screen
from bot.telegram.views import notices
from bot.telegram.views.frozen import frozen_notice
from bot.telegram.views.members import members_screen
from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.proposal_edit import proposal_edit_screen
from bot.telegram.views.proposal_replies import report_reply
from bot.telegram.views.proposal_why import proposal_why_screen
from bot.telegram.views.status import status_screen
from bot.telegram.views.targets import targets_preview_screen, targets_screen
from core.application.choose_portfolio import Current
from core.application.see_family import Family
from core.application.set_targets import TargetsPreview
from core.application.show_proposal import ProposalView
from core.domain.ids import HouseholdId, PortfolioId
from core.domain.invitation import Invitation
from core.domain.membership import Household, Membership, Role
from core.domain.proposal import ProposalState, RevisionCause
from core.domain.refusals import EmptyAccount, NoTargets
from tests.bot.telegram.scenes import NOW, TARGETS, managed, member, view, with_revision
from tests.bot.telegram.test_views import status


def every_screen() -> list[Screen]:
    shown = view()
    here = Current(managed(), Role.OWNER)
    one = PortfolioId(1)
    paused = status(managed=managed(is_paused=True), open_proposals=(shown.proposal,))
    return [
        *(proposal_screen(_in(state)) for state in ProposalState),
        proposal_screen(with_revision(shown, number=2, cause=RevisionCause.BUY_ONLY)),
        proposal_edit_screen(shown),
        proposal_why_screen(shown),
        report_reply(shown),
        frozen_notice(shown),
        status_screen(paused),
        status_screen(status(drift=None, refusal=NoTargets())),
        status_screen(status(drift=None, refusal=EmptyAccount())),
        targets_screen(here),
        targets_preview_screen(
            TargetsPreview(TARGETS, TARGETS, None, None), portfolio_id=one, token="0123456789"
        ),
        members_screen(here, _family(one)),
        notices.member_joined(managed(), "Ben", Role.VIEWER, 2**52, "01234567"),
        notices.ownership_offered(managed(), "Ben", NOW),
        notices.handed_over(managed(), "Ben", "Carl"),
        notices.approval_lapsed(shown, "Ben", 1, 2),
        notices.check_refused(managed(), "PricesRefused", ()),
    ]


def _family(one: PortfolioId) -> Family:
    memberships = (Membership(one, member(), Role.OWNER), Membership(one, member(2), Role.VIEWER))
    invitation = Invitation("ab" * 32, HouseholdId(1), one, Role.VIEWER, None, NOW)
    return Family(Household(HouseholdId(1), "Home"), memberships, (invitation,))


def _in(state: ProposalState) -> ProposalView:
    shown = view()
    return replace(shown, proposal=replace(shown.proposal, state=state))


ACTIONS = {
    action.verb: action
    for screen in every_screen()
    for row in screen.rows
    for button in row
    if (action := button.action) is not None
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=str)
def test_a_tap_on_it_is_answered(action: Action) -> None:
    verb = VERBS[action.verb]
    inspect.signature(verb).bind(None, *action.args)


def test_all_the_decisions_are_among_them() -> None:
    decisions = {
        "approve",
        "reject",
        "reopen",
        "snooze",
        "buyonly",
        "full",
        "edit",
        "drop",
        "halve",
    }
    assert decisions <= set(ACTIONS)
