"""``/export`` over HTTP: a member's data as a file in the private chat, and nothing secret in it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

from bot.export_file import FORMAT
from bot.sandbox.model import Message
from core.domain.membership import Role
from core.ports.store.credentials import Opens
from tests.bot.telegram.stage import ANNA, BEN, FAMILY, Stage, stage

SECRET = "SEALED-CANARY"


def unpacked(bot: Stage, message: Message) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(bot.sandbox.file_bytes(message))) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def exported(bot: Stage, who: int) -> dict[str, str]:
    return unpacked(bot, await bot.ask(who, "/export", "what is kept about you"))


async def test_a_member_takes_everything_away_and_no_secret(tmp_path: Path) -> None:
    """Anna's first trade, keys and a channel of hers, and Ben beside her who only looks."""
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        proposal = await bot.set_up()
        bot.press(ANNA, proposal, "Approve")
        await bot.said(ANNA, "2 of 2 orders filled in full")
        await bot.ask(BEN, "/start", "What should it hold")
        anna, ben = await bot.member(ANNA), await bot.member(BEN)
        pid = (await bot.portfolio()).portfolio.id
        now = bot.runtime.clock.now()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, pid, Role.VIEWER)
            opens = Opens("alpaca", "123456789", "https://paper", is_live=False)
            await work.credentials.put(anna.id, opens, sealed=SECRET, key_hint="…7Q", at=now)
            await work.channels.add(
                anna.id, "mailto", sealed=SECRET, wants_proposals=False, wants_rules=False, at=now
            )
        await bot.ask(ANNA, "/export", "Send /export to me privately", chat=FAMILY)
        await bot.ask(ANNA, "/portfolio amounts on", "mounts", chat=FAMILY)
        await bot.ask(ANNA, "/export", "in our private chat", chat=FAMILY)
        files = await exported(bot, ANNA)
        assert set(files) == {
            "everything.json",
            "orders.csv",
            "decisions.csv",
            "lots.csv",
            "values.csv",
        }
        assert SECRET not in "".join(files.values())
        document = json.loads(files["everything.json"])
        assert (document["format"], document["member"]["name"]) == (FORMAT, "Anna")
        assert [each["kind"] for each in document["member"]["channels"]] == ["mailto"]
        (family,) = document["portfolios"]
        assert {m["name"]: m["role"] for m in family["members"]} == {
            "Anna": "owner",
            "Ben": "viewer",
        }
        assert {line["symbol"]: line["weight"] for line in family["targets"]}["CASH"] == "40"
        (first,) = family["proposals"]
        assert [each["state"] for each in first["orders"]] == ["filled", "filled"]
        assert [each["what"] for each in family["you_did"]].count("decided_approve") == 1
        orders = list(csv.DictReader(io.StringIO(files["orders.csv"])))
        assert [(row["symbol"], row["filled_shares"]) for row in orders] == [
            (each["symbol"], each["filled_shares"]) for each in first["orders"]
        ]
        assert all(row["portfolio"] == "family" for row in orders)
        bens = json.loads((await exported(bot, BEN))["everything.json"])
        (seen,) = bens["portfolios"]
        assert (seen["your_role"], seen["you_did"]) == ("viewer", [])
        assert bens["member"]["channels"] == []
