"""The commands that keep brokers' keys: ``evenkeel connect`` and ``evenkeel rotate-key``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import click

from bot.cli_start import BAD_INPUT, finish, read_settings
from core.domain.ids import UserId

if TYPE_CHECKING:
    from bot.settings import Settings
    from core.application.connect_account import KeysFound
    from core.application.kept_keys import KeptKeys
    from core.domain.change import PendingChange
    from core.domain.portfolio import Account
    from core.ports.broker_keys import BrokerKeys

DECLINED = 1
LINES_OF_A_KEY_FILE = 2


@click.command("connect")
@click.option(
    "--account",
    "slug",
    metavar="@PORTFOLIO",
    help="the portfolio whose account it is; @PORTFOLIO#ACCOUNT where it has several",
)
@click.option("--broker", default="alpaca", show_default=True, type=click.Choice(["alpaca"]))
@click.option("--live", is_flag=True, help="an account with real money; needs TRADING_MODE=live")
@click.option("--member", metavar="USER_ID", type=int, help="the owner to whom the keys belong")
@click.option(
    "--key-file",
    type=click.File("r", encoding="utf-8"),
    help="read the key id and the secret from a file, a line each; - is the standard input",
)
@click.option("--yes", is_flag=True, help="do not ask before the portfolio's account is replaced")
@click.option("--list", "lists", is_flag=True, help="show whose keys are kept for which accounts")
@click.option("--remove", is_flag=True, help="forget the keys of the portfolio's account")
def connect_command(
    slug: str | None,
    broker: str,
    live: bool,  # noqa: FBT001 - click's way
    member: int | None,
    key_file: TextIO | None,
    yes: bool,  # noqa: FBT001
    lists: bool,  # noqa: FBT001
    remove: bool,  # noqa: FBT001
) -> None:
    """Give a portfolio's account the keys of its broker, typed without being shown, and kept encrypted.

    A simulated or hand-kept account becomes the broker's one: the paper service's account, or with --live one with real
    money, as a dry run at first. New keys of the same account take the place of the old ones.
    """
    settings = read_settings()
    if lists:
        finish(_list(settings))
        return
    if slug is None:
        click.echo("Say for which portfolio, such as --account @family.", err=True)
        sys.exit(BAD_INPUT)
    if remove:
        finish(_remove(settings, slug))
        return
    asked = _Asked(slug, broker, live, None if member is None else UserId(member), yes)
    finish(_check(settings, asked))
    if not finish(_connect(settings, asked, _read_keys(settings, asked, key_file))):
        sys.exit(DECLINED)


@click.command("rotate-key")
def rotate_key_command() -> None:
    """Seal everything anew with EVENKEEL_SECRET_KEY that a key of EVENKEEL_OLD_SECRET_KEYS has sealed.

    Can be called again at any time: what was interrupted goes on where it was.
    """
    done = finish(_rotate(read_settings()))
    if done:
        click.echo(f"Sealed {done} {'secret' if done == 1 else 'secrets'} anew.")
    else:
        click.echo("Everything is sealed with EVENKEEL_SECRET_KEY already.")
    click.echo(
        "EVENKEEL_OLD_SECRET_KEYS can be emptied now. Backups made before still need the old key."
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks for."""

    slug: str
    broker: str
    is_live: bool
    user_id: UserId | None
    is_agreed: bool


async def _check(settings: Settings, asked: _Asked) -> None:
    """Refuse before any key is typed what cannot be."""
    from bot.bootstrap import open_key_room
    from core.application.connect_account import who_connects

    _require_settings(settings, asked)
    async with open_key_room(settings) as room:
        await who_connects(room.store, slug=asked.slug, user_id=asked.user_id)


async def _connect(settings: Settings, asked: _Asked, keys: BrokerKeys) -> bool:
    """Connect, and return whether it was wanted."""
    from bot.bootstrap import open_key_room
    from core.application.connect_account import connect_account, look_at_keys

    async with open_key_room(settings) as room:
        found = await look_at_keys(
            room.store,
            room.doors,
            slug=asked.slug,
            broker=asked.broker,
            keys=keys,
            may_be_live=settings.trading_mode == "live",
            user_id=asked.user_id,
        )
        click.echo(_what_was_found(found))
        if found.replaces_account and not asked.is_agreed:
            click.echo(_what_is_replaced(found))
            if not click.confirm("Connect it?"):
                click.echo("Nothing was changed.")
                return False
        done = await connect_account(room.store, room.vault, room.clock, found, holder=room.holder)
        click.echo(_what_was_done(found, done))
        return True


def _require_settings(settings: Settings, asked: _Asked) -> None:
    """Refuse what these settings do not allow."""
    from core.domain.refusals import ForeignPrices, LiveNotAllowed, MasterKeyMissing

    if settings.evenkeel_secret_key is None:
        raise MasterKeyMissing
    if asked.is_live and settings.trading_mode != "live":
        raise LiveNotAllowed(asked.broker)
    if settings.market_data != asked.broker:
        raise ForeignPrices(asked.broker, settings.market_data)


def _read_keys(settings: Settings, asked: _Asked, key_file: TextIO | None) -> BrokerKeys:
    """Read the keys, from where nobody sees them, and let no log show them from now on."""
    from bot.bootstrap import alpaca_origin
    from bot.logs import redact_also
    from core.ports.broker_keys import BrokerKeys

    if key_file is None:
        key = click.prompt("Key id (not shown)", hide_input=True).strip()
        secret = click.prompt("Secret (not shown)", hide_input=True).strip()
    else:
        key, secret = _two_lines(key_file)
    redact_also(key, secret)
    origin, is_live = alpaca_origin(settings, live=asked.is_live)
    return BrokerKeys(key, secret, origin, is_live)


def _two_lines(key_file: TextIO) -> tuple[str, str]:
    lines = [line.strip() for line in key_file if line.strip()]
    if len(lines) != LINES_OF_A_KEY_FILE:
        click.echo("The key file must have two lines: the key id, then the secret.", err=True)
        sys.exit(BAD_INPUT)
    return lines[0], lines[1]


def _what_was_found(found: KeysFound) -> str:
    from bot.words.labels import source_label
    from bot.words.numbers import money

    kind = "real money" if found.keys.is_live else "paper"
    cash = money(found.found.cash, found.found.currency)
    last = found.found.broker_account_id[-4:]
    return f"These keys open the {source_label(found.broker)} account …{last}: {kind}, cash {cash}."


def _what_is_replaced(found: KeysFound) -> str:
    from bot.words.labels import rung_label
    from core.application.create_portfolio import BY_HAND

    before = "kept by hand" if found.before.broker == BY_HAND else "simulated"
    return (
        f"So far the account of @{found.portfolio.slug} is {before}. It becomes this one, as"
        f" {rung_label(found.rung)}: what the old one holds is left behind, and what is proposed for it"
        " is withdrawn."
    )


def _what_was_done(found: KeysFound, done: Account | PendingChange) -> str:
    from bot.words.labels import rung_label, source_label
    from core.domain.change import PendingChange

    last, key = found.found.broker_account_id[-4:], found.keys.key[-4:]
    if isinstance(done, PendingChange):
        return (
            f"@{found.portfolio.slug} trades real money, so this is asked for as change {done.id}:"
            " everybody in it is told, and it takes effect in a day if enough agree and nobody who"
            f" decides objects. The key …{key} is kept encrypted for {found.owner.name} until then."
        )
    next_step = (
        " Nothing is sent yet: an owner takes it further in the chat, with /accounts."
        if found.keys.is_live
        else ""
    )
    return (
        f"Connected: @{found.portfolio.slug} is the {source_label(found.broker)} account …{last},"
        f" {rung_label(found.rung)}. The key …{key} is kept encrypted for {found.owner.name}."
        f"{next_step} A bot that runs with these settings uses it at once."
    )


async def _list(settings: Settings) -> None:
    from bot.bootstrap import open_key_room
    from core.application.kept_keys import list_keys

    async with open_key_room(settings) as room:
        kept = await list_keys(room.store)
    for each in kept:
        click.echo(_line(each))
    if not kept:
        click.echo("No keys are kept. Add some: evenkeel connect --account @portfolio")


def _line(kept: KeptKeys) -> str:
    credential, member = kept.credential, kept.member
    opens = credential.opens
    portfolio = "no portfolio" if kept.portfolio is None else f"@{kept.portfolio.slug}"
    kind = "live" if opens.is_live else "paper"
    return (
        f"{opens.broker} {opens.hint}  {kind}  key …{credential.key_hint}"
        f"  {member.name} ({member.user_id})  {portfolio}  since {credential.created_at:%Y-%m-%d}"
    )


async def _remove(settings: Settings, slug: str) -> None:
    from bot.bootstrap import open_key_room
    from bot.words.labels import source_label
    from core.application.kept_keys import list_keys, remove_keys

    async with open_key_room(settings) as room:
        gone = await remove_keys(room.store, room.clock, slug=slug)
        is_last = not await list_keys(room.store)
    broker = source_label(gone.opens.broker)
    click.echo(
        f"The key …{gone.key_hint} of the {broker} account {gone.opens.hint} is forgotten. The account stays,"
        f" and nothing can be traded there. Now revoke the key on {broker}'s page: copies of it may"
        " be in backups."
    )
    if is_last and settings.market_data == gone.opens.broker and settings.alpaca_api_key is None:
        click.echo(
            f"Prices came with this key too: before the next start connect another account, or set"
            f" MARKET_DATA to something else than {settings.market_data}."
        )


async def _rotate(settings: Settings) -> int:
    from bot.bootstrap import open_key_room
    from core.application.seals import rotate_key

    async with open_key_room(settings) as room:
        return await rotate_key(room.store, room.vault, room.clock)
