"""Harvests in the store: the switches back that they left, and which orders were theirs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select, update

from core.adapters.store.database import Database, Found
from core.adapters.store.instruments import USUAL_CURRENCY, SqlInstruments
from core.adapters.store.tables import INSTRUMENTS, ORDERS, PROPOSALS, SWITCHES
from core.domain.harvest import Switch, SwitchState
from core.domain.ids import AccountId, ClientOrderId, PortfolioId, ProposalId, Symbol
from core.domain.plan import Side
from core.domain.proposal import Cause

_SOLD, _BOUGHT = INSTRUMENTS.alias("sold"), INSTRUMENTS.alias("bought")
_SWITCHES = (
    select(SWITCHES, _SOLD.c.symbol.label("sold"), _BOUGHT.c.symbol.label("bought"))
    .join(_SOLD, _SOLD.c.id == SWITCHES.c.sold_id)
    .join(_BOUGHT, _BOUGHT.c.id == SWITCHES.c.bought_id)
    .order_by(SWITCHES.c.id)
)


class SqlHarvests:
    """The port ``Harvests`` over one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._instruments = SqlInstruments(database)

    async def add(self, switches: Sequence[Switch]) -> int:
        """Remember switches (their ``id`` is ignored), and return how many were new."""
        symbols = {symbol for switch in switches for symbol in (switch.sold, switch.bought)}
        ids = await self._instruments.ids(symbols, USUAL_CURRENCY)
        rows = [_row(switch, ids[switch.sold], ids[switch.bought]) for switch in switches]
        return await self._database.add_new(SWITCHES, rows)

    async def waiting(
        self, portfolio_ids: Collection[PortfolioId], until: date | None = None
    ) -> tuple[Switch, ...]:
        """The switches that are still to be offered, oldest first."""
        wanted = [
            self._database.among(SWITCHES.c.portfolio_id, portfolio_ids),
            SWITCHES.c.state == SwitchState.WAITING.value,
        ]
        if until is not None:
            wanted.append(SWITCHES.c.look_from <= until)
        return tuple(map(_switch_of, await self._database.rows(_SWITCHES.where(*wanted))))

    async def offered_by(self, proposal_id: ProposalId) -> tuple[Switch, ...]:
        """The switches that a proposal offered last, whatever became of them."""
        rows = await self._database.rows(_SWITCHES.where(SWITCHES.c.offered == proposal_id))
        return tuple(map(_switch_of, rows))

    async def look_again(
        self, switch_ids: Collection[int], look_from: date, offered: ProposalId | None = None
    ) -> None:
        """Look for the way back again from a day on; ``offered`` names the proposal that offers it now."""
        values: dict[str, Any] = {"look_from": look_from}
        if offered is not None:
            values["offered"] = offered
        await self._change(switch_ids, **values)

    async def settle(self, switch_ids: Collection[int], state: SwitchState) -> None:
        """Say whether these are still to be offered."""
        await self._change(switch_ids, state=state.value)

    async def _change(self, switch_ids: Collection[int], **values: Any) -> None:
        await self._database.write(
            update(SWITCHES).where(self._database.among(SWITCHES.c.id, switch_ids)).values(**values)
        )

    async def sales(self, account_ids: Collection[AccountId]) -> dict[ClientOrderId, ProposalId]:
        """The orders of accounts that harvested a loss, each with its proposal."""
        rows = await self._database.rows(
            select(ORDERS.c.client_order_id, ORDERS.c.proposal_id)
            .join(PROPOSALS, PROPOSALS.c.id == ORDERS.c.proposal_id)
            .where(
                self._database.among(ORDERS.c.account_id, account_ids),
                ORDERS.c.side == Side.SELL.value,
                PROPOSALS.c.cause == Cause.HARVEST.value,
            )
        )
        return {ClientOrderId(name): ProposalId(number) for name, number in rows}


def _row(switch: Switch, sold_id: int, bought_id: int) -> dict[str, Any]:
    return {
        "portfolio_id": switch.portfolio_id,
        "account_id": switch.account_id,
        "proposal_id": switch.proposal_id,
        "sold_id": sold_id,
        "bought_id": bought_id,
        "sold_on": switch.sold_on,
        "saves": switch.saves,
        "look_from": switch.look_from,
        "state": switch.state.value,
        "offered": switch.offered,
    }


def _switch_of(row: Found) -> Switch:
    return Switch(
        portfolio_id=row.portfolio_id,
        account_id=row.account_id,
        proposal_id=row.proposal_id,
        sold=Symbol(row.sold),
        bought=Symbol(row.bought),
        sold_on=row.sold_on,
        saves=row.saves,
        look_from=row.look_from,
        state=SwitchState(row.state),
        offered=row.offered,
        id=row.id,
    )
