"""The process's log: plain lines or JSON lines on standard error, with every secret struck out.

Python's libraries show secrets in surprising places: Telegram's client names its token in the error
for a wrong one, in the representation of a bot, and in the URL of every request. So the last thing
before a line is written is a filter that knows every secret's value in each of its spellings.
"""

from __future__ import annotations

import html
import json
import logging
import re
import sys
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO
from urllib.parse import quote, quote_plus

from bot.incidents import IncidentFilter

REDACTED = "[secret]"
"""What stands in the place of a secret."""

SHORTEST_SECRET = 4
"""Texts with fewer characters are in every other word: they are neither struck out nor secret."""

QUIET_LIBRARIES = (
    "PIL",
    "apscheduler",
    "httpcore",
    "httpx",
    "matplotlib",
    "oauthlib",
    "peewee",
    "requests_oauthlib",
    "urllib3",
)
"""They tell every request or step they make; only their warnings are of use."""

DISCREET_LIBRARIES = ("telegram",)
"""At DEBUG they would write down what people type, one-time codes and pasted keys among it: never below INFO."""

_TELEGRAM_TOKEN = re.compile(r"(?<![0-9])[0-9]{5,}(?::|%3A|%253A)[A-Za-z0-9_-]{30,}", re.IGNORECASE)
_TOKEN_IN_PATH = re.compile(r"(?<=/bot)[0-9]+(?::|%3A|%253A)[^/\s'\"<>?]+", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/\s:@'\"]*):[^/\s@'\"]+@")

_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Redactor:
    """Strikes secrets out of texts: those it is told, and whatever looks like a bot token."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self._known = re.compile("(?!)")
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Strike these out too from now on."""
        new = frozenset(secrets) - self._secrets
        if not new:
            return
        self._secrets |= new
        spellings = {
            spelling
            for secret in self._secrets
            if len(secret) >= SHORTEST_SECRET
            for spelling in _spellings(secret)
        }
        longest_first = sorted(spellings, key=lambda spelling: (-len(spelling), spelling))
        self._known = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def __call__(self, text: str) -> str:
        """Give the text without the secrets in it."""
        text = self._known.sub(REDACTED, text)
        text = _TOKEN_IN_PATH.sub(REDACTED, text)
        text = _TELEGRAM_TOKEN.sub(REDACTED, text)
        return _PASSWORD_IN_URL.sub(rf"\1:{REDACTED}@", text)


class RedactionFilter(logging.Filter):
    """Puts finished, redacted texts in the place of a record's message, traceback and extras."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self.redactor = redactor
        self._tracebacks = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without its secrets."""
        record.msg, record.args = self.redactor(_message(record)), None
        if record.exc_info and not record.exc_text:
            record.exc_text = self._tracebacks.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.redactor(record.exc_text)
        record.exc_info = None
        if record.stack_info:
            record.stack_info = self.redactor(record.stack_info)
        for name, value in _extras(record).items():
            setattr(record, name, self._safe(value))
        return True

    def _safe(self, value: object) -> object:
        """An id stays a number, unless its digits are a secret; everything else becomes a redacted text."""
        text = str(value)
        safe = self.redactor(text)
        return value if type(value) is int and safe == text else safe


class TextFormatter(logging.Formatter):
    """One readable line, with the time in UTC and ids at its end; a traceback follows on lines of its own."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)-7s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """Give the line itself, with each extra of the record as ``name=value`` behind it."""
        extras = (f" {name}={value}" for name, value in _extras(record).items())
        return super().formatMessage(record) + "".join(extras)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, and the extras of the record."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the record's line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **{name: v if type(v) is int else str(v) for name, v in _extras(record).items()},
        }
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, ensure_ascii=False)


def redact_also(*secrets: str) -> None:
    """Let every handler of this process strike out secrets that were not known when it was set up."""
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            if isinstance(each, RedactionFilter):
                each.redactor.learn(secrets)


def redacted(text: str) -> str:
    """Strike out of a text what this process's log would strike out."""
    for handler in logging.getLogger().handlers:
        for each in handler.filters:
            if isinstance(each, RedactionFilter):
                return each.redactor(text)
    return Redactor()(text)


def configure_logging(
    *,
    secrets: Iterable[str] = (),
    log_format: Literal["text", "json"] = "text",
    log_level: str = "INFO",
    stream: TextIO | None = None,
) -> Redactor:
    """Set up the one handler of the process, and give what strikes secrets out of other texts.

    Errors that nothing caught, and warnings, go the same way, so that none is printed as it is.
    """
    redactor = Redactor(secrets)
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    handler.addFilter(IncidentFilter())
    handler.addFilter(RedactionFilter(redactor))
    logging.basicConfig(level=log_level, handlers=[handler], force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in DISCREET_LIBRARIES:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread
    sys.unraisablehook = _log_unraisable
    return redactor


def _spellings(secret: str) -> set[str]:
    """Give the forms in which URLs, representations, JSON and HTML show a text."""
    quoted = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    lower_case = {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), text) for text in quoted}
    escaped = {repr(secret)[1:-1], json.dumps(secret)[1:-1], html.escape(secret)}
    return {secret, *quoted, *lower_case, *escaped, quote(quote(secret, safe=""), safe="")}


def _message(record: logging.LogRecord) -> str:
    """Give the record's message, even where its arguments do not fit."""
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError) as error:
        return f"{record.msg} {record.args!r} (this log line is malformed: {error})"


def _extras(record: logging.LogRecord) -> dict[str, object]:
    """Give what the caller added to the record by `extra=`."""
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Log what ends the process; an interruption by the keyboard ends it without a word."""
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger("evenkeel").critical(
            "Stopped by an error", exc_info=(kind, error, traceback)
        )


def _log_uncaught_in_thread(hook: threading.ExceptHookArgs) -> None:
    """Log what ended a thread."""
    if hook.exc_value is not None:
        name = hook.thread.name if hook.thread else "?"
        error = (hook.exc_type, hook.exc_value, hook.exc_traceback)
        logging.getLogger("evenkeel").error("Thread %s was ended by an error", name, exc_info=error)


def _log_unraisable(hook: sys.UnraisableHookArgs) -> None:
    """Log an error that had nowhere to go, such as one in a finaliser."""
    if hook.exc_value is not None:
        error = (hook.exc_type, hook.exc_value, hook.exc_traceback)
        logging.getLogger("evenkeel").error(
            "%s", hook.err_msg or "Error with nowhere to go", exc_info=error
        )
