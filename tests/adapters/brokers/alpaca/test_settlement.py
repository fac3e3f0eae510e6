"""A cash account at Alpaca: proceeds are used at once, and what they bought is not sold before they have settled."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from core.application.check_drift import request_rebalance
from core.application.check_result import CheckResult
from core.application.decide_proposal import approve_proposal
from core.domain.ids import UserId
from core.domain.plan import ReasonCode
from core.domain.proposal import Proposal, ProposalState
from tests.adapters.brokers.alpaca.stage import AGG
from tests.adapters.brokers.alpaca.test_carried_out import Family, family


async def ask(anna: Family, key: str) -> CheckResult:
    async with anna.store.read() as work:
        member = await work.people.member_of_user(UserId(1))
    assert member is not None
    return await request_rebalance(
        anna.store,
        anna.desk.brokers,
        anna.desk.market,
        anna.desk.clock,
        member=member,
        portfolio_id=anna.proposal.portfolio_id,
        request_key=key,
        force=True,
    )


async def carry_out(anna: Family, proposal: Proposal) -> ProposalState:
    async with anna.store.read() as work:
        member = await work.people.member_of_user(UserId(1))
    assert member is not None
    await approve_proposal(
        anna.store,
        anna.desk.market,
        anna.desk.clock,
        member=member,
        proposal_id=proposal.id,
        revision=1,
    )
    anna.proposal = proposal
    return await anna.carry_out(times=4)


def let_agg_rise(anna: Family) -> None:
    """By a fifth: it would now be sold."""
    anna.stage.exchange.assets[AGG].price *= 6
    anna.stage.exchange.assets[AGG].price /= 5


@pytest.mark.fault(26)
async def test_a_cash_account_never_sells_what_unsettled_money_bought(tmp_path: Path) -> None:
    async with family(tmp_path, multiplier=1) as anna:
        assert not anna.stage.broker.traits.settles_at_once
        assert anna.stage.broker.traits.may_use_unsettled
        assert await anna.carry_out(times=4) is ProposalState.DONE
        assert anna.stage.money.on_credit, "the purchase was paid with unsettled money"
        let_agg_rise(anna)
        today = await ask(anna, "2")
        assert today.plan is not None
        assert AGG not in {trade.symbol for trade in today.plan.sells}
        reasons = {skip.symbol: skip.reason.code for skip in today.plan.skipped}
        assert reasons[AGG] is ReasonCode.UNSETTLED
        anna.stage.exchange.time.advance(timedelta(days=1))
        tomorrow = await ask(anna, "3")
        assert tomorrow.proposal is not None
        assert AGG in {trade.symbol for trade in tomorrow.proposal.revision.plan.sells}
        assert await carry_out(anna, tomorrow.proposal) is ProposalState.DONE
        assert anna.stage.money.violations == 0


async def test_an_account_with_margin_need_not_wait(tmp_path: Path) -> None:
    async with family(tmp_path, multiplier=4) as anna:
        assert await anna.carry_out(times=4) is ProposalState.DONE
        assert anna.stage.broker.traits.settles_at_once
        let_agg_rise(anna)
        today = await ask(anna, "2")
        assert today.plan is not None
        assert AGG in {trade.symbol for trade in today.plan.sells}


@pytest.mark.fault(26)
async def test_where_alpaca_lets_nobody_use_it_purchases_are_dropped_and_never_refused(
    tmp_path: Path,
) -> None:
    """What the account says is usable is what is spent, whatever it is."""
    async with family(tmp_path, multiplier=1) as anna:
        anna.stage.money.unsettled_is_usable = False
        assert await anna.carry_out(times=4) in {ProposalState.PARTIAL, ProposalState.DONE}
        assert all(order.status == "filled" for order in anna.stage.orders)
        assert anna.stage.money.settled_cash >= 0
        assert anna.stage.money.violations == 0
