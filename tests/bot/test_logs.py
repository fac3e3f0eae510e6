from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import aiohttp.web
import pytest
import telegram
import telegram.error
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.logs import (
    DISCREET_LIBRARIES,
    QUIET_LIBRARIES,
    REDACTED,
    Redactor,
    configure_logging,
)

TOKEN = "987654321:CANARY-Zk3vQx7_pL0wRt5yU2aBcDeFgHi"
SECRET_PART = TOKEN.partition(":")[2]
KEY = 'CANARY/key+with "quotes" & <signs>=ä'

Log = Callable[[], str]


@pytest.fixture(autouse=True)
def _restore_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Undo what setting up the log changes for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = (*QUIET_LIBRARIES, *DISCREET_LIBRARIES)
    levels = {name: logging.getLogger(name).level for name in names}
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, old in levels.items():
        logging.getLogger(name).setLevel(old)


@pytest.fixture(params=["text", "json"])
def log(request: pytest.FixtureRequest) -> Log:
    stream = io.StringIO()
    configure_logging(
        secrets=(TOKEN, SECRET_PART, KEY),
        log_format=request.param,
        log_level="DEBUG",
        stream=stream,
    )
    return stream.getvalue


def assert_kept_secret(text: str) -> None:
    assert text
    assert "CANARY" not in text
    assert REDACTED in text


@pytest.mark.fault(71)
def test_strikes_secrets_out_of_messages_and_arguments(log: Log) -> None:
    logging.getLogger("x").info("token %s and %r", TOKEN, {"key": KEY})
    assert_kept_secret(log())


@pytest.mark.fault(71)
def test_strikes_secrets_out_of_tracebacks_and_their_causes(log: Log) -> None:
    def fail() -> None:
        try:
            raise KeyError(TOKEN)  # noqa: TRY301 - the case is the traceback
        except KeyError as cause:
            raise ValueError(f"no {KEY}") from cause

    try:
        fail()
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert_kept_secret(log())
    assert "KeyError" in log()
    assert "ValueError" in log()


def test_strikes_secrets_out_of_extras_and_stacks(log: Log) -> None:
    logging.getLogger("x").info("m", extra={"url": f"https://h/bot{TOKEN}/getMe"})
    logging.getLogger("x").info(KEY, stack_info=True)
    assert_kept_secret(log())


@pytest.mark.parametrize(
    "spelling",
    [
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY).lower().replace("canary", "CANARY"),
        quote(quote(KEY, safe=""), safe=""),
        repr(KEY),
        json.dumps(KEY),
        f"https://h/?key={quote(TOKEN, safe='')}",
    ],
)
def test_knows_a_secret_in_its_other_spellings(log: Log, spelling: str) -> None:
    logging.getLogger("x").warning("%s", spelling)
    assert_kept_secret(log())


@pytest.mark.parametrize(
    "text",
    [
        "POST https://api.telegram.org/bot123:CANARY/getMe",
        "https://api.telegram.org/file/bot123456%3ACANARYCANARY/photo.jpg",
        "Bot[token=1234567:CANARY-abcdefghijklmnopqrstuvwxyz0]",
        "connecting to postgresql+psycopg://evenkeel:CANARY@db/evenkeel",
        "http://127.0.0.1:8081/bot42:CANARY/sendMessage",
    ],
)
def test_strikes_out_what_looks_like_a_secret_that_it_was_not_told(text: str) -> None:
    assert_kept_secret(Redactor()(text))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T14:45:00Z INFO",
        "http://127.0.0.1:8081/robots.txt",
        "sent rb-1a2b3c-42-1-1 at 10:02:31",
        "mail to a@b.org, see https://h/a:b@c",
        "",
    ],
)
def test_leaves_other_texts_alone(text: str) -> None:
    assert Redactor([""])(text) == text


@pytest.mark.fault(71)
@given(secret=st.text(min_size=4), before=st.text(), after=st.text())
def test_no_secret_survives_whatever_it_looks_like(secret: str, before: str, after: str) -> None:
    assume(secret not in REDACTED)
    assume(secret not in before + REDACTED + after)
    assert secret not in Redactor([secret])(before + secret + after)


@pytest.mark.fault(71)
async def test_a_refused_token_is_not_told(log: Log) -> None:
    """Telegram's client names the token in its error for a wrong one, and in `repr(bot)`."""

    async def refuse(_: aiohttp.web.Request) -> aiohttp.web.Response:
        body = {"ok": False, "error_code": 401, "description": "Unauthorized"}
        return aiohttp.web.json_response(body, status=401)

    app = aiohttp.web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = aiohttp.web.AppRunner(app)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    bot = telegram.Bot(TOKEN, base_url=f"http://127.0.0.1:{runner.addresses[0][1]}/bot")
    with pytest.raises(telegram.error.InvalidToken, match=SECRET_PART) as refused:
        await bot.initialize()
    logging.getLogger("x").error("cannot speak to Telegram", exc_info=refused.value)
    assert TOKEN in repr(bot)
    logging.getLogger("x").error("%r", bot)
    await bot.shutdown()
    await runner.cleanup()
    assert_kept_secret(log())
    assert "cannot speak to Telegram" in log()


@pytest.mark.fault(71)
def test_requests_are_not_logged(log: Log) -> None:
    logging.getLogger("httpx").info("HTTP Request: POST https://h/bot1:x/getUpdates")
    assert log() == ""


def test_lines_tell_time_in_utc_level_logger_and_message() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    record = logging.makeLogRecord(
        {
            "name": "bot.x",
            "levelno": 30,
            "levelname": "WARNING",
            "msg": "late by %d s",
            "args": (3,),
        }
    )
    record.created = 1_600_000_000.5
    logging.getLogger().handle(record)
    assert stream.getvalue() == "2020-09-13T12:26:40Z WARNING bot.x: late by 3 s\n"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_ids_stand_at_the_end_of_a_line_or_as_numbers(log_format: Literal["text", "json"]) -> None:
    stream = io.StringIO()
    configure_logging(log_format=log_format, stream=stream, secrets=["12345678"])
    ids = {"proposal": 42, "order": "rb-1", "chat": 12345678}
    logging.getLogger("x").info("order: intended to submitting", extra=ids)
    line = stream.getvalue().strip()
    if log_format == "text":
        assert line.endswith("submitting proposal=42 order=rb-1 chat=[secret]")
    else:
        shown = json.loads(line)
        assert (shown["proposal"], shown["order"], shown["chat"]) == (42, "rb-1", REDACTED)


def test_json_lines_hold_one_object_each() -> None:
    stream = io.StringIO()
    configure_logging(log_format="json", stream=stream)
    logging.getLogger("x").info("two\nlines — “ä”", extra={"proposal": 42})
    try:
        raise RuntimeError("broken")  # noqa: TRY301 - the case is the traceback
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["level"], first["logger"]) == ("INFO", "x")
    assert (first["message"], first["proposal"]) == ("two\nlines — “ä”", 42)
    assert first["time"].endswith("+00:00")
    assert second["exception"].splitlines()[-1] == "RuntimeError: broken"


def test_a_malformed_line_is_written_all_the_same(log: Log) -> None:
    logging.getLogger("x").info("%d %s", TOKEN)  # noqa: PLE1206 - the case
    assert_kept_secret(log())
    assert "malformed" in log()


def test_warnings_go_to_the_log(log: Log) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(f"token {TOKEN}", UserWarning, stacklevel=1)
    assert_kept_secret(log())


def test_an_error_that_ends_a_thread_goes_to_the_log(log: Log) -> None:
    threading.excepthook(
        threading.ExceptHookArgs((ValueError, ValueError(TOKEN), None, threading.current_thread()))
    )
    assert_kept_secret(log())


@pytest.mark.parametrize(
    "code",
    ["raise ValueError(secret)", "class A:\n def __del__(self): raise ValueError(secret)\nA()"],
)
def test_an_error_that_nothing_caught_goes_to_the_log(code: str) -> None:
    program = f"""
from bot.logs import configure_logging
secret = {TOKEN!r}
configure_logging(secrets=[secret])
{code}
"""
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False
    )
    assert_kept_secret(ended.stderr)
    assert "ValueError" in ended.stderr


def test_setting_up_twice_keeps_one_handler() -> None:
    configure_logging()
    configure_logging(log_level="WARNING")
    assert len(logging.getLogger().handlers) == 1
    assert logging.getLogger().level == logging.WARNING


def test_a_long_line_takes_no_noticeable_time() -> None:
    redactor = Redactor([TOKEN, KEY])
    start = time.perf_counter()
    redactor("1" * 50_000 + "://" + "a" * 50_000)
    assert time.perf_counter() - start < 1


def test_what_people_type_is_not_written_down_at_any_level(log: Log) -> None:
    for name in ("telegram.Bot", "telegram.ext.Application"):
        logging.getLogger(name).debug("finished with return value %s", [{"text": "918 273"}])
        logging.getLogger(name).info("%s has started", name)
    logging.getLogger("bot").debug("a word of our own")
    assert "918" not in log()
    assert "telegram.Bot has started" in log()
    assert "a word of our own" in log()
