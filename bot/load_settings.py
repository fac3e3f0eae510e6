"""Reading the settings, once, from the environment and `.env`.

Faults are collected, so that one start shows all of them, and none of the sentences holds the value of a secret.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.setting_values import SECRETS, given_names, not_as_expected
from bot.settings import Settings

ENV_FILE = Path(".env")
"""Where settings are looked for besides the environment, which goes before it."""

OTHER_NAMES = {
    "TELEGRAM_TOKEN": "TELEGRAM_BOT_TOKEN",
    "BOT_TOKEN": "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_USERS": "TELEGRAM_ALLOWED_USERS",
    "ALLOWED_USERS": "TELEGRAM_ALLOWED_USERS",
    "TELEGRAM_CHAT_ID": "TELEGRAM_ALLOWED_USERS",
    "APCA_API_KEY_ID": "ALPACA_API_KEY",
    "APCA_API_SECRET_KEY": "ALPACA_SECRET_KEY",
    "APCA_API_BASE_URL": "ALPACA_BASE_URL",
    "ALPACA_API_SECRET": "ALPACA_SECRET_KEY",
    "DB_URL": "DATABASE_URL",
}
"""What other programs call our settings, by what they are called here."""

OUR_PREFIXES = (
    "EVENKEEL_",
    "TELEGRAM_",
    "ALPACA_",
    "REPLAY_",
    "LIMIT_",
    "LIVE_CAP_",
    "HEALTH_",
    "CHANNEL_",
    "OPERATOR_",
)
"""A name in the environment that begins so was probably meant for us."""


class SettingsError(Exception):
    """The settings cannot be used; `faults` holds one sentence for each of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """Read the settings; raises `SettingsError` with one sentence for each fault."""
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        faults = [sentence for fault in error.errors() for sentence in _sentences(fault)]
    raise SettingsError((*faults, *misspelt_names(env_file)))


def misspelt_names(env_file: Path | None = ENV_FILE) -> tuple[str, ...]:
    """One sentence for each name that was probably meant to be a setting of ours but is not."""
    known = setting_names() | {f"{name}_FILE" for name in SECRETS}
    hints = []
    for name in sorted(given_names(env_file)):
        meant = OTHER_NAMES.get(name)
        if meant is None and name.startswith(OUR_PREFIXES) and name not in known:
            meant = next(iter(get_close_matches(name, sorted(known), cutoff=0.8)), "")
        if meant is None or name.startswith("EVENKEEL_TEST_"):
            continue
        advice = f"did you mean {meant}?" if meant else "see .env.example for those there are."
        hints.append(f"{name} is not a setting of Evenkeel; {advice}")
    return tuple(hints)


def setting_names() -> frozenset[str]:
    """Every setting by the name it has in the environment."""
    return frozenset(name.upper() for name in Settings.model_fields)


def _sentences(fault: ErrorDetails) -> list[str]:
    """Turn what pydantic found into sentences of ours."""
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"]).splitlines()
    field = str(fault["loc"][0])
    shown = None if field.upper() in SECRETS else fault.get("input")
    return [str(not_as_expected(Settings, field, shown))]
