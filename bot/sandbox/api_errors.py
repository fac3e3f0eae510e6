"""Refusals in the Bot API's own words."""

from __future__ import annotations

from bot.sandbox.model import JsonObject


class ApiError(Exception):
    """A refusal, answered as the Bot API answers it; `retry_after` is in seconds."""

    def __init__(self, code: int, description: str, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def body(self) -> JsonObject:
        """The answer's JSON."""
        answer: JsonObject = {
            "ok": False,
            "error_code": self.code,
            "description": self.description,
        }
        if self.retry_after is not None:
            answer["parameters"] = {"retry_after": self.retry_after}
        return answer


class BadRequest(ApiError):
    """A request that Telegram does not accept (400)."""

    def __init__(self, reason: str) -> None:
        super().__init__(400, f"Bad Request: {reason}")


class Forbidden(ApiError):
    """Something the bot may not do (403)."""

    def __init__(self, reason: str) -> None:
        super().__init__(403, f"Forbidden: {reason}")


class Conflict(ApiError):
    """A second bot polls with the same token (409)."""

    def __init__(self) -> None:
        super().__init__(
            409,
            "Conflict: terminated by other getUpdates request; "
            "make sure that only one bot instance is running",
        )


class Unauthorized(ApiError):
    """A token that nobody issued (401)."""

    def __init__(self) -> None:
        super().__init__(401, "Unauthorized")


class MethodNotFound(ApiError):
    """A method that the Bot API does not have, or that this server does not know (404)."""

    def __init__(self) -> None:
        super().__init__(404, "Not Found: method not found")


class UnknownToSandbox(ValueError):
    """Somebody asked the sandbox for a chat, member or message that it does not have."""
