"""Every code of the domain has a name that people read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum

import pytest

from bot.words import labels
from bot.words.after_sale import WHY_NOT_BOUGHT
from core.application.show_proposal import outcome_document
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Rung
from core.domain.proposal import Cause, DecisionKind, ProposalState, RevisionCause
from core.domain.report import WhyNot
from tests.bot.telegram.scenes import decision, member, view

CATALOGUES: list[tuple[type[StrEnum], Mapping[StrEnum, str]]] = [
    (Rung, labels.RUNGS),  # type: ignore[list-item]
    (Rung, labels.RUNG_MEANINGS),  # type: ignore[list-item]
    (Role, labels.ROLES),  # type: ignore[list-item]
    (Role, labels.ROLE_MEANINGS),  # type: ignore[list-item]
    (ProposalState, labels.PROPOSAL_STATES),  # type: ignore[list-item]
    (OrderState, labels.ORDER_STATES),  # type: ignore[list-item]
    (Cause, labels.CAUSES),  # type: ignore[list-item]
    (RevisionCause, labels.REVISION_CAUSES),  # type: ignore[list-item]
    (DecisionKind, labels.DECISIONS),  # type: ignore[list-item]
    (Side, labels.SIDES),  # type: ignore[list-item]
    (Side, labels.SIDES_DONE),  # type: ignore[list-item]
    (WhyNot, WHY_NOT_BOUGHT),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("codes", "catalogue"), CATALOGUES)
def test_catalogues_are_complete(codes: type[StrEnum], catalogue: Mapping[StrEnum, str]) -> None:
    assert set(catalogue) == set(codes)
    assert all(catalogue.values())


def test_orders_say_how_real_they_are() -> None:
    assert labels.orders_of(2, Rung.SIMULATED) == "2 simulated orders"
    assert labels.orders_of(1, Rung.BROKER_PAPER) == "1 paper order"
    assert labels.orders_of(2, Rung.LIVE) == "2 LIVE orders"


def test_versions_count_from_the_first() -> None:
    assert labels.proposal_number(42, 1) == "42"
    assert labels.proposal_number(42, 2) == "42.1"


def test_a_plan_that_sold_and_buys_later_says_when_and_one_that_was_to_stay_says_so() -> None:
    sold = replace(
        view(ProposalState.PARTIAL).proposal, outcome=outcome_document(None, date(2026, 3, 11))
    )
    assert labels.proposal_state(sold) == "sold, buys planned for 11 Mar 2026"
    for outcome in ("", "[]", '{"drift_after": null}', '{"buys_on": "soon"}'):
        assert labels.proposal_state(replace(sold, outcome=outcome)) == "partly done"
    stayed, rejected = (
        view(ProposalState.REJECTED, decisions=(decision(member(), kind),)).proposal
        for kind in (DecisionKind.STAY, DecisionKind.REJECT)
    )
    assert labels.proposal_state(stayed) == "the substitute stays"
    assert labels.proposal_state(rejected) == "rejected"


def test_sources_without_a_name_are_called_by_their_code() -> None:
    assert labels.source_label("yahoo") == "Yahoo"
    assert labels.source_label("other") == "other"
