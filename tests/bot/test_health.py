"""The health page over loopback HTTP: alive or not, and counts that are true for all processes."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from bot.health import FRESH, PATIENCE, Health, health_page
from bot.runtime import Runtime
from bot.work import Worker
from core.application.execute_proposal import execute_approved
from core.domain.order import OrderState
from core.domain.outbox import MessageKind, OutboxItem
from core.ports.meter import CallEnd
from core.ports.store_errors import StoreBusy
from tests.application.acts import approved, ask, drifted
from tests.bot.telegram.stage import ANNA, stage
from tests.fakes.pulse import runtime_of
from tests.fakes.store import make_store
from tests.fakes.world import World, small_world

Found = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@asynccontextmanager
async def _watching(runtime: Runtime) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(TestServer(Health(runtime).application())) as client:
        yield client


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with small_world(tmp_path) as made:
        yield made


async def _asked(client: TestClient[Any, Any]) -> Found:
    response = await client.get("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    return _read(await response.text())


def _read(text: str) -> Found:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _of(found: Found, name: str, **labels: str) -> float:
    return found[name, tuple(sorted(labels.items()))]


async def test_counts_what_other_processes_did(world: World, tmp_path: Path) -> None:
    anna, proposal = await approved(world)
    await execute_approved(world.desk)
    await ask(world, anna, proposal.portfolio_id, "again")
    other = await make_store(tmp_path)
    try:
        watching = replace(runtime_of(world), store=other)
        async with _watching(watching) as client:
            found = await _asked(client)
    finally:
        await other.aclose()
    assert _of(found, "evenkeel_checks_total", outcome="proposed") == 1
    assert _of(found, "evenkeel_checks_total", outcome="on_target") == 1
    assert _of(found, "evenkeel_proposals", state="done") == 1
    assert _of(found, "evenkeel_proposals", state="open") == 0
    assert _of(found, "evenkeel_orders", state="filled") == 2
    assert {labels for name, labels in found if name == "evenkeel_orders"} == {
        (("state", state.value),) for state in OrderState
    }
    waiting = await world.outbox()
    assert _of(found, "evenkeel_outbox_waiting", to="telegram") == len(waiting) > 0


async def test_says_which_checks_are_late_and_which_overdue(world: World) -> None:
    _, portfolio_id = await drifted(world)
    session = (await world.market.moment()).session.date
    now = world.clock.now()
    async with world.store.begin() as work:
        for minutes, slot in ((29, "10:31"), (31, "10:29"), (31, "ask:1"), (40, "10:20")):
            due_at = now - timedelta(minutes=minutes)
            await work.checks.add_due(portfolio_id, session, slot, due_at)
        for slot in ("10:31", "10:29", "ask:1"):
            record = await work.checks.by_slot(portfolio_id, session, slot)
            assert record is not None
            await work.checks.finish(record.check.id, "on_target", "{}", now)
    runtime = runtime_of(world)
    async with _watching(runtime) as client:
        found = await _asked(client)
        assert _of(found, "evenkeel_checks_late_total") == 1
        assert _of(found, "evenkeel_checks_overdue") == 1
    replay = runtime.settings.model_copy(update={"market_data": "replay"})
    async with _watching(replace(runtime, settings=replay)) as client:
        found = await _asked(client)
        assert not [name for name, _ in found if "late" in name]
        assert _of(found, "evenkeel_checks_overdue") == 1


async def test_messages_that_wait_and_that_were_given_up(world: World) -> None:
    anna = await world.person()
    items = [OutboxItem(MessageKind.HELD, anna.user_id, f"m{n}") for n in range(3)]  # type: ignore[arg-type]
    async with world.store.begin() as work:
        await work.outbox.enqueue(items, world.clock.now())
        first, *_ = await work.outbox.queued(world.clock.now(), 10)
        await work.outbox.mark_failed(first.id, retry_at=None, error="gone")
    world.clock.advance(timedelta(seconds=90))
    async with _watching(runtime_of(world)) as client:
        found = await _asked(client)
    assert _of(found, "evenkeel_outbox_waiting", to="telegram") == 2
    assert _of(found, "evenkeel_outbox_oldest_seconds", to="telegram") == 90
    assert _of(found, "evenkeel_outbox_given_up_total", to="telegram") == 1


async def test_the_store_is_not_counted_at_every_request(world: World) -> None:
    runtime = runtime_of(world)
    async with _watching(runtime) as client:
        await _asked(client)
        await approved(world)
        assert _of(await _asked(client), "evenkeel_proposals", state="approved") == 0
        world.clock.advance(timedelta(seconds=FRESH))
        assert _of(await _asked(client), "evenkeel_proposals", state="approved") == 1


async def test_a_store_that_does_not_answer_is_said_without_its_words(world: World) -> None:
    class Broken:
        def read(self) -> None:
            raise StoreBusy("/home/anna/secret.db is busy")

    async with _watching(replace(runtime_of(world), store=Broken())) as client:  # type: ignore[arg-type]
        response = await client.get("/metrics")
        assert (response.status, await response.text()) == (503, "StoreBusy\n")


async def test_is_well_as_long_as_rounds_come_to_their_end(world: World) -> None:
    runtime = runtime_of(world)
    async with _watching(runtime) as client:
        assert (await client.get("/health")).status == 200
        world.clock.advance(timedelta(seconds=PATIENCE))
        sick = await client.get("/health")
        assert sick.status == 503
        assert (await sick.json())["status"] == "no round of work has ended"
        await Worker(runtime).round()
        well = await client.get("/health")
        assert (well.status, await well.json()) == (200, {"status": "ok", "seconds": 0.0})
        found = await _asked(client)
    assert _of(found, "evenkeel_rounds_total", end="ok") == 1
    assert _of(found, "evenkeel_last_round_timestamp_seconds") == world.clock.now().timestamp()


async def test_a_round_that_fails_is_counted_and_is_no_sign_of_life(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.work.run_due_work", fail)
    runtime = runtime_of(world)
    with pytest.raises(ZeroDivisionError):
        await Worker(runtime).round()
    async with _watching(runtime) as client:
        assert _of(await _asked(client), "evenkeel_rounds_total", end="error") == 1
        world.clock.advance(timedelta(seconds=PATIENCE))
        assert (await client.get("/health")).status == 503


async def test_other_paths_and_ways_are_refused(world: World) -> None:
    async with _watching(runtime_of(world)) as client:
        assert (await client.get("/")).status == 404
        assert (await client.post("/metrics")).status == 405


def test_labels_stay_few_whatever_telegram_is_asked(world: World) -> None:
    metrics = runtime_of(world).pulse.metrics
    for number in range(500):
        metrics.telegram_request(f"method{number}", 0.1, CallEnd.OK)
    metrics.telegram_request("sendMessage", 0.1, CallEnd.OK)
    families = {metric.name: metric for metric in metrics.registry.collect()}
    requests = families["evenkeel_telegram_request_seconds"]
    assert {sample.labels["method"] for sample in requests.samples} == {"other", "sendMessage"}


# --- the page of a running bot ---------------------------------------------------------------------


@pytest.mark.fault(71)
async def test_a_running_bot_serves_metrics_without_people_money_or_secrets(
    tmp_path: Path, unused_tcp_port: int
) -> None:
    def adapt(runtime: Runtime) -> Runtime:
        update = {"health_port": unused_tcp_port}
        return replace(runtime, settings=runtime.settings.model_copy(update=update))

    async with stage(tmp_path, adapt=adapt) as bot, aiohttp.ClientSession() as session:
        proposal = await bot.set_up()
        bot.press(ANNA, proposal, "Approve")
        await bot.said(ANNA, "orders filled in full")
        async with session.get(f"http://127.0.0.1:{unused_tcp_port}/metrics") as response:
            text = await response.text()
        found = _read(text)
        for word in ("Anna", "Family", "family", "QUAL", bot.sandbox.token, "rb-"):
            assert word not in text
        assert "1001" not in repr(list(found))
        sent = {"method": "sendMessage", "end": "ok"}
        assert _of(found, "evenkeel_telegram_request_seconds_count", **sent) >= 2
        submitted = {"broker": "simulated", "call": "submit", "end": "ok"}
        assert _of(found, "evenkeel_broker_call_seconds_count", **submitted) == 2
        assert not [labels for _, labels in found if ("method", "getUpdates") in labels]
        assert _of(found, "evenkeel_proposals", state="done") == 1
        async with session.get(f"http://127.0.0.1:{unused_tcp_port}/health") as response:
            assert response.status == 200


async def test_a_port_that_is_taken_costs_the_page_and_not_the_work(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        runtime = runtime_of(world)
        settings = runtime.settings.model_copy(update={"health_port": port})
        async with health_page(replace(runtime, settings=settings)):
            assert f"HEALTH_PORT {port} at 127.0.0.1 cannot be used" in caplog.text


async def test_without_a_port_nothing_listens(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with health_page(runtime_of(world)):
        assert "health and metrics" not in caplog.text
