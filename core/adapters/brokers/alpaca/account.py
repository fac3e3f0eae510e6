"""One account at Alpaca, in the words of the port."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NoReturn

from core.adapters.alpaca_api import AlpacaFault, Refused, Urgency
from core.adapters.brokers.alpaca.desk import AlpacaDesk
from core.adapters.brokers.alpaca.records import (
    AlpacaAccountRecord,
    AlpacaOrder,
    AlpacaPosition,
    read_order,
)
from core.adapters.brokers.alpaca.refusals import (
    as_broker_error,
    as_order_refused,
    is_repeated_id,
    may_be_repeated_id,
)
from core.adapters.brokers.alpaca.rules import as_json, require_means, require_sendable
from core.adapters.brokers.alpaca.states import as_broker_order, is_known
from core.domain.cash_moves import CashMove
from core.domain.ids import ClientOrderId, Symbol
from core.domain.look import Held
from core.domain.opening import BrokerCosts, CashInLieu, PositionCost, ShareMove
from core.domain.plan import Side
from core.domain.portfolio import Holdings
from core.ports.broker import (
    AccountReplaced,
    AccountReport,
    BrokerAccount,
    BrokerAmbiguous,
    BrokerAsset,
    BrokerClock,
    BrokerOrder,
    BrokerTraits,
    BrokerUnavailable,
    Dedup,
    DuplicateClientOrderId,
    OrderRefused,
    OrderRequest,
)
from core.ports.clock import Clock

logger = logging.getLogger(__name__)

NAME = "alpaca"
LOOKS_AT_HOLDINGS = 3
SECOND_LOOK_SECONDS = 2.0
"""After a refusal that an order of the same id may have caused, it is looked for twice."""
STATE_DEPENDENT = frozenset({"insufficient_cash", "insufficient_shares", "market_closed"})


class AlpacaAccount:
    """A Broker. ``name`` is Alpaca's account number; another account's keys are noticed."""

    def __init__(self, desk: AlpacaDesk, name: str, clock: Clock, *, is_live: bool = False) -> None:
        self._desk = desk
        self._name = name
        self._clock = clock
        self._is_live = is_live
        self._has_margin: bool | None = None

    @property
    def traits(self) -> BrokerTraits:
        """Ids are refused for ever. Sales settle a day later, which an account with margin does not notice.

        Until the account has been read, it is taken for one without margin.
        """
        return traits_of(has_margin=self._has_margin is True, is_live=self._is_live)

    async def account(self) -> BrokerAccount:
        """The account that the keys belong to, whichever it is, and its usable cash."""
        return (await self._read_account(Urgency.READ)).account

    async def holdings(self) -> Holdings:
        """Usable cash and all stocks, read so that no execution falls between the two.

        Raises BrokerUnavailable where something is held short, because only long positions can be kept on target.
        """
        before = await self._own_account()
        for _ in range(LOOKS_AT_HOLDINGS):
            positions = await self._desk.positions()
            after = await self._own_account()
            if after.account.cash == before.account.cash:
                break
            before = after
        else:
            raise BrokerUnavailable("the account's cash changes while it is being read")
        if shorts := sorted(p.symbol for p in positions if p.quantity < 0):
            raise BrokerUnavailable(
                f"the account has sold {', '.join(shorts)} short; only long positions can be managed"
            )
        if others := sorted(p.symbol for p in positions if not p.is_stock):
            logger.warning("Left out, because they are no stocks: %s", ", ".join(others))
        stocks = {p.symbol: p.quantity for p in positions if p.is_stock and p.quantity}
        return Holdings(after.account.cash, stocks)

    async def assets(self, symbols: Collection[Symbol]) -> Mapping[Symbol, BrokerAsset]:
        """What Alpaca says of these symbols."""
        return await self._desk.assets(symbols)

    async def clock(self) -> BrokerClock:
        """The exchange's clock as Alpaca has it."""
        return await self._desk.clock()

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        """Look an order up by our id; where there is none, make sure that it is the right account.

        Raises BrokerAmbiguous for an order in a state that we have never heard of.
        """
        found = await self._desk.find(client_order_id)
        if found is None:
            await self._own_account(Urgency.ORDER)
            return None
        if not is_known(found.status):
            raise BrokerAmbiguous(_strange(found))
        return await self._with_fills(found)

    async def open_orders(self) -> Sequence[BrokerOrder]:
        """All orders that can still be filled, ours and others'."""
        await self._own_account()
        return [await self._with_fills(order) for order in await self._desk.open_orders()]

    async def report(self, since: datetime | None) -> AccountReport:
        """The account, its stocks, and everybody's orders: three requests, or four with a time."""
        record = await self._own_account()
        positions = await self._desk.positions()
        stocks = {
            p.symbol: Held(p.quantity, p.asset_id, p.price)
            for p in positions
            if p.is_stock and p.quantity
        }
        return AccountReport(record.account, stocks, await self._desk.seen_orders(since))

    async def costs(self, symbols: Collection[Symbol]) -> BrokerCosts:
        """What positions have cost, and every purchase, sale and split since the account was opened."""
        await self._own_account()
        positions = await self._desk.positions()
        told = {
            p.symbol: PositionCost(p.quantity, p.cost)
            for p in positions
            if p.is_stock and p.symbol in symbols and p.quantity > 0
        }
        return BrokerCosts(told, await self._desk.moves())

    async def trades(self, since: datetime) -> Sequence[ShareMove]:
        """Every purchase and sale after a time, whoever made it."""
        await self._own_account()
        return await self._desk.trades(since)

    async def paid_in_lieu(self, since: datetime) -> Sequence[CashInLieu]:
        """Every payment for a fraction of a share after a time."""
        await self._own_account()
        return await self._desk.paid_in_lieu(since)

    async def cash_moves(self, since: date) -> Sequence[CashMove] | None:
        """What came and went beside trades from a day on."""
        await self._own_account()
        return await self._desk.cash_moves(since)

    async def cancel(self, client_order_id: ClientOrderId) -> None:
        """Ask for an order to be cancelled; one that Alpaca does not have needs none."""
        found = await self._desk.find(client_order_id)
        if found is not None:
            await self._desk.cancel(found.broker_order_id)

    # --- sending ---------------------------------------------------------------------------------

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        """Send one day order, once.

        Alpaca would queue an order overnight, lend money, or sell short: all three are refused
        here first. What then becomes of the order is never guessed.
        """
        require_sendable(request)
        try:
            await self._require_possible(request)
        except OrderRefused as refused:
            await self._refuse(request, refused)
        return await self._post(request)

    async def _require_possible(self, request: OrderRequest) -> None:
        clock, account, position = await asyncio.gather(
            self._desk.clock(Urgency.ORDER),
            self._own_account(Urgency.ORDER),
            self._position_for(request),
        )
        if not clock.is_open:
            raise OrderRefused("market_closed", f"opens at {clock.next_open.isoformat()}")
        require_means(request, account, position)

    async def _position_for(self, request: OrderRequest) -> AlpacaPosition | None:
        """What a sale would be made from; a purchase needs none."""
        if request.side is Side.BUY:
            return None
        return await self._desk.position(request.symbol)

    async def _post(self, request: OrderRequest) -> BrokerOrder:
        try:
            order = read_order(await self._desk.post(as_json(request)))
        except Refused as refused:
            return await self._explain(request, refused)
        except AlpacaFault as fault:
            raise as_broker_error(fault) from None
        except Exception as error:
            logger.exception("Sending an order to Alpaca failed unexpectedly.")
            raise BrokerAmbiguous(f"sending failed with {type(error).__name__}") from None
        asked = (request.client_order_id, request.symbol, request.side)
        if (order.client_order_id, order.symbol, order.side) != asked:
            raise BrokerAmbiguous("Alpaca answered with another order than the one sent")
        if not is_known(order.status):
            raise BrokerAmbiguous(_strange(order))
        try:
            return await self._with_fills(order)
        except BrokerUnavailable:
            return as_broker_order(order, (), self._clock.now())

    async def _explain(self, request: OrderRequest, refused: Refused) -> NoReturn:
        """Say why an order was refused; raises DuplicateClientOrderId or OrderRefused."""
        if is_repeated_id(refused):
            raise DuplicateClientOrderId(request.client_order_id) from None
        ours = as_order_refused(refused)
        if may_be_repeated_id(refused) or ours.code in STATE_DEPENDENT:
            await self._refuse(request, ours)
        raise ours from None

    async def _refuse(self, request: OrderRequest, refused: OrderRefused) -> NoReturn:
        """Refuse an order, unless Alpaca has one of this id after all: that one may be the cause.

        Its cash or shares are missing because an earlier sending of the same order, whose answer
        was lost, holds or has used them. Alpaca may show such an order late.
        """
        try:
            found = await self._desk.find(request.client_order_id)
            if found is None:
                await self._clock.sleep(SECOND_LOOK_SECONDS)
                found = await self._desk.find(request.client_order_id)
        except BrokerUnavailable as error:
            raise BrokerAmbiguous(f"{refused}; whether it was sent before: {error}") from None
        if found is not None:
            raise DuplicateClientOrderId(request.client_order_id) from None
        raise refused from None

    # --- inside ----------------------------------------------------------------------------------

    async def _with_fills(self, order: AlpacaOrder) -> BrokerOrder:
        if not is_known(order.status):
            logger.warning("%s", _strange(order))
        return as_broker_order(order, await self._desk.fills(order), self._clock.now())

    async def _own_account(self, urgency: Urgency = Urgency.READ) -> AlpacaAccountRecord:
        """The account, which must be this one."""
        record = await self._read_account(urgency)
        actual = record.account.broker_account_id
        if actual != self._name:
            raise AccountReplaced(
                self._name,
                actual,
                f"Alpaca's keys belong to the account …{actual[-4:]}, and not to …{self._name[-4:]}: "
                "either the keys were changed, or the paper account was reset",
            )
        return record

    async def _read_account(self, urgency: Urgency) -> AlpacaAccountRecord:
        record = await self._desk.account(urgency)
        self._has_margin = record.has_margin
        return record


def traits_of(*, has_margin: bool, is_live: bool) -> BrokerTraits:
    """What Alpaca declares about an account.

    Lots are sold first in, first out: an order has no field for lots, and Alpaca says that it supports no choice
    (forum.alpaca.markets/t/18062).
    """
    return BrokerTraits(
        NAME,
        Dedup.FOREVER,
        uses_own_quotes=True,
        has_fractions=True,
        settles_at_once=has_margin,
        is_live=is_live,
        others_trade=True,
    )


def _strange(order: AlpacaOrder) -> str:
    return (
        f"Alpaca says that the order {order.client_order_id} is “{order.status[:40]}”, "
        "which we do not know"
    )
