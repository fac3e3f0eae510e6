"""What can go wrong with one request to Alpaca, told apart by what is certain afterwards."""

from __future__ import annotations


class AlpacaFault(Exception):
    """A request that was not answered as it should have been.

    ``is_certain``: the request certainly had no effect. None of these carries the request itself,
    because its headers hold the keys.
    """

    is_certain = False


class NotSent(AlpacaFault):
    """There was no connection, or no turn: the request never left."""

    is_certain = True


class NoAnswer(AlpacaFault):
    """The request was on its way, and no answer came: a time-out, or a broken connection."""


class ServerTrouble(AlpacaFault):
    """An answer that says nothing of the request's fate: 5xx, a redirection, a proxy's page."""

    def __init__(self, status: int, excerpt: str) -> None:
        super().__init__(f"Alpaca answered with HTTP status {status}: {excerpt}")
        self.status = status


class Unreadable(AlpacaFault):
    """An answer of success whose content cannot be understood."""


class TooMany(AlpacaFault):
    """The limit of requests is reached (429): this one was not looked at."""

    is_certain = True

    def __init__(self) -> None:
        super().__init__("Alpaca's limit of requests a minute is reached")


class KeysRefused(AlpacaFault):
    """The keys do not fit the place they were sent to."""

    is_certain = True

    def __init__(self, status: int, host: str) -> None:
        super().__init__(
            f"Alpaca refused the keys (HTTP status {status} at {host}). The keys of a paper "
            "account work only at the paper service, those of a live account only at the live one: "
            "check that the keys (ALPACA_API_KEY and ALPACA_SECRET_KEY, or what `evenkeel connect` "
            "was given) belong to this address, and that they have not been revoked"
        )
        self.status = status


class Refused(AlpacaFault):
    """Alpaca has read the request and says no: ``code`` and ``message`` are its own words."""

    is_certain = True

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
