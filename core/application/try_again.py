"""Try again: a check that could not be done for want of prices or a broker is repeated later in the session."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from core.application.check_drift import ASKED, SETTLED
from core.application.market import Moment
from core.domain.ids import PortfolioId
from core.domain.refusals import BrokerDown, PriceSourceDown, PricesRefused, Refusal
from core.domain.session import DueCheck

PASSING = (PricesRefused, PriceSourceDown, BrokerDown)
"""What may be over in a while."""

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (10, 20, 40))
LONGEST = timedelta(minutes=60)
"""After the pauses, how long until each further try."""

_AGAIN = "again"

LATE = "late"
"""What a catch-up's repetitions are called: those of the session's own slots are not taken by it."""


def origin(slot: str) -> str:
    """The slot that a check repeats; its own where it is the first."""
    return _parts(slot)[1]


def tries(slot: str) -> int:
    """How often the check of a slot has been repeated already."""
    return _parts(slot)[0]


def looks_after_settlement(checks: Iterable[DueCheck]) -> bool:
    """Whether one of these checks, or what it repeats, invests the money of a sale that has settled."""
    return any(origin(check.slot) == SETTLED for check in checks)


def _parts(slot: str) -> tuple[int, str]:
    head, colon, rest = slot.partition(":")
    if not colon or not head.startswith(_AGAIN):
        return 0, slot
    return int(head.removeprefix(_AGAIN)), rest


def next_try(
    checks: Sequence[DueCheck], refusal: Refusal, moment: Moment
) -> tuple[PortfolioId, date, str, datetime] | None:
    """The row of the repetition of a portfolio's refused checks; None where waiting changes nothing.

    There is one a time, in the same session, and none for what a person asked for: they have their answer.
    """
    ours = [check for check in checks if not check.slot.startswith(ASKED)]
    if not ours or not isinstance(refusal, PASSING):
        return None
    again = next((c for c in ours if origin(c.slot) == SETTLED), ours[-1])
    number, first = tries(again.slot), origin(again.slot)
    if again.session != moment.session.date and first != SETTLED:
        number, first = 0, LATE
    due_at = moment.now + (PAUSES[number] if number < len(PAUSES) else LONGEST)
    if due_at >= moment.session.closes_at:
        return None
    slot = f"{_AGAIN}{number + 1}:{first}"
    return again.portfolio_id, moment.session.date, slot, due_at
