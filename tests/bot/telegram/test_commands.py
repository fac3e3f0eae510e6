"""Every command, typed in full, against the running bot: what it answers, and what it says to wrong words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.application.invite_member import make_claim
from core.domain.membership import Role
from core.domain.targets import TargetAllocation
from tests.bot.telegram.stage import ANNA, BEN, CARL, Stage, stage


async def test_status_shows_table_picture_and_the_open_proposal(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        status = await bot.ask(ANNA, "/status", "Family · SIMULATED", "Value $10,000.00")
        assert status.attachment is not None
        assert bot.sandbox.file_bytes(status).startswith(b"\x89PNG")
        assert any(request.method == "sendChatAction" for request in bot.sandbox.requests)
        shown = await bot.tap(ANNA, status, "Show proposal 1", "proposal 1", "Buy")
        await bot.tap(ANNA, shown, "Approve", "Done.", "Bought")
        await bot.ask(ANNA, "/status @family", "CASH 40.0")


async def test_money_in_and_out(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/deposit", "Say how much", "/deposit 500")
        await bot.ask(ANNA, "/deposit 500", "$500.00 is in", "$500.00 in cash")
        await bot.ask(ANNA, "/deposit $12.50 @family", "$512.50 in cash")
        await bot.ask(ANNA, "/withdraw 12.5", "$12.50 is out", "$500.00 in cash left")
        await bot.ask(
            ANNA, "/withdraw 500.01", "more than the cash in the account, which is $500.00"
        )
        await bot.ask(ANNA, "/deposit 5,5", "Try: /deposit 5.5")
        await bot.ask(ANNA, "/deposit -5", "above 0")
        await bot.ask(ANNA, "/deposit 0.001", "at most two decimals")
        await bot.ask(ANNA, "/deposit 5 EUR", "USD only", "For example: /deposit 500")
        await bot.ask(ANNA, "/deposit 5 @nope", "no portfolio @nope", "Yours: @family")
        await bot.ask(ANNA, "/deposit ٦٠", "is not right for the amount")


async def test_targets_and_money_need_no_wizard(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/deposit x", "/deposit 500")
        await bot.ask(ANNA, "/rebalance", "You have no portfolio yet")
        await bot.ask(ANNA, "/targets QUAL 30 USMV 30 CASH 40", "The targets are set")
        await bot.ask(ANNA, "/deposit 10000", "$10,000.00 is in. Family has")
        await bot.ask(ANNA, "/rebalance", "Family · proposal 1 · SIMULATED")


async def test_first_targets_of_an_empty_portfolio_are_set_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Family", "is made")
        await bot.ask(ANNA, "/rebalance", "no targets yet")
        await bot.ask(ANNA, "/targets", "no targets yet", "/targets QUAL 30 USMV 30 CASH 40")
        await bot.ask(
            ANNA,
            "/targets QUAL=30, USMV:30 cash 40%",
            "The targets are set: QUAL 30 USMV 30 CASH 40",
        )
        empty = await bot.ask(ANNA, "/rebalance", "The account is empty")
        await bot.tap(ANNA, empty, "Put in $10,000", "$10,000.00 is in")


async def test_a_change_of_targets_first_shows_what_it_would_trade(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        before = (await bot.portfolio()).targets
        preview = await bot.ask(
            ANNA, "/targets QUAL 50 USMV 50", "not set yet", "would now propose"
        )
        assert (await bot.portfolio()).targets == before

        stale = preview
        preview = await bot.ask(ANNA, "/targets QUAL 60 USMV 40", "not set yet")
        words, is_alert = await bot.answer(bot.press(ANNA, stale, "Use these targets"))
        assert is_alert, "the older preview is not what would be set now"
        assert "newer" in words
        assert (await bot.portfolio()).targets == before

        await bot.tap(
            ANNA, preview, "Use these targets", "The targets are set", "Proposal 1", "withdrawn"
        )
        assert (await bot.portfolio()).targets == TargetAllocation.of({"QUAL": 60, "USMV": 40})
        approve = proposal.button("Approve").callback_data
        words, is_alert = await bot.answer(bot.press_data(ANNA, proposal, approve or ""))
        assert (is_alert, "no longer open: replaced" in words) == (True, True)


async def test_targets_that_do_not_sum_can_be_completed_by_a_button(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        short = await bot.ask(ANNA, "/targets QUAL 50 USMV 40", "sum to 90", "Nothing was changed")
        preview = await bot.tap(ANNA, short, "Rest to CASH", "not set yet", "CASH")
        await bot.tap(ANNA, preview, "Cancel", "stay as they are")
        short = await bot.ask(ANNA, "/targets QUAL 100 USMV 100", "sum to 200", "100 too much")
        preview = await bot.tap(ANNA, short, "Scale to 100", "not set yet")
        await bot.tap(ANNA, preview, "Use these targets", "QUAL 50 USMV 50")
        await bot.ask(ANNA, "/targets QUAL 99.99", "0.01 too little")
        await bot.ask(
            ANNA,
            "/targets QUALL 100",
            "not know QUALL. Did you mean QUAL",
            "For example: /targets QUAL 30 USMV 30",
        )
        await bot.ask(ANNA, "/targets QUAL", "QUAL has no percentage behind it")
        await bot.ask(ANNA, "/targets <b>x</b> 100", "is not a symbol")


async def test_rebalance_says_what_it_found(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        await bot.said(ANNA, "That was all")
        fine = await bot.ask(ANNA, "/rebalance", "nothing to do", "drift is")
        await bot.tap(ANNA, fine, "Plan anyway")
        await bot.ask(ANNA, "/rebalance sideways", "“sideways” means nothing", "/rebalance buy")
        paid = await bot.ask(ANNA, "/deposit 5000", "$5,000.00 is in")
        await bot.tap(ANNA, paid, "Invest it", "proposal", "Buy")


async def test_an_account_too_small_for_whole_shares_is_told_so(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/start", "What should it hold")
        await bot.ask(ANNA, "/new Small", "Small is made")
        await bot.ask(ANNA, "/targets QUAL 50 CASH 50", "are set")
        await bot.ask(ANNA, "hello", "I understand commands and buttons only")
        await bot.ask(ANNA, "/policy fractional off min_trade 0", "policy")
        await bot.ask(ANNA, "/deposit 60", "is in")
        await bot.ask(ANNA, "/rebalance", "Small", "QUAL", "one share", "/policy fractions auto")


async def test_policy_is_shown_and_changed(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/policy", "band", "relative")
        await bot.ask(ANNA, "/policy list", "band", "relative")
        await bot.ask(ANNA, "/policy band 4 calendar quarterly", "Changed", "band 4")
        assert (await bot.portfolio()).policy.band.absolute == Decimal(4)
        await bot.ask(ANNA, "/policy bnad 3", "no setting “bnad”", "band")
        await bot.ask(ANNA, "/policy band wide", "cannot be “wide”")
        await bot.ask(ANNA, "/policy band", "stands alone", "/policy band 5")
        assert (await bot.portfolio()).policy.band.absolute == Decimal(4)


async def test_lists(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        shown = await bot.ask(ANNA, "/proposals", "proposal 1", "Buy")
        assert shown.message_id != proposal.message_id
        await bot.ask(ANNA, "/orders", "No order was made yet")
        await bot.tap(ANNA, shown, "Approve", "Done.", "Bought")
        await bot.ask(ANNA, "/orders", "1.1", "QUAL")
        await bot.ask(ANNA, "/history", "done", "QUAL")
        nothing = await bot.ask(ANNA, "/proposals", "Nothing is open in Family")
        await bot.tap(ANNA, nothing, "Check now", "nothing to do")
        await bot.ask(ANNA, "/accounts", "SIMULATED", "gains are taxed", "/accounts add")


async def test_portfolios_are_made_chosen_and_named(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.ask(ANNA, "/portfolio", "You have no portfolio yet")
        await bot.ask(ANNA, "/new", "Give the new portfolio a name", "/new Holiday money")
        await bot.ask(ANNA, "/new Family", "Family is made")
        await bot.ask(ANNA, "/new Family", "There is a portfolio named “Family” already")
        await bot.ask(ANNA, "/new \u202eevil", "cannot be used")
        await bot.ask(ANNA, f"/new {'x' * 41}", "at most 40")
        await bot.ask(ANNA, "/new <b>Rich</b> & Co", "<b>Rich</b> & Co is made")
        listed = await bot.ask(ANNA, "/portfolio", "✓ <b>Rich</b> & Co · @b-rich-b-co", "Family")
        there = await bot.tap(ANNA, listed, "Family", "This chat is about Family now", "an owner")
        assert there.message_id == listed.message_id
        assert "✓ Family · @family" in there.text
        assert there.button("✓ Family").callback_data
        await bot.ask(ANNA, "/portfolio @b-rich-b-co", "about <b>Rich</b> & Co now")
        await bot.ask(ANNA, "/portfolio nope", "no portfolio @nope")
        await bot.ask(ANNA, "/portfolio a b", "Name one portfolio")
        await bot.ask(ANNA, "/portfolio home", "add me to it")
        await bot.ask(ANNA, "/status @family", "Family")


async def invite(bot: Stage, role: str) -> str:
    invitation = await bot.ask(ANNA, f"/invite {role}", "lets in one person")
    return invitation.text.rpartition("/start ")[2].strip()


async def test_the_family_comes_in_by_invitation(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/invite boss", "“boss” is not a role")
        await bot.ask(ANNA, "/invite viewer viewer", "Name one role")
        roles = await bot.ask(ANNA, "/invite", "Invite somebody to Family as what?")
        await bot.tap(ANNA, roles, "proposer", "lets in one person", "t.me/")
        code = await invite(bot, "viewer")
        await bot.ask(BEN, f"/start {code}", "Welcome", "viewer of Family")
        await bot.said(ANNA, "Ben", "has joined")
        bot.sandbox.add_user(CARL, "Carl")
        await bot.ask(CARL, f"/start {code}", "was used already", f"Your id is {CARL}")
        await bot.ask(BEN, f"/start {code}", "was used already")

        await bot.ask(BEN, "/status", "Family", "Value")
        await bot.ask(BEN, "/rebalance", "takes a proposer", "you are a viewer")
        await bot.ask(BEN, "/targets QUAL 100", "takes an owner")
        await bot.ask(BEN, "/deposit 5", "To move cash takes an owner")
        await bot.ask(BEN, "/policy band 3", "takes an owner")
        await bot.ask(BEN, "/invite viewer", "takes an owner")
        await bot.ask(BEN, "/pause", "takes an approver")
        await bot.ask(BEN, "/whoami", "You are Ben", "Family: viewer")
        assert len(await bot.events("refused")) == 6


async def test_roles_are_changed_and_people_removed_by_buttons(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(BEN, f"/start {await invite(bot, 'viewer')}", "Welcome")
        listed = await bot.ask(ANNA, "/members", "Anna: owner", "Ben: viewer")
        roles = await bot.tap(ANNA, listed, "Ben: role", "Ben is viewer of Family", "Which role")
        await bot.tap(ANNA, roles, "approver", "Ben: approver")
        listed = await bot.ask(ANNA, "/members", "Ben: approver")
        alone = await bot.tap(ANNA, listed, "Anna: role", "Which role")
        words, is_alert = await bot.answer(bot.press(ANNA, alone, "viewer"))
        assert (is_alert, "needs an owner" in words) == (True, True)

        await bot.tap(ANNA, alone, "Back", "Family · members")
        sure = await bot.tap(ANNA, alone, "Remove Ben", "Remove Ben from Family?")
        await bot.tap(ANNA, sure, "Remove", "Family · members")
        await bot.ask(BEN, "/status", "You have no portfolio yet")


async def test_leaving_asks_once_more(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(BEN, f"/start {await invite(bot, 'viewer')}", "Welcome")
        sure = await bot.ask(BEN, "/leave", "Leave Family?")
        await bot.tap(BEN, sure, "Stay", "Nothing was changed")
        sure = await bot.ask(BEN, "/leave", "Leave Family?")
        await bot.tap(BEN, sure, "Leave", "You have left Family")
        last = await bot.ask(ANNA, "/leave", "you cannot just leave", "Nobody else is in it")
        await bot.tap(ANNA, last, "Stay", "Nothing was changed")


async def test_the_kill_switch(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        proposal = await bot.set_up()
        paused = await bot.ask(ANNA, "/pause", "Family is paused")
        words, is_alert = await bot.answer(bot.press(ANNA, proposal, "Approve"))
        assert (is_alert, "is paused" in words) == (True, True)
        refused = await bot.ask(ANNA, "/rebalance", "is paused")
        assert "Resume" in refused.button("Resume").text
        await bot.tap(ANNA, paused, "Resume", "Family goes on")
        await bot.tap(ANNA, proposal, "Approve", "Done.", "Bought")
        await bot.ask(ANNA, "/pause", "Family is paused")
        await bot.ask(ANNA, "/resume", "Family goes on")


async def test_settings_and_small_things(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        settings = await bot.ask(ANNA, "/settings", "You read tables")
        await bot.tap(ANNA, settings, "Show me sentences", "You read sentences")
        await bot.ask(ANNA, "/status", "QUAL: 0.0 percent, target 30.0")
        await bot.ask(ANNA, "/settings layout table", "You read tables")
        await bot.ask(ANNA, "/settings layout poem", "cannot be “poem”", "/settings layout list")
        await bot.ask(ANNA, "/settings colour red", "The settings are", "layout")
        await bot.ask(ANNA, "/settings picture dark", "for dark chats")
        await bot.ask(ANNA, "/cancel", "Cancelled")
        await bot.ask(ANNA, "/cancel", "nothing to cancel")
        await bot.ask(ANNA, "/help", "/status", "/rebalance")
        await bot.ask(ANNA, "/rebalnce", "I do not know /rebalnce", "Did you mean /rebalance?")
        await bot.ask(ANNA, "/qqq", "I do not know /qqq", "/help")
        await bot.ask(ANNA, "/not-a-command", "I do not know /not-a-command")
        await bot.ask(ANNA, "how are you?", "commands and buttons only")


async def test_a_role_given_by_others_holds_at_once(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(ANNA, BEN)) as bot:
        await bot.set_up()
        await bot.ask(BEN, "/start", "What should it hold")
        ben, family = await bot.member(BEN), await bot.portfolio()
        async with bot.runtime.store.begin() as work:
            await work.people.set_role(ben.id, family.portfolio.id, Role.PROPOSER)
        await bot.ask(BEN, "/rebalance", "proposal", "Buy")


async def test_a_claim_makes_an_owner(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=()) as bot:
        await bot.ask(BEN, "/start", "ask for an invitation")
        code = await make_claim(bot.runtime.store, bot.runtime.clock)
        await bot.ask(ANNA, f"/start {code}", "Hello Anna", "What should it hold")
        await bot.ask(ANNA, f"/start {code}", "was used already")
        await bot.ask(ANNA, "/new Family", "is made")


@pytest.mark.fault(56)
async def test_a_name_that_hides_is_made_plain(tmp_path: Path) -> None:
    async with stage(tmp_path, allowed=(CARL,)) as bot:
        bot.sandbox.add_user(CARL, "\u202e<b>C</b>\u200b " + "long" * 20)
        await bot.ask(CARL, "/start", "What should it hold")
        assert (await bot.member(CARL)).name == ("<b>C</b> " + "long" * 20)[:40]
        await bot.ask(CARL, "/whoami", "<b>C</b> long")
