"""Deeds: what a transaction did, as one line of the log each, written once the transaction is kept.

The lines are the store's own account of what is true: nothing that was rolled back has one. The ids in them
join a check to its proposal, the proposal to its orders, and all of them to the messages that told of them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

log = logging.getLogger("evenkeel.done")


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, in a few words, and the ids of what it was done to."""

    words: str
    ids: Mapping[str, int | str]


@dataclass(slots=True)
class Deeds:
    """The deeds of one open transaction, in their order."""

    done: list[Deed] = field(default_factory=list)

    def note(self, words: str, **ids: int | str | None) -> None:
        """Remember a deed; ids that are None are left out."""
        given = {name: value for name, value in ids.items() if value is not None}
        self.done.append(Deed(words, given))

    def tell(self) -> None:
        """Write them down: the transaction has been committed."""
        for deed in self.done:
            log.info("%s", deed.words, extra=dict(deed.ids))
        self.done.clear()
