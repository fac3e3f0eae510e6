"""Canaries: no secret of a running bot is found in anything that it writes."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import tarfile
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.bootstrap import open_key_room
from core.adapters.store import SqlStore
from core.application.connect_account import look_at_keys
from core.domain.refusals import KeysNotAccepted
from core.ports.broker import BrokerError
from core.ports.broker_keys import BrokerKeys
from tests.adapters.brokers.alpaca.test_secrets import reachable
from tests.bot.key_stage import ANN, CANARIES, FIRST, MASTER, NEWER, SECOND, KeyStage, key_stage
from tests.e2e.running import ANNA, Person, RunningDemo, running_demo
from tests.fakes.alpaca import faults
from tests.reliability.warm import start_bot

REFUSED = "999999999:" + "CanaryTokenThatTelegramDoesNotKnow1"
OF_A_BROKER = {
    "ALPACA_API_KEY": "PKCANARY0KEY0OF0ALPACA",
    "ALPACA_SECRET_KEY": "CanarySecretOfAlpaca0123456789abcdefghij",
    "EVENKEEL_SECRET_KEY": base64.urlsafe_b64encode(b"canary of the master key, 32 by.").decode(),
}
OF_WATCHERS = ("CanaryOfTheHeartbeat0123456789", "CanaryOfTheOperator0123456789")
NOBODY = "127.0.0.1:9"
"""Where nobody listens on this machine: what is sent there fails, and is spoken of."""

THEIRS = {"token", "sandbox.json"}
"""The demo's own copy of the token, and what the sandbox keeps of its chats: neither is the bot's."""


@pytest.mark.fault(71, 72)
@pytest.mark.slow
async def test_no_secret_is_in_the_log_or_in_any_file(tmp_path: Path) -> None:
    async with running_demo(tmp_path) as running:
        anna = Person(running, ANNA, ANNA)
        await anna.first_trade()
        await running.kill_bot()
        said = await _refused_by_telegram(running)
        watched = {
            "HEARTBEAT_URL": f"http://{NOBODY}/{OF_WATCHERS[0]}",
            "OPERATOR_CHANNEL": f"json://{NOBODY}/{OF_WATCHERS[1]}",
            "LOG_FORMAT": "json",
        }
        said += await _run(running, OF_A_BROKER | watched, "check", "--once")
        assert b"the heartbeat does not get through" in said
        said += await _run(running, OF_A_BROKER, "doctor", status=None)
        said += await _run(running, OF_A_BROKER, "backup")
        backups = list((running.demo.folder / "backups").iterdir())
        assert backups
        given = (running.demo.token, running.demo.control_token, REFUSED)
        secrets = (*given, *OF_A_BROKER.values(), *OF_WATCHERS)
        files = [path for path in _files(running.demo.folder) if path.name not in THEIRS]
        names = {path.name for path in files}
        assert {"evenkeel.db", "broker.db"} <= names
        for secret in secrets:
            for part in (secret, secret.partition(":")[2] or secret):
                assert part.encode() not in said
                for path in (*files, running.log):
                    assert part.encode() not in path.read_bytes(), path


async def _refused_by_telegram(running: RunningDemo) -> bytes:
    """What a bot says whose token Telegram does not know; its library puts the token into the error."""
    elsewhere = str(running.demo.folder / "refused")
    given = {"TELEGRAM_BOT_TOKEN": REFUSED, "DATA_DIR": elsewhere}
    return await _run(running, given, "run", status=2)


async def _run(
    running: RunningDemo, given: dict[str, str], *command: str, status: int | None = 0
) -> bytes:
    """What a command says at its most talkative, with these settings instead of the demo's."""
    environment = {**running.demo.bot_environment(), **given, "LOG_LEVEL": "DEBUG"}
    file = running.demo.folder.parent / "said"
    file.unlink(missing_ok=True)
    process = start_bot(command, environment, said=file, log=file)
    async with asyncio.timeout(60):
        ended = await process.wait()
    said = file.read_bytes()
    assert status in {None, ended}, said
    assert said
    return said


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


# --- brokers' keys -------------------------------------------------------------------------------


def _forms(canary: str) -> set[bytes]:
    """A secret as it is, and as it would look in the usual encodings."""
    plain = canary.encode()
    encoded = {base64.b64encode(plain[skip:])[:-4] for skip in range(3)}
    return {plain, plain.hex().encode(), canary.encode("utf-16-le"), *encoded}


def _found_in(content: bytes, canaries: tuple[str, ...] = CANARIES) -> list[str]:
    return [canary for canary in canaries if any(form in content for form in _forms(canary))]


def _dump(file: Path) -> bytes:
    connection = sqlite3.connect(file)
    try:
        return "\n".join(connection.iterdump()).encode()
    finally:
        connection.close()


def _inside(archive: Path) -> Iterator[bytes]:
    """Every file of a backup."""
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            content = tar.extractfile(member)
            if content is not None:
                yield content.read()


async def _fail_to_connect(stage: KeyStage) -> None:
    """Keys that are refused, by servers that send them back; keys that cannot be; an address where nobody is."""
    words = f"who are you, {FIRST[0]} with {FIRST[1]}?"
    body = json.dumps({"code": 40110000, "message": words, "secret": FIRST[1]})
    for status in (401, 403, 422, 502):
        for kind in ("application/json", "text/html"):
            stage.alpaca.faults.add(
                faults.Fault(
                    *(faults.Answer.SAY, "GET", "/v2/account"),
                    status=status,
                    body=body,
                    content_type=kind,
                )
            )
            assert (await stage.connect()).exit_code == 2
    assert (await stage.connect((FIRST[0], f"{FIRST[1]} x"))).exit_code == 2
    usual = stage.environment["ALPACA_BASE_URL"]
    stage.environment["ALPACA_BASE_URL"] = "http://127.0.0.1:9"
    assert (await stage.connect()).exit_code == 2
    stage.environment["ALPACA_BASE_URL"] = usual


@pytest.mark.fault(71, 72)
async def test_no_key_is_in_what_commands_say_or_in_any_file_dump_or_backup(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with key_stage(tmp_path) as stage:
        caplog.set_level("DEBUG")
        stage.environment["LOG_LEVEL"] = "DEBUG"
        await _fail_to_connect(stage)
        await stage.settle("holiday", user=ANN + 1)
        assert (await stage.connect(FIRST)).exit_code == 0
        assert (await stage.connect(SECOND, account="holiday")).exit_code == 0
        for words in (("connect", "--list"), ("doctor",), ("check", "--once")):
            await stage.run(*words)
        assert (await stage.run("backup", str(tmp_path / "before.tar"))).exit_code == 0
        stage.environment |= {"EVENKEEL_SECRET_KEY": NEWER, "EVENKEEL_OLD_SECRET_KEYS": MASTER}
        assert (await stage.run("rotate-key")).exit_code == 0
        assert (await stage.run("backup", str(tmp_path / "after.tar"))).exit_code == 0
        stage.environment["EVENKEEL_SECRET_KEY"] = "a-wrong-key-of-at-least-32-letters"
        del stage.environment["EVENKEEL_OLD_SECRET_KEYS"]
        for words in (("doctor",), ("check", "--once"), ("rotate-key",)):
            assert (await stage.run(*words)).exit_code != 0
        stage.environment["EVENKEEL_SECRET_KEY"] = NEWER
        await stage.run("connect", "--account", "family", "--remove")
        said = "".join(stage.said)
    files = _files(tmp_path)
    archives = [path for path in files if path.suffix == ".tar"]
    assert len(archives) == 2
    assert any(b"v1." in content for archive in archives for content in _inside(archive))
    assert _found_in(said.encode()) == []
    assert _found_in(caplog.text.encode()) == []
    for path in files:
        assert _found_in(path.read_bytes()) == [], path
    for content in (_dump(tmp_path / "evenkeel.db"), *(c for a in archives for c in _inside(a))):
        assert _found_in(content) == []


@pytest.mark.fault(30, 71)
async def test_no_key_is_in_an_object_or_an_error_of_a_running_bot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with key_stage(tmp_path) as stage:
        caplog.set_level("DEBUG")
        assert (await stage.connect()).exit_code == 0
        own = {"alpaca_api_key": SecretStr(SECOND[0]), "alpaca_secret_key": SecretStr(SECOND[1])}
        texts = []
        async with stage.running(**own) as runtime:
            account = await stage.account()
            broker = runtime.brokers.of(account)
            await broker.account()
            shown = (runtime, runtime.brokers, broker, runtime.vault, runtime.market.prices)
            texts += [f"{each!r} {each}" for each in (*shown, *vars(runtime.brokers).values())]
            stage.alpaca.exchange.accounts[0].secret = "revoked"
            with pytest.raises(BrokerError) as caught:
                await broker.holdings()
            texts += [*reachable(caught.value), "".join(traceback.format_exception(caught.value))]
        keys = BrokerKeys(*FIRST, stage.alpaca.origin, is_live=False)
        async with stage.store() as store:
            refused = await _refused(store, stage, keys)
        texts += [repr(keys), *reachable(refused)]
    assert _found_in("".join(texts).encode()) == []
    assert _found_in(caplog.text.encode()) == []


async def _refused(store: SqlStore, stage: KeyStage, keys: BrokerKeys) -> KeysNotAccepted:
    async with open_key_room(stage.settings()) as room:
        with pytest.raises(KeysNotAccepted) as caught:
            await look_at_keys(
                store, room.doors, slug="family", broker="alpaca", keys=keys, may_be_live=False
            )
        assert not _found_in(repr(room).encode())
        return caught.value
