"""A paper account whose orders are gone: what Alpaca had acknowledged, and says nothing of any more."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.send_order import DENIED
from core.domain.order import DENIAL_PATIENCE, OrderState
from core.domain.proposal import ProposalState
from tests.adapters.brokers.alpaca.test_carried_out import family
from tests.fakes.alpaca.model import Fate


@pytest.mark.fault(32)
async def test_an_order_that_vanishes_is_frozen_after_a_minute_and_never_sent_again(
    tmp_path: Path,
) -> None:
    async with family(tmp_path) as anna:
        anna.desk = replace(anna.desk, deadline=anna.desk.poll)
        anna.stage.exchange.fates.append(Fate(first_part=Decimal(0), is_stuck=True))
        cancels = anna.stage.exchange.cancel
        anna.stage.exchange.cancel = lambda *_: None  # type: ignore[method-assign]
        await anna.carry_out()
        assert (await anna.orders())[0].state is OrderState.SUBMITTED

        anna.stage.exchange.cancel = cancels  # type: ignore[method-assign]
        anna.stage.orders.clear()
        assert await anna.carry_out() is ProposalState.EXECUTING
        assert (await anna.orders())[0].state is OrderState.SUBMITTED

        anna.stage.exchange.time.advance(DENIAL_PATIENCE)
        assert await anna.carry_out() is ProposalState.FROZEN
        sale, purchase = await anna.orders()
        assert (sale.state, sale.detail) == (OrderState.FROZEN, DENIED)
        assert purchase.state is OrderState.VOID

        await anna.carry_out(times=3)
        assert anna.stage.posts == 1
