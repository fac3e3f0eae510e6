"""`python -m bot.sandbox` as others start it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox import sandbox_client, sandbox_process
from bot.sandbox.__main__ import main

ANNA = 1001


async def test_it_is_ready_when_it_says_so_and_remembers_after_a_stop(tmp_path: Path) -> None:
    arguments = ("--state", str(tmp_path / "state.json"), "--bot-username", "family_test_bot")
    async with sandbox_process(*arguments) as (_, origin), sandbox_client(origin) as client:
        assert (await client.state())["bot"]["username"] == "family_test_bot"
        await client.send_text(ANNA, ANNA, "remember me")
    async with sandbox_process(*arguments) as (process, origin), sandbox_client(origin) as client:
        assert [each["text"] for each in await client.messages(ANNA)] == ["remember me"]
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "listens on this machine only"),
        (["--token", "nonsense"], "a bot token is digits, a colon and a secret"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--port", "0"]) == 2
    assert said in capsys.readouterr().err


def test_a_state_file_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("shopping list")
    assert main(["--state", str(path), "--port", "0"]) == 2
    assert "is not a sandbox state file" in capsys.readouterr().err


def test_a_taken_port_is_said(capsys: pytest.CaptureFixture[str], unused_tcp_port: int) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", unused_tcp_port))
        taken.listen()
        assert main(["--port", str(unused_tcp_port)]) == 1
    assert f"cannot listen on port {unused_tcp_port}" in capsys.readouterr().err
