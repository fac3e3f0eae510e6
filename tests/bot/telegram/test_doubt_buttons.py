"""When nobody can say whether an order arrived: a person looks, says so, and is held against the broker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from bot.runtime import Runtime
from core.domain.ids import AccountId, ClientOrderId, ProposalId, Symbol
from core.domain.packed import PackedHoldings
from core.domain.plan import Side
from core.domain.portfolio import Account, Holdings
from core.domain.proposal import ProposalState
from core.ports.broker import (
    Broker,
    BrokerAmbiguous,
    BrokerOrder,
    Brokers,
    BrokerTraits,
    Dedup,
    OrderRequest,
)
from tests.bot.telegram.stage import ANNA, Stage, eventually, stage


class DeafBroker:
    """A broker without memory for ids that loses every order before it is written down."""

    def __init__(self, real: Broker) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @property
    def traits(self) -> BrokerTraits:
        return replace(self._real.traits, dedup=Dedup.NONE)

    async def submit(self, request: OrderRequest) -> BrokerOrder:
        raise BrokerAmbiguous(request.client_order_id)

    async def find_order(self, client_order_id: ClientOrderId) -> BrokerOrder | None:
        return None


class DeafBrokers:
    """The family of them."""

    def __init__(self, real: Brokers) -> None:
        self._real = self.real = real

    def of(self, account: Account) -> Broker:
        return cast("Broker", DeafBroker(self._real.of(account)))

    async def open_account(self, broker: str, currency: str) -> str:
        return await self._real.open_account(broker, currency)

    async def holdings(self, accounts: Collection[Account]) -> Mapping[AccountId, Holdings]:
        return await self._real.holdings(accounts)

    async def packed_holdings(
        self, broker: str, broker_account_ids: Collection[str]
    ) -> PackedHoldings:
        return await self._real.packed_holdings(broker, broker_account_ids)

    async def fractionable(
        self, account: Account, symbols: Collection[Symbol]
    ) -> frozenset[Symbol]:
        return await self._real.fractionable(account, symbols)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def deaf(runtime: Runtime) -> Runtime:
    return replace(runtime, brokers=DeafBrokers(runtime.brokers))


async def state_of(bot: Stage) -> ProposalState:
    async with bot.runtime.store.read() as work:
        proposal = await work.proposals.get(ProposalId(1))
    assert proposal is not None
    return proposal.state


async def test_a_stopped_execution_goes_on_when_a_person_has_looked(tmp_path: Path) -> None:
    async with stage(tmp_path, adapt=deaf) as bot:
        proposal = await bot.set_up()
        bot.press(ANNA, proposal, "Approve")
        notice = await bot.said(ANNA, "it cannot be known whether an order reached the broker")

        words, is_alert = await bot.answer(bot.press(ANNA, notice, "QUAL: it is there"))
        assert (is_alert, "does not have the QUAL order" in words) == (True, True)
        words, is_alert = await bot.answer(bot.press(ANNA, notice, "Ask the broker again"))
        assert (is_alert, "Still unclear: QUAL and USMV" in words) == (True, True)
        assert await state_of(bot) is ProposalState.FROZEN

        another = await bot.tap(ANNA, await bot.said(ANNA, "Frozen."), "What now?", "Stopped: it")
        words, is_alert = await bot.answer(bot.press(ANNA, notice, "QUAL: it is not"))
        assert (is_alert, "Still unclear: USMV" in words) == (True, True)
        words, _ = await bot.answer(bot.press(ANNA, notice, "USMV: it is not"))
        assert "goes on" in words
        await bot.said(ANNA, "Clear again. What became of each order stands on the proposal")
        words, is_alert = await bot.answer(bot.press(ANNA, another, "Ask the broker again"))
        assert (is_alert, words) == (False, "It was cleared up before.")

        async def has_ended() -> bool:
            return await state_of(bot) is ProposalState.FAILED

        await eventually(has_ended)
        assert (await bot.ask(ANNA, "/orders", "not sent")).text.count("not sent") == 2


async def test_what_the_account_speaks_against_is_asked_once_more(tmp_path: Path) -> None:
    """Another order, that nobody knows of, has bought what was to be bought."""
    async with stage(tmp_path, adapt=deaf) as bot:
        proposal = await bot.set_up()
        bot.press(ANNA, proposal, "Approve")
        notice = await bot.said(ANNA, "it cannot be known whether an order reached the broker")
        family = await bot.portfolio()
        real = cast("DeafBrokers", bot.runtime.brokers).real
        request = OrderRequest(
            ClientOrderId("elsewhere-1"), Symbol("QUAL"), Side.BUY, Decimal(2), None
        )
        await real.of(family.accounts[0]).submit(request)
        asked = await bot.tap(ANNA, notice, "QUAL: it is not", "holds 2 QUAL more than it would")
        words, _ = await bot.answer(bot.press(ANNA, asked, "give it up"))
        assert "Still unclear: USMV" in words
