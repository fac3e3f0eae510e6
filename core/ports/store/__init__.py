"""The store: the unit of work, and what can be asked and written inside one.

``begin`` opens a write transaction, committed on a clean exit and rolled back on an exception; ``read`` opens one that
only reads. No other port is awaited while a unit of work is open. Moves of a state are compare-and-set: they name the
state they start from and return whether they won.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from core.ports.store.accounts import Holds, Looks
from core.ports.store.changes import Changes
from core.ports.store.channels import Channels
from core.ports.store.checks import Checks
from core.ports.store.codes import Codes
from core.ports.store.columns import Columns
from core.ports.store.conversation import Conversation
from core.ports.store.counts import Counts
from core.ports.store.credentials import Credentials
from core.ports.store.earmarks import Earmarks
from core.ports.store.families import Households, Invitations
from core.ports.store.harvests import Harvests
from core.ports.store.ladder import Ladder
from core.ports.store.operations import Leases, Log
from core.ports.store.outbox import Outbox
from core.ports.store.people import People
from core.ports.store.pinned import PinnedMessages
from core.ports.store.portfolios import Instruments, Portfolios
from core.ports.store.proposals import Orders, Proposals
from core.ports.store.records import AuditEvent, Change, Chat, CheckRecord, Dialogue, MarketRow
from core.ports.store.rules import Rules
from core.ports.store.taxes import Taxes


class UnitOfWork(Protocol):
    """One transaction, and all that can be asked and written in it."""

    @property
    def people(self) -> People:
        """Members and memberships."""
        ...

    @property
    def households(self) -> Households:
        """Who belongs to which household."""
        ...

    @property
    def invitations(self) -> Invitations:
        """Invitations, joinings, offers of ownership."""
        ...

    @property
    def portfolios(self) -> Portfolios:
        """Portfolios, accounts, targets, policies."""
        ...

    @property
    def ladder(self) -> Ladder:
        """Rungs, live confirmations, and what was sent of late."""
        ...

    @property
    def instruments(self) -> Instruments:
        """Instruments and last closes."""
        ...

    @property
    def checks(self) -> Checks:
        """Due checks."""
        ...

    @property
    def proposals(self) -> Proposals:
        """Proposals, revisions, decisions, copies."""
        ...

    @property
    def orders(self) -> Orders:
        """Orders and fills."""
        ...

    @property
    def holds(self) -> Holds:
        """Holds on accounts."""
        ...

    @property
    def looks(self) -> Looks:
        """What was last seen at brokers."""
        ...

    @property
    def taxes(self) -> Taxes:
        """Lots, realised sales, tax profiles, equal symbols."""
        ...

    @property
    def earmarks(self) -> Earmarks:
        """Cash that is set aside to be taken out."""
        ...

    @property
    def rules(self) -> Rules:
        """Rules for market conditions."""
        ...

    @property
    def changes(self) -> Changes:
        """Changes of live portfolios that wait."""
        ...

    @property
    def harvests(self) -> Harvests:
        """Switches back, and the orders that harvested."""
        ...

    @property
    def conversation(self) -> Conversation:
        """Chats, dialogues, updates."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Messages to be sent."""
        ...

    @property
    def pinned(self) -> PinnedMessages:
        """Pinned messages."""
        ...

    @property
    def channels(self) -> Channels:
        """Members' channels, sealed."""
        ...

    @property
    def credentials(self) -> Credentials:
        """Brokers' keys, sealed."""
        ...

    @property
    def codes(self) -> Codes:
        """Members' one-time codes."""
        ...

    @property
    def counts(self) -> Counts:
        """How many there are of everything."""
        ...

    @property
    def columns(self) -> Columns:
        """Plain portfolios, packed."""
        ...

    @property
    def leases(self) -> Leases:
        """Leases."""
        ...

    @property
    def log(self) -> Log:
        """Audit events and the market's row."""
        ...


class Store(Protocol):
    """Opens units of work."""

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that writes: takes the write lock at once, commits on a clean exit."""
        ...

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that only reads."""
        ...


__all__ = [
    "AuditEvent",
    "Change",
    "Channels",
    "Chat",
    "CheckRecord",
    "Checks",
    "Codes",
    "Columns",
    "Conversation",
    "Counts",
    "Credentials",
    "Dialogue",
    "Earmarks",
    "Harvests",
    "Holds",
    "Instruments",
    "Ladder",
    "Leases",
    "Log",
    "Looks",
    "MarketRow",
    "Orders",
    "Outbox",
    "People",
    "PinnedMessages",
    "Portfolios",
    "Proposals",
    "Rules",
    "Store",
    "Taxes",
    "UnitOfWork",
]
