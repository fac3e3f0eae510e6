"""What commands have in common: the settings they start with, and how what stands in their way is told."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from bot.settings import Settings

T = TypeVar("T")

BAD_INPUT = 2
"""The exit status of a command that cannot be done as it was given."""


def read_settings() -> Settings:
    """Read the settings and set up the log, or end with a sentence for each fault."""
    from bot.load_settings import ENV_FILE, SettingsError, load_settings
    from bot.logs import configure_logging

    try:
        settings = load_settings(None if os.environ.get("EVENKEEL_NO_ENV_FILE") else ENV_FILE)
    except SettingsError as error:
        for fault in error.faults:
            click.echo(fault, err=True)
        sys.exit(BAD_INPUT)
    configure_logging(
        secrets=settings.secret_values(),
        log_format=settings.log_format,
        log_level=settings.log_level,
    )
    return settings


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run something asynchronous; what stands in its way becomes one sentence and an exit status."""
    from bot.words.faults import fault_sentence

    try:
        return asyncio.run(work)
    except Exception as error:
        sentence = fault_sentence(error)
        if sentence is None:
            raise
        click.echo(sentence, err=True)
        sys.exit(BAD_INPUT)
