"""What can go wrong with a store: each error says what happened and what a person can do."""

from __future__ import annotations


class StoreError(Exception):
    """The store could not do what was asked; nothing of the unit of work was kept."""


class StoreBusy(StoreError):
    """Another process held the store for too long; trying again later is right."""


class StoreFull(StoreError):
    """There is no room left to write; reading still works."""


class StoreDamaged(StoreError):
    """The store's files are missing or damaged, and nothing may be written to them."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program."""


class StoreConflict(StoreError):
    """A rule of the store was broken, such as a name given twice or a reference to nothing."""


__all__ = [
    "StoreBusy",
    "StoreConflict",
    "StoreDamaged",
    "StoreError",
    "StoreFull",
    "StoreTooNew",
]
