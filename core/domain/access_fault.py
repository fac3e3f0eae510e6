"""Access faults: why a broker does not let us at an account, or we do not let ourselves."""

from __future__ import annotations

from enum import StrEnum


class AccessFault(StrEnum):
    """Each is mended by the operator, on the server."""

    NO_KEYS = "no_keys"
    """No keys are kept for the account."""
    REFUSED = "refused"
    """The broker refuses the keys: revoked, mistyped, or meant for its other service."""
    OTHER_ACCOUNT = "other_account"
    """The keys open another account than this one."""
    LOCKED = "locked"
    """The keys are sealed with a master key that this process does not have."""
    BROKEN_SEAL = "broken_seal"
    """What is kept as the account's keys was changed, or exchanged with another's."""
    LIVE_IN_PAPER = "live_in_paper"
    """The account trades real money, and this installation is one for paper."""
    FOREIGN_PRICES = "foreign_prices"
    """Orders there are priced by the broker's own quotes, and prices come from elsewhere."""
