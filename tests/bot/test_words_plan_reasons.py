from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bot.words.plan_reasons import reason_sentence
from core.domain.ids import Symbol
from core.domain.instrument import CASH
from core.domain.plan import Reason, ReasonCode

BND = Symbol("BND")


def line(code: ReasonCode, drift: str, symbol: Symbol | None = BND, **others: str) -> Reason:
    values = {"weight": "28", "target": "35", "goal": "35", "drift": drift, "band": "5", **others}
    return Reason(code, symbol, {name: Decimal(value) for name, value in values.items() if value})


def whole(code: ReasonCode, drift: str, **others: str) -> Reason:
    return Reason(
        code, None, {name: Decimal(value) for name, value in {"drift": drift, **others}.items()}
    )


C = ReasonCode
JUNE = date(2024, 6, 3)
LOST = {"amount": "1204"}
BELOW = {"amount": "120", "least": "500", "percent": "0"}
PAIR_SENTENCES: list[tuple[ReasonCode, Symbol | None, dict[str, str], date | None, str]] = [
    (
        C.HARVEST,
        None,
        {"amount": "1204", "short": "804", "long": "400"},
        None,
        "Loss to harvest: $1,204.00, $804.00 short-term, $400.00 long-term.",
    ),
    (C.HARVESTED, BND, LOST, None, "These shares have lost $1,204.00; BND stands in for them."),
    (
        C.SWITCH_BACK,
        BND,
        {},
        None,
        "BND has stood in for 30 days; what was sold can be bought again.",
    ),
    (C.SWITCHED, BND, {}, None, "It has stood in for BND, which is bought again."),
    (C.REPLACES, BND, {}, None, "It takes the place of BND, which is sold with it."),
    (C.NO_LOSS, None, {}, None, "No lot whose cost is known has lost anything."),
    (C.LOSS_TOO_SMALL, BND, BELOW, None, "BND −$120.00: below your $500.00."),
    (
        C.LOSS_TOO_SMALL,
        BND,
        {**BELOW, "percent": "5"},
        None,
        "BND −$120.00: below your $500.00 and 5% of a lot's cost.",
    ),
    (C.LOSS_TOO_SMALL, BND, {**BELOW, "least": "0"}, None, "BND −$120.00: too small."),
    (
        C.NOT_TAXABLE,
        BND,
        LOST,
        None,
        "BND −$1,204.00: its account is not taxed, so no loss counts.",
    ),
    (C.NO_TAX_RULES, BND, LOST, None, "BND −$1,204.00: no tax rules are set (/tax rules us)."),
    (C.LOTS_IN_FRONT, BND, LOST, None, "BND −$1,204.00: the broker would sell other lots first."),
    (
        C.RECENTLY_BOUGHT,
        BND,
        {**LOST, "shares": "12"},
        JUNE,
        "BND −$1,204.00: 12 bought within 30 days; free from 3 Jun 2024.",
    ),
    (
        C.BOUGHT_SOON,
        BND,
        LOST,
        None,
        "BND −$1,204.00: an open plan in the household buys the same.",
    ),
    (
        C.NO_SUBSTITUTE,
        BND,
        LOST,
        None,
        "BND −$1,204.00: its line has no substitute (/targets BND|OTHER …).",
    ),
    (
        C.SUBSTITUTE_BARRED,
        BND,
        LOST,
        JUNE,
        "BND −$1,204.00: no substitute can be bought now; free from 3 Jun 2024.",
    ),
    (
        C.SUBSTITUTE_BARRED,
        BND,
        {},
        JUNE,
        "BND: what it stands in for cannot be bought before 3 Jun 2024.",
    ),
    (
        C.PAIR_TOO_SMALL,
        BND,
        LOST,
        None,
        "BND −$1,204.00: too small to be sold and bought together.",
    ),
    (C.PAIR_TOO_SMALL, BND, {}, None, "BND: too small to be sold and bought together."),
    (
        C.SAVES_TOO_LITTLE,
        BND,
        {"amount": "4", "saved": "0.96", "cost": "2"},
        None,
        "BND −$4.00: worth $0.96 in tax, for $2.00 of cost.",
    ),
    (
        C.SWITCH_TAXED,
        BND,
        {"amount": "900", "cost": "216", "least": "180"},
        None,
        "BND: switching back is taxed with $216.00; the loss was worth $180.00.",
    ),
]
SENTENCES: list[tuple[Reason, str]] = [
    (
        replace(line(C.WASHES, "-7"), until=JUNE),
        "Buying it now would undo a loss for taxes; free from 3 Jun 2024.",
    ),
    (
        Reason(C.WASHES, BND, {"amount": Decimal("812.5")}, JUNE),
        "BND: buying it now would undo a loss of $812.50 for taxes; free from 3 Jun 2024.",
    ),
    (
        replace(line(C.DEFERRED, "7"), until=JUNE),
        "It becomes long-term soon; your policy waits until 3 Jun 2024.",
    ),
    (
        line(C.HAS_GAINED, "7"),
        "It has no target, and has gained (or its cost is unknown); your policy keeps it then.",
    ),
    (
        line(C.GAIN_BUDGET, "7"),
        "Selling it would realise more gain than your budget for the year.",
    ),
    (
        line(C.KEPT_HERE, "-7"),
        "7.0 points under its target; its class is kept in this account.",
    ),
    (
        line(C.LOSS_KEPT, "7"),
        "Selling it now would lose money that does not count: the same is bought in this plan.",
    ),
    (
        Reason(C.LOSS_WASHED, None, {"amount": Decimal(300), "lost": Decimal(100)}),
        "$300.00 of the losses will not count, $100.00 of it ever (retirement account).",
    ),
    (line(C.SUBSTITUTED, "-7"), "Another fund of the same line is bought instead."),
    (
        Reason(C.LOSS_WASHED, None, {"amount": Decimal(300)}),
        "$300.00 of the losses will not count: the same was bought within 30 days.",
    ),
    (
        Reason(C.BASIS_UNKNOWN, None, {"amount": Decimal(1200)}),
        "Tax unknown: the cost of what is sold for $1,200.00 is not known.",
    ),
    (
        Reason(C.ONLY_FIFO),
        "Sold first in, first out: this broker takes no other order of lots.",
    ),
    (
        Reason(C.TERM_UNKNOWN, None, {"amount": Decimal(412)}),
        "Bought on an unknown day: $412.00 counts as short-term if gained, long-term if lost.",
    ),
    *(
        (Reason(code, symbol, {n: Decimal(v) for n, v in values.items()}, until), sentence)
        for code, symbol, values, until, sentence in PAIR_SENTENCES
    ),
    (
        line(C.BAND_BREACHED, "-7.01"),
        "BND is 7.0 points under its target; your band is 5.",
    ),
    (
        line(C.BAND_BREACHED, "2.62", band="2.5000"),
        "BND is 2.6 points over its target; your band is 2.5.",
    ),
    (
        whole(C.PORTFOLIO_DRIFTED, "6.2", band="5"),
        "The portfolio's drift is 6.2 points; your band for it is 5.",
    ),
    (
        whole(C.DATE_DUE, "1.3"),
        "The date in your calendar has come; the drift is 1.3 points.",
    ),
    (
        whole(C.FORCED, "0.04"),
        "You asked for a plan within the bands; the drift is under 0.1 points.",
    ),
    (
        line(C.CASH_EXCESS, "6.1", CASH),
        "Cash is 6.1 points over its target; your band is 5.",
    ),
    (
        line(C.CASH_EXCESS, "2"),
        "Only cash is beyond its band, so nothing is sold.",
    ),
    (
        whole(C.WITHDRAWAL, "1.3", amount="2000", missing="1600.5"),
        "$1,600.50 must be raised, to take out $2,000.00.",
    ),
    (
        whole(C.CASH_SUFFICES, "1.3", amount="2000"),
        "Cash is enough to take out $2,000.00: nothing is sold.",
    ),
    (
        whole(C.NOT_WORTH_IT, "1.3", amount="4.2", cost="5", worth="1"),
        "Not worth it: $4.20 less drift for $5.00 of cost.",
    ),
    (
        whole(C.NOT_WORTH_IT, "1.3", amount="9", cost="5", worth="2.50"),
        (
            "Not worth it: $9.00 less drift for $5.00 of cost;"
            " your policy asks for 2.5 times the cost."
        ),
    ),
    (
        whole(C.BELOW_RESERVE, "1.3", amount="250"),
        "The cash reserve of $250.00 cannot be kept.",
    ),
    (
        whole(C.ON_TARGET, "1.3"),
        "On target: every line is inside its band, and the drift is 1.3 points.",
    ),
    (
        line(C.ON_TARGET, "1.3"),
        "1.3 points over its target, inside its band of 5.",
    ),
    (line(C.ON_TARGET, "-1.3", band=""), "1.3 points under its target."),
    (line(C.ON_TARGET, "0"), "Exactly at its target, inside its band of 5."),
    (line(C.OVER_TARGET, "6.6"), "6.6 points over its target of 35.0%."),
    (line(C.UNDER_TARGET, "-0.01"), "Under 0.1 points under its target of 35.0%."),
    (line(C.UNDER_TARGET, "0.2", goal="36"), "To its goal of 36.0%."),
    (line(C.NO_TARGET, "3"), "It has no target, and your policy sells what has none."),
    (line(C.RAISE_CASH, "0"), "Sold to raise cash."),
    (
        line(C.BELOW_MIN_TRADE, "1", amount="12", min_trade="25"),
        "$12.00 from its goal; your minimum trade is $25.00.",
    ),
    (
        line(C.LESS_THAN_ONE_SHARE, "1", amount="90.5", price="411"),
        "$90.50 from its goal; one share is $411.00.",
    ),
    (
        line(C.NO_CASH, "-1", amount="90.5", price="411", missing="20.5"),
        "Not enough cash: $20.50 more is needed for a purchase.",
    ),
    (line(C.BUY_ONLY, "1"), "This plan only buys."),
    (line(C.SELL_ONLY, "-1"), "This plan only sells."),
    (line(C.DO_NOT_SELL, "1"), "Your policy never sells it."),
    (line(C.NOT_TRADABLE, "1"), "The broker does not trade it now."),
    (
        line(C.UNSETTLED, "1"),
        "Bought with money that settles next trading day: not sold before.",
    ),
    (line(C.DO_NOT_BUY, "-1"), "Your policy never buys it."),
    (line(C.AT_GOAL, "0.0001"), "At its goal."),
    (line(C.CAPPED, "2"), "It was left out of this plan."),
    (Reason(C.KEPT_OUTSIDE, BND), "It has no target; it is kept and not counted."),
    (
        line(C.NOTHING_HELPS, "6", amount="90"),
        "Trading it would not bring the portfolio closer to its goals.",
    ),
    (
        line(C.NOTHING_HELPS, "6"),
        "BND is beyond its band, but no trade that your policy permits would help.",
    ),
    (
        whole(C.NOTHING_HELPS, "6", band="5"),
        "The portfolio is beyond its band, but no trade that your policy permits would help.",
    ),
    (
        whole(C.NOTHING_HELPS, "1"),
        "No trade that your policy permits would bring the portfolio closer to its targets.",
    ),
]


@pytest.mark.parametrize(("reason", "sentence"), SENTENCES)
def test_each_reason_is_one_short_sentence(reason: Reason, sentence: str) -> None:
    assert reason_sentence(reason) == sentence
    assert len(sentence) <= 90


def test_no_reason_is_without_a_sentence() -> None:
    assert {reason.code for reason, _ in SENTENCES} == set(ReasonCode)


def test_money_is_in_the_portfolios_currency() -> None:
    reason = line(ReasonCode.BELOW_MIN_TRADE, "1", amount="12", min_trade="25")
    assert reason_sentence(reason, "CHF") == (
        "12.00 CHF from its goal; your minimum trade is 25.00 CHF."
    )


def test_it_is_a_calculators_wording() -> None:
    for _, sentence in SENTENCES:
        assert not {"recommend", "best", "optimal"} & set(sentence.lower().split())
