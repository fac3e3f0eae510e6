"""An Alpaca account that others use too: what is noticed there, and that nothing is sent meanwhile."""

from __future__ import annotations

import sqlite3
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application.check_drift import request_rebalance
from core.application.check_result import Outcome
from core.application.decide_proposal import approve_proposal
from core.application.execute_proposal import execute_approved
from core.application.reconcile import reconcile
from core.application.release_hold import go_on, use_account
from core.application.send_order import DENIED
from core.application.watch_accounts import watch_accounts
from core.domain.hold import HoldReason
from core.domain.ids import Symbol, UserId
from core.domain.look import ChangeKind, changes_from_text
from core.domain.membership import Member
from core.domain.outbox import MessageKind
from core.domain.portfolio import ManagedPortfolio
from core.domain.proposal import ProposalState
from tests.adapters.brokers.alpaca.stage import SPY
from tests.adapters.brokers.alpaca.test_carried_out import Family, family
from tests.fakes.alpaca import faults
from tests.fakes.alpaca.model import Fate
from tests.fakes.store import make_store

R = HoldReason
LATER = timedelta(minutes=5)


@dataclass
class Shared:
    """The family of the other tests, looked at once, and what it can be asked."""

    family: Family

    async def look(self) -> None:
        self.family.stage.exchange.time.advance(LATER)
        await watch_accounts(self.family.desk)

    async def reasons(self) -> list[HoldReason]:
        async with self.family.store.read() as work:
            return [hold.reason for hold in await work.holds.every_standing()]

    async def kinds(self) -> list[ChangeKind]:
        """What was told of changes, one after another."""
        async with self.family.store.read() as work:
            queued = await work.outbox.queued(self.family.desk.clock.now(), 100)
        told = [q.item for q in queued if q.item.kind is MessageKind.HOLDINGS_CHANGED]
        return [c.kind for item in told for c in changes_from_text(item.data["changes"])]

    async def anna(self) -> Member:
        async with self.family.store.read() as work:
            member = await work.people.member_of_user(UserId(1))
        assert member is not None
        return member

    async def managed(self) -> ManagedPortfolio:
        async with self.family.store.read() as work:
            return await work.portfolios.get(self.family.proposal.portfolio_id)

    async def trade_again(self) -> None:
        """Another plan, approved and carried out."""
        desk, anna = self.family.desk, await self.anna()
        portfolio_id = self.family.proposal.portfolio_id
        result = await request_rebalance(
            desk.store,
            desk.brokers,
            desk.market,
            desk.clock,
            member=anna,
            portfolio_id=portfolio_id,
            request_key="again",
            force=True,
        )
        assert result.proposal is not None, result
        await approve_proposal(
            desk.store,
            desk.market,
            desk.clock,
            member=anna,
            proposal_id=result.proposal.id,
            revision=1,
        )
        for _ in range(4):
            await execute_approved(desk)
        async with desk.store.read() as work:
            done = await work.proposals.get(result.proposal.id)
        assert done is not None
        assert done.state is ProposalState.DONE


async def looked_at(anna: Family) -> Shared:
    shared = Shared(anna)
    assert await watch_accounts(anna.desk) == 1
    assert await shared.reasons() == []
    return shared


@pytest.mark.fault(31)
async def test_a_look_costs_four_requests_and_our_own_trades_are_no_news(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        assert await anna.carry_out(times=4) is ProposalState.DONE
        before = len(anna.stage.server.seen)
        await shared.look()
        assert len(anna.stage.server.seen) - before == 4
        assert await shared.kinds() == []
        assert await shared.reasons() == []


@pytest.mark.fault(32)
async def test_a_reset_account_is_used_when_its_owner_says_so(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.exchange.reset(anna.stage.money)
        anna.stage.exchange.time.advance(timedelta(minutes=1))
        await anna.carry_out(times=2)
        assert await shared.reasons() == [R.ACCOUNT_REPLACED]
        await use_account(
            anna.desk,
            member=await shared.anna(),
            portfolio_id=anna.proposal.portfolio_id,
        )
        account = (await shared.managed()).accounts[0]
        assert account.broker_account_id == anna.stage.money.number
        await shared.look()
        assert await shared.reasons() == []
        assert await shared.kinds() == []
        assert await anna.carry_out() is ProposalState.SUPERSEDED
        assert anna.stage.posts == 0


@pytest.mark.fault(32)
async def test_an_order_of_an_account_that_was_reset_meanwhile_is_a_person_s_to_decide(
    tmp_path: Path,
) -> None:
    """It was at the broker when the account was reset; once the new account is accepted, it is denied there."""
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.desk = replace(anna.desk, deadline=anna.desk.poll)
        anna.stage.exchange.fates.append(Fate(first_part=Decimal(0), is_stuck=True))
        cancel = anna.stage.exchange.cancel
        anna.stage.exchange.cancel = lambda *_: None  # type: ignore[method-assign]
        await anna.carry_out()
        anna.stage.exchange.cancel = cancel  # type: ignore[method-assign]
        anna.stage.exchange.reset(anna.stage.money)
        await shared.look()
        assert await shared.reasons() == [R.ACCOUNT_REPLACED]
        assert await anna.carry_out(times=2) is ProposalState.EXECUTING
        await use_account(
            anna.desk, member=await shared.anna(), portfolio_id=anna.proposal.portfolio_id
        )
        await anna.carry_out()
        anna.stage.exchange.time.advance(LATER)
        assert await anna.carry_out() is ProposalState.FROZEN
        assert [o.detail for o in await anna.orders() if o.detail == DENIED] == [DENIED]
        assert anna.stage.posts == 1


@pytest.mark.fault(30)
async def test_refused_keys_hold_until_they_are_taken_again(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.go_wrong(faults.unauthorised(method="*", path="/v2/*", times=10_000))
        await shared.look()
        assert await shared.reasons() == [R.KEYS_REFUSED]
        anna.stage.server.faults.clear()
        await anna.carry_out()
        assert anna.stage.posts == 0
        await shared.look()
        assert await shared.reasons() == []


@pytest.mark.fault(19)
async def test_a_failing_service_holds_nothing(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        for path in ("/v2/account", "/v2/positions", "/v2/orders"):
            anna.stage.go_wrong(faults.server_error(method="GET", path=path))
            await shared.look()
        assert await shared.reasons() == []
        assert await shared.kinds() == []


@pytest.mark.fault(29)
async def test_a_plan_waits_for_somebody_else_s_open_order(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        await looked_at(anna)
        body = {"symbol": "AGG", "side": "buy", "qty": "1", "type": "limit"}
        body |= {"time_in_force": "day", "limit_price": "10", "client_order_id": "from-the-app"}
        anna.stage.exchange.submit(anna.stage.money, body)
        anna.stage.exchange.time.advance(timedelta(minutes=1))
        assert await anna.carry_out(times=2) is ProposalState.APPROVED
        assert anna.stage.posts == 0
        anna.stage.orders.clear()
        anna.stage.exchange.time.advance(timedelta(minutes=1))
        assert await anna.carry_out(times=4) is ProposalState.DONE


@pytest.mark.fault(28)
async def test_more_than_was_ordered_is_counted_and_holds_the_account(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.exchange.fates.append(Fate(excess=Decimal(2)))
        await anna.carry_out(times=4)
        sale = (await anna.orders())[0]
        assert sale.filled_quantity == sale.quantity + 2
        assert await shared.reasons() == [R.STRANGE_FILL]
        assert anna.stage.posts == 1
        await shared.look()
        assert await shared.kinds() == []


@pytest.mark.fault(37)
async def test_a_split_is_called_one(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.exchange.split("SPY", 10)
        await shared.look()
        assert await shared.kinds() == [ChangeKind.SPLIT]


@pytest.mark.fault(39)
async def test_targets_follow_a_new_name(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.exchange.rename("SPY", "SPYX")
        await shared.look()
        assert await shared.kinds() == [ChangeKind.RENAMED]
        targets = (await shared.managed()).targets
        assert targets is not None
        assert set(targets.symbols) == {"SPYX", "AGG"}


@pytest.mark.fault(38, 40)
async def test_a_dividend_is_silent_and_a_spin_off_is_left_alone(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.exchange.pay_dividend("SPY", "1.50")
        await shared.look()
        assert await shared.kinds() == []
        anna.stage.exchange.list_asset("SPINCO", "5.00")
        anna.stage.hold(Symbol("SPINCO"), "8")
        await shared.look()
        assert await shared.kinds() == [ChangeKind.APPEARED]


@pytest.mark.fault(10)
async def test_a_trade_in_the_app_is_told_and_the_approved_plan_asks_again(tmp_path: Path) -> None:
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        anna.stage.hold(SPY, "75")
        anna.stage.exchange.time.advance(timedelta(minutes=1))
        assert await anna.carry_out(times=2) is ProposalState.OPEN
        assert await shared.kinds() == [ChangeKind.TRADED]
        assert anna.stage.posts == 0


@pytest.mark.fault(62)
async def test_yesterday_s_store_finds_the_newer_orders_and_sends_nothing(tmp_path: Path) -> None:
    """The file is copied, another plan is carried out, and the copy is put back."""
    file, copy = tmp_path / "evenkeel.db", tmp_path / "copy.db"
    async with family(tmp_path) as anna:
        shared = await looked_at(anna)
        assert await anna.carry_out(times=4) is ProposalState.DONE
        await shared.look()
        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        anna.stage.exchange.set_price("SPY", "140")
        await shared.trade_again()
        sent = anna.stage.posts
        assert sent > 2

        await anna.store.aclose()
        for name in ("evenkeel.db", "evenkeel.db-wal", "evenkeel.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        copy.rename(file)
        async with AsyncExitStack() as stack:
            anna.store = await make_store(tmp_path)
            stack.push_async_callback(anna.store.aclose)
            anna.desk = replace(anna.desk, store=anna.store, watched=type(anna.desk.watched)())

            await reconcile(anna.desk)
            await shared.look()
            assert await shared.reasons() == [R.STRANGE_FILL]
            result = await request_rebalance(
                anna.store,
                anna.desk.brokers,
                anna.desk.market,
                anna.desk.clock,
                member=await shared.anna(),
                portfolio_id=anna.proposal.portfolio_id,
                request_key="after",
            )
            assert result.outcome is Outcome.REFUSED
            for _ in range(3):
                await shared.look()
                await execute_approved(anna.desk)
            assert anna.stage.posts == sent
            await go_on(
                anna.desk, member=await shared.anna(), portfolio_id=anna.proposal.portfolio_id
            )
            await shared.look()
            assert await shared.reasons() == []
