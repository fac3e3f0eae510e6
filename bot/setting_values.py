"""How single settings are read: user ids, origins, database addresses, secrets in files."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

SECRETS = (
    "TELEGRAM_BOT_TOKEN",
    "DATABASE_URL",
    "ALPACA_API_KEY",
    "ALPACA_SECRET_KEY",
    "EVENKEEL_SECRET_KEY",
    "EVENKEEL_OLD_SECRET_KEYS",
    "EVENKEEL_CONTROL_TOKEN",
    "HEARTBEAT_URL",
    "OPERATOR_CHANNEL",
)
"""The settings that may also be given as a file, by NAME_FILE."""


def not_as_expected(settings: type[BaseSettings], field: str, shown: object = None) -> ValueError:
    """Make the sentence that says what a setting must be; secrets are never shown."""
    expected = settings.model_fields[field].description
    instead = f", not “{shown}”" if shown is not None else ""
    return ValueError(f"{field.upper()} must be {expected}{instead}.")


def parse_user_ids(text: str) -> tuple[int, ...]:
    """Read numeric Telegram user ids; raises `ValueError` with a sentence on anything else."""
    words = text.replace(",", " ").replace(";", " ").split()
    wrong = [word for word in words if not re.fullmatch("[1-9][0-9]{0,15}", word)]
    if not wrong:
        return tuple(dict.fromkeys(int(word) for word in words))
    shown = ", ".join(f"“{word}”" for word in wrong)
    looks_like_name = any(word.lstrip("@").isidentifier() for word in wrong)
    why = (
        "; user names can change hands, so they are not accepted: send /whoami to the bot to see "
        "your number"
        if looks_like_name
        else ""
    )
    raise ValueError(
        f"TELEGRAM_ALLOWED_USERS must be numeric ids such as 123456789, not {shown}{why}."
    )


def split_keys(text: str) -> tuple[str, ...]:
    """Read several master keys, with spaces, line ends or commas between them."""
    return tuple(text.replace(",", " ").split())


def as_origin(url: str) -> str | None:
    """Give `scheme://host[:port]`, or `None` if the URL is more or less than that."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    extra = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or extra:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def is_web_address(url: str) -> bool:
    """Whether a text is a URL that can be asked for over HTTP."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isprintable()


def with_async_driver(url: str) -> str | None:
    """Name the driver that the store uses, or give `None` for a database it cannot use."""
    scheme, separator, rest = url.strip().partition("://")
    if not separator:
        return None
    if scheme in {"postgres", "postgresql", "postgresql+psycopg"}:
        return f"postgresql+psycopg://{rest}" if rest.strip("/") else None
    if scheme in {"sqlite", "sqlite+aiosqlite"}:
        path = rest.removeprefix("/")
        kept_in_a_file = rest.startswith("/") and path and not path.startswith(":memory:")
        return f"sqlite+aiosqlite:///{path}" if kept_in_a_file else None
    return None


def given_names(env_file: Path | None) -> Mapping[str, str | None]:
    """Give everything that is set, by name in capitals; the environment goes before the file."""
    written = dotenv_values(env_file, encoding="utf-8") if env_file else {}
    return {name.upper(): value for name, value in (written | dict(os.environ)).items()}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for the value of a secret whose file cannot serve, until the fault is reported."""

    fault: str


class SecretFiles(PydanticBaseSettingsSource):
    """Reads the secrets that are given as NAME_FILE."""

    def __init__(self, settings_cls: type[BaseSettings], env_file: object) -> None:
        super().__init__(settings_cls)
        self._given = given_names(env_file if isinstance(env_file, Path) else None)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give the content of the setting's file, or what is wrong with it."""
        del field
        name = field_name.upper()
        path = self._given.get(f"{name}_FILE")
        if name not in SECRETS or not path:
            return None, field_name, False
        if self._given.get(name):
            return Unreadable(f"{name} and {name}_FILE are both given: keep one."), name, False
        try:
            content = Path(path).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text"
            fault = f"{name}_FILE names {path}, which cannot be read: {reason}."
            return Unreadable(fault), name, False
        return content or Unreadable(f"{name}_FILE names {path}, which is empty."), name, False

    def __call__(self) -> dict[str, Any]:
        """Give every secret that has a file of its own."""
        fields = self.settings_cls.model_fields
        values = {name: self.get_field_value(field, name)[0] for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}
