"""alpaca-py's clients, with the one method replaced through which all their requests pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from alpaca.data.historical.stock import StockHistoricalDataClient
from alpaca.trading.client import TradingClient

from core.adapters.alpaca_api.pace import Pace
from core.adapters.alpaca_api.wire import Wire

HIDDEN = "[key]"


def is_plain_key(text: str) -> bool:
    """Whether a text can be a key id or a secret: what a header can carry."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


@dataclass(frozen=True, slots=True)
class Keys:
    """An account's key id and secret; neither is ever shown. Raises ValueError for what cannot be one."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what no header can carry, before a library quotes it in an error."""
        for name, value in (("key id", self.key), ("secret", self.secret)):
            if not is_plain_key(value):
                raise ValueError(f"Alpaca's {name} must be plain letters and digits without spaces")

    def hide(self, text: str) -> str:
        """Strike the keys out of a text that came from outside."""
        return text.replace(self.secret, HIDDEN).replace(self.key, HIDDEN)


class TradeClient(TradingClient):
    """Alpaca's trading interface at one origin; answers are JSON with exact numbers."""

    def __init__(self, keys: Keys, origin: str, pace: Pace) -> None:
        super().__init__(keys.key, keys.secret, raw_data=True, url_override=origin)
        self._session.close()
        self._wire = Wire(origin, pace, keys.hide)

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:  # noqa: ARG002
        """Send it once: the caller's loop repeats only what we never raise."""
        return self._wire.ask(method, url, opts)

    def close(self) -> None:
        """Let go of the connections."""
        self._wire.close()


class PricesClient(StockHistoricalDataClient):
    """Alpaca's market data interface at one origin; answers are JSON with exact numbers."""

    def __init__(self, keys: Keys, origin: str, pace: Pace) -> None:
        super().__init__(keys.key, keys.secret, raw_data=True, url_override=origin)
        self._session.close()
        self._wire = Wire(origin, pace, keys.hide)

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:  # noqa: ARG002
        """Send it once: the caller's loop repeats only what we never raise."""
        return self._wire.ask(method, url, opts)

    def close(self) -> None:
        """Let go of the connections."""
        self._wire.close()
