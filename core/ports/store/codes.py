"""The store of one-time codes: each member's sealed secret, and how codes were used of late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.domain.ids import MemberId


@dataclass(frozen=True, slots=True)
class KeptCodes:
    """A member's one-time codes: the sealed secret, the last step a code of which was accepted, failures since."""

    member_id: MemberId
    sealed: str = field(repr=False)
    last_step: int
    failures: int
    locked_until: datetime | None
    created_at: datetime


class Codes(Protocol):
    """One-time codes, at most one secret a member."""

    async def of(self, member_id: MemberId) -> KeptCodes | None:
        """A member's codes; None where the member has none."""
        ...

    async def put(self, member_id: MemberId, *, sealed: str, step: int, at: datetime) -> None:
        """Keep a new secret in the place of any earlier one; a code of ``step`` has been accepted."""
        ...

    async def remove(self, member_id: MemberId) -> bool:
        """Forget a member's codes; False where there were none."""
        ...

    async def use(self, member_id: MemberId, step: int) -> bool:
        """Note that a code of a step was accepted, which forgives all failures.

        False where one of this step or a later one was accepted before, and then nothing changes.
        """
        ...

    async def fail(self, member_id: MemberId) -> int:
        """Note a wrong code, and return how many there were since the last right one or the last lock."""
        ...

    async def lock(self, member_id: MemberId, until: datetime) -> None:
        """Accept no code until then; failures are counted anew afterwards."""
        ...
