"""``evenkeel code``: give a member one-time codes, or take them away; on the server alone, never through a chat."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from bot.cli_start import BAD_INPUT, finish, read_settings
from core.domain.refusals import BadCode, NotAMember

if TYPE_CHECKING:
    from bot.runtime import Runtime
    from bot.settings import Settings
    from core.domain.membership import Member
    from core.ports.store import Store

TRIES = 3

_NO_KEY = (
    "EVENKEEL_SECRET_KEY is not set: with it the secret of the codes is encrypted where it is kept. Set it "
    "(.env.example says how), keep a copy of it elsewhere, and run this again."
)
_NO_TERMINAL = (
    "Run this in a terminal: it shows a secret, which must not end up in a file or a log."
)


@click.command("code")
@click.option(
    "--member", "user_id", type=int, required=True, help="their Telegram user id; /whoami says it"
)
@click.option("--remove", is_flag=True, help="take the codes away: approvals need none any more")
def code_command(user_id: int, remove: bool) -> None:  # noqa: FBT001 - click's way
    """Give a member one-time codes (TOTP), asked for whenever they approve orders of real money.

    Shows a secret here, for an authenticator app on their phone. The bot may go on running meanwhile.
    """
    settings = read_settings()
    finish(_remove(settings, user_id) if remove else _enrol(settings, user_id))


async def _enrol(settings: Settings, user_id: int) -> None:
    from bot.bootstrap import open_runtime
    from core.application.one_time_codes import link_of, new_secret

    if settings.evenkeel_secret_key is None:
        _end(_NO_KEY)
    if not is_terminal():
        _end(_NO_TERMINAL)
    async with open_runtime(settings) as runtime:
        member = await _member(runtime.store, user_id)
        secret = new_secret()
        click.echo(enrolment_text(member.name, link_of(secret, member)))
        await _confirm(runtime, member, secret)
    click.echo(
        f"From now on {member.name} is asked for a code when approving orders of real money.\n"
        f"Clear this terminal. To take the codes away: evenkeel code --member {user_id} --remove"
    )


async def _confirm(runtime: Runtime, member: Member, secret: str) -> None:
    """Ask for a first code until it is right; the secret is kept only then."""
    from core.application.one_time_codes import enrol_codes

    for left in range(TRIES - 1, -1, -1):
        code = str(click.prompt("The six digits that the app shows now"))
        try:
            await enrol_codes(
                runtime.store, runtime.vault, runtime.clock, member=member, secret=secret, code=code
            )
        except BadCode:
            if not left:
                _end("That is not the code of now either. Nothing was kept; run this again.")
            click.echo("That is not the code of now. The clocks of phone and server must agree.")
        else:
            return


async def _remove(settings: Settings, user_id: int) -> None:
    """Take codes away, even where the key that they are sealed with was lost."""
    from bot.bootstrap import open_key_room
    from core.application.one_time_codes import remove_codes

    async with open_key_room(settings) as room:
        member = await _member(room.store, user_id)
        is_gone = await remove_codes(room.store, room.clock, member=member)
    click.echo(
        f"{member.name} approves without a code from now on."
        if is_gone
        else f"{member.name} had no one-time codes."
    )


async def _member(store: Store, user_id: int) -> Member:
    from core.application.identify import identify
    from core.domain.ids import UserId

    try:
        return await identify(store, user_id=UserId(user_id))
    except NotAMember:
        _end(f"Nobody here has the Telegram user id {user_id}. In the chat, /whoami says yours.")


def enrolment_text(name: str, link: str) -> str:
    """The secret as a person scans it, or types it, into an authenticator app."""
    from bot.qr import drawn

    return (
        f"\nOn {name}'s phone, add this to an authenticator app. It is shown once, and only here:\n\n"
        f"{drawn(link)}\n  {link}\n"
    )


def is_terminal() -> bool:
    """Whether a person reads what is printed."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _end(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(BAD_INPUT)
