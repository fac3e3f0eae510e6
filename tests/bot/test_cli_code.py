"""``evenkeel code``, as an operator types it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
import pyotp
import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from core.domain.ids import UserId
from core.ports.store.codes import KeptCodes
from tests.bot.key_stage import logging_as_before
from tests.fakes.store import make_store

ANNA = 1001
KEY = "a-master-key-of-at-least-thirty-two-characters"


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """Commands set up the log for a process of their own."""
    with logging_as_before():
        yield


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("DATA_DIR", str(folder))
    monkeypatch.setenv("MARKET_DATA", "replay")
    monkeypatch.setenv("EVENKEEL_NO_ENV_FILE", "1")
    monkeypatch.setenv("EVENKEEL_SECRET_KEY", KEY)
    monkeypatch.setattr("bot.cli_code.is_terminal", lambda: True)
    asyncio.run(_add_anna(folder))
    return folder


async def _add_anna(folder: Path) -> None:
    store = await make_store(folder)
    async with store.begin() as work:
        household = await work.people.add_household("Home")
        await work.people.add_member(UserId(ANNA), household, "Anna")
    await store.aclose()


def kept(folder: Path) -> KeptCodes | None:
    async def look() -> KeptCodes | None:
        store = await make_store(folder)
        async with store.read() as work:
            member = await work.people.member_of_user(UserId(ANNA))
            assert member is not None
            found = await work.codes.of(member.id)
        await store.aclose()
        return found

    return asyncio.run(look())


def code(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["code", *words], input=typed)


def secret_in(output: str) -> str:
    """The secret in the link that was printed."""
    (link,) = re.findall(r"otpauth://\S+", output)
    (secret,) = parse_qs(urlsplit(str(link)).query)["secret"]
    return secret


class Phone:
    """An authenticator app that reads the printed link and, after some wrong answers, shows the right code."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, wrong: int = 0) -> None:
        self._wrong = wrong
        self._printed: list[str] = []
        self.asked = 0
        say = click.echo

        def echo(message: object = None, **how: bool) -> None:
            self._printed.append(str(message))
            say(message, err=how.get("err", False))

        monkeypatch.setattr("click.echo", echo)
        monkeypatch.setattr("click.prompt", self._answer)

    def _answer(self, _question: str) -> str:
        self.asked += 1
        right = pyotp.TOTP(secret_in("\n".join(self._printed))).now()
        return "no code" if self.asked <= self._wrong else right


def test_a_secret_is_kept_once_the_app_has_shown_a_code_of_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(monkeypatch, wrong=1)
    done = code("--member", str(ANNA))
    assert done.exit_code == 0, done.output
    assert phone.asked == 2
    assert "Anna is asked for a code" in done.output
    assert "▀" in done.output
    found = kept(data)
    assert found is not None
    assert secret_in(done.output) not in found.sealed
    files = sorted(data.rglob("*"))
    stored = b"".join(file.read_bytes() for file in files if file.is_file())
    assert secret_in(done.output).encode() not in stored


def test_after_three_wrong_codes_nothing_is_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = Phone(monkeypatch, wrong=3)
    refused = code("--member", str(ANNA))
    assert (refused.exit_code, phone.asked) == (2, 3)
    assert "Nothing was kept" in refused.output
    assert kept(data) is None


def test_codes_are_taken_away(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Phone(monkeypatch)
    code("--member", str(ANNA))
    gone = code("--member", str(ANNA), "--remove")
    assert "Anna approves without a code" in gone.output
    assert kept(data) is None
    assert "had no one-time codes" in code("--member", str(ANNA), "--remove").output


def test_without_a_key_no_secret_is_made(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENKEEL_SECRET_KEY")
    refused = code("--member", str(ANNA))
    assert refused.exit_code == 2
    assert "EVENKEEL_SECRET_KEY is not set" in refused.output
    assert "otpauth" not in refused.output
    assert kept(data) is None


def test_a_secret_is_shown_on_a_terminal_only(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli_code.is_terminal", lambda: False)
    refused = code("--member", str(ANNA))
    assert refused.exit_code == 2
    assert "in a terminal" in refused.output
    assert "otpauth" not in refused.output
    assert kept(data) is None


@pytest.mark.parametrize("more", [[], ["--remove"]])
def test_a_stranger_has_no_codes(data: Path, more: list[str]) -> None:
    refused = code("--member", "4711", *more)
    assert refused.exit_code == 2
    assert "4711" in refused.output
    assert "otpauth" not in refused.output
    assert kept(data) is None
