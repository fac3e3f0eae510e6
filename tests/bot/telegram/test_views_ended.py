"""An approved plan that ends at its re-check: everybody reads why, in the message, the report and the lists."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.telegram.html import plain
from bot.telegram.views.outcome import standing
from bot.telegram.views.proposal import proposal_screen
from bot.telegram.views.proposal_replies import report_reply
from bot.telegram.views.veiled import veiled_report
from bot.words.labels import ENDED, proposal_state
from core.application.show_proposal import ProposalView, ended_document
from core.domain.proposal import Cause, ProposalState
from core.domain.report import WhyEnded
from tests.bot.telegram.scenes import NOW, decision, member, view
from tests.bot.telegram.test_plain import jargon_in


def ended(why: WhyEnded) -> ProposalView:
    is_over = why is WhyEnded.OVER_LIMIT
    state = ProposalState.CANCELLED if is_over else ProposalState.SUPERSEDED
    shown = view(state, decisions=(decision(member()),))
    return replace(shown, proposal=replace(shown.proposal, outcome=ended_document(why)))


@pytest.mark.parametrize("why", WhyEnded)
def test_everybody_reads_why_it_ended(why: WhyEnded) -> None:
    shown, (_, what, because) = ended(why), ENDED[why]
    said = f"{what.capitalize()}: {because}. Nothing was traded."
    assert said in plain(standing(shown, NOW))
    assert said in plain(proposal_screen(shown).text)
    assert said in plain(report_reply(shown).text).replace("\n", " ")
    assert f"{what.capitalize()}: {because}." in plain(veiled_report(shown, "bot").text)
    assert proposal_state(shown.proposal) == what
    assert jargon_in(because) == []


def test_what_a_newer_proposal_has_replaced_says_that() -> None:
    shown = view(ProposalState.SUPERSEDED)
    assert "Replaced: a newer proposal" in plain(standing(shown, NOW))
    assert proposal_state(shown.proposal) == "replaced"


def test_money_that_is_there_without_a_sale_is_said_to_be_there() -> None:
    shown = ended(WhyEnded.MONEY_IS_THERE)
    for_money = replace(shown, proposal=replace(shown.proposal, cause=Cause.WITHDRAWAL))
    text = report_reply(for_money).text
    assert "is there, to be taken out: /status." in text
    assert "was not raised" not in text
