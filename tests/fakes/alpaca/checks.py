"""What the real service refuses, with its codes and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.fakes.alpaca.model import MARKET_MARGIN, ZERO, Account, ApiError, Asset

BAD_FIELD, UNPROCESSABLE, FORBIDDEN = 40010001, 42210000, 40310000
LONGEST_ID = 128
MINIMUM = Decimal(1)


@dataclass(frozen=True)
class Wanted:
    """An order as it was asked for, its fields read."""

    client_order_id: str | None
    symbol: str
    side: str
    qty: Decimal | None
    notional: Decimal | None
    type: str
    time_in_force: str
    limit_price: Decimal | None
    order_class: str


def read_order(body: object) -> Wanted:
    """Read a request's body; raises ApiError."""
    if not isinstance(body, Mapping):
        raise ApiError(400, 40010000, "request body format is invalid")
    for name in ("symbol", "side", "type", "time_in_force"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise ApiError(422, BAD_FIELD, f"{name} is required")
    wanted = Wanted(
        client_order_id=body.get("client_order_id"),
        symbol=body["symbol"],
        side=body["side"],
        qty=_number(body, "qty"),
        notional=_number(body, "notional"),
        type=body["type"],
        time_in_force=body["time_in_force"],
        limit_price=_number(body, "limit_price"),
        order_class=body.get("order_class") or "",
    )
    _check_fields(wanted)
    return wanted


def _number(body: Mapping[str, Any], name: str) -> Decimal | None:
    """Texts and JSON numbers are both taken."""
    value = body.get(name)
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ApiError(422, BAD_FIELD, f"{name} is not a number") from None
    if not number.is_finite():
        raise ApiError(422, BAD_FIELD, f"{name} is not a number")
    return number


def _check_fields(wanted: Wanted) -> None:
    if wanted.side not in {"buy", "sell"}:
        raise ApiError(422, BAD_FIELD, "invalid side")
    if wanted.type not in {"market", "limit"}:
        raise ApiError(422, BAD_FIELD, "invalid order type")
    if (wanted.qty is None) == (wanted.notional is None):
        raise ApiError(422, BAD_FIELD, "qty or notional is required, and only one of them")
    if (wanted.type == "limit") != (wanted.limit_price is not None):
        raise ApiError(422, BAD_FIELD, f"{wanted.type} orders and limit_price do not fit together")
    if len(wanted.client_order_id or "") > LONGEST_ID:
        raise ApiError(
            422, BAD_FIELD, "client_order_id must be no more than 128 characters in length"
        )


def check_rules(wanted: Wanted, asset: Asset | None) -> Asset:
    """Refuse what no account could do; return the asset; raises ApiError."""
    if asset is None:
        raise ApiError(422, UNPROCESSABLE, f'asset "{wanted.symbol}" not found')
    if not asset.is_active or not asset.is_tradable:
        word = "tradable" if asset.is_active else "active"
        raise ApiError(422, UNPROCESSABLE, f"asset {wanted.symbol} is not {word}")
    if wanted.qty is not None and wanted.qty <= ZERO:
        raise ApiError(422, BAD_FIELD, "qty must be > 0")
    if _decimals(wanted.qty) > 9:
        raise ApiError(422, UNPROCESSABLE, "qty must be limited to 9 decimal places")
    _check_notional(wanted)
    _check_fraction(wanted, asset)
    _check_limit(wanted)
    return asset


def _check_notional(wanted: Wanted) -> None:
    if wanted.notional is None:
        return
    if _decimals(wanted.notional) > 2:
        raise ApiError(422, UNPROCESSABLE, "notional value must be limited to 2 decimal places")
    if wanted.notional < MINIMUM:
        raise ApiError(422, UNPROCESSABLE, "notional must be >= 1.00")


def _check_fraction(wanted: Wanted, asset: Asset) -> None:
    if wanted.qty is not None and wanted.qty % 1 == ZERO:
        return
    if wanted.time_in_force != "day":
        raise ApiError(422, UNPROCESSABLE, "fractional orders must be DAY orders")
    if wanted.order_class not in {"", "simple"}:
        raise ApiError(422, UNPROCESSABLE, "fractional orders must be simple orders")
    if not asset.is_fractionable:
        raise ApiError(403, FORBIDDEN, f'asset "{asset.symbol}" is not fractionable')


def _check_limit(wanted: Wanted) -> None:
    limit = wanted.limit_price
    if limit is None:
        return
    if limit <= ZERO:
        raise ApiError(422, UNPROCESSABLE, "limit price must be > 0")
    if _decimals(limit) > (2 if limit >= 1 else 4):
        raise ApiError(
            422,
            UNPROCESSABLE,
            f"invalid limit_price {limit}. sub-penny increment does not fulfill minimum pricing criteria",
        )


def check_account(account: Account, wanted: Wanted, asset: Asset) -> None:
    """Refuse what this account cannot do now; raises ApiError."""
    if account.is_blocked or account.status != "ACTIVE":
        raise ApiError(403, FORBIDDEN, "account is restricted to liquidation only")
    _check_wash(account, wanted, asset)
    if wanted.side == "sell":
        _check_shares(account, wanted, asset)
    else:
        _check_cash(account, wanted, asset)


def _check_wash(account: Account, wanted: Wanted, asset: Asset) -> None:
    for order in account.orders:
        if not order.is_open or order.asset is not asset or order.side == wanted.side:
            continue
        limits = (order.limit_price, wanted.limit_price)
        if None not in limits:
            buy, sell = limits if order.side == "buy" else reversed(limits)
            if buy < sell:  # type: ignore[operator]
                continue
        raise ApiError(
            403,
            FORBIDDEN,
            "potential wash trade detected. use complex orders",
            reject_reason="opposite side market/stop order exists",
            existing_order_id=order.id,
        )


def _check_shares(account: Account, wanted: Wanted, asset: Asset) -> None:
    held, on_sale = account.held(asset), account.on_sale(asset)
    asked = wanted.qty if wanted.qty is not None else (wanted.notional or ZERO) / asset.price
    if held == ZERO and account.may_short and asked % 1 == ZERO:
        return
    if asked > held - on_sale:
        raise ApiError(
            403,
            FORBIDDEN,
            f"insufficient qty available for order (requested: {asked}, available: {held - on_sale})",
            available=str(held - on_sale),
            existing_qty=str(held),
            held_for_orders=str(on_sale),
            symbol=asset.symbol,
        )


def _check_cash(account: Account, wanted: Wanted, asset: Asset) -> None:
    price = wanted.limit_price or asset.price * MARKET_MARGIN
    basis = wanted.notional if wanted.qty is None else wanted.qty * price
    basis = basis or ZERO
    if basis < MINIMUM:
        raise ApiError(403, FORBIDDEN, "cost basis must be >= minimal amount of order 1")
    if basis > account.buying_power:
        raise ApiError(
            403,
            FORBIDDEN,
            "insufficient buying power",
            buying_power=str(account.buying_power),
            cost_basis=str(basis),
        )


def _decimals(number: Decimal | None) -> int:
    exponent = 0 if number is None else number.normalize().as_tuple().exponent
    return max(-int(exponent), 0)
