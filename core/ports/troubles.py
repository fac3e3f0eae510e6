"""Troubles: what the rehearsal's broker can be told to do wrong, so that people see what they are then told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.ports.broker import OrderRequest


class Trouble(StrEnum):
    """What goes wrong with the next order; ``DOWN`` is with everything, until another is chosen."""

    LOST_ANSWER = "lost-answer"
    """The order is taken and filled, and the answer gets lost."""
    NEVER_ARRIVED = "never-arrived"
    """The order gets lost on its way."""
    HANGING = "hanging"
    """The order is taken, and the answer does not come before patience ends."""
    DOWN = "down"
    """No call is answered, and no order arrives."""
    REJECTED = "rejected"
    """The order is refused, with the broker's words."""
    PARTLY_FILLED = "partly-filled"
    """Half of the order is filled, and no more."""
    NEVER_FILLED = "never-filled"
    """The order is taken, and nothing of it is filled."""
    FILLED_LATE = "filled-late"
    """The order is taken, and filled only after a while."""
    FORGOTTEN = "forgotten"
    """The order is taken and filled, the answer gets lost, and for a while the broker cannot find it."""


@dataclass(frozen=True, slots=True)
class Struck:
    """The last order that a trouble befell."""

    trouble: Trouble
    request: OrderRequest


class Troubles(Protocol):
    """Chooses what goes wrong; one that befalls an order is over by itself afterwards."""

    @property
    def chosen(self) -> Trouble | None:
        """What will go wrong, or is still going on; None: all is answered as it should be."""
        ...

    @property
    def struck(self) -> Struck | None:
        """What went wrong last since another was chosen."""
        ...

    def choose(self, trouble: Trouble | None) -> None:
        """Let this go wrong from now on, in place of what was chosen before."""
        ...
