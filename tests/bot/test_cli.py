"""The command line as a process: what it prints, and how it ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from bot.demo import prepare

ROOT = Path(__file__).parents[2]
TOKEN = "123456789:" + "A" * 35


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder of its own, with these settings alone."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "EVENKEEL_NO_ENV_FILE": "1",
        "DATA_DIR": str(folder / "data"),
        "MPLCONFIGDIR": str(folder / "mpl"),
        **settings,
    }
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_names_every_command(tmp_path: Path) -> None:
    said = run(tmp_path, "--help")
    assert said.returncode == 0
    commands = {
        line.split()[0] for line in said.stdout.partition("Commands:")[2].splitlines() if line
    }
    assert commands >= {
        *("run", "demo", "check", "plan", "backtest", "connect"),
        *("backup", "restore", "claim", "code", "doctor"),
    }


def test_the_version_is_said(tmp_path: Path) -> None:
    try:
        installed = version("evenkeel")
    except PackageNotFoundError:
        pytest.skip("the project is not installed here; `make install` does it")
    said = run(tmp_path, "--version")
    assert said.returncode == 0
    assert installed in said.stdout


def test_an_unknown_command_is_refused(tmp_path: Path) -> None:
    said = run(tmp_path, "rebalance-now")
    assert said.returncode == 2
    assert "rebalance-now" in said.stderr


@pytest.mark.parametrize("command", [["run"], ["check", "--once"]])
def test_bad_settings_are_a_sentence_each_and_exit_two(tmp_path: Path, command: list[str]) -> None:
    said = run(
        tmp_path,
        *command,
        TELEGRAM_BOT_TOKEN="not a token",
        BROKER="robinhood",
        REPLAY_SPEED="fast",
    )
    assert said.returncode == 2
    assert said.stdout == ""
    lines = said.stderr.strip().splitlines()
    for name in ("TELEGRAM_BOT_TOKEN", "BROKER", "REPLAY_SPEED"):
        assert sum(name in line for line in lines) == 1, said.stderr
    assert "Traceback" not in said.stderr
    assert "not a token" not in said.stderr


@pytest.mark.fault(76)
def test_a_replay_is_never_live(tmp_path: Path) -> None:
    said = run(tmp_path, "run", TELEGRAM_BOT_TOKEN=TOKEN, TRADING_MODE="live", MARKET_DATA="replay")
    assert said.returncode == 2
    assert "Traceback" not in said.stderr
    assert "TRADING_MODE=paper" in said.stderr
    assert TOKEN not in said.stderr + said.stdout


def test_a_claim_needs_a_bot_to_link_to(tmp_path: Path) -> None:
    said = run(tmp_path, "claim")
    assert said.returncode == 2
    assert said.stderr.strip() == "TELEGRAM_BOT_TOKEN is not set: a claim is a link to your bot."


def test_check_once_on_a_fresh_replay_does_nothing_and_says_so(tmp_path: Path) -> None:
    said = run(tmp_path, "check", "--once", MARKET_DATA="replay")
    assert said.returncode == 0, said.stderr
    assert said.stdout == "checked 0\n"
    assert (tmp_path / "data" / "evenkeel.db").stat().st_mode & 0o077 == 0
    again = run(tmp_path, "check", "--once", MARKET_DATA="replay")
    assert (again.returncode, again.stdout) == (0, "checked 0\n")


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(tmp_path: Path) -> None:
    said = run(tmp_path, "doctor", MARKET_DATA="replay")
    assert said.returncode == 1
    found = {
        line.split()[1]: line.split()[0] for line in said.stdout.splitlines() if line[0] != " "
    }
    assert found == {
        "settings": "ok",
        "keys": "ok",
        "store": "ok",
        "people": "BAD",
        "exchange": "ok",
        "prices": "ok",
        "broker": "ok",
        "holds": "ok",
        "telegram": "BAD",
    }
    assert "evenkeel claim" in said.stdout
    assert "@BotFather" in said.stdout


@pytest.mark.fault(61)
def test_the_doctor_reports_a_store_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "evenkeel.db").write_bytes(b"this is no database" * 100)
    said = run(tmp_path, "doctor", MARKET_DATA="replay")
    assert said.returncode == 1
    assert "BAD  store" in said.stdout
    assert "Traceback" not in said.stderr
    assert (tmp_path / "data" / "evenkeel.db").read_bytes().startswith(b"this is no database")


def test_health_is_a_fresh_sign_of_life(tmp_path: Path) -> None:
    beat = tmp_path / "data" / "heartbeat"
    assert run(tmp_path, "doctor", "--health").returncode == 1
    beat.parent.mkdir(exist_ok=True)
    beat.touch()
    assert run(tmp_path, "doctor", "--health").returncode == 0
    old = time.time() - 120
    os.utime(beat, (old, old))
    assert run(tmp_path, "doctor", "--health").returncode == 1


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "chat"]])
def test_the_demo_takes_a_real_port(tmp_path: Path, arguments: list[str]) -> None:
    said = run(tmp_path, "demo", *arguments)
    assert said.returncode == 2
    assert "--port" in said.stderr


def test_a_demo_whose_port_is_taken_says_so(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = run(tmp_path, "demo", "--port", str(port), "--data", str(tmp_path / "data"))
    assert said.returncode == 2
    assert str(port) in said.stderr
    assert "--port" in said.stderr


@pytest.mark.parametrize("chosen", [["--fake-broker"], ["--fake-broker", "down"], []])
def test_the_demo_takes_a_trouble_of_its_broker(tmp_path: Path, chosen: list[str]) -> None:
    """A port in use ends the demo after its words were understood."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = run(tmp_path, "demo", "--port", str(taken.getsockname()[1]), *chosen)
    assert (said.returncode, "is in use" in said.stderr) == (2, True)


def test_a_trouble_that_the_demos_broker_does_not_have_is_refused(tmp_path: Path) -> None:
    said = run(tmp_path, "demo", "--fake-broker", "flood")
    assert said.returncode == 2
    assert "'down'" in said.stderr


def test_the_demos_bot_starts_with_the_trouble_that_was_asked_for(tmp_path: Path) -> None:
    assert prepare(tmp_path, 0, "down").bot_environment()["EVENKEEL_FAKE_BROKER"] == "down"
    assert prepare(tmp_path, 0).bot_environment()["EVENKEEL_FAKE_BROKER"] == ""
