"""The desk: takes orders in and fills them, against cash and shares that are really there.

Everything here happens inside one transaction. A purchase costs its shares rounded up to the cent,
a sale brings them rounded down, so that no fraction of a cent is ever made up; neither cash nor a
position can go below zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from core.adapters.brokers.simulated.ledger import Ledger, OrderRow
from core.adapters.brokers.simulated.rules import FillRules
from core.domain.ids import ClientOrderId, Symbol
from core.domain.money import ZERO, purchase_cost, sale_proceeds
from core.domain.order import OrderState
from core.domain.plan import Side
from core.ports.broker import DuplicateClientOrderId, OrderRefused, OrderRequest


@dataclass(frozen=True, slots=True)
class Desk:
    """One transaction's desk: the rows, the rules, the market's instant, and orders filled only so far.

    ``at_most``: the most shares that are filled, by account and client order id.
    """

    ledger: Ledger
    rules: FillRules
    now: datetime
    at_most: Mapping[tuple[int, ClientOrderId], Decimal] = field(default_factory=dict)

    async def place(
        self, account_id: int, request: OrderRequest, quote: Decimal, expires_at: datetime
    ) -> OrderRow:
        """Take a new order in and fill what can be filled now.

        Raises DuplicateClientOrderId or OrderRefused, and then nothing has changed.
        """
        if await self.ledger.order(account_id, request.client_order_id) is not None:
            raise DuplicateClientOrderId(request.client_order_id)
        price = self.rules.fill_price(request.side, quote, request.limit_price)
        needed = await self._require_means(account_id, request, price)
        order = await self.ledger.add_order(
            account_id, request, reserved=needed, at=self.now, expires_at=expires_at
        )
        part = min(self.rules.first_part(order.quantity), self._room(order))
        if price is None or part <= ZERO:
            return order
        return await self._fill(order, part, price)

    async def settle(self, order: OrderRow, quotes: Mapping[Symbol, Decimal]) -> None:
        """Bring an open order up to this instant: expire it, or fill what its limit permits."""
        if self.now >= order.expires_at:
            await self.ledger.update_order(order.id, OrderState.EXPIRED)
            return
        quote, part = quotes.get(order.symbol), min(order.remaining, self._room(order))
        if quote is None or part <= ZERO:
            return
        price = self.rules.fill_price(order.side, quote, order.limit_price)
        if price is not None and await self._is_affordable(order, price):
            await self._fill(order, part, price)

    def _room(self, order: OrderRow) -> Decimal:
        """How many more shares of an order may be filled."""
        most = self.at_most.get((order.account_id, order.client_order_id), order.quantity)
        return most - (order.quantity - order.remaining)

    async def _require_means(
        self, account_id: int, request: OrderRequest, price: Decimal | None
    ) -> Decimal:
        """Return the cash that an order holds back; raises OrderRefused where means are missing."""
        if request.side is Side.SELL:
            free = await self.ledger.free_shares(account_id, request.symbol)
            if request.quantity > free:
                raise OrderRefused(
                    "insufficient_shares", f"{request.quantity} {request.symbol} asked, {free} free"
                )
            await self._require_commission(account_id, request, price)
            return ZERO
        at_most = price if price is not None else request.limit_price
        needed = purchase_cost(request.quantity, at_most or ZERO) + self.rules.commission
        free_cash = await self.ledger.free_cash(account_id)
        if needed > free_cash:
            raise OrderRefused("insufficient_cash", f"{needed} needed, {free_cash} free")
        return needed

    async def _require_commission(
        self, account_id: int, request: OrderRequest, price: Decimal | None
    ) -> None:
        worst = price if price is not None else request.limit_price
        first = self.rules.first_part(request.quantity)
        missing = self.rules.commission - sale_proceeds(first, worst or ZERO)
        if missing > ZERO and missing > await self.ledger.free_cash(account_id):
            raise OrderRefused("insufficient_cash", f"the commission is {self.rules.commission}")

    async def _is_affordable(self, order: OrderRow, price: Decimal) -> bool:
        """Whether the rest can be paid; a purchase that cannot is cancelled, never financed."""
        commission = self._commission(order)
        if order.side is Side.BUY:
            missing = purchase_cost(order.remaining, price) + commission - order.reserved
        else:
            missing = commission - sale_proceeds(order.remaining, price)
        if missing <= ZERO or missing <= await self.ledger.free_cash(order.account_id):
            return True
        await self.ledger.update_order(
            order.id, OrderState.CANCELLED, detail="the cash does not cover the rest of the order"
        )
        return False

    async def _fill(self, order: OrderRow, quantity: Decimal, price: Decimal) -> OrderRow:
        commission = self._commission(order)
        fill = await self.ledger.add_fill(order, quantity, price, commission, self.now)
        is_buy = order.side is Side.BUY
        gross = -purchase_cost(quantity, price) if is_buy else sale_proceeds(quantity, price)
        await self.ledger.move_cash(
            order.account_id, fill.execution_id, gross - commission, self.now
        )
        change = quantity if is_buy else -quantity
        await self.ledger.change_position(order.account_id, order.symbol, change)
        filled = replace(order, fills=(*order.fills, fill))
        is_done = filled.remaining == ZERO
        state = OrderState.FILLED if is_done else OrderState.PARTIALLY_FILLED
        reserved = purchase_cost(filled.remaining, price) if is_buy else ZERO
        await self.ledger.update_order(order.id, state, reserved=reserved)
        return replace(filled, state=state, reserved=reserved)

    def _commission(self, order: OrderRow) -> Decimal:
        """The commission is taken with an order's first execution."""
        return ZERO if order.fills else self.rules.commission
