"""The command line: ``evenkeel`` and ``python -m bot``."""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli_code import code_command
from bot.cli_keys import connect_command, rotate_key_command
from bot.cli_plan import plan_command
from bot.cli_start import BAD_INPUT, finish, read_settings
from bot.cli_store import backup_command, restore_command
from core.ports.troubles import Trouble

if TYPE_CHECKING:
    from bot.check import OneRun
    from bot.settings import Settings

NOT_WELL = 1
NO_TROUBLE = "none"

HOW_TO_GO_TO_TELEGRAM = """
No TELEGRAM_BOT_TOKEN is set, so this starts the demo instead.

To run on Telegram:
  1. In Telegram, talk to @BotFather, send /newbot, and copy the token it gives you.
  2. Copy .env.example to .env and put the token behind TELEGRAM_BOT_TOKEN=
  3. Start again, and open the link that is printed.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="evenkeel")
def cli() -> None:
    """Evenkeel keeps a family's portfolios on target, by Telegram. Paper by default."""


def main() -> None:
    """Run the command line."""
    cli()


@cli.command()
def run() -> None:
    """Run the bot: on Telegram with TELEGRAM_BOT_TOKEN, otherwise as the demo."""
    settings = read_settings()
    if settings.telegram_bot_token is None:
        click.echo(HOW_TO_GO_TO_TELEGRAM)
        _demo(settings.data_dir, None)
        return
    from bot.serve import serve

    finish(serve(settings))


@cli.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), help="where the page listens; 0 takes a free one"
)
@click.option("--data", "data_dir", type=click.Path(path_type=Path), help="where its data are kept")
@click.option(
    "--fake-broker",
    "trouble",
    type=click.Choice([NO_TROUBLE, *(trouble.value for trouble in Trouble)]),
    is_flag=False,
    flag_value=NO_TROUBLE,
    default=NO_TROUBLE,
    help="what goes wrong at the broker at first; the page changes it",
)
def demo(port: int | None, data_dir: Path | None, trouble: str) -> None:
    """Run the same bot on a chat page of this machine, with a market that replays real history."""
    _demo(data_dir or Path(os.environ.get("DATA_DIR", "data")), port, trouble)


def _demo(data_dir: Path, port: int | None, trouble: str = NO_TROUBLE) -> None:
    from bot.demo import PORT, PortTaken, run_demo

    try:
        at_first = "" if trouble == NO_TROUBLE else trouble
        sys.exit(run_demo(data_dir, PORT if port is None else port, at_first))
    except PortTaken as taken:
        click.echo(
            f"Port {taken} is in use: stop what listens there, or choose another with --port.",
            err=True,
        )
        sys.exit(BAD_INPUT)


@cli.command()
@click.option("--once", is_flag=True, help="do what is due now, then exit")
@click.option(
    "--seconds",
    type=click.IntRange(10, 3600),
    default=240,
    show_default=True,
    help="with --once: the longest that it may take",
)
def check(once: bool, seconds: int) -> None:  # noqa: FBT001 - click's way
    """Run due checks as they fall due; with --once those due now, for cron and timers.

    Exit status of --once: 0 all was done, 1 an error, 2 the settings are wrong, 3 a check was refused (people have
    been told why), 4 there was no time for all of it (the next run goes on).
    """
    settings = read_settings()
    from bot.check import ExitStatus, check_for_ever, check_once

    if not once:
        finish(check_for_ever(settings))
        return
    run = finish(check_once(settings, timedelta(seconds=seconds)))
    if run is None:
        click.echo(f"there was no time for all of it within {seconds} seconds", err=True)
        sys.exit(ExitStatus.OUT_OF_TIME)
    click.echo(what_was_done(run))
    sys.exit(run.status)


def what_was_done(run: OneRun) -> str:
    """One line for the log of whoever started a run."""
    checks = run.work.checks
    counts = ", ".join(f"{outcome} {count}" for outcome, count in checks.counts.items())
    said = f"checked {checks.checked}" + (f": {counts}" if counts else "")
    if run.work.executed:
        said += f"; carried out {run.work.executed}"
    if run.served is not None:
        return f"{said}; taps and messages {run.served}, sent {run.sent or 0}"
    return said + (f"; sent {run.sent}" if run.sent else "")


@cli.command()
def claim() -> None:
    """Print a new one-time link by which its user becomes an owner."""
    settings = read_settings()
    if settings.telegram_bot_token is None:
        click.echo("TELEGRAM_BOT_TOKEN is not set: a claim is a link to your bot.", err=True)
        sys.exit(BAD_INPUT)
    finish(_claim(settings))


async def _claim(settings: Settings) -> None:
    from bot.bootstrap import open_runtime
    from bot.claim import print_claim
    from bot.telegram.client import build_bot

    async with build_bot(settings) as bot, open_runtime(settings) as runtime:
        await print_claim(runtime, bot.username)


@cli.command()
@click.option("--health", is_flag=True, help="only say by the exit status whether a bot is running")
def doctor(health: bool) -> None:  # noqa: FBT001 - click's way
    """Check settings, store, clock, Telegram, broker and prices; say what is wrong and how to mend it."""
    from bot.doctor import is_alive

    settings = read_settings()
    if health:
        sys.exit(0 if is_alive(settings) else NOT_WELL)
    sys.exit(0 if asyncio.run(_examine(settings)) else NOT_WELL)


async def _examine(settings: Settings) -> bool:
    from bot.doctor import examine

    is_well = True
    async for finding in examine(settings):
        is_well = is_well and finding.is_well
        click.echo(f"{'ok  ' if finding.is_well else 'BAD '} {finding.name:<9} {finding.seen}")
        if not finding.is_well:
            click.echo(f"               {finding.mend}")
    return is_well


def _not_built(name: str, text: str) -> click.Command:
    @click.command(
        name,
        help=f"{text} (not in this version)",
        context_settings={"ignore_unknown_options": True},
    )
    @click.argument("_rest", nargs=-1, type=click.UNPROCESSED)
    def refuse(_rest: tuple[str, ...]) -> None:
        click.echo(f"`evenkeel {name}` is not built yet.", err=True)
        sys.exit(BAD_INPUT)

    return refuse


cli.add_command(plan_command)
cli.add_command(connect_command)
cli.add_command(rotate_key_command)
cli.add_command(code_command)
cli.add_command(backup_command)
cli.add_command(restore_command)
cli.add_command(_not_built("backtest", "Run a policy over a price history"))
