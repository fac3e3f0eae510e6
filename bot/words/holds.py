"""What people read about holds: why nothing is sent for an account, what is certain, and what to do."""

from __future__ import annotations

from bot.words.numbers import listed
from core.domain.access_fault import AccessFault
from core.domain.hold import MORE, Hold, HoldReason, strange_ids

HOLD_REASONS: dict[HoldReason, str] = {
    HoldReason.ACCOUNT_REPLACED: "the broker's keys open another account, or it was reset",
    HoldReason.KEYS_REFUSED: "the account cannot be used from here",
    HoldReason.RESTRICTED: "the broker has restricted the account",
    HoldReason.STRANGE_FILL: "the broker shows trades that I cannot explain",
}
"""Why an account is held, as a clause."""

_FAULTS: dict[AccessFault, str] = {
    AccessFault.NO_KEYS: (
        "There are no keys for this account. On the server: evenkeel connect adds them."
    ),
    AccessFault.REFUSED: (
        "The broker refuses the keys: they were revoked, or belong to its other service (paper or live). On "
        "the server: evenkeel connect takes new ones, evenkeel doctor says what is wrong."
    ),
    AccessFault.OTHER_ACCOUNT: "The keys open another account than this one.",
    AccessFault.LOCKED: (
        "The keys are sealed, and the server does not have the secret key that opens them "
        "(EVENKEEL_SECRET_KEY)."
    ),
    AccessFault.BROKEN_SEAL: (
        "What is kept as this account's keys was changed by somebody. Revoke them at the broker; on "
        "the server: evenkeel connect takes new ones."
    ),
    AccessFault.LIVE_IN_PAPER: (
        "The account trades real money, and this installation is one for paper (TRADING_MODE)."
    ),
    AccessFault.FOREIGN_PRICES: (
        "Its orders must be priced by its own quotes, and the server is set to another source "
        "(MARKET_DATA)."
    ),
}
"""Why the broker does not let us in, and how that is mended."""


def hint(broker_account_id: str) -> str:
    """An account's number as people are shown it: its last four characters."""
    return f"…{broker_account_id[-4:]}" if broker_account_id else "an unknown one"


def certain(hold: Hold, ours: str) -> str:
    """What is known for certain about a hold; ``ours`` is the broker's id of the account as it is stored."""
    match hold.reason:
        case HoldReason.ACCOUNT_REPLACED if hold.detail == ours:
            return (
                f"The broker does not know an order any more that it carried out in the account "
                f"{hint(ours)}: the account was probably reset."
            )
        case HoldReason.ACCOUNT_REPLACED if not hold.detail:
            return (
                f"The keys open another account than {hint(ours)}, and the broker has not said which. "
                "Check again asks it once more."
            )
        case HoldReason.ACCOUNT_REPLACED:
            return (
                f"The keys open the account {hint(hold.detail)}; this portfolio is about {hint(ours)}. "
                "Either the account was reset, or the keys were changed."
            )
        case HoldReason.KEYS_REFUSED:
            known = hold.detail in set(AccessFault)
            return _FAULTS[AccessFault(hold.detail) if known else AccessFault.REFUSED]
        case HoldReason.RESTRICTED:
            return "The broker's website or app says why."
        case HoldReason.STRANGE_FILL:
            return _strange(hold.detail)


def _strange(detail: str) -> str:
    ids = listed(sorted(strange_ids(detail)))
    if detail.startswith(MORE):
        return f"More was carried out than was ordered: {ids}. It is counted as it happened."
    return (
        f"At the broker there are orders with my name that I do not know: {ids}. That is what it looks "
        "like when my data are older than the orders, after a restore."
    )


def uncertain(reason: HoldReason) -> str:
    """What cannot be known, and where the money is."""
    match reason:
        case HoldReason.ACCOUNT_REPLACED:
            return (
                "What became of orders under way cannot be known. The money is where the broker's "
                "app shows it."
            )
        case HoldReason.KEYS_REFUSED:
            return (
                "What the account holds now cannot be known from here. Money and shares are at the "
                "broker as before; orders that were under way go on there."
            )
        case HoldReason.RESTRICTED:
            return "Money and shares are at the broker as before."
        case HoldReason.STRANGE_FILL:
            return (
                "Who ordered it cannot be known from here. Money and shares are at the broker: look "
                "at the orders in its app, and compare them with /orders."
            )


def goes_on(reason: HoldReason) -> str:
    """What ends a hold."""
    match reason:
        case HoldReason.KEYS_REFUSED:
            return "It goes on by itself once that is mended; you will be told."
        case HoldReason.RESTRICTED:
            return "It goes on by itself as soon as the broker lifts that; you will be told."
        case HoldReason.ACCOUNT_REPLACED:
            return "It goes on when an owner says that this is the right account now."
        case HoldReason.STRANGE_FILL:
            return "It goes on when an owner has looked and says so."
