"""The main job on real history: the simulated broker, the replay's prices, and the walk through March 2020."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import open_runtime
from bot.runtime import Runtime
from bot.settings import Settings
from bot.work import Worker, desk_of
from core.application.advance_market import (
    advance_market,
    advance_month,
    advance_session,
)
from core.application.check_drift import request_rebalance
from core.application.choose_portfolio import Current
from core.application.create_portfolio import create_portfolio
from core.application.decide_proposal import approve_proposal
from core.application.enter import enter
from core.application.execute_proposal import execute_approved
from core.application.keep_rules import add_rule, switch_rule
from core.application.rehearse import rehearse
from core.application.set_targets import preview_targets, set_targets, targets_from_holdings
from core.application.show_proposal import load_view
from core.application.show_status import show_status
from core.domain.ids import ChatId, UserId
from core.domain.membership import Member
from core.domain.proposal import ProposalState
from core.domain.refusals import UnknownSymbol
from core.domain.rules import Action
from core.domain.targets import TargetAllocation
from core.ports.store import Chat

FIRST = {"QUAL": 30, "USMV": 30, "CASH": 40}
EQUAL = {"MTUM": 20, "QUAL": 20, "SIZE": 20, "USMV": 20, "VLUE": 20}


def replay_settings(folder: Path) -> Settings:
    """The demo's settings, without anything from the machine."""
    return Settings(_env_file=None, data_dir=folder, market_data="replay")


async def _begin(runtime: Runtime, targets: dict[str, Any]) -> tuple[Member, Current]:
    entered = await enter(
        runtime.store,
        runtime.clock,
        user_id=UserId(1001),
        name="Anna",
        allowed=frozenset({1001}),
        code=None,
    )
    current = await create_portfolio(
        runtime.store,
        runtime.brokers,
        runtime.clock,
        member=entered.member,
        name="Family",
        chat=Chat(ChatId(1001), "private", "Anna"),
        opening_cash=Decimal(10_000),
    )
    await set_targets(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=entered.member,
        portfolio_id=current.portfolio.portfolio.id,
        targets=TargetAllocation.of(targets),
    )
    return entered.member, current


async def _buy_first(runtime: Runtime, member: Member, current: Current) -> None:
    result = await request_rebalance(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=member,
        portfolio_id=current.portfolio.portfolio.id,
        request_key="first",
    )
    assert result.proposal is not None, result
    await approve_proposal(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=member,
        proposal_id=result.proposal.id,
        revision=1,
    )
    assert await execute_approved(desk_of(runtime)) == 1
    view = await load_view(runtime.store, result.proposal.id)
    assert view.proposal.state is ProposalState.DONE, view.orders


async def test_the_demo_s_first_allocation_alerts_on_12_march_2020(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:
        member, current = await _begin(runtime, FIRST)
        await _buy_first(runtime, member, current)
        worker = Worker(runtime)

        async def work() -> bool:
            return (await worker.round()).has_news

        await work()
        walked = await advance_market(runtime.store, runtime.market, work, until=date(2020, 3, 16))
        assert walked.stopped_for == "push"
        assert walked.instant == datetime(2020, 3, 12, 15, 0, tzinfo=UTC)
        status = await show_status(
            runtime.store,
            runtime.brokers,
            runtime.market,
            member=member,
            portfolio_id=current.portfolio.portfolio.id,
        )
        assert status.drift is not None
        assert {line.symbol for line in status.drift.breached} == {"CASH"}
        assert len(status.open_proposals) == 1
        onward = await advance_market(runtime.store, runtime.market, work, until=date(2020, 3, 16))
        assert onward.stopped_for is None
        assert onward.instant.date() == date(2020, 3, 16)


async def test_five_equal_etfs_do_not_alert_in_march_2020(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:
        member, current = await _begin(runtime, EQUAL)
        await _buy_first(runtime, member, current)
        worker = Worker(runtime)

        async def work() -> bool:
            return (await worker.round()).has_news

        await work()
        walked = await advance_market(runtime.store, runtime.market, work, until=date(2020, 3, 31))
        assert walked.stopped_for is None


async def test_the_market_walks_by_sessions_and_months(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:

        async def nothing() -> bool:
            return False

        async def stands() -> date:
            return (await runtime.market.clock.now()).date()

        assert await stands() == date(2020, 1, 2)
        await advance_session(runtime.store, runtime.market, nothing)
        assert await stands() == date(2020, 1, 3)
        await advance_session(runtime.store, runtime.market, nothing)
        assert await stands() == date(2020, 1, 6)
        await advance_month(runtime.store, runtime.market, nothing)
        assert await stands() == date(2020, 2, 3)
        walked = await advance_market(
            runtime.store, runtime.market, nothing, until=date(2030, 1, 1)
        )
        assert walked.stopped_for == "end"
        assert await stands() == date(2022, 12, 28)


async def test_a_restart_finds_the_market_where_it_was(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:

        async def nothing() -> bool:
            return False

        await advance_session(runtime.store, runtime.market, nothing)
    async with open_runtime(replay_settings(tmp_path)) as again:
        assert (await again.market.clock.now()).date() == date(2020, 1, 3)


async def test_targets_are_made_of_what_is_held(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:
        member, current = await _begin(runtime, FIRST)
        await _buy_first(runtime, member, current)
        found = await targets_from_holdings(
            runtime.store,
            runtime.brokers,
            runtime.market,
            member=member,
            portfolio_id=current.portfolio.portfolio.id,
        )
        assert set(found.weights) == {"QUAL", "USMV", "CASH"}
        assert all(abs(found.weight(s) - w) < 1 for s, w in FIRST.items())  # type: ignore[arg-type]


async def test_an_unknown_symbol_is_refused_with_its_neighbours(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:
        member, current = await _begin(runtime, FIRST)
        with pytest.raises(UnknownSymbol) as refused:
            await preview_targets(
                runtime.store,
                runtime.brokers,
                runtime.market,
                member=member,
                portfolio_id=current.portfolio.portfolio.id,
                targets=TargetAllocation.of({"QUALL": 100}),
            )
        assert "QUAL" in refused.value.suggestions


async def test_a_rehearsal_shows_an_alert_and_stores_nothing(tmp_path: Path) -> None:
    async with open_runtime(replay_settings(tmp_path)) as runtime:
        member, current = await _begin(runtime, FIRST)
        await _buy_first(runtime, member, current)
        portfolio_id = current.portfolio.portfolio.id
        seen = await rehearse(
            runtime.store,
            runtime.brokers,
            runtime.market,
            member=member,
            portfolio_id=portfolio_id,
        )
        assert seen.only is None
        assert seen.plan.needed
        assert {trade.symbol for trade in seen.plan.trades} == {"QUAL", "USMV"}
        async with runtime.store.read() as work:
            assert len(await work.proposals.recent(portfolio_id, 5)) == 1


async def _hold_off(runtime: Runtime, member: Member, current: Current, text: str) -> None:
    rule = await add_rule(
        runtime.store,
        runtime.clock,
        member=member,
        portfolio_id=current.portfolio.portfolio.id,
        text=text,
        action=Action.HOLD_OFF,
    )
    await switch_rule(
        runtime.store,
        runtime.clock,
        member=member,
        portfolio_id=rule.portfolio_id,
        rule_id=rule.id,
        is_enabled=True,
    )


async def test_a_rule_on_the_index_holds_off_what_12_march_2020_would_have_alerted(
    tmp_path: Path,
) -> None:
    """With the bands 5/25; the S&P 500 closed more than 10% under its highest from 5 March to the end of the walk."""
    async with open_runtime(replay_settings(tmp_path)) as runtime:
        member, current = await _begin(runtime, FIRST)
        await _buy_first(runtime, member, current)
        await _hold_off(runtime, member, current, "SPX drawdown 52w > 10")
        worker = Worker(runtime)

        async def work() -> bool:
            return (await worker.round()).has_news

        await work()
        stops: list[tuple[date, str]] = []
        walked = await advance_market(runtime.store, runtime.market, work, until=date(2020, 3, 17))
        while walked.stopped_for == "push":
            async with runtime.store.read() as store:
                last = await store.checks.last(current.portfolio.portfolio.id)
            assert last is not None
            stops.append((last.check.session, last.outcome or ""))
            until = date(2020, 3, 17)
            walked = await advance_market(runtime.store, runtime.market, work, until=until)
        assert stops == [
            (date(2020, 2, 27), "held_off"),
            (date(2020, 3, 2), "on_target"),
            (date(2020, 3, 5), "held_off"),
        ]
        async with runtime.store.read() as store:
            checks = await store.checks.recent(current.portfolio.portfolio.id, 5)
        drifts = [json.loads(check.detail)["portfolio_drift"] for check in checks]
        assert max(map(Decimal, drifts)) > 5
        asked = await request_rebalance(
            runtime.store,
            runtime.brokers,
            runtime.market,
            runtime.clock,
            member=member,
            portfolio_id=current.portfolio.portfolio.id,
            request_key="asked",
        )
        assert asked.proposal is not None
