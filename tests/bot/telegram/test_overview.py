"""``/status`` of somebody with several portfolios: the overview, and from it into each and back, in one message."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from bot.telegram.html import TEXT_LIMIT, shown_length
from bot.telegram.views.overview import overview_screen
from core.application.show_overview import HouseholdOverview
from core.domain.ids import PortfolioId
from core.domain.membership import Role
from core.domain.policy import Policy
from tests.bot.telegram.stage import ANNA, FAMILY, stage
from tests.bot.telegram.test_views import status


async def test_with_several_portfolios_the_status_is_an_overview_that_leads_into_each(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/status", "Value $10,000.00 · cash $10,000.00")
        await bot.ask(ANNA, "/new Savings", "Savings is made")
        await bot.ask(ANNA, "/deposit 500", "$500.00 in cash")
        overview = await bot.ask(
            ANNA, "/status", "Family", "Drift 60.0", "Proposal 1: open", "Savings", "Together"
        )
        assert "Together $10,500.00" in overview.text
        assert "(0 s old)" in overview.text
        inside = await bot.tap(ANNA, overview, "Family", "Value $10,000.00 · cash", "QUAL")
        assert inside.message_id == overview.message_id
        again = await bot.tap(ANNA, inside, "← All", "Together $10,500.00")
        assert again.message_id == overview.message_id
        inside = await bot.tap(ANNA, again, "Savings", "No targets yet")
        back = await bot.tap(ANNA, inside, "All", "Together $10,500.00")
        inside = await bot.tap(ANNA, back, "Family", "Value $10,000.00")
        picture = await bot.tap(ANNA, inside, "Picture", "Value $10,000.00")
        assert picture.attachment is not None
        await bot.ask(ANNA, "/status @savings", "Savings · SIMULATED")


async def test_a_group_is_never_given_an_overview(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        await bot.ask(ANNA, "/new Secret", "Secret is made")
        await bot.ask(ANNA, "/portfolio @family", "about Family", chat=FAMILY)
        shown = await bot.ask(ANNA, "/status", "Family · SIMULATED", "Drift", chat=FAMILY)
        assert "Secret" not in shown.text


def test_more_portfolios_than_fit_are_counted() -> None:
    one = status()
    portfolio = one.managed.portfolio
    many = tuple(
        replace(
            one,
            managed=replace(
                one.managed,
                portfolio=replace(portfolio, id=PortfolioId(number), name=f"{number} " + "x" * 38),
            ),
        )
        for number in range(60)
    )
    screen = overview_screen([HouseholdOverview("Family", many)])
    assert shown_length(screen.text) <= TEXT_LIMIT
    assert "more portfolios" in screen.text
    assert len(screen.rows) <= 100


def test_several_households_are_told_apart_each_with_its_sum() -> None:
    one = status()
    assert one.drift is not None
    total = one.drift.total
    pair = HouseholdOverview("Grandparents", (one, one))
    text = overview_screen([HouseholdOverview("Home", (one,)), pair]).text
    assert text.index("🏠 <b>Home</b>") < text.index("🏠 <b>Grandparents</b>")
    assert text.count("Together") == 1
    assert pair.totals == {"USD": total * Decimal(2)}


async def test_portfolios_of_the_same_name_in_two_households_are_told_apart(tmp_path: Path) -> None:
    async with stage(tmp_path) as bot:
        await bot.set_up()
        anna = await bot.member()
        async with bot.runtime.store.begin() as work:
            neighbours = await work.people.add_household("Next door")
            await work.households.join(neighbours, anna.id)
            theirs = await work.portfolios.add(neighbours, "family", "Family", "USD", Policy())
            await work.people.set_role(anna.id, theirs.id, Role.OWNER)
        listed = await bot.ask(ANNA, "/portfolio", "Next door:", "@family-2")
        second = next(b for b in listed.buttons if b.text == "Family")
        assert second.callback_data is not None
        bot.press_data(ANNA, listed, second.callback_data)

        def has_switched(_: object) -> bool:
            now = bot.sandbox.chat(ANNA).messages[listed.message_id]
            return "✓ Family · @family-2" in now.text

        await bot.sandbox.wait_for(has_switched)
        await bot.ask(ANNA, f"/start c_status_{theirs.id}", "No targets yet")
        overview = await bot.ask(ANNA, "/status", "🏠 Next door")
        assert overview.text.count("Family · ") == 2
