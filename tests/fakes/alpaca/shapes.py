"""How the real service writes things down."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.fakes.alpaca.exchange import plain, stamp
from tests.fakes.alpaca.market import NEW_YORK, ExchangeTime
from tests.fakes.alpaca.model import ZERO, Account, Asset, Order

NINE = Decimal("1e-9")


def account_json(account: Account, assets: dict[str, Asset]) -> dict[str, Any]:
    """`/v2/account`."""
    by_id = {asset.id: asset for asset in assets.values()}
    market_value = sum(
        (q * by_id[i].price for i, q in account.positions.items() if i in by_id), ZERO
    )
    equity = plain(account.cash + market_value)
    return {
        "id": account.id,
        "account_number": account.number,
        "status": account.status,
        "crypto_status": "ACTIVE",
        "currency": account.currency,
        "buying_power": plain(account.buying_power),
        "regt_buying_power": plain(account.buying_power),
        "options_buying_power": plain(max(account.free_cash, ZERO)),
        "non_marginable_buying_power": plain(max(account.free_cash, ZERO)),
        "cash": plain(account.cash),
        "accrued_fees": "0",
        "portfolio_value": equity,
        "trading_blocked": account.is_blocked,
        "transfers_blocked": False,
        "account_blocked": account.is_blocked,
        "created_at": "2019-06-12T22:47:07.99658Z",
        "trade_suspended_by_user": False,
        "multiplier": str(account.multiplier),
        "shorting_enabled": account.may_short,
        "equity": equity,
        "last_equity": equity,
        "long_market_value": plain(market_value),
        "short_market_value": "0",
        "initial_margin": "0",
        "maintenance_margin": "0",
        "last_maintenance_margin": "0",
        "sma": "0",
        "balance_asof": "2020-03-06",
        "intraday_adjustments": "0",
        "pending_reg_taf_fees": "0",
        "options_approved_level": 2,
        "options_trading_level": 2,
    }


def position_json(account: Account, asset: Asset) -> dict[str, Any]:
    """One of `/v2/positions`."""
    quantity = account.held(asset)
    value = plain(quantity * asset.price)
    cost = account.cost_of(asset)
    return {
        "asset_id": asset.id,
        "symbol": asset.symbol,
        "exchange": "ARCA",
        "asset_class": "us_equity",
        "asset_marginable": True,
        "qty": plain(quantity),
        "qty_available": plain(quantity - account.on_sale(asset)),
        "avg_entry_price": plain(cost / quantity),
        "side": "long" if quantity > ZERO else "short",
        "market_value": value,
        "cost_basis": plain(cost),
        "unrealized_pl": "0",
        "unrealized_plpc": "0",
        "unrealized_intraday_pl": "0",
        "unrealized_intraday_plpc": "0",
        "current_price": plain(asset.price),
        "lastday_price": plain(asset.price),
        "change_today": "0",
    }


def asset_json(asset: Asset) -> dict[str, Any]:
    """`/v2/assets/{symbol}`."""
    return {
        "id": asset.id,
        "class": "us_equity",
        "exchange": "ARCA",
        "symbol": asset.symbol,
        "name": asset.name,
        "status": "active" if asset.is_active else "inactive",
        "tradable": asset.is_tradable,
        "marginable": True,
        "maintenance_margin_requirement": 30,
        "margin_requirement_long": "30",
        "margin_requirement_short": "30",
        "shortable": True,
        "borrow_status": "easy_to_borrow",
        "fractionable": asset.is_fractionable,
        "attributes": [],
    }


def order_json(order: Order) -> dict[str, Any]:
    """`/v2/orders`: an order for an amount keeps `notional` and never gets a `qty`."""
    average = order.filled_value / order.filled_qty if order.filled_qty else None
    partial = order.filled_qty % 1 != ZERO
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": stamp(order.submitted_at),
        "updated_at": stamp(order.updated_at or order.submitted_at),
        "submitted_at": stamp(order.submitted_at),
        "filled_at": _maybe(order.filled_at),
        "expired_at": _maybe(order.expired_at),
        "expires_at": stamp(order.expires_at),
        "canceled_at": _maybe(order.canceled_at),
        "failed_at": _maybe(order.failed_at),
        "replaced_at": None,
        "replaced_by": order.replaced_by,
        "replaces": None,
        "asset_id": order.asset.id,
        "symbol": order.asset.symbol,
        "asset_class": "us_equity",
        "notional": None if order.notional is None else plain(order.notional),
        "qty": None if order.qty is None else plain(order.qty),
        "filled_qty": f"{order.filled_qty.quantize(NINE):f}"
        if partial
        else plain(order.filled_qty),
        "filled_avg_price": None if average is None else plain(average),
        "order_class": "",
        "order_type": order.type,
        "type": order.type,
        "side": order.side,
        "position_intent": "buy_to_open" if order.side == "buy" else "sell_to_close",
        "time_in_force": order.time_in_force,
        "limit_price": None if order.limit_price is None else plain(order.limit_price),
        "stop_price": None,
        "status": order.status,
        "extended_hours": False,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
    }


def clock_json(time: ExchangeTime) -> dict[str, Any]:
    """`/v2/clock`, in New York's time."""
    return {
        "timestamp": time.now().astimezone(NEW_YORK).isoformat(),
        "is_open": time.is_open,
        "next_open": time.next_open.isoformat(),
        "next_close": time.next_close.isoformat(),
    }


def calendar_json(opens: datetime, closes: datetime, settles: str) -> dict[str, Any]:
    """One day of `/v2/calendar`."""
    return {
        "date": opens.date().isoformat(),
        "open": f"{opens:%H:%M}",
        "close": f"{closes:%H:%M}",
        "session_open": "0400",
        "session_close": "2000",
        "settlement_date": settles,
    }


def trade_json(asset: Asset, now: datetime) -> dict[str, Any]:
    """A last trade of the data service: its numbers are JSON numbers."""
    at = stamp(asset.traded_at or now)
    return {"c": ["@"], "i": 826, "p": float(asset.price), "s": 100, "t": at, "x": "V", "z": "B"}


def quote_json(asset: Asset, now: datetime) -> dict[str, Any]:
    """A best bid and ask of the data service, always as old as the last trade and a bit."""
    half, at = asset.half_spread, asset.traded_at or now
    return {
        "ap": float(asset.price + half),
        "as": 1,
        "ax": "V",
        "bp": float(asset.price - half),
        "bs": 1,
        "bx": "V",
        "c": ["R"],
        "t": stamp(at),
        "z": "B",
    }


def _maybe(instant: datetime | None) -> str | None:
    return None if instant is None else stamp(instant)
