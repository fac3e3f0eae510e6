"""``evenkeel backup`` and ``evenkeel restore``, as an operator types them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli import cli
from core.adapters.store import open_store
from core.domain.ids import UserId
from tests.bot.key_stage import logging_as_before
from tests.fakes.store import make_store


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
    monkeypatch.setenv("EVENKEEL_NO_ENV_FILE", "1")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


async def _add_person(folder: Path, user: int) -> None:
    store = await make_store(folder)
    async with store.begin() as work:
        household = await work.people.first_household() or await work.people.add_household("Home")
        await work.people.add_member(UserId(user), household, "Ann")
    await store.aclose()


async def _knows(folder: Path, user: int) -> bool:
    store = await open_store(f"sqlite:///{folder / 'evenkeel.db'}", folder)
    async with store.read() as work:
        found = await work.people.member_of_user(UserId(user))
    await store.aclose()
    return found is not None


def add_person(folder: Path, user: int) -> None:
    asyncio.run(_add_person(folder, user))


def test_what_was_backed_up_comes_back(data: Path) -> None:
    add_person(data, 1)
    made = run("backup")
    assert made.exit_code == 0, made.output
    (archive,) = (data / "backups").glob("evenkeel-*.tar")
    assert f"Backed up to {archive}" in made.output
    add_person(data, 2)
    restored = run("restore", str(archive))
    assert restored.exit_code == 0, restored.output
    assert "Restored the backup of 20" in restored.output
    assert f"kept in {data / 'replaced-'}" in restored.output
    assert asyncio.run(_knows(data, 1))
    assert not asyncio.run(_knows(data, 2))


def test_a_backup_can_be_given_a_name(data: Path, tmp_path: Path) -> None:
    add_person(data, 1)
    out = tmp_path / "mine.tar"
    assert run("backup", str(out)).exit_code == 0
    again = run("backup", str(out))
    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == f"{out} exists already; name another file for the backup.\n"


def test_nothing_to_copy_and_nothing_to_put_back_are_said_in_a_sentence(data: Path) -> None:
    empty = run("backup")
    assert empty.exit_code == 2
    assert "nothing to back up" in empty.stderr
    missing = run("restore", str(data / "none.tar"))
    assert missing.exit_code == 2
    assert missing.stderr == f"There is no backup at {data / 'none.tar'}.\n"


def test_postgres_is_told_of_its_own_tools(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone:geheim@localhost/evenkeel")
    for refused in (run("backup"), run("restore", str(data / "x.tar"))):
        assert refused.exit_code == 2
        assert "pg_dump" in refused.stderr
        assert "geheim" not in refused.output
