"""A call's parameters, read as leniently as the Bot API reads them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.api_errors import BadRequest
from bot.sandbox.model import JsonObject, Upload

_TRUE = {"true", "yes", "1"}


@dataclass(frozen=True, slots=True)
class Params:
    """Values by parameter name: strings from a form, or anything from JSON; and files."""

    values: JsonObject
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string; empty where it is missing."""
        value = self.values.get(name)
        if value is None:
            return ""
        return value if isinstance(value, str) else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; the default where it is missing or none."""
        value = self.values.get(name)
        try:
            return default if value is None else int(str(value))
        except ValueError:
            return default

    def boolean(self, name: str) -> bool:
        """True only for what the Bot API takes as true."""
        return str(self.values.get(name, "")).lower() in _TRUE

    def has(self, name: str) -> bool:
        """Whether something was sent under this name."""
        return self.values.get(name) not in (None, "")

    def json(self, name: str, what: str) -> Any:
        """A JSON value, sent as such or as its text; None where missing."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise BadRequest(f"can't parse {what} JSON object") from None
