"""Reports of dry runs: nothing was sent, and that is what was wanted."""

from __future__ import annotations

from dataclasses import replace

from core.domain.order import Order
from core.domain.proposal import ProposalState
from core.domain.report import WhyNot, outcome_of, was_dry_run
from tests.domain.samples import order


def void(detail: str) -> Order:
    return replace(order(state="void"), detail=detail)


DRY, NO_CASH, PAUSED = void(WhyNot.DRY_RUN), void(WhyNot.NO_CASH), void(WhyNot.PAUSED)


def test_a_dry_run_is_done_although_nothing_was_filled() -> None:
    assert outcome_of((DRY, DRY)) is ProposalState.DONE
    assert outcome_of((DRY, NO_CASH)) is ProposalState.DONE
    assert was_dry_run((DRY, NO_CASH))


def test_what_was_stopped_or_filled_is_no_dry_run() -> None:
    filled = order(state="filled")
    for orders in ((), (PAUSED,), (NO_CASH,), (DRY, PAUSED), (DRY, filled)):
        assert not was_dry_run(orders)
    assert outcome_of((NO_CASH, NO_CASH)) is ProposalState.FAILED
    assert outcome_of((DRY, PAUSED)) is ProposalState.FAILED
