"""The commands that copy the store and put it back: ``evenkeel backup`` and ``evenkeel restore``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bot.cli_start import BAD_INPUT, read_settings
from core.ports.store_errors import StoreError

if TYPE_CHECKING:
    from bot.settings import Settings

T = TypeVar("T")

ELSEWHERE = "Keep a copy of it on another machine. Your EVENKEEL_SECRET_KEY is not in it: keep that too, elsewhere."


@click.command("backup")
@click.argument("out", required=False, type=click.Path(path_type=Path))
def backup_command(out: Path | None) -> None:
    """Copy everything the bot keeps into one file, OUT: a folder, or a new file's name (DATA_DIR/backups if left out).

    The bot may go on running meanwhile.
    """
    from bot.bootstrap import backup_store

    settings = read_settings()
    made = _or_end(lambda: backup_store(settings, out or _usual_folder(settings)))
    click.echo(f"Backed up to {made}")
    click.echo(ELSEWHERE)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
def restore_command(file: Path) -> None:
    """Put a backup, FILE, in the place of what the bot keeps now, which is kept aside. Stop the bot first."""
    from bot.bootstrap import restore_store

    settings = read_settings()
    done = _or_end(lambda: restore_store(settings, file))
    click.echo(f"Restored the backup of {done.made_at:%Y-%m-%d %H:%M} UTC.")
    if done.kept_in is not None:
        click.echo(f"What was there before is kept in {done.kept_in}")
    click.echo(
        "What happened after the backup is not in it: the broker is asked about it at the next start."
    )


def _usual_folder(settings: Settings) -> Path:
    folder = settings.data_dir / "backups"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _or_end(work: Callable[[], T]) -> T:
    """Do the work; what stands in its way becomes one sentence and an exit status."""
    try:
        return work()
    except StoreError as refused:
        click.echo(str(refused), err=True)
    except OSError as error:
        click.echo(f"{error.filename or 'The file'}: {error.strerror or error}.", err=True)
    sys.exit(BAD_INPUT)
