"""Alpaca as a house over one pair of keys, and so with one account; ``keyed`` puts several of them behind one name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from core.adapters.alpaca_api import (
    Keys,
    Line,
    OriginRefused,
    Pace,
    TradeClient,
    is_live_origin,
    require_origin,
)
from core.adapters.alpaca_api.clients import is_plain_key
from core.adapters.alpaca_api.line import LIMIT_SECONDS
from core.adapters.brokers.alpaca.account import NAME, AlpacaAccount, traits_of
from core.adapters.brokers.alpaca.desk import AlpacaDesk
from core.domain.access_fault import AccessFault
from core.domain.ids import Symbol
from core.domain.portfolio import Holdings
from core.domain.refusals import CurrencyMismatch, KeysUnreadable
from core.domain.session import Session
from core.ports.broker import Broker, BrokerTraits, NoAccess
from core.ports.broker_keys import BrokerKeys
from core.ports.clock import Clock

__all__ = ["NAME", "AlpacaBrokerage", "assumed_traits", "open_alpaca"]


class AlpacaBrokerage:
    """Speaks to one origin with one pair of keys.

    Raises OriginRefused where the origin is the live service and live trading is not allowed.
    ``is_live`` says that its orders trade real money (every origin but the paper one, where live trading is allowed);
    ``seconds`` is the limit of every request.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        origin: str,
        clock: Clock,
        *,
        allow_live: bool = False,
        is_live: bool = False,
        seconds: float = LIMIT_SECONDS,
    ) -> None:
        self._origin = require_origin(origin, allow_live=allow_live)
        self._is_live = is_live or is_live_origin(self._origin, allow_live=allow_live)
        self._clock = clock
        pace = Pace(clock)
        self._client = TradeClient(Keys(key, secret), self._origin, pace)
        self._desk = AlpacaDesk(self._client, Line(pace, seconds=seconds), clock)
        self._accounts: dict[str, AlpacaAccount] = {}

    def __repr__(self) -> str:
        """The origin, and nothing of the keys."""
        return f"AlpacaBrokerage({self._origin})"

    async def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def account(self, broker_account_id: str) -> Broker:
        """The account of this number; other keys than its own are noticed when it is used."""
        if broker_account_id not in self._accounts:
            self._accounts[broker_account_id] = AlpacaAccount(
                self._desk, broker_account_id, self._clock, is_live=self._is_live
            )
        return self._accounts[broker_account_id]

    async def open_account(self, currency: str) -> str:
        """Name the account that the keys belong to; raises CurrencyMismatch or BrokerUnavailable."""
        account = (await self._desk.account()).account
        if account.currency != currency:
            raise CurrencyMismatch("the Alpaca account", account.currency, currency)
        return account.broker_account_id

    async def holdings(self, broker_account_ids: Collection[str]) -> Mapping[str, Holdings]:
        """The holdings of the keys' account, where it is among those asked for."""
        ours = (await self._desk.account()).account.broker_account_id
        return {ours: await self.account(ours).holdings()} if ours in broker_account_ids else {}

    async def fractionable(
        self,
        broker_account_id: str,  # noqa: ARG002 - the same for every account of this house
        symbols: Collection[Symbol],
    ) -> frozenset[Symbol]:
        """Those of the symbols that Alpaca trades in parts."""
        assets = await self._desk.assets(symbols)
        return frozenset(symbol for symbol, asset in assets.items() if asset.is_fractionable)

    async def sessions(self, first: date, last: date) -> tuple[Session, ...]:
        """The exchange's sessions as Alpaca has them: a second witness for the calendar."""
        return await self._desk.sessions(first, last)


def open_alpaca(keys: BrokerKeys, clock: Clock, *, allow_live: bool) -> AlpacaBrokerage:
    """Speak to Alpaca with these keys; raises KeysUnreadable, or NoAccess for a live service that is not allowed."""
    if keys.is_live and not allow_live:
        raise NoAccess(AccessFault.LIVE_IN_PAPER, "live trading is not allowed here")
    try:
        origin = require_origin(keys.origin, allow_live=allow_live)
    except OriginRefused as refused:
        raise NoAccess(AccessFault.LIVE_IN_PAPER, str(refused)) from None
    for name, value in (("key id", keys.key), ("secret", keys.secret)):
        if not is_plain_key(value):
            raise KeysUnreadable(NAME, name)
    return AlpacaBrokerage(
        keys.key, keys.secret, origin, clock, allow_live=allow_live, is_live=keys.is_live
    )


def assumed_traits(*, may_be_live: bool) -> BrokerTraits:
    """What is taken for true of an account at Alpaca that was not reached yet: no margin, and the more real money."""
    return traits_of(has_margin=False, is_live=may_be_live)
