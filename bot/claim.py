"""Claim: how the first owner gets in when nobody is allowed yet: a one-time link, printed where the bot runs."""

from __future__ import annotations

import sys

from telegram import Bot

from bot.qr import drawn
from bot.runtime import Runtime
from core.application.invite_member import CLAIM_LIFETIME, make_claim


async def offer_claim(runtime: Runtime, bot: Bot) -> None:
    """Print a claim where nobody may come in and nobody has."""
    if runtime.allowed_users:
        return
    async with runtime.store.read() as work:
        household = await work.people.first_household()
    if household is None:
        await print_claim(runtime, bot.username)


async def print_claim(runtime: Runtime, username: str) -> None:
    """Make a claim and print it as a link with a QR code."""
    code = await make_claim(runtime.store, runtime.clock)
    sys.stdout.write(claim_text(f"https://t.me/{username}?start={code}"))
    sys.stdout.flush()


def claim_text(link: str) -> str:
    """The claim as people see it in a terminal."""
    minutes = int(CLAIM_LIFETIME.total_seconds() // 60)
    return (
        "\nNobody may use this bot yet. Open this link on your phone to become its owner;\n"
        f"it works once, within {minutes} minutes:\n\n  {link}\n\n{drawn(link)}\n"
    )
