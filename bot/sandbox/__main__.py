"""`python -m bot.sandbox`: Telegram on your own machine."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from bot.sandbox.app import DEFAULT_TOKEN, DEFAULT_USERNAME, BadToken, SandboxOptions
from bot.sandbox.driver import running_sandbox
from bot.sandbox.guard import NotLoopback
from bot.sandbox.persistence import UnreadableState


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop; 2 if the arguments make no sense, 1 if the port is taken."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except (NotLoopback, BadToken, UnreadableState) as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"sandbox: cannot listen on port {options.port}: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one")
    parser.add_argument("--token", default=DEFAULT_TOKEN, help="the bot's token here")
    parser.add_argument("--bot-username", default=DEFAULT_USERNAME)
    parser.add_argument("--bot-name", default="Evenkeel")
    parser.add_argument("--state", type=Path, help="JSON file that keeps the chats")
    parser.add_argument("--market-url", help="the bot's market control, for the strip on top")
    parser.add_argument("--market-token", default="", help="sent as X-Evenkeel-Control")
    return parser


async def _serve(arguments: argparse.Namespace) -> None:
    options = SandboxOptions(
        token=arguments.token,
        bot_username=arguments.bot_username,
        bot_name=arguments.bot_name,
        state_path=arguments.state,
        market_url=arguments.market_url,
        market_token=arguments.market_token,
    )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with running_sandbox(options, host=arguments.host, port=arguments.port) as sandbox:
        sys.stdout.write(f"sandbox ready on {sandbox.origin}\n")
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    raise SystemExit(main())
