"""Each refusal about brokers' keys, with the sentence that people get."""

from __future__ import annotations

from core.domain import refusals as r
from core.domain.access_fault import AccessFault

PAPER, LIVE = "https://paper-api.alpaca.markets", "https://api.alpaca.markets"


def _locked(why: AccessFault) -> r.AccountLocked:
    return r.AccountLocked("alpaca", "", "0001", why)


KEY_SENTENCES: list[tuple[r.Refusal, str]] = [
    (
        r.MasterKeyMissing(),
        (
            "Keys are only kept encrypted, and EVENKEEL_SECRET_KEY is not set: make one with"
            ' python -c "import secrets; print(secrets.token_urlsafe(32))"'
        ),
    ),
    (
        r.MasterKeyMissing(2),
        (
            "The store has 2 sealed secrets, and EVENKEEL_SECRET_KEY is not set:"
            " put back the key with which they were stored."
        ),
    ),
    (
        r.MasterKeyWrong(1, 3),
        (
            "1 of 3 sealed secrets in the store cannot be opened with EVENKEEL_SECRET_KEY: put the key"
            " back with which they were sealed, or, after a change of keys, put it into"
            " EVENKEEL_OLD_SECRET_KEYS."
        ),
    ),
    (
        r.SealsBroken((("alpaca", "0001"), ("alpaca", "0002")), 1),
        (
            "In the store, the keys of the Alpaca account …0001, the keys of the Alpaca account …0002"
            " and the one-time codes of 1 member were changed or exchanged with others', so they are"
            " not used: enter them anew."
        ),
    ),
    (
        _locked(AccessFault.NO_KEYS),
        (
            "The Alpaca account …0001 cannot be reached: no keys are kept for it; whoever runs the bot"
            " can enter them with `evenkeel connect`."
        ),
    ),
    (
        r.AccountLocked("alpaca", "", "", AccessFault.REFUSED),
        (
            "The Alpaca account cannot be reached: the broker refuses its keys. If they were revoked,"
            " new ones are needed; whoever runs the bot can enter them with `evenkeel connect`."
        ),
    ),
    (
        _locked(AccessFault.OTHER_ACCOUNT),
        (
            "The Alpaca account …0001 cannot be reached: its keys open another account; whoever runs the"
            " bot can enter them with `evenkeel connect`."
        ),
    ),
    (
        _locked(AccessFault.LOCKED),
        (
            "The Alpaca account …0001 cannot be reached: its keys are sealed with another"
            " EVENKEEL_SECRET_KEY than the bot runs with."
        ),
    ),
    (
        _locked(AccessFault.BROKEN_SEAL),
        (
            "The Alpaca account …0001 cannot be reached: its keys were changed, or exchanged with"
            " others', in the store, so they are not used; whoever runs the bot can enter them with"
            " `evenkeel connect` anew."
        ),
    ),
    (
        _locked(AccessFault.LIVE_IN_PAPER),
        (
            "The Alpaca account …0001 cannot be reached: it trades real money, and this bot runs with"
            " TRADING_MODE=paper."
        ),
    ),
    (
        _locked(AccessFault.FOREIGN_PRICES),
        (
            "The Alpaca account …0001 cannot be reached: its orders are priced by the broker's own"
            " quotes, and MARKET_DATA names another source."
        ),
    ),
    (
        r.KeysUnreadable("alpaca", "key id"),
        "This cannot be Alpaca's key id: expected plain letters and digits, without spaces.",
    ),
    (
        r.KeysNotAccepted("alpaca", PAPER, is_live=False),
        (
            f"Alpaca refuses these keys at {PAPER}. Keys of a paper account work only at the paper"
            " service, those of a live account only at the live one; or they were revoked, or not"
            " copied whole."
        ),
    ),
    (
        r.KeysNotAccepted("alpaca", PAPER, is_live=False, resemble_live=True),
        (
            f"Alpaca refuses these keys at {PAPER}, its paper service: they look like the keys of a live"
            " account (--live)."
        ),
    ),
    (
        r.KeysNotAccepted("alpaca", LIVE, is_live=True, resemble_live=False),
        (
            f"Alpaca refuses these keys at {LIVE}, its live service: they look like the keys of a paper"
            " account (without --live)."
        ),
    ),
    (
        r.BrokerNotThere("alpaca", "https://example.com", "no answer within 10 s"),
        (
            "Alpaca does not answer at https://example.com: no answer within 10 s."
            " Check ALPACA_BASE_URL."
        ),
    ),
    (
        r.AccountRestricted("alpaca", "0001"),
        (
            "The Alpaca account …0001 is blocked there, or not active yet: look at the broker's page,"
            " and try again."
        ),
    ),
    (
        r.AnotherAccount("alpaca", "0001", "0002"),
        (
            "These keys open the Alpaca account …0002, and the portfolio's account is …0001: take the"
            " keys of that one, or make another portfolio for these."
        ),
    ),
    (
        r.OrdersUnderWay("family"),
        (
            "Orders of @family are under way, or waiting for an answer:"
            " try again when they are done."
        ),
    ),
    (
        r.WhichOwner("family", ((1001, "Anna"), (1002, "Ben"))),
        (
            "The keys must belong to one owner of @family: say which with --member."
            " Owners: Anna (1001) and Ben (1002)."
        ),
    ),
    (
        r.LiveNotAllowed("alpaca"),
        (
            "An account at Alpaca with real money needs TRADING_MODE=live,"
            " and this bot runs with paper."
        ),
    ),
    (
        r.ForeignPrices("alpaca", "yahoo"),
        ("Orders at Alpaca are priced by its own quotes: set MARKET_DATA=alpaca instead of yahoo."),
    ),
    (
        r.NoKeysKept("family"),
        "No keys are kept for @family. `evenkeel connect --list` shows those there are.",
    ),
    (
        r.PriceKeysMissing("alpaca"),
        (
            "MARKET_DATA=alpaca needs keys of Alpaca: set ALPACA_API_KEY and ALPACA_SECRET_KEY, or"
            " connect an account with `evenkeel connect --account @portfolio`."
        ),
    ),
]
