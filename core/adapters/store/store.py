"""The store: units of work, each one transaction that is kept whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from core.adapters.store.accounts import SqlHolds, SqlLooks
from core.adapters.store.changes import SqlChanges
from core.adapters.store.channels import SqlChannels
from core.adapters.store.checks import SqlChecks
from core.adapters.store.codes import SqlCodes
from core.adapters.store.columns import SqlColumns
from core.adapters.store.conversation import SqlConversation
from core.adapters.store.counts import SqlCounts
from core.adapters.store.credentials import SqlCredentials
from core.adapters.store.database import Database, Memory
from core.adapters.store.earmarks import SqlEarmarks
from core.adapters.store.faults import translated
from core.adapters.store.harvests import SqlHarvests
from core.adapters.store.households import SqlHouseholds
from core.adapters.store.instruments import SqlInstruments
from core.adapters.store.invitations import SqlInvitations
from core.adapters.store.ladder import SqlLadder
from core.adapters.store.leases import SqlLeases
from core.adapters.store.log import SqlLog
from core.adapters.store.orders import SqlOrders
from core.adapters.store.outbox import SqlOutbox
from core.adapters.store.people import SqlPeople
from core.adapters.store.pinned import SqlPinned
from core.adapters.store.portfolios import SqlPortfolios
from core.adapters.store.proposals import SqlProposals
from core.adapters.store.rules import SqlRules
from core.adapters.store.taxes import SqlTaxes
from core.adapters.store.unbroken import unbroken
from core.ports.guard import unit_of_work_open
from core.ports.store import UnitOfWork


class SqlUnitOfWork:
    """One transaction, and all that can be asked and written in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def people(self) -> SqlPeople:
        """Members and memberships."""
        return SqlPeople(self._database)

    @cached_property
    def households(self) -> SqlHouseholds:
        """Who belongs to which household."""
        return SqlHouseholds(self._database)

    @cached_property
    def invitations(self) -> SqlInvitations:
        """Invitations, joinings, offers of ownership."""
        return SqlInvitations(self._database)

    @cached_property
    def portfolios(self) -> SqlPortfolios:
        """Portfolios, accounts, targets, policies."""
        return SqlPortfolios(self._database)

    @cached_property
    def ladder(self) -> SqlLadder:
        """Rungs, live confirmations, and what was sent of late."""
        return SqlLadder(self._database)

    @cached_property
    def instruments(self) -> SqlInstruments:
        """Instruments and last closes."""
        return SqlInstruments(self._database)

    @cached_property
    def checks(self) -> SqlChecks:
        """Due checks."""
        return SqlChecks(self._database)

    @cached_property
    def proposals(self) -> SqlProposals:
        """Proposals, revisions, decisions, copies."""
        return SqlProposals(self._database)

    @cached_property
    def orders(self) -> SqlOrders:
        """Orders and fills."""
        return SqlOrders(self._database)

    @cached_property
    def holds(self) -> SqlHolds:
        """Holds on accounts."""
        return SqlHolds(self._database)

    @cached_property
    def looks(self) -> SqlLooks:
        """What was last seen at brokers."""
        return SqlLooks(self._database)

    @cached_property
    def taxes(self) -> SqlTaxes:
        """Lots, realised sales, tax profiles, equal symbols."""
        return SqlTaxes(self._database)

    @cached_property
    def earmarks(self) -> SqlEarmarks:
        """Cash that is set aside to be taken out."""
        return SqlEarmarks(self._database)

    @cached_property
    def rules(self) -> SqlRules:
        """Rules for market conditions."""
        return SqlRules(self._database)

    @cached_property
    def changes(self) -> SqlChanges:
        """Changes of live portfolios that wait."""
        return SqlChanges(self._database)

    @cached_property
    def harvests(self) -> SqlHarvests:
        """Switches back, and the orders that harvested."""
        return SqlHarvests(self._database)

    @cached_property
    def conversation(self) -> SqlConversation:
        """Chats, dialogues, updates."""
        return SqlConversation(self._database)

    @cached_property
    def outbox(self) -> SqlOutbox:
        """Messages to be sent."""
        return SqlOutbox(self._database)

    @cached_property
    def pinned(self) -> SqlPinned:
        """Pinned messages."""
        return SqlPinned(self._database)

    @cached_property
    def channels(self) -> SqlChannels:
        """Members' channels, sealed."""
        return SqlChannels(self._database)

    @cached_property
    def credentials(self) -> SqlCredentials:
        """Brokers' keys, sealed."""
        return SqlCredentials(self._database)

    @cached_property
    def codes(self) -> SqlCodes:
        """Members' one-time codes."""
        return SqlCodes(self._database)

    @cached_property
    def counts(self) -> SqlCounts:
        """How many there are of everything."""
        return SqlCounts(self._database)

    @cached_property
    def columns(self) -> SqlColumns:
        """Plain portfolios, packed."""
        return SqlColumns(self._database)

    @cached_property
    def leases(self) -> SqlLeases:
        """Leases."""
        return SqlLeases(self._database)

    @cached_property
    def log(self) -> SqlLog:
        """Audit events and the market's row."""
        return SqlLog(self._database)


class SqlStore:
    """The port ``Store`` on SQLite or PostgreSQL.

    Those who write queue up within the process, first come, first served; other processes are waited for up to the
    patience that the engines were made with (StoreBusy after that, with nothing done).
    """

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()
        self._memory = Memory()

    def begin(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that writes: takes the write lock at once, commits on a clean exit."""
        return self._begin()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that only reads, all of it from one state of the store."""
        return self._read()

    async def aclose(self) -> None:
        """Close every connection; call it when no unit of work is open."""
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[UnitOfWork]:
        with unit_of_work_open():
            async with self._turn, _transaction(self._writer) as connection:
                database = Database(connection, self._memory, may_write=True)
                yield SqlUnitOfWork(database)
            database.deeds.tell()

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[UnitOfWork]:
        with unit_of_work_open():
            async with _transaction(self._reader) as connection:
                yield SqlUnitOfWork(Database(connection, self._memory, may_write=False))


@asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    connection = engine.connect()
    try:
        await unbroken(_open(connection))
        yield connection
        await unbroken(connection.commit())
    except Exception as error:
        better = translated(error)
        if better is error:
            raise
        raise better from error
    finally:
        if connection.sync_connection is not None:
            await unbroken(connection.close())


async def _open(connection: AsyncConnection) -> None:
    await connection.start()
    await connection.begin()
