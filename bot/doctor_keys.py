"""What the doctor sees of sealed secrets: whether each can be opened, and with which key."""

from __future__ import annotations

from bot.bootstrap import open_key_room
from bot.finding import Finding
from bot.settings import Settings
from bot.words.numbers import count
from bot.words.refusals import refusal_sentence
from core.application.seals import examine_seals
from core.domain.refusals import MasterKeyMissing, MasterKeyWrong

NAME = "keys"


async def look_at_seals(settings: Settings) -> Finding:
    """Try to open everything that is sealed."""
    async with open_key_room(settings) as room:
        report, has_key = await examine_seals(room.store, room.vault), room.vault is not None
    if report.locked:
        refusal = (
            MasterKeyWrong(len(report.locked), report.total)
            if has_key
            else MasterKeyMissing(report.total)
        )
        return Finding(
            NAME, False, refusal_sentence(refusal), "See EVENKEEL_SECRET_KEY in .env.example."
        )
    if report.broken:
        mend = (
            "Run `evenkeel connect --account @portfolio` for each; find out who could write there."
        )
        return Finding(NAME, False, refusal_sentence(report.damage), mend)
    if report.older:
        seen = f"sealed with an older key: {len(report.older)} of {report.total}"
        mend = "Run `evenkeel rotate-key`; then EVENKEEL_OLD_SECRET_KEYS can be emptied."
        return Finding(NAME, False, seen, mend)
    if report.total:
        return Finding(
            NAME, True, f"{count(report.total, 'sealed secret')}, open with the current key"
        )
    key = "EVENKEEL_SECRET_KEY is set" if has_key else "no EVENKEEL_SECRET_KEY"
    return Finding(NAME, True, f"nothing is sealed, {key}")
