"""Holds the fake Alpaca's answers, and our requests, against Alpaca's own description.

`trading_api_2_0_1.json` has the schemas of Alpaca's Trading API 2.0.1 as shipped in the package
alpaca-mcp-server 2.4.0 (MIT), cut down to what the bot uses. A field that they do not name is a fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.fakes.alpaca.server import Seen

SPEC: dict[str, Any] = json.loads(
    Path(__file__).with_name("trading_api_2_0_1.json").read_text("utf-8")
)
ANSWERS = (
    (r"/v2/account", "Account", False),
    (r"/v2/positions", "Position", True),
    (r"/v2/positions/[^/]+", "Position", False),
    (r"/v2/assets", "Assets", True),
    (r"/v2/assets/[^/]+", "Assets", False),
    (r"/v2/clock", "legacy_clock", False),
    (r"/v2/calendar", "legacy_calendar_day", True),
    (r"/v2/orders:by_client_order_id", "Order", False),
    (r"/v2/orders/[^/]+", "Order", False),
    (r"/v2/account/activities/FILL", "TradingActivities", True),
    (r"/v2/account/activities/[A-Z]+", "NonTradeActivities", True),
)
ERROR_EXTRAS = frozenset(
    {
        "available",
        "buying_power",
        "cost_basis",
        "existing_order_id",
        "existing_qty",
        "held_for_orders",
        "reject_reason",
        "symbol",
    }
)
"""What recorded answers of the real service say beside code and message."""
TEXT_OR_NUMBER = frozenset({"qty", "notional", "limit_price"})


def faults_in(seen: Iterable[Seen]) -> list[str]:
    """What is wrong with recorded requests and their answers; empty when all conform."""
    return [fault for one in seen for fault in (*_in_request(one), *_in_answer(one))]


def _in_request(seen: Seen) -> list[str]:
    if (seen.method, seen.path) != ("POST", "/v2/orders") or seen.status not in {200, None}:
        return []
    try:
        body = json.loads(seen.body)
    except ValueError:
        return []
    if not isinstance(body, Mapping):
        return []
    as_texts = {k: str(v) if k in TEXT_OR_NUMBER else v for k, v in body.items()}
    return faults_in_object("CreateOrderRequest", as_texts)


def _in_answer(seen: Seen) -> list[str]:
    if seen.status is None or seen.status == 204:
        return []
    if seen.status != 200:
        known = {k: v for k, v in seen.answer.items() if k not in ERROR_EXTRAS}
        return faults_in_object("Error", known)
    kind, is_list = _kind_of(seen)
    if kind is None:
        return []
    answers = seen.answer if is_list else [seen.answer]
    if not isinstance(answers, list):
        return [f"{seen.path}: not a list"]
    return [fault for answer in answers for fault in faults_in_object(kind, answer)]


def _kind_of(seen: Seen) -> tuple[str | None, bool]:
    if seen.path == "/v2/orders":
        return "Order", seen.method == "GET"
    for pattern, kind, is_list in ANSWERS:
        if re.fullmatch(pattern, seen.path):
            return kind, is_list
    return None, False


def faults_in_object(kind: str, value: object) -> list[str]:
    """What is wrong with an object that should be of this schema."""
    validator = Draft202012Validator({**SPEC, "$ref": f"#/$defs/{kind}"})
    found = [f"{kind}: {error.json_path} {error.message}" for error in validator.iter_errors(value)]
    if isinstance(value, Mapping):
        unknown = set(value) - set(SPEC["$defs"][kind]["properties"])
        found += [f"{kind}: there is no field “{name}”" for name in sorted(unknown)]
    return found
