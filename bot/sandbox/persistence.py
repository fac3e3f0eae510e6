"""The sandbox's memory on disk: one JSON file, and uploaded files in a folder beside it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path

from bot.sandbox.model import JsonObject, User
from bot.sandbox.state import State, first_state, from_json

SAVE_AFTER = 0.2
"""Seconds that a change may wait for others to be written with it."""


class UnreadableState(ValueError):
    """The state file is not one that the sandbox wrote."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} is not a sandbox state file ({reason}); "
            "name another file with --state, or delete this one to start afresh"
        )


def load_state(path: Path | None, bot: User) -> State:
    """The state in a file, or a first one where there is no file; UnreadableState if it is bad."""
    if path is None or not path.exists():
        return first_state(bot)
    try:
        return from_json(json.loads(path.read_text("utf-8")), bot)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableState(path, f"{type(error).__name__}: {error}") from error


class StateFile:
    """Writes the state a moment after it changed, whole or not at all."""

    def __init__(self, path: Path | None, describe: Callable[[], JsonObject]) -> None:
        self._path = path
        self._describe = describe
        self._timer: asyncio.TimerHandle | None = None

    def changed(self) -> None:
        """Note that there is something to write."""
        if self._path is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SAVE_AFTER, self.flush)

    def flush(self) -> None:
        """Write now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._path is not None:
            text = json.dumps(self._describe(), ensure_ascii=False, indent=1)
            write_atomically(self._path, text.encode())


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader, or a crash, sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    draft.write_bytes(content)
    draft.replace(path)


class FileBytes:
    """The bytes of uploaded files: in memory, and on disk where the state has a file."""

    def __init__(self, state_path: Path | None) -> None:
        self._folder = state_path.with_name(f"{state_path.name}.files") if state_path else None
        self._cached: dict[str, bytes] = {}

    def put(self, file_id: str, content: bytes) -> None:
        """Keep a file."""
        if self._folder is None:
            self._cached[file_id] = content
        else:
            write_atomically(self._folder / file_id, content)

    def get(self, file_id: str) -> bytes | None:
        """A file's bytes, or None where they are gone."""
        if self._folder is None:
            return self._cached.get(file_id)
        path = self._folder / file_id
        return path.read_bytes() if path.is_file() else None
