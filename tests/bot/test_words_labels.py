"""Every code of the domain has a name that people read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import pytest

from bot.words import labels
from bot.words.after_sale import WHY_NOT_BOUGHT
from core.domain.membership import Role
from core.domain.order import OrderState
from core.domain.plan import Side
from core.domain.portfolio import Rung
from core.domain.proposal import Cause, DecisionKind, ProposalState, RevisionCause
from core.domain.report import WhyNot

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


def test_sources_without_a_name_are_called_by_their_code() -> None:
    assert labels.source_label("yahoo") == "Yahoo"
    assert labels.source_label("other") == "other"
