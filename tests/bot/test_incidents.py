"""Errors have a number, and the operator hears of each kind once a minute, with a count of the others."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.bootstrap import operator_told
from bot.incidents import MOST_KINDS, PAUSE_SECONDS, Once, Report, new_incident, report_of
from bot.logs import QUIET_LIBRARIES, configure_logging, redacted
from bot.operator_channel import OperatorChannel, telling_operator
from bot.settings import Settings
from core.domain.refusals import BadChannel, OperatorChannelRefused, UnknownChannel
from core.ports.channel import Notice
from tests.fakes.clock import FakeClock
from tests.fakes.receivers import hook

CANARY = "canary-0123456789-of-the-operator"

log = logging.getLogger("bot.somewhere")


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in QUIET_LIBRARIES}
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


@dataclass
class Line:
    """A channel in memory."""

    sent: list[Notice] = field(default_factory=list)
    fails: bool = False

    async def kind_of(self, address: str) -> str:
        if "://" not in address:
            raise BadChannel
        return "json"

    async def send(self, address: str, notice: Notice) -> None:
        if self.fails:
            raise ZeroDivisionError(address)
        self.sent.append(notice)


def _settings(address: str | None) -> Settings:
    given = None if address is None else SecretStr(address)
    return Settings(_env_file=None, operator_channel=given)


@asynccontextmanager
async def _telling(
    line: Line, clock: FakeClock, redact: Callable[[str], str] = redacted
) -> AsyncIterator[OperatorChannel]:
    async with telling_operator(_settings(f"json://{CANARY}"), line, clock, redact) as operator:
        assert operator is not None
        yield operator


def _fail(words: str, *values: object) -> None:
    try:
        raise KeyError("1,234.56 of Anna")  # noqa: TRY301 - the case is the traceback
    except KeyError:
        log.exception(words, *values)


# --- once a minute -----------------------------------------------------------------------------------


def _report(kind: str) -> Report:
    return Report(new_incident(), kind, "words")


def test_each_kind_passes_once_a_minute_and_the_next_says_how_many_did_not() -> None:
    clock = FakeClock()
    once = Once(clock.monotonic)
    assert once.let_through(_report("a")) is not None
    assert [once.let_through(_report("a")) for _ in range(12)] == [None] * 12
    assert once.let_through(_report("b")) is not None
    clock.advance(timedelta(seconds=PAUSE_SECONDS))
    again = once.let_through(_report("a"))
    assert again is not None
    assert again.more == 12


def test_what_was_held_back_is_counted_though_nothing_more_comes() -> None:
    clock = FakeClock()
    once = Once(clock.monotonic)
    once.let_through(_report("a"))
    last = _report("a")
    once.let_through(last)
    clock.advance(timedelta(seconds=PAUSE_SECONDS - 1))
    assert once.counts_due() == []
    clock.advance(timedelta(seconds=1))
    assert once.counts_due() == [Report(last.incident, "a", "words", 1, is_count=True)]
    assert once.counts_due() == []
    assert once.let_through(_report("a")) is None


def test_a_flood_of_kinds_is_one_kind() -> None:
    clock = FakeClock()
    once = Once(clock.monotonic)
    passed = [once.let_through(_report(f"kind {n}")) for n in range(MOST_KINDS + 50)]
    assert len([report for report in passed if report is not None]) == MOST_KINDS + 1
    clock.advance(timedelta(seconds=PAUSE_SECONDS))
    assert once.let_through(_report("new")) is not None


# --- the number ---------------------------------------------------------------------------------------


def test_every_error_in_the_log_has_a_number_and_nothing_else_has() -> None:
    stream = io.StringIO()
    configure_logging(log_format="json", stream=stream)
    log.warning("no error")
    _fail("a round failed")
    log.error("by itself", extra={"incident": "3F2A9C"})
    first, second, third = map(json.loads, stream.getvalue().splitlines())
    assert "incident" not in first
    assert len(second["incident"]) == 6
    assert third["incident"] == "3F2A9C"


def test_a_report_says_class_and_place_and_not_what_the_error_says() -> None:
    caught: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = caught.append  # type: ignore[method-assign,assignment]
    log.addHandler(handler)
    try:
        _fail("a round of %s failed", "work")
    finally:
        log.removeHandler(handler)
    report = report_of(caught[0])
    assert report.words.startswith(
        "a round of work failed\nKeyError at tests/bot/test_incidents.py:"
    )
    assert report.words.endswith("in _fail")
    assert "Anna" not in report.words + report.kind
    assert "%s" in report.kind


# --- the operator's channel ----------------------------------------------------------------------------


async def test_the_operator_hears_over_http_with_the_number_of_the_log() -> None:
    stream = io.StringIO()
    configure_logging(log_format="json", stream=stream)
    async with hook() as web:
        async with operator_told(_settings(f"json://{web.host}/{CANARY}")):
            _fail("a round of due work failed")
            _fail("a round of due work failed")
        (came,) = web.came
    incident = json.loads(stream.getvalue().splitlines()[0])["incident"]
    assert came["title"] == f"Evenkeel: incident {incident}"
    assert came["message"].startswith("a round of due work failed\nKeyError at ")
    assert came["message"].endswith("The log has the details under this number.")
    assert CANARY not in stream.getvalue()


async def test_the_count_of_a_minute_is_told_when_it_is_over() -> None:
    configure_logging(stream=io.StringIO())
    line, clock = Line(), FakeClock()
    async with _telling(line, clock) as operator:
        for _ in range(5):
            _fail("again and again")
        await operator.flush()
        assert len(line.sent) == 1
        clock.advance(timedelta(seconds=PAUSE_SECONDS))
        await operator.tell_counts()
    assert line.sent[1].title.startswith("Evenkeel: 4 more like incident ")


async def test_secrets_are_struck_out_of_what_the_operator_gets() -> None:
    configure_logging(stream=io.StringIO(), secrets=[CANARY])
    line = Line()
    async with _telling(line, FakeClock()):
        log.error("the key %s is wrong", CANARY)
    assert line.sent[0].body.startswith("the key [secret] is wrong")


async def test_errors_of_threads_are_heard_too() -> None:
    configure_logging(stream=io.StringIO())
    line = Line()
    async with _telling(line, FakeClock()):
        await asyncio.to_thread(_fail, "in a thread")
    assert len(line.sent) == 1


async def test_a_channel_that_fails_is_said_once_and_is_no_error_itself() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    line = Line(fails=True)
    async with _telling(line, FakeClock()):
        log.error("one")
        log.error("two")
    said = stream.getvalue()
    assert said.count("the operator's channel does not take messages: ZeroDivisionError") == 1
    assert CANARY not in said


async def test_what_ends_the_process_is_told_before_it_ends() -> None:
    configure_logging(stream=io.StringIO())
    line = Line()

    async def run(error: Exception) -> None:
        async with _telling(line, FakeClock()):
            raise error

    with pytest.raises(ZeroDivisionError):
        await run(ZeroDivisionError())
    assert line.sent[0].body.startswith("ended by an error\nZeroDivisionError")
    with pytest.raises(UnknownChannel):
        await run(UnknownChannel())
    assert len(line.sent) == 1


async def test_an_address_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(OperatorChannelRefused):
        async with operator_told(_settings("nonsense")):
            pass


async def test_without_an_address_nobody_hears(tmp_path: Path) -> None:
    async with operator_told(_settings(None)) as nobody:
        assert nobody is None
