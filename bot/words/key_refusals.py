"""Sentences for refusals about brokers' keys; most are read by whoever runs the server."""

from __future__ import annotations

from bot.words.labels import capital, source_label
from bot.words.numbers import count, listed
from bot.words.refusals import refusal_sentence
from core.domain import refusals as r
from core.domain.access_fault import AccessFault

HOW_TO_MAKE_A_KEY = 'python -c "import secrets; print(secrets.token_urlsafe(32))"'

_say = refusal_sentence.register


@_say
def _(refusal: r.MasterKeyMissing) -> str:
    if refusal.sealed:
        return (
            f"The store has {count(refusal.sealed, 'sealed secret')}, and EVENKEEL_SECRET_KEY is not set:"
            " put back the key with which they were stored."
        )
    return (
        "Keys are only kept encrypted, and EVENKEEL_SECRET_KEY is not set:"
        f" make one with {HOW_TO_MAKE_A_KEY}"
    )


@_say
def _(refusal: r.MasterKeyWrong) -> str:
    return (
        f"{refusal.locked} of {count(refusal.sealed, 'sealed secret')} in the store cannot be opened with"
        " EVENKEEL_SECRET_KEY: put the key back with which they were sealed,"
        " or, after a change of keys, put it into EVENKEEL_OLD_SECRET_KEYS."
    )


@_say
def _(refusal: r.SealsBroken) -> str:
    names = [f"the keys of the {_account(broker, last)}" for broker, last in refusal.accounts]
    if refusal.codes:
        names.append(f"the one-time codes of {count(refusal.codes, 'member')}")
    if refusal.channels:
        names.append(count(refusal.channels, "channel address", "channel addresses"))
    return (
        f"In the store, {listed(names)} were changed or exchanged with others', so they are not used:"
        " enter them anew."
    )


@_say
def _(refusal: r.AccountLocked) -> str:
    account = capital(f"the {_account(refusal.broker, refusal.account)}")
    return f"{account} cannot be reached: {_WHY[refusal.why]}."


_CONNECT = "whoever runs the bot can enter them with `evenkeel connect`"

_WHY = {
    AccessFault.NO_KEYS: f"no keys are kept for it; {_CONNECT}",
    AccessFault.REFUSED: f"the broker refuses its keys. If they were revoked, new ones are needed; {_CONNECT}",
    AccessFault.OTHER_ACCOUNT: f"its keys open another account; {_CONNECT}",
    AccessFault.LOCKED: "its keys are sealed with another EVENKEEL_SECRET_KEY than the bot runs with",
    AccessFault.BROKEN_SEAL: (
        f"its keys were changed, or exchanged with others', in the store, so they are not used; {_CONNECT} anew"
    ),
    AccessFault.LIVE_IN_PAPER: "it trades real money, and this bot runs with TRADING_MODE=paper",
    AccessFault.FOREIGN_PRICES: (
        "its orders are priced by the broker's own quotes, and MARKET_DATA names another source"
    ),
}


@_say
def _(refusal: r.KeysUnreadable) -> str:
    broker = capital(source_label(refusal.broker))
    return f"This cannot be {broker}'s {refusal.field}: expected plain letters and digits, without spaces."


@_say
def _(refusal: r.KeysNotAccepted) -> str:
    broker = capital(source_label(refusal.broker))
    said = f"{broker} refuses these keys at {refusal.origin}"
    if refusal.resemble_live is not None and refusal.resemble_live != refusal.is_live:
        if refusal.resemble_live:
            return f"{said}, its paper service: they look like the keys of a live account (--live)."
        return f"{said}, its live service: they look like the keys of a paper account (without --live)."
    return (
        f"{said}. Keys of a paper account work only at the paper service, those of a live account only at"
        " the live one; or they were revoked, or not copied whole."
    )


@_say
def _(refusal: r.BrokerNotThere) -> str:
    broker = capital(source_label(refusal.broker))
    return f"{broker} does not answer at {refusal.origin}: {refusal.detail}. Check ALPACA_BASE_URL."


@_say
def _(refusal: r.AccountRestricted) -> str:
    return (
        f"The {_account(refusal.broker, refusal.account)} is blocked there, or not active yet:"
        " look at the broker's page, and try again."
    )


@_say
def _(refusal: r.AnotherAccount) -> str:
    return (
        f"These keys open the {_account(refusal.broker, refusal.found)}, and the portfolio's account is"
        f" …{refusal.expected}: take the keys of that one, or make another portfolio for these."
    )


@_say
def _(refusal: r.OrdersUnderWay) -> str:
    return (
        f"Orders of @{refusal.slug} are under way, or waiting for an answer:"
        " try again when they are done."
    )


@_say
def _(refusal: r.WhichOwner) -> str:
    owners = listed([f"{name} ({user_id})" for user_id, name in refusal.owners])
    return f"The keys must belong to one owner of @{refusal.slug}: say which with --member. Owners: {owners}."


@_say
def _(refusal: r.LiveNotAllowed) -> str:
    return (
        f"An account at {source_label(refusal.broker)} with real money needs TRADING_MODE=live,"
        " and this bot runs with paper."
    )


@_say
def _(refusal: r.ForeignPrices) -> str:
    return (
        f"Orders at {source_label(refusal.broker)} are priced by its own quotes:"
        f" set MARKET_DATA={refusal.broker} instead of {refusal.source}."
    )


@_say
def _(refusal: r.NoKeysKept) -> str:
    return f"No keys are kept for @{refusal.slug}. `evenkeel connect --list` shows those there are."


@_say
def _(refusal: r.PriceKeysMissing) -> str:
    broker = source_label(refusal.source)
    return (
        f"MARKET_DATA={refusal.source} needs keys of {broker}: set ALPACA_API_KEY and ALPACA_SECRET_KEY,"
        " or connect an account with `evenkeel connect --account @portfolio`."
    )


def _account(broker: str, last_four: str) -> str:
    return f"{source_label(broker)} account" + (f" …{last_four}" if last_four else "")
