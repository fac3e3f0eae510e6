"""An asset that Alpaca does not trade now, by its flag: left out of a plan, refused to an order."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.domain.order import OrderState
from core.domain.plan import ReasonCode
from core.domain.proposal import ProposalState
from tests.adapters.brokers.alpaca.stage import AGG
from tests.adapters.brokers.alpaca.test_carried_out import family
from tests.adapters.brokers.alpaca.test_settlement import ask


@pytest.mark.fault(27)
async def test_the_asset_s_flag_leaves_its_line_out_of_the_plan(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        anna.stage.exchange.assets[AGG].is_tradable = False
        assert await anna.carry_out(times=4) is ProposalState.PARTIAL
        assert [order.state for order in await anna.orders()] == [
            OrderState.FILLED,
            OrderState.REJECTED,
        ]
        anna.stage.exchange.time.advance(timedelta(minutes=6))
        result = await ask(anna, "2")
        assert result.plan is not None
        assert AGG not in {trade.symbol for trade in result.plan.trades}
        reasons = {skip.symbol: skip.reason.code for skip in result.plan.skipped}
        assert reasons[AGG] is ReasonCode.NOT_TRADABLE
