"""Demo: the same bot on the sandbox, in two processes: a killed bot keeps its chat."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

PORT = 8765
OWNER = 1001
"""Anna, who may come in without an invitation."""

RESTART_PAUSE = 1.0
LATEST_CRASH_PAUSE = 15.0
GRACE = 12.0
OWN_GROUP = 0
"""Ctrl-C reaches this process alone, which then ends the bot before the Telegram that it talks to."""


class PortTaken(Exception):
    """Something else listens where the page should be."""


@dataclass(frozen=True, slots=True)
class Demo:
    """Where a demo keeps its data and listens, and its secrets, which are of no use elsewhere."""

    folder: Path
    port: int
    token: str
    control_port: int
    control_token: str
    trouble: str = ""
    """What goes wrong at the simulated broker at first."""

    @property
    def origin(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.port}"

    def sandbox_command(self) -> list[str]:
        """How the sandbox is started."""
        return [
            *(sys.executable, "-m", "bot.sandbox"),
            *("--port", str(self.port)),
            *("--token", self.token),
            *("--state", str(self.folder / "sandbox.json")),
            *("--market-url", f"http://127.0.0.1:{self.control_port}"),
            *("--market-token", self.control_token),
        ]

    def bot_environment(self) -> dict[str, str]:
        """The settings under which the bot runs on the sandbox; nothing of the operator's own reaches it."""
        ours = _ours()
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return {
            **kept,
            "TELEGRAM_BOT_TOKEN": self.token,
            "TELEGRAM_API_BASE_URL": self.origin,
            "TELEGRAM_ALLOWED_USERS": str(OWNER),
            "DATA_DIR": str(self.folder),
            "MARKET_DATA": "replay",
            "BROKER": "simulated",
            "EVENKEEL_CONTROL_PORT": str(self.control_port),
            "EVENKEEL_CONTROL_TOKEN": self.control_token,
            "EVENKEEL_FAKE_BROKER": self.trouble,
            "REPLAY_START": os.environ.get("REPLAY_START", "2020-01-02"),
            "EVENKEEL_NO_ENV_FILE": "1",
        }


def _ours() -> frozenset[str]:
    from bot.load_settings import setting_names
    from bot.setting_values import SECRETS

    return setting_names() | {f"{name}_FILE" for name in SECRETS}


def prepare(data_dir: Path, port: int, trouble: str = "") -> Demo:
    """Make a demo's folder and secrets; raises PortTaken."""
    folder = data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if port and not _is_free(port):
        raise PortTaken(str(port))
    return Demo(
        folder,
        port or _free_port(),
        _token(folder),
        _free_port(),
        secrets.token_hex(16),
        trouble,
    )


def _token(folder: Path) -> str:
    """The demo's bot token, kept so that old buttons still work after a restart."""
    file = folder / "token"
    if not file.exists():
        file.write_text(f"{secrets.randbelow(10**9) + 10**9}:{secrets.token_urlsafe(26)}")
        file.chmod(0o600)
    return file.read_text().strip()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def run_demo(data_dir: Path, port: int, trouble: str = "") -> int:
    """Run the sandbox and the bot until interrupted; the bot is started again should it end by itself."""
    demo = prepare(data_dir, port, trouble)
    stopping = _Stopping()
    sandbox = subprocess.Popen(  # noqa: S603
        demo.sandbox_command(), stdout=subprocess.PIPE, text=True, process_group=OWN_GROUP
    )
    try:
        if not _is_ready(sandbox):
            return 1
        sys.stdout.write(_welcome(demo))
        sys.stdout.flush()
        _keep_the_bot_running(demo, sandbox, stopping)
    finally:
        _end(sandbox)
    return 0


class _Stopping:
    """Whether somebody asked this process to stop."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._ask)

    def is_asked(self) -> bool:
        """Whether it is time to stop."""
        return self._asked

    def _ask(self, *_: object) -> None:
        self._asked = True


def _is_ready(sandbox: subprocess.Popen[str]) -> bool:
    line = sandbox.stdout.readline() if sandbox.stdout else ""
    return line.startswith("sandbox ready")


def _welcome(demo: Demo) -> str:
    return (
        f"\n  Evenkeel's demo is running.\n\n"
        f"  Open {demo.origin} in a browser: a chat with the bot, and above it a market\n"
        f"  that replays real history and a broker that can be told to do wrong. All money is\n"
        f"  simulated. Data: {demo.folder}\n"
        f"  Stop with Ctrl-C.\n\n"
    )


def _keep_the_bot_running(demo: Demo, sandbox: subprocess.Popen[str], stopping: _Stopping) -> None:
    pause = RESTART_PAUSE
    while not stopping.is_asked() and sandbox.poll() is None:
        started = time.monotonic()
        command = [sys.executable, "-m", "bot", "run"]
        environment = demo.bot_environment()
        bot = subprocess.Popen(command, env=environment, process_group=OWN_GROUP)  # noqa: S603
        demo = replace(demo, trouble="")
        while bot.poll() is None and sandbox.poll() is None and not stopping.is_asked():
            time.sleep(0.2)
        if stopping.is_asked() or sandbox.poll() is not None:
            _end(bot)
            return
        pause = RESTART_PAUSE if time.monotonic() - started > LATEST_CRASH_PAUSE else pause * 2
        sys.stderr.write(f"the bot ended; starting it again in {pause:.0f} s\n")
        time.sleep(min(pause, LATEST_CRASH_PAUSE))


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
