"""Quick deaths are counted across processes; an orderly end, a long life and old ones do not count."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.starts import STARTS_FILE, TOO_MANY, YOUNG, Starts
from tests.fakes.clock import FakeClock


@pytest.mark.fault(70)
def test_quick_deaths_in_a_row_are_counted(tmp_path: Path) -> None:
    clock = FakeClock()
    counted = []
    for _ in range(4):
        counted.append(Starts(tmp_path, clock).note())
        clock.advance(timedelta(minutes=2))
    assert counted == [0, 1, 2, TOO_MANY]


def test_an_orderly_end_begins_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    Starts(tmp_path, clock).note()
    orderly = Starts(tmp_path, clock)
    assert orderly.note() == 1
    orderly.forget()
    orderly.forget()
    assert Starts(tmp_path, clock).note() == 0


def test_a_long_life_begins_anew(tmp_path: Path) -> None:
    clock = FakeClock()
    Starts(tmp_path, clock).note()
    grown = Starts(tmp_path, clock)
    grown.note()
    clock.advance(YOUNG - timedelta(seconds=1))
    grown.forget_if_grown()
    assert Starts(tmp_path, clock).note() == 2
    clock.advance(timedelta(seconds=1))
    grown.forget_if_grown()
    assert Starts(tmp_path, clock).note() == 0


def test_deaths_of_long_ago_and_of_a_clock_set_back_do_not_count(tmp_path: Path) -> None:
    clock = FakeClock()
    Starts(tmp_path, clock).note()
    clock.advance(timedelta(hours=1))
    assert Starts(tmp_path, clock).note() == 0
    clock.set(clock.now() - timedelta(days=1))
    assert Starts(tmp_path, clock).note() == 0


def test_a_record_that_cannot_be_read_or_written_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / STARTS_FILE).write_bytes(b"\xff\xfe nonsense\n2020-03-09T15:00:00\n\n")
    assert Starts(tmp_path, FakeClock()).note() == 0
    assert Starts(tmp_path / "not there", FakeClock()).note() == 0
    assert "could not be noted" in caplog.text
