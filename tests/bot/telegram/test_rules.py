"""``/rules`` in the running bot, in the replay of February 2020, which has the S&P 500 and no VIX."""

from __future__ import annotations

from pathlib import Path

from core.domain.membership import Role
from core.domain.rules import EXAMPLES, MAX_RULES, Action
from tests.bot.telegram.stage import ANNA, BEN, Stage, stage


async def _join(bot: Stage, role: Role) -> None:
    """Ben belongs to Anna's portfolio, and to no other."""
    await bot.ask(BEN, "/start", "What should it hold")
    ben, family = await bot.member(BEN), await bot.portfolio()
    async with bot.runtime.store.begin() as work:
        await work.people.set_role(ben.id, family.portfolio.id, role)


async def test_a_rule_is_added_turned_off_and_on_and_removed(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        empty = await bot.ask(ANNA, "/rules", "There are none", "No rule is on by itself")
        assert "/rules SPX drawdown 52w > 10 check now" in empty.text
        added = await bot.ask(
            ANNA,
            "/rules spx drawdown 52w>10 check now",
            "Rule 1: on · check now",
            "SPX drawdown 52w > 10",
            "It does not hold: SPX is",
            "below its highest close of 52 weeks.",
            "the portfolio is checked, even if no check is due",
        )
        everything = await bot.tap(ANNA, added, "All rules", "No rule is on by itself")
        off = await bot.tap(ANNA, everything, "1: turn off", "Rule 1 is off now.")
        assert "Rule 1: off · check now" in off.text
        await bot.tap(ANNA, off, "1: turn on", "Rule 1 is on now.")
        await bot.ask(ANNA, "/rules off 1", "Rule 1 is off now.")
        await bot.ask(ANNA, "/rules 1 on", "Rule 1 is on now.")
        gone = await bot.ask(ANNA, "/rules remove 1", "Rule 1 is removed: SPX drawdown 52w > 10")
        assert "There are none" in gone.text
        words, is_alert = await bot.answer(bot.press(ANNA, off, "1: remove"))
        assert (words, is_alert) == ("There is no rule 1 here.", True)
        await bot.ask(ANNA, "/rules on 1234567890", "no rule with so long a number")


async def test_why_names_the_rule_by_which_checks_leave_a_line_alone(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        before = await bot.ask(ANNA, "/rules SPX move 1d < 50 widen 1.5", "Rule 1: on")
        planned = await bot.ask(ANNA, "/why QUAL", "Proposal 1", "would buy")
        await bot.tap(ANNA, proposal, "Reject", "Rejected")
        why = "By rule 1, parts may be 1.5 times as far away now before a plan is made: SPX move 1d"
        await bot.ask(ANNA, "/why QUAL", "No plan is open for it. I look again", why)
        await bot.tap(ANNA, before, "1: turn off", "Rule 1 is off now.")
        plain = await bot.ask(ANNA, "/why QUAL", "No plan is open for it.")
        assert not any("By rule" in each.text for each in (planned, plain))


async def test_holding_off_is_asked_for_twice_and_called_market_timing(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        asked = await bot.ask(
            ANNA, "/rules VIX > 30 hold off", "Rule 1: off · hold off", "market timing"
        )
        assert "It cannot be told: VIX has no price." in asked.text
        assert "Turn rule 1 on?" in asked.text
        await bot.ask(ANNA, "/rules on 1", "Rule 1: off", "Turn rule 1 on?")
        left = await bot.tap(ANNA, asked, "Leave it off", "No rule is on by itself")
        assert "market timing" not in left.text
        again = await bot.tap(ANNA, left, "1: turn on", "Turn rule 1 on?")
        on = await bot.tap(ANNA, again, "Turn it on", "Rule 1 is on now.", "market timing")
        assert "It cannot be told and counts as off: VIX has no price." in on.text


async def test_ready_made_examples_are_added_by_a_tap_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        empty = await bot.ask(ANNA, "/rules", "There are none")
        shown = await bot.tap(ANNA, empty, "Ready-made examples", "None of them is advice")
        assert all(each.text in shown.text for each in EXAMPLES)
        await bot.tap(ANNA, shown, "Add: wild swings", "Rule 1: on · widen bands × 1.5")
        await bot.tap(ANNA, shown, "Add: nervous for days", "Rule 2: off", "Turn rule 2 on?")
        words, _ = await bot.answer(bot.press(ANNA, shown, "Add: wild swings"))
        assert words == "Rule 1 says the same already."
        await bot.ask(ANNA, "/rules examples", "None of them is advice")


async def test_what_cannot_be_read_comes_with_a_mark_under_it(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        wrong = await bot.ask(ANNA, "/rules SPY drawdonw 52w > 10 notify", "Did you mean drawdown?")
        assert "SPY drawdonw 52w > 10\n    ^^^^^^^^" in wrong.text
        assert "notify, check now, widen 1.5 or hold off" in wrong.text
        await bot.ask(ANNA, "/rules VIX > 30 hold of", "VIX > 30 hold of\n         ^^^^")
        await bot.ask(ANNA, "/rules hold off", "A rule is missing. Example: VIX > 30")
        await bot.ask(
            ANNA, "/rules VIX > 30", "/rules VIX > 30 widen 1.5", "/rules VIX > 30 notify"
        )
        await bot.ask(ANNA, "/rules VIX > 30 widen 9", "by a factor from 1.1 to 5")
        await bot.ask(ANNA, "/rules VIX > 30 widen", "by a factor from 1.1 to 5")
        await bot.ask(ANNA, "/rules VIX > 30 widen 1,5", "Try: /rules VIX > 30 widen 1.5")
        pid, anna = (await bot.portfolio()).portfolio.id, (await bot.member()).id
        async with bot.runtime.store.begin() as work:
            for number in range(MAX_RULES):
                await work.rules.add(
                    pid,
                    f"VIX > {number}",
                    Action.NOTIFY,
                    factor=None,
                    by=anna,
                    at=bot.runtime.clock.now(),
                )
        await bot.ask(ANNA, "/rules VIX > 30 notify", "at most 20 rules")


async def test_members_see_the_rules_and_only_owners_change_them(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        await _join(bot, Role.APPROVER)
        hers = await bot.ask(ANNA, "/rules VIX > 30 notify", "Rule 1: on")
        assert {button.text for button in hers.buttons} > {"1: turn off", "1: remove"}
        seen = await bot.ask(BEN, "/rules @family", "Rule 1: on", "Only an owner can change")
        assert not seen.buttons
        await bot.ask(BEN, "/rules VIX > 20 notify @family", "change rules")
        await bot.ask(BEN, "/rules off 1 @family", "change rules")
        await bot.ask(BEN, "/rules remove 1 @family", "change rules")
        await bot.ask(ANNA, "/rules", "Rule 1: on")


async def test_who_asks_for_a_check_is_told_what_a_rule_would_have_done(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        asked = await bot.ask(ANNA, "/rules SPX > 1 hold off", "Turn rule 1 on?")
        await bot.tap(ANNA, asked, "Turn it on", "Rule 1 is on now.")
        await bot.ask(ANNA, "/rules SPX > 2 check now", "Rule 2: on")
        await bot.ask(ANNA, "/rules", "Overruled now: another rule goes before it.")
        await bot.ask(ANNA, "/rebalance", "Rule 1 holds off scheduled checks now: SPX", "You asked")
