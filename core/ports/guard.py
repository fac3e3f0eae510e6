"""The rule that nothing outside is awaited while a unit of work is open, as something that can be checked.

A transaction that waits for a broker would hold everybody up, and a crash between would leave half a truth.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class _Mark:
    is_open: bool = True


_mark: ContextVar[_Mark | None] = ContextVar("unit_of_work", default=None)


class UnitOfWorkOpen(RuntimeError):
    """Something was awaited that must not be while a unit of work is open."""


@contextmanager
def unit_of_work_open() -> Iterator[None]:
    """Mark a unit of work as open for this task and those it starts; raises UnitOfWorkOpen inside another one."""
    require_no_unit_of_work("opening a unit of work")
    mark = _Mark()
    _mark.set(mark)
    try:
        yield
    finally:
        mark.is_open = False  # seen by every task that was started meanwhile


def is_unit_of_work_open() -> bool:
    """Whether this task, or the one that started it, has a unit of work open."""
    mark = _mark.get()
    return mark is not None and mark.is_open


def require_no_unit_of_work(action: str = "an outside call") -> None:
    """Raise UnitOfWorkOpen while a unit of work is open; ``action`` is what was about to be awaited."""
    if is_unit_of_work_open():
        raise UnitOfWorkOpen(f"{action} must wait until the unit of work is closed")


__all__ = ["UnitOfWorkOpen", "is_unit_of_work_open", "require_no_unit_of_work", "unit_of_work_open"]
