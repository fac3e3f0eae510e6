"""Alpaca's answers to single questions, in values of ours: what the keys of one account can ask.

Whatever goes wrong with a look is BrokerUnavailable: no conclusion may be drawn from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import count
from typing import Any, TypeVar
from urllib.parse import quote

from alpaca.trading.enums import AssetClass, AssetStatus
from alpaca.trading.requests import GetAssetsRequest, GetCalendarRequest

from core.adapters.alpaca_api import AlpacaFault, Line, Refused, TradeClient, Urgency
from core.adapters.alpaca_api.exact import Record, records_of, text_of
from core.adapters.brokers.alpaca.records import (
    EXCHANGE_ZONE,
    AlpacaAccountRecord,
    AlpacaOrder,
    AlpacaPosition,
    read_account,
    read_asset,
    read_cash_moves,
    read_clock,
    read_fills,
    read_in_lieu,
    read_moves,
    read_order,
    read_position,
    read_positions,
    read_sessions,
)
from core.adapters.brokers.alpaca.refusals import (
    as_broker_error,
    as_unavailable,
    is_not_found,
)
from core.adapters.brokers.alpaca.states import read_seen_order
from core.domain.cash_moves import CashMove
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO
from core.domain.opening import CashInLieu, ShareMove
from core.domain.order import Fill
from core.domain.session import Session
from core.ports.broker import BrokerAsset, BrokerClock, BrokerUnavailable, SeenOrder
from core.ports.clock import Clock

T = TypeVar("T")

ORDERS_A_PAGE = 500
FILLS_A_PAGE = 100
MOST_PAGES = 20
"""An account with more executions than these pages hold (2,000) is not asked how it came to what it holds."""
ASSETS_ONE_BY_ONE = 20
"""More symbols than these are looked up in the list of all assets, which is one long answer."""
ASSET_SECONDS = 300.0
"""So long an asset is believed to trade as it did."""
NOT_CANCELABLE = 422


class AlpacaDesk:
    """Asks through one client over one line."""

    def __init__(self, client: TradeClient, line: Line, clock: Clock) -> None:
        self._client = client
        self._line = line
        self._clock = clock
        self._assets: dict[Symbol, tuple[float, BrokerAsset | None]] = {}

    async def account(self, urgency: Urgency = Urgency.READ) -> AlpacaAccountRecord:
        """The account that the keys belong to."""
        return await self._read(lambda: read_account(self._client.get_account()), urgency)

    async def positions(self) -> list[AlpacaPosition]:
        """All positions."""
        return await self._read(lambda: read_positions(self._client.get_all_positions()))

    async def position(self, symbol: Symbol) -> AlpacaPosition | None:
        """The position that an order would sell from, or None where there is none."""
        name = quote(symbol, safe="")
        return await self._maybe(
            lambda: read_position(self._client.get_open_position(name)), Urgency.ORDER
        )

    async def clock(self, urgency: Urgency = Urgency.READ) -> BrokerClock:
        """The exchange's clock."""
        return await self._read(lambda: read_clock(self._client.get_clock()), urgency)

    async def sessions(self, first: date, last: date) -> tuple[Session, ...]:
        """The exchange's sessions from a day to a day, both included."""
        asked = GetCalendarRequest(start=first, end=last)
        return await self._read(lambda: read_sessions(self._client.get_calendar(asked)))

    # --- assets ----------------------------------------------------------------------------------

    async def assets(self, symbols: Collection[Symbol]) -> dict[Symbol, BrokerAsset]:
        """What Alpaca trades of these, asked at most once in five minutes."""
        now = self._clock.monotonic()
        asked = [s for s in dict.fromkeys(symbols) if self._assets.get(s, (0.0, None))[0] <= now]
        found = await self._look_up_assets(asked)
        self._assets |= {symbol: (now + ASSET_SECONDS, found.get(symbol)) for symbol in asked}
        known = {symbol: self._assets[symbol][1] for symbol in symbols}
        return {symbol: asset for symbol, asset in known.items() if asset is not None}

    async def _look_up_assets(self, symbols: list[Symbol]) -> dict[Symbol, BrokerAsset]:
        if len(symbols) > ASSETS_ONE_BY_ONE:
            return await self._read(self._all_assets)
        found = {}
        for symbol in symbols:
            asset = await self._maybe(partial(self._asset, quote(symbol, safe="")))
            if asset is not None:
                found[symbol] = asset
        return found

    def _asset(self, name: str) -> BrokerAsset:
        return read_asset(self._client.get_asset(name))

    def _all_assets(self) -> dict[Symbol, BrokerAsset]:
        asked = GetAssetsRequest(status=AssetStatus.ACTIVE, asset_class=AssetClass.US_EQUITY)
        listed = map(read_asset, records_of(self._client.get_all_assets(asked)))
        return {asset.symbol: asset for asset in listed}

    # --- orders ----------------------------------------------------------------------------------

    async def find(self, client_order_id: ClientOrderId) -> AlpacaOrder | None:
        """An order by our id, or None where Alpaca itself says that it has none."""
        found = await self._maybe(
            lambda: read_order(self._client.get_order_by_client_id(client_order_id)), Urgency.ORDER
        )
        if found is not None and found.client_order_id != client_order_id:
            raise BrokerUnavailable("Alpaca answered with another order than the one asked for")
        return found

    async def open_orders(self) -> list[AlpacaOrder]:
        """All orders that can still be filled, however many, oldest first."""
        return await self._read(self._all_open_orders)

    def _all_open_orders(self) -> list[AlpacaOrder]:
        asked: dict[str, Any] = {"status": "open", "limit": ORDERS_A_PAGE, "direction": "asc"}
        pages = self._pages("/orders", asked, ORDERS_A_PAGE, "after_order_id")
        return [read_order(record) for record in pages]

    async def seen_orders(self, since: datetime | None) -> tuple[SeenOrder, ...]:
        """Everybody's orders: those that are open, and all that were sent after a time."""
        return await self._read(lambda: self._all_seen_orders(since))

    def _all_seen_orders(self, since: datetime | None) -> tuple[SeenOrder, ...]:
        asked = {"status": "open", "limit": ORDERS_A_PAGE, "direction": "asc"}
        pages = self._pages("/orders", asked, ORDERS_A_PAGE, "after_order_id")
        if since is not None:
            first = {"after": since.strftime("%Y-%m-%dT%H:%M:%SZ")}
            of_late = {**asked, "status": "all"}
            pages += self._pages("/orders", of_late, ORDERS_A_PAGE, "after_order_id", first)
        found = [read_seen_order(record) for record in pages]
        return tuple({order.client_order_id: order for order in found}.values())

    async def fills(self, order: AlpacaOrder) -> tuple[Fill, ...]:
        """The executions of an order."""
        if order.filled <= ZERO:
            return ()
        asked = {
            "order_id": order.broker_order_id,
            "page_size": FILLS_A_PAGE,
            "direction": "asc",
        }

        def read() -> tuple[Fill, ...]:
            pages = self._pages("/account/activities/FILL", asked, FILLS_A_PAGE, "page_token")
            return read_fills(pages, order.broker_order_id)

        return await self._read(read, Urgency.ORDER)

    async def moves(self) -> tuple[ShareMove, ...] | None:
        """Every purchase, sale and split in the account; None where they fill more pages than are asked for."""
        return await self._read(self._all_moves)

    def _all_moves(self) -> tuple[ShareMove, ...] | None:
        asked = {"page_size": FILLS_A_PAGE, "direction": "asc"}
        found: list[Record] = []
        for kind in ("FILL", "SPLIT"):
            path = f"/account/activities/{kind}"
            records = self._pages(path, asked, FILLS_A_PAGE, "page_token", most=MOST_PAGES)
            if len(records) >= FILLS_A_PAGE * MOST_PAGES:
                return None
            found += records
        return read_moves(found)

    async def trades(self, since: datetime) -> tuple[ShareMove, ...]:
        """Every purchase and sale after a time."""
        return await self._read(lambda: read_moves(self._activities("FILL", since)))

    async def paid_in_lieu(self, since: datetime) -> tuple[CashInLieu, ...]:
        """Every payment for a fraction of a share after a time."""
        return await self._read(lambda: read_in_lieu(self._activities("CIL", since)))

    async def cash_moves(self, since: date) -> tuple[CashMove, ...]:
        """Everything in the account from a day on that is no trade."""
        start = datetime.combine(since, time(), EXCHANGE_ZONE) - timedelta(days=1)
        told = await self._read(
            lambda: read_cash_moves(self._activities("", start, category="non_trade_activity"))
        )
        return tuple(move for move in told if move.day >= since)

    def _activities(self, kind: str, since: datetime, **more: str) -> list[Record]:
        asked = {
            "page_size": FILLS_A_PAGE,
            "direction": "asc",
            "after": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **more,
        }
        path = f"/account/activities/{kind}".rstrip("/")
        return self._pages(path, asked, FILLS_A_PAGE, "page_token")

    async def post(self, order: dict[str, str]) -> Any:
        """Send an order once and return what Alpaca says of it; raises AlpacaFault."""
        return await self._line.ask(lambda: self._client.post("/orders", order), Urgency.ORDER)

    async def cancel(self, broker_order_id: str) -> None:
        """Ask for an order to be cancelled; one that has ended stays as it is."""
        name = quote(broker_order_id, safe="")
        try:
            await self._line.ask(lambda: self._client.delete(f"/orders/{name}"), Urgency.ORDER)
        except Refused as refused:
            if refused.status != NOT_CANCELABLE and not is_not_found(refused):
                raise BrokerUnavailable(f"Alpaca did not cancel: {refused}") from None
        except AlpacaFault as fault:
            raise as_broker_error(fault) from None

    # --- asking ----------------------------------------------------------------------------------

    def _pages(
        self,
        path: str,
        asked: dict[str, Any],
        size: int,
        token: str,
        first: dict[str, str] | None = None,
        most: int | None = None,
    ) -> list[Record]:
        """Every page of a list, or at most so many, each record once; runs in a worker thread.

        ``first`` says where the first page begins; the others follow the one before.
        """
        found: dict[str, Record] = {}
        last: dict[str, str] = first or {}
        for number in count(1):
            page = records_of(self._client.get(path, {**asked, **last}))
            before = len(found)
            found |= {text_of(record, "id"): record for record in page}
            if len(page) < size or len(found) == before or number == most:
                break
            last = {token: text_of(page[-1], "id")}
        return list(found.values())

    async def _read(self, work: Callable[[], T], urgency: Urgency = Urgency.READ) -> T:
        try:
            return await self._line.ask(work, urgency)
        except AlpacaFault as fault:
            raise as_unavailable(fault) from None

    async def _maybe(self, work: Callable[[], T], urgency: Urgency = Urgency.READ) -> T | None:
        try:
            return await self._line.ask(work, urgency)
        except Refused as refused:
            if is_not_found(refused):
                return None
            raise as_unavailable(refused) from None
        except AlpacaFault as fault:
            raise as_unavailable(fault) from None
