"""Several accounts under one target, in chat: added, paid into, shown, and traded account by account."""

from __future__ import annotations

from pathlib import Path

from tests.bot.telegram.stage import ANNA, BEN, stage
from tests.bot.telegram.test_commands import invite


async def test_an_account_is_added_and_the_proposal_trades_account_by_account(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/accounts", "keeps its money in", "/accounts add IRA tax_deferred")
        await bot.ask(
            ANNA,
            "/accounts add Old IRA tax-deferred 20000",
            "Old IRA stands under the targets of Family now",
            "taxed when money is taken out",
            "It starts with $20,000.00 in cash.",
        )
        await bot.ask(ANNA, "/accounts", "Old IRA · SIMULATED", "Family · SIMULATED")
        await bot.ask(ANNA, "/status", "Old IRA: $20,000.00, cash $20,000.00")
        await bot.ask(ANNA, "/deposit 500", "Which account do you mean?", "#family", "#old-ira")
        await bot.ask(ANNA, "/deposit 500 #old-ira", "Old IRA has $20,500.00 in cash now")
        await bot.ask(ANNA, "/withdraw 100 #old-ira", "Old IRA has $20,400.00 in cash left")
        await bot.ask(ANNA, "/deposit 5 #nope", "no account “nope”", "Family and Old IRA")
        proposal = await bot.ask(
            ANNA,
            "/rebalance",
            "Account Family (taxable) · SIMULATED",
            "Account Old IRA (tax-deferred)",
        )
        await bot.tap(ANNA, proposal, "Why", "Account Old IRA (tax-deferred)")
        await bot.ask(
            ANNA,
            "/targets QUAL 50 USMV 50",
            "A check would now propose",
            "Account Old IRA (tax-deferred)",
        )
        await bot.tap(ANNA, proposal, "Back", "Drift")
        await bot.tap(ANNA, proposal, "Approve", "Done.")
        await bot.ask(
            ANNA, "/withdraw 15000 #old-ira", "What leaves Old IRA may be taxed as income"
        )
        await bot.ask(ANNA, "/tax treatment tax_free #old-ira", "Old IRA: gains are free of tax")


async def test_an_account_kept_by_hand_stands_beside_a_simulated_one(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(
            ANNA, "/accounts add Broker by hand 3000", "Broker stands under", "/holdings VTI 112"
        )
        await bot.ask(ANNA, "/holdings", "Cash $3,000.00", "/holdings VTI 113 #broker")
        await bot.ask(
            ANNA,
            "/holdings QUAL 5 #broker",
            "QUAL 5",
            "Cash $3,000.00",
            "/holdings VTI 113 #broker",
        )
        await bot.ask(ANNA, "/status", "Family · SIMULATED + BY HAND", "Broker: ")


async def test_what_is_said_of_a_new_account_is_checked(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/accounts add", "Give the account a name", "/accounts add IRA")
        await bot.ask(ANNA, "/accounts add tax_free", "stands under")
        await bot.ask(ANNA, "/accounts add IRA taxable tax_free", "Say its tax once")
        await bot.ask(ANNA, "/accounts add family", "an account named “family” already")
        await bot.ask(ANNA, "/accounts add IRA 5,5", "5.5")
        await bot.ask(ANNA, "/accounts remove IRA", "/accounts add IRA tax_deferred 20000")
        code = await invite(bot, "approver")
        await bot.ask(BEN, f"/start {code}", "approver of Family")
        await bot.ask(BEN, "/accounts add Mine", "takes an owner")


async def test_a_mixed_proposal_sends_the_one_and_gives_a_checklist_of_the_other(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/accounts add Broker by hand 12000", "Broker stands under")
        proposal = await bot.ask(
            ANNA,
            "/rebalance",
            "Account Family (taxable) · SIMULATED",
            "Account Broker (taxable) · BY HAND",
        )
        legs = [line for line in proposal.text.splitlines() if ". Buy " in line]
        head = proposal.text.splitlines().index("Account Broker (taxable) · BY HAND")
        by_hand = [line for line in proposal.text.splitlines()[head:] if ". Buy " in line]
        assert 0 < len(by_hand) < len(legs)
        await bot.tap(ANNA, proposal, "Approve", "To do in your broker")
        checklist = await bot.said(ANNA, "To do in your broker", f"{len(by_hand)} order")
        assert checklist.text.count(" at about $") == len(by_hand)
        assert "Account Broker (taxable) · BY HAND" in checklist.text
        assert "In the other accounts: " in checklist.text
        simulated = [leg for leg in legs if leg not in by_hand]
        assert not any(leg.partition(".")[0] + ". Buy" in checklist.text for leg in simulated)
