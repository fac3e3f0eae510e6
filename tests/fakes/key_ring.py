"""A key ring in memory."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.ports.broker_keys import BrokerKeys


@dataclass
class FakeKeyRing:
    """Keys by the broker's account id; what a test puts here counts from the next request on."""

    keys: dict[str, BrokerKeys] = field(default_factory=dict)

    async def keys_of(self, broker_account_id: str) -> BrokerKeys | None:
        return self.keys.get(broker_account_id)

    async def any_keys(self) -> BrokerKeys | None:
        return next(iter(sorted(self.keys.values(), key=lambda each: each.is_live)), None)
