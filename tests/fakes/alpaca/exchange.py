"""The fake Alpaca's back office: takes orders in, lets them live, fills them, settles, splits."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from tests.fakes.alpaca.checks import (
    BAD_FIELD,
    UNPROCESSABLE,
    Wanted,
    check_account,
    check_rules,
    read_order,
)
from tests.fakes.alpaca.market import NEW_YORK, ExchangeTime
from tests.fakes.alpaca.model import ZERO, Account, ApiError, Asset, Fate, Order, made_id

CENT = Decimal("0.01")
Number = Decimal | int | str


class Exchange:
    """Assets and accounts, and what happens to orders as time goes by.

    `tick` is one step of every open order's life: `pending_new` → `new` → fills, or
    `pending_cancel` → `canceled`. It happens whenever somebody looks (`ticks_on_look`), or as the
    server's own clock says. `fates` are used up one per order taken in; the default is to be filled.
    `checks_id_last`: the service may find that the cash is missing before it finds that the id is a repeated one.
    """

    def __init__(self, time: ExchangeTime | None = None) -> None:
        self.time = time or ExchangeTime()
        self.assets: dict[str, Asset] = {}
        self.accounts: list[Account] = []
        self.fates: deque[Fate] = deque()
        self.ticks_on_look = True
        self.day_end_status = "expired"
        self.doubled_events = False
        self.shuffled_events = False
        self.checks_id_last = False
        self.repeated_id_message = "client_order_id must be unique"
        self._count = 0

    # --- setting the scene -----------------------------------------------------------------------

    def list_asset(self, symbol: str, price: Number, **traits: Any) -> Asset:
        """Put a stock on the exchange."""
        asset = Asset(symbol, Decimal(price), made_id("asset", symbol), f"{symbol} Fund", **traits)
        self.assets[symbol] = asset
        return asset

    def open_account(self, key: str, secret: str, cash: Number = 0, **traits: Any) -> Account:
        """Open an account with its keys."""
        number = traits.pop("number", f"PA3FAKE{len(self.accounts) + 1:04d}")
        account = Account(number, key, secret, Decimal(cash), **traits)
        self.accounts.append(account)
        return account

    def set_price(self, symbol: str, price: Number) -> None:
        """Change a price; resting orders notice at the next tick."""
        self.assets[symbol].price = Decimal(price)

    def close_market(self) -> None:
        """Let the time pass until just after the close."""
        self.time.set(self.time.next_close + timedelta(minutes=1))
        self.tick()

    def asset_of(self, name: str) -> Asset | None:
        """An asset by symbol or id."""
        by_id = {asset.id: asset for asset in self.assets.values()}
        return self.assets.get(name) or by_id.get(name)

    # --- orders ----------------------------------------------------------------------------------

    def submit(self, account: Account, body: object) -> Order:
        """Take an order in; raises ApiError."""
        wanted = read_order(body)
        if not self.checks_id_last:
            self._check_id(account, wanted)
        asset = check_rules(wanted, self.assets.get(wanted.symbol))
        check_account(account, wanted, asset)
        self._check_id(account, wanted)
        order = self._new_order(wanted, asset)
        account.orders.append(order)
        return order

    def cancel(self, account: Account, order_id: str) -> None:
        """Ask for a cancellation; raises ApiError."""
        order = self.order(account, order_id)
        if not order.is_open:
            raise ApiError(422, UNPROCESSABLE, f'order is already in "{order.status}" state')
        order.status = "pending_cancel"
        order.updated_at = self.time.now()

    def order(self, account: Account, order_id: str) -> Order:
        """An order by the service's own id; raises ApiError."""
        for order in account.orders:
            if order.id == order_id:
                return order
        raise ApiError(404, 40410000, f"order not found for {order_id}")

    def order_by_client_id(self, account: Account, client_order_id: str) -> Order:
        """An order by its client's id, unless it is not visible yet; raises ApiError."""
        for order in account.orders:
            if order.client_order_id == client_order_id:
                if order.hidden_looks <= 0:
                    return order
                order.hidden_looks -= 1
        raise ApiError(404, 40410000, f"order not found for {client_order_id}")

    def _check_id(self, account: Account, wanted: Wanted) -> None:
        if any(order.client_order_id == wanted.client_order_id for order in account.orders):
            raise ApiError(422, BAD_FIELD, self.repeated_id_message)

    def _new_order(self, wanted: Wanted, asset: Asset) -> Order:
        self._count += 1
        now = self.time.now()
        order_id = made_id("order", self._count, now)
        return Order(
            id=order_id,
            client_order_id=wanted.client_order_id or made_id("client", order_id),
            asset=asset,
            side=wanted.side,
            qty=wanted.qty,
            notional=wanted.notional,
            type=wanted.type,
            time_in_force=wanted.time_in_force,
            limit_price=wanted.limit_price,
            status="pending_new" if self.time.is_open else "accepted",
            submitted_at=now,
            expires_at=self.time.next_close,
            updated_at=now,
            fate=self.fates.popleft() if self.fates else Fate(),
        )

    # --- life ------------------------------------------------------------------------------------

    def look(self) -> None:
        """Somebody looks at orders or money."""
        if self.ticks_on_look:
            self.tick()

    def tick(self) -> None:
        """Let every open order live on by one step, and money settle."""
        for account in self.accounts:
            today = self.time.today()
            account.unsettled = [due for due in account.unsettled if due[0] > today]
            account.on_credit = [due for due in account.on_credit if due[1] > today]
            for order in account.orders:
                if order.is_open:
                    self._live(account, order)

    def _live(self, account: Account, order: Order) -> None:
        now = self.time.now()
        if order.time_in_force == "day" and now >= order.expires_at:
            self._end(order, self.day_end_status)
        elif order.status == "pending_cancel":
            self._end(order, "canceled")
        elif order.status == "pending_new" or (order.status == "accepted" and self.time.is_open):
            order.status, order.updated_at = "new", now
        elif order.status in {"new", "partially_filled"} and self.time.is_open:
            self._work(account, order)

    def _end(self, order: Order, status: str) -> None:
        now = max(self.time.now(), order.submitted_at)
        order.status, order.updated_at = status, now
        match status:
            case "canceled":
                order.canceled_at = now
            case "expired":
                order.expired_at = now
            case "rejected":
                order.failed_at = now

    def _work(self, account: Account, order: Order) -> None:
        """One chance to be filled."""
        if order.fate.ends_as is not None:
            self._end(order, order.fate.ends_as)
            return
        is_first = order.filled_qty == ZERO
        if not self._is_marketable(order) or (order.fate.is_stuck and not is_first):
            return
        quantity = order.remaining
        if is_first and order.fate.first_part < 1:
            step = Decimal(1) if quantity % 1 == ZERO and quantity > 1 else Decimal("0.001")
            quantity = (quantity * order.fate.first_part).quantize(step, ROUND_FLOOR)
        if quantity > ZERO:
            self.fill(account, order, quantity + order.fate.excess, order.asset.price)

    def _is_marketable(self, order: Order) -> bool:
        if order.limit_price is None:
            return True
        price = order.asset.price
        return price <= order.limit_price if order.side == "buy" else price >= order.limit_price

    def fill(self, account: Account, order: Order, quantity: Decimal, price: Decimal) -> None:
        """Execute a part of an order."""
        now = self.time.now()
        order.filled_qty += quantity
        order.filled_value += quantity * price
        is_done = order.remaining == ZERO
        if order.status != "pending_cancel" or is_done:
            order.status = "filled" if is_done else "partially_filled"
        order.updated_at = now
        order.filled_at = now if is_done else None
        self._move(account, order, quantity, price)
        self._note_fill(account, order, quantity, price)

    def _move(self, account: Account, order: Order, quantity: Decimal, price: Decimal) -> None:
        asset, due = order.asset, self.time.session_after(self.time.today())
        if order.side == "buy":
            cost = (quantity * price).quantize(CENT, ROUND_CEILING)
            if account.multiplier == 1 and cost > account.settled_cash:
                account.on_credit.append((asset.id, due))
            account.cash -= cost
            account.costs[asset.id] = account.cost_of(asset) + cost
            account.positions[asset.id] = account.held(asset) + quantity
            return
        proceeds = (quantity * price).quantize(CENT, ROUND_FLOOR)
        account.violations += any(asset_id == asset.id for asset_id, _ in account.on_credit)
        account.cash += proceeds
        if account.multiplier == 1:
            account.unsettled.append((due, proceeds))
        if held := account.held(asset):
            account.costs[asset.id] = account.cost_of(asset) * (held - quantity) / held
        account.positions[asset.id] = account.held(asset) - quantity

    def _note_fill(self, account: Account, order: Order, quantity: Decimal, price: Decimal) -> None:
        self._count += 1
        now = self.time.now()
        activity = {
            "id": _activity_id(now, self._count),
            "activity_type": "FILL",
            "transaction_time": stamp(now),
            "type": "fill" if order.remaining == ZERO else "partial_fill",
            "price": plain(price),
            "qty": plain(quantity),
            "side": order.side,
            "symbol": order.asset.symbol,
            "leaves_qty": plain(order.remaining),
            "order_id": order.id,
            "cum_qty": plain(order.filled_qty),
            "order_status": order.status,
        }
        account.activities.append(activity)
        account.hidden_activities[activity["id"]] = order.fate.events_late

    # --- activities and corporate actions --------------------------------------------------------

    def visible_activities(self, account: Account) -> list[dict[str, Any]]:
        """Activities as they are shown now: some late, some twice, some out of order, as scripted."""
        shown = []
        for activity in account.activities:
            if account.hidden_activities.get(activity["id"], 0) > 0:
                account.hidden_activities[activity["id"]] -= 1
                continue
            shown += [activity] * (2 if self.doubled_events else 1)
        return shown[::-1] if self.shuffled_events else shown

    def split(self, symbol: str, new_for_old: Number) -> None:
        """A split: so many new shares for an old one, at as small a part of the price."""
        ratio = Decimal(new_for_old)
        asset = self.assets[symbol]
        asset.price /= ratio
        for account in self.accounts:
            if held := account.positions.get(asset.id):
                account.positions[asset.id] = held * ratio
                self._note(account, "SPLIT", symbol, qty=plain(held * ratio - held))

    def rename(self, symbol: str, new_symbol: str) -> None:
        """A company takes another symbol; its asset id stays."""
        asset = self.assets.pop(symbol)
        asset.symbol = new_symbol
        self.assets[new_symbol] = asset

    def pay_dividend(self, symbol: str, per_share: Number) -> None:
        """Cash for every share held."""
        asset = self.assets[symbol]
        for account in self.accounts:
            if held := account.positions.get(asset.id):
                paid = (held * Decimal(per_share)).quantize(CENT)
                account.cash += paid
                self._note(
                    account,
                    "DIV",
                    symbol,
                    qty=plain(held),
                    net_amount=plain(paid),
                    per_share_amount=str(per_share),
                )

    def reset(self, account: Account, cash: Number = 100000) -> None:
        """What the owner of a paper account can do: everything is gone, and the number is new."""
        self._count += 1
        account.number = f"PA3RESET{self._count:04d}"
        account.cash = Decimal(cash)
        for kept in (
            account.positions,
            account.costs,
            account.orders,
            account.activities,
            account.unsettled,
        ):
            kept.clear()

    def _note(self, account: Account, kind: str, symbol: str, **more: str) -> None:
        self._count += 1
        now = self.time.now()
        account.activities.append(
            {
                "id": _activity_id(now, self._count),
                "activity_type": kind,
                "date": self.time.today().isoformat() + "T00:00:00Z",
                "created_at": stamp(now),
                "symbol": symbol,
                "status": "executed",
                "currency": account.currency,
                **({"net_amount": "0"} | more),
            }
        )


def stamp(instant: datetime) -> str:
    """A time as the service writes it, to the nanosecond."""
    return instant.strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def plain(number: Decimal) -> str:
    """A number without an exponent."""
    return f"{number.normalize():f}"


def _activity_id(now: datetime, count: int) -> str:
    local = now.astimezone(NEW_YORK)
    return f"{local:%Y%m%d%H%M%S}{now.microsecond // 1000:03d}::{made_id('activity', count, now)}"
