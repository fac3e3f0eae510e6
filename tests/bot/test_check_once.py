"""``evenkeel check --once``: bounded in time, and its exit status says what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from telegram import Update
from telegram.error import Conflict, InvalidToken, NetworkError

from bot import check, cli
from bot.check import ExitStatus, OneRun
from bot.cli import what_was_done
from bot.settings import Settings
from bot.telegram.collecting import collect
from core.application.check_result import Outcome
from core.application.run_due_work import WorkDone
from core.application.sweep_checks import SweepResult


@asynccontextmanager
async def open_runtime(_settings: object) -> AsyncIterator[object]:
    yield object()


def run_of(counts: dict[Outcome, int], executed: int = 0, **line: int | None) -> OneRun:
    return OneRun(WorkDone(0, 0, SweepResult(counts), executed), **line)


@pytest.mark.parametrize(
    ("run", "line", "status"),
    [
        (run_of({}), "checked 0", 0),
        (run_of({Outcome.ON_TARGET: 2}, sent=3), "checked 2: on_target 2; sent 3", 0),
        (
            run_of({Outcome.REFUSED: 1, Outcome.PROPOSED: 1}, 1, served=2, sent=0),
            "checked 2: refused 1, proposed 1; carried out 1; taps and messages 2, sent 0",
            3,
        ),
    ],
)
def test_a_run_is_a_line_and_a_status(run: OneRun, line: str, status: int) -> None:
    assert (what_was_done(run), run.status) == (line, status)


async def test_a_run_that_hangs_is_broken_off_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []

    async def once(_runtime: object) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cleaned up")

    monkeypatch.setattr(check, "open_runtime", open_runtime)
    monkeypatch.setattr(check, "_once", once)
    settings = Settings(_env_file=None)
    assert await check.check_once(settings, timedelta(seconds=0.01)) is None
    assert ended == ["cleaned up"]


async def test_a_broker_that_times_out_is_not_the_end_of_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def once(_runtime: object) -> None:
        raise TimeoutError("a broker")

    monkeypatch.setattr(check, "open_runtime", open_runtime)
    monkeypatch.setattr(check, "_once", once)
    settings = Settings(_env_file=None)
    with pytest.raises(TimeoutError, match="a broker"):
        await check.check_once(settings)


@pytest.mark.parametrize(
    ("run", "status", "said"),
    [
        (None, ExitStatus.OUT_OF_TIME, "there was no time for all of it within 30 seconds"),
        (run_of({Outcome.REFUSED: 1}), ExitStatus.REFUSED, "checked 1: refused 1"),
        (run_of({}), ExitStatus.DONE, "checked 0"),
    ],
)
def test_the_exit_status_says_what_happened(
    monkeypatch: pytest.MonkeyPatch, run: OneRun | None, status: int, said: str
) -> None:
    asked = []

    async def check_once(_settings: object, longest: timedelta) -> OneRun | None:
        asked.append(longest)
        return run

    monkeypatch.setattr(cli, "read_settings", object)
    monkeypatch.setattr(check, "check_once", check_once)
    result = CliRunner().invoke(cli.cli, ["check", "--once", "--seconds", "30"])
    assert (result.exit_code, result.output.strip()) == (status, said)
    assert asked == [timedelta(seconds=30)]


class Line:
    """An application whose Telegram gives what a test has put there."""

    def __init__(self, *answers: list[int] | Exception) -> None:
        self.answers = list(answers)
        self.served: list[int] = []
        self.offsets: list[int | None] = []
        self.bot = SimpleNamespace(
            get_updates=self.get_updates,
            set_my_commands=self.nothing,
            set_my_description=self.nothing,
            set_my_short_description=self.nothing,
        )

    async def initialize(self) -> None:
        return

    async def nothing(self, *_: object) -> None:
        return

    async def get_updates(self, *, offset: int | None, **_: object) -> list[Update]:
        self.offsets.append(offset)
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, Exception):
            raise answer
        return [Update(number) for number in answer]

    async def process_update(self, update: Update) -> None:
        self.served.append(update.update_id)


async def always() -> bool:
    return True


async def test_updates_are_told_as_taken_only_after_they_were_served() -> None:
    line: Any = Line([5, 6], [9])
    assert await collect(line, always) == 3
    assert line.served == [5, 6, 9]
    assert line.offsets == [None, 7, 10]


@pytest.mark.parametrize("error", [NetworkError("down"), Conflict("two")])
async def test_trouble_with_telegram_ends_the_collecting_and_nothing_else(error: Exception) -> None:
    line: Any = Line([5], error)
    assert await collect(line, always) == 1


async def test_a_token_that_telegram_does_not_know_is_said() -> None:
    with pytest.raises(InvalidToken):
        await collect(Line(InvalidToken()), always)  # type: ignore[arg-type]


async def test_a_process_that_has_lost_the_line_asks_no_more() -> None:
    answers = iter([True, False])

    async def may_go_on() -> bool:
        return next(answers)

    line: Any = Line([5], [6])
    assert await collect(line, may_go_on) == 1
    assert line.offsets == [None]
