"""Alpaca's HTTP interface through alpaca-py, with the library's dangers closed.

Neutral ground for the two families that speak to Alpaca: its broker and its prices. alpaca-py 0.44
sends a request up to four times by itself, waits for ever, blocks, reads numbers as binary floats
and stumbles over an error that is not JSON; here each request is sent once, in a thread with a time
limit, with exact numbers, and every failure says whether the request may have had an effect.
"""

from __future__ import annotations

from core.adapters.alpaca_api.clients import Keys, PricesClient, TradeClient
from core.adapters.alpaca_api.faults import (
    AlpacaFault,
    KeysRefused,
    NoAnswer,
    NotSent,
    Refused,
    ServerTrouble,
    TooMany,
    Unreadable,
)
from core.adapters.alpaca_api.line import Line
from core.adapters.alpaca_api.origins import (
    LIVE_HOST,
    LIVE_ORIGIN,
    PAPER_HOST,
    PAPER_ORIGIN,
    OriginRefused,
    is_live_origin,
    require_origin,
)
from core.adapters.alpaca_api.pace import Pace, Urgency

__all__ = [
    "LIVE_HOST",
    "LIVE_ORIGIN",
    "PAPER_HOST",
    "PAPER_ORIGIN",
    "AlpacaFault",
    "Keys",
    "KeysRefused",
    "Line",
    "NoAnswer",
    "NotSent",
    "OriginRefused",
    "Pace",
    "PricesClient",
    "Refused",
    "ServerTrouble",
    "TooMany",
    "TradeClient",
    "Unreadable",
    "Urgency",
    "is_live_origin",
    "require_origin",
]
