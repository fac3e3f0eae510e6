"""The page about running it now and then: what it says of the command is what the command does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.check import ExitStatus
from bot.cli import cli

PAGE = Path(__file__).parents[2] / "docs" / "scheduling.md"
TEXT = PAGE.read_text(encoding="utf-8")


def code(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_every_exit_status_has_its_line() -> None:
    listed = {int(number) for number in re.findall(r"^\| (\d) \|", TEXT, re.MULTILINE)}
    assert listed == {0, 1, 2, *(int(status) for status in ExitStatus)}


def test_the_options_that_are_named_are_there() -> None:
    said = " ".join(CliRunner().invoke(cli, ["check", "--help"]).output.split())
    for option in set(re.findall(r"(--[a-z]+)", TEXT)) - {"--now"}:
        assert option in said
    assert "default: 240" in said


@pytest.mark.parametrize(("status", "fails"), [(0, False), (3, False), (4, False), (1, True)])
def test_the_handler_runs_the_command_and_tells_an_error_from_a_refusal(
    monkeypatch: pytest.MonkeyPatch, status: int, *, fails: bool
) -> None:
    (source,) = code("python")
    asked = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command[1:])
        return subprocess.CompletedProcess(command, status, "checked 0\n", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("DATA_DIR", "data")
    scope: dict[str, Any] = {}
    exec(compile(source, str(PAGE), "exec"), scope)
    if fails:
        with pytest.raises(RuntimeError, match="ended with 1"):
            scope["handler"]({}, None)
    else:
        assert scope["handler"]({}, None) == {"status": status, "said": "checked 0"}
    assert asked == [["-m", "bot", "check", "--once", "--seconds", "240"]]
