from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod, Term
from core.domain.refusals import BadNumber
from core.domain.tax import (
    Acquisition,
    Equivalents,
    LossSale,
    TaxOwner,
    TaxRates,
    TaxRulesName,
    TaxSituation,
    TaxYear,
    estimate,
    rules_of,
)

US, NONE = rules_of(TaxRulesName.US), rules_of(TaxRulesName.NONE)
PLAIN = TaxRates(Decimal(24), Decimal(15))
OFFSET = TaxRates(Decimal(24), Decimal(15), Decimal(3000), Decimal(22))
Number = Decimal | int | str


def year(
    short: Number = 0, long: Number = 0, carried_short: Number = 0, carried_long: Number = 0
) -> TaxYear:
    return TaxYear(Decimal(short), Decimal(long), Decimal(carried_short), Decimal(carried_long))


# --- one year ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "long", "tax"),
    [
        (1000, 2000, "540.00"),  # 240 + 300
        (1000, -400, "144.00"),  # 600 short-term remain, at 24 %
        (-400, 1000, "90.00"),  # 600 long-term remain, at 15 %
        (-400, -100, "0.00"),
        (-1000, 400, "0.00"),
        (0, 0, "0.00"),
    ],
)
def test_each_term_nets_by_itself_and_then_against_the_other(
    short: int, long: int, tax: str
) -> None:
    """
    Schedule D (Form 1040), parts I to III · short-term 24 %, long-term 15 %
    """
    assert US.tax(year(short, long), PLAIN) == Decimal(tax)


def test_losses_carried_in_come_off_their_own_term_first() -> None:
    """
    short +1,000 less 300 carried · long +2,000 less 2,500 carried: −500, which takes 700 down to 200
    """
    assert US.tax(year(1000, 2000, 300, 2500), PLAIN) == 48


@pytest.mark.parametrize(("loss", "tax"), [(1000, "-220.00"), (3000, "-660.00"), (9000, "-660.00")])
def test_a_net_loss_saves_tax_on_other_income_up_to_3000(loss: int, tax: str) -> None:
    assert US.tax(year(-loss), OFFSET) == Decimal(tax)
    greedy = TaxRates(Decimal(24), Decimal(15), Decimal(50_000), Decimal(22))
    assert US.tax(year(-loss), greedy) == Decimal(tax)


def test_without_an_offset_a_net_loss_saves_nothing_this_year() -> None:
    assert US.tax(year(-9000, -1), PLAIN) == 0


# --- what goes into the next year ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("this", "carried"),
    [
        # Publication 550, "Capital loss carryover": 7,000 lost, 3,000 deducted, 4,000 carried; of 2,000 nothing.
        (year(-7000), (4000, 0)),
        (year(0, -7000), (0, 4000)),
        (year(-2000), (0, 0)),
        # The Capital Loss Carryover Worksheet by hand: the deduction uses short-term losses first.
        (year(-1000, -6000), (0, 4000)),
        (year(-4000, -500), (1000, 500)),
        # A gain of the other term comes off before the deduction does.
        (year(-5000, 1000), (1000, 0)),
        (year(1000, -5000), (0, 1000)),
        (year(4000, -5000), (0, 0)),
        # Losses carried in go on.
        (year(500, 0, 2000, 10_000), (0, 8500)),
        (year(5000, 5000), (0, 0)),
    ],
)
def test_the_rest_of_a_loss_is_carried_and_keeps_its_term(
    this: TaxYear, carried: tuple[int, int]
) -> None:
    short, long = carried
    assert US.carried_after(this, OFFSET) == year(0, 0, short, long)


def test_without_an_offset_the_whole_loss_is_carried() -> None:
    assert US.carried_after(year(-4000, -500), PLAIN) == year(0, 0, 4000, 500)


def test_a_loss_carried_over_is_used_up_over_the_years() -> None:
    """
    10,000 long-term lost · next year +2,000 short-term, then nothing: 3,000 a year besides
    -> carried 7,000 · 2,000 (taxed 0 on the gain, 660 saved) · 0
    """
    first = US.carried_after(year(0, -10_000), OFFSET)
    assert first == year(0, 0, 0, 7000)
    second = first.plus(Decimal(2000), Decimal(0))
    assert US.tax(second, OFFSET) == -660
    third = US.carried_after(second, OFFSET)
    assert third == year(0, 0, 0, 2000)
    assert US.carried_after(third, OFFSET) == year()


# --- what a plan adds ----------------------------------------------------------------------------


def test_a_plan_pays_for_what_it_adds_to_the_year() -> None:
    """
    so far −1,000 short · the plan realises +1,500 long: 500 remain taxed, at 15 %
    """
    assert estimate(US, year(-1000), PLAIN, Decimal(0), Decimal(1500)) == 75


def test_a_plan_is_credited_only_for_losses_that_meet_gains() -> None:
    """
    so far +1,000 short, which would cost 240 · the plan loses 1,600: 240 come back, and 600 wait for the next year
    """
    assert estimate(US, year(1000), PLAIN, Decimal(-1600), Decimal(0)) == -240
    assert estimate(US, year(1000), OFFSET, Decimal(-1600), Decimal(0)) == -372
    assert estimate(US, year(), PLAIN, Decimal(-1600), Decimal(0)) == 0


def test_who_pays_no_tax_adds_none() -> None:
    assert estimate(NONE, year(500), PLAIN, Decimal(9000), Decimal(9000)) == 0
    assert NONE.carried_after(year(-9000), OFFSET) == year()
    loss = LossSale(Symbol("M"), Decimal(1), date(2024, 7, 1), Decimal(10), "joint")
    purchase = Acquisition(Symbol("M"), Decimal(1), date(2024, 7, 2), "joint")
    assert NONE.washes([loss], [purchase], Equivalents()) == ()
    assert len(US.washes([loss], [purchase], Equivalents())) == 1


@pytest.mark.parametrize("name", TaxRulesName)
def test_rules_tell_gains_lot_by_lot(name: TaxRulesName) -> None:
    """
    5 @ 10 (2020) and 5 @ 30 (2024) · 6 sold for 120.00, dearest first -> 5 at −50.00 short, 1 at +10.00 long
    """
    lots = [
        Lot(Symbol("M"), Decimal(5), Decimal(10), date(2020, 1, 6)),
        Lot(Symbol("M"), Decimal(5), Decimal(30), date(2024, 1, 8)),
    ]
    sales = rules_of(name).lots_sold(
        Symbol("M"),
        lots,
        LotMethod.HIFO,
        quantity=Decimal(6),
        proceeds=Decimal(120),
        sold=date(2024, 7, 1),
    )
    told = [(sale.gain, sale.term) for sale in sales]
    assert told == [(Decimal(-50), Term.SHORT), (Decimal(10), Term.LONG)]


def test_somebody_of_whom_nothing_is_known_has_no_rules() -> None:
    anna = TaxOwner("Anna", TaxRulesName.US, year(100))
    situation = TaxSituation(owners={"Anna": anna})
    assert situation.owner("Anna") == anna
    assert situation.owner("Ben") == TaxOwner("Ben", TaxRulesName.NONE, year())


@pytest.mark.parametrize(
    "rates",
    [
        {"short": "-1"},
        {"long": "101"},
        {"offset_rate": "NaN"},
        {"loss_offset": "-1"},
    ],
)
def test_rates_that_no_tax_has_are_refused(rates: dict[str, str]) -> None:
    with pytest.raises(BadNumber) as refused:
        TaxRates(
            **{"short": Decimal(1), "long": Decimal(1)} | {k: Decimal(v) for k, v in rates.items()}
        )
    assert refused.value.field == next(iter(rates))


def test_losses_carried_in_have_no_sign() -> None:
    with pytest.raises(BadNumber):
        year(carried_long=-5)


_CENTS = st.integers(-1_000_000, 1_000_000).map(lambda cents: Decimal(cents) / 100)
_LOSSES = st.integers(0, 500_000).map(lambda cents: Decimal(cents) / 100)
_YEARS = st.builds(TaxYear, _CENTS, _CENTS, _LOSSES, _LOSSES)
_RATES = st.builds(
    TaxRates,
    st.integers(0, 50).map(Decimal),
    st.integers(0, 50).map(Decimal),
    st.sampled_from((Decimal(0), Decimal(1500), Decimal(3000))),
    st.integers(0, 50).map(Decimal),
)


@given(_YEARS, _RATES, _LOSSES, _LOSSES)
def test_more_gains_never_mean_less_tax(
    this: TaxYear, rates: TaxRates, short: Decimal, long: Decimal
) -> None:
    assert estimate(US, this, rates, short, long) >= 0


@given(_YEARS, _RATES, _CENTS, _CENTS)
def test_no_credit_goes_beyond_the_tax_there_was_and_the_offset(
    this: TaxYear, rates: TaxRates, short: Decimal, long: Decimal
) -> None:
    most = rates.loss_offset * rates.offset_rate / 100
    before = max(US.tax(this, rates), Decimal(0))
    assert estimate(US, this, rates, short, long) >= -before - most


@given(_YEARS, _RATES)
def test_every_dollar_lost_is_used_this_year_or_carried(this: TaxYear, rates: TaxRates) -> None:
    after = US.carried_after(this, rates)
    lost = max(-(this.net_short + this.net_long), Decimal(0))
    carried = after.carried_short + after.carried_long
    assert carried == lost - min(lost, rates.loss_offset)
    assert after.carried_short <= max(-this.net_short, Decimal(0))
    assert after.carried_long <= max(-this.net_long, Decimal(0))
