"""Harvests: which losses count now, what stands in, and that nothing of a plan is washed.

Rules: IRS Publication 550, "Wash Sales": a loss is disallowed where substantially identical stock is bought within 30
days before or after the sale, share by share, in an account of one's own, of one's spouse, or in an IRA.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from core.domain.harvest import HarvestTerms, WayBack, pairs_of, ways_back_again
from core.domain.ids import Symbol
from core.domain.lots import Lot, LotMethod
from core.domain.plan import LegKey, Plan, PlanAccount, PlanRequest, Reason, ReasonCode, Side
from core.domain.policy import FILE_DEFAULTS, Direction, Outside, Reserve
from core.domain.portfolio import Holdings, TaxTreatment
from core.domain.targets import TargetAllocation, TargetLine
from core.domain.tax import (
    Acquisition,
    Equivalents,
    LossSale,
    TaxOwner,
    TaxRulesName,
    TaxSituation,
    TaxYear,
)
from core.planning.harvest import harvest
from core.planning.switch_back import switch_back
from tests.planning.cases import with_account

VTI, ITOT, SCHB, BND = map(Symbol, ("VTI", "ITOT", "SCHB", "BND"))
TODAY = date(2024, 6, 3)
OLD, NEW = date(2020, 1, 6), date(2024, 3, 4)
PRICES = {VTI: Decimal(100), ITOT: Decimal(50), SCHB: Decimal(25), BND: Decimal(80)}
KEEPING = replace(FILE_DEFAULTS, outside=Outside.KEEP)
FIFO = frozenset({LotMethod.FIFO})


def lot(symbol: Symbol, quantity: str | int, cost: int | None, acquired: date | None) -> Lot:
    name = f"{symbol} {acquired} {cost}"
    basis = None if cost is None else Decimal(cost)
    return Lot(symbol, Decimal(quantity), basis, acquired, name)


def us(**changes: Any) -> TaxSituation:
    owner = TaxOwner("", TaxRulesName.US, changes.pop("year", TaxYear()))
    return TaxSituation(today=TODAY, owners={"": owner}, **changes)


def request(
    *lots: Lot,
    cash: str = "0",
    account: dict[str, Any] | None = None,
    tax: TaxSituation | None = None,
    targets: str = "VTI|ITOT|SCHB 60 BND 40",
    **policy: Any,
) -> PlanRequest:
    """An account that holds what its lots say."""
    positions: dict[Symbol, Decimal] = {}
    for each in lots:
        positions[each.symbol] = positions.get(each.symbol, Decimal(0)) + each.quantity
    words = targets.split()
    lines = tuple(
        TargetLine(
            Symbol(names.split("|")[0]),
            Decimal(weight),
            substitutes=tuple(map(Symbol, names.split("|")[1:])),
        )
        for names, weight in zip(words[::2], words[1::2], strict=True)
    )
    own = PlanAccount(Holdings(Decimal(cash), positions), lots=lots, **(account or {}))
    return PlanRequest(
        (own,),
        PRICES,
        TargetAllocation(lines),
        replace(FILE_DEFAULTS, **policy),
        tax=us() if tax is None else tax,
    )


def traded(plan: Plan) -> Any:
    return [(t.side.value, t.symbol, t.quantity) for t in plan.trades]


def numbers(*values: Any) -> Any:
    return values


def why(plan: Plan, symbol: Symbol = VTI) -> Reason:
    return next(skip.reason for skip in plan.skipped if skip.symbol == symbol)


def terms(least: int = 0, percent: int = 0, *coming: Symbol) -> HarvestTerms:
    return HarvestTerms(Decimal(least), Decimal(percent), frozenset(coming))


LOSING = lot(VTI, 10, 120, OLD)
GAINED = lot(VTI, 30, 60, OLD - timedelta(days=30))
BONDS = lot(BND, 25, 80, OLD)


# --- what is harvested ---------------------------------------------------------------------------


def test_a_lot_that_lost_is_sold_and_its_first_substitute_bought_for_the_same_money() -> None:
    """VTI 10 @ 100, bought at 120 in 2020 -> sell 10 VTI, buy 20 ITOT @ 50; long-term loss 200."""
    plan = harvest(request(LOSING, BONDS), terms(200, 5))
    assert traded(plan) == [("sell", VTI, 10), ("buy", ITOT, 20)]
    (realised,) = plan.realised
    assert numbers(realised.short_gain, realised.long_gain, realised.washed) == (0, -200, 0)
    assert plan.reason.values["amount"] == 200
    assert plan.before.line(VTI).weight == plan.after.weights[VTI]
    assert [pair.purchase.symbol for pair in pairs_of(plan)] == [ITOT]


def test_only_the_lots_that_lost_are_sold_where_they_can_be_chosen() -> None:
    plan = harvest(request(GAINED, LOSING, BONDS), terms(200, 5))
    assert [numbers(part.lot, part.gain) for part in plan.sells[0].lots] == [(LOSING, -200)]


def test_first_in_first_out_reaches_no_lot_behind_one_that_gained() -> None:
    plan = harvest(request(GAINED, LOSING, BONDS, account={"lot_methods": FIFO}), terms(200, 5))
    assert plan.trades == ()
    assert why(plan).code is ReasonCode.LOTS_IN_FRONT
    assert not plan.needed


def test_shares_without_a_lot_stand_in_front_under_first_in_first_out() -> None:
    wanted = request(LOSING, BONDS, account={"lot_methods": FIFO})
    more = with_account(wanted, holdings=Holdings(Decimal(0), {VTI: Decimal(11), BND: Decimal(25)}))
    assert why(harvest(more, terms())).code is ReasonCode.LOTS_IN_FRONT
    assert traded(harvest(wanted, terms())) == [("sell", VTI, 10), ("buy", ITOT, 20)]


def test_the_loss_of_a_position_counts_together_and_the_percentage_lot_by_lot() -> None:
    """Losses of 100 and 100 (10 %), and of 20 (2 %): together 200 of those that lost enough."""
    lots = (
        lot(VTI, 10, 110, OLD),
        lot(VTI, 10, 110, NEW),
        lot(VTI, 10, 102, date(2022, 1, 4)),
    )
    assert traded(harvest(request(*lots, BONDS), terms(200, 5)))[0] == ("sell", VTI, 20)
    assert why(harvest(request(*lots, BONDS), terms(201, 5))).code is ReasonCode.LOSS_TOO_SMALL


def test_the_largest_loss_says_why_nothing_is_harvested() -> None:
    plan = harvest(request(LOSING, lot(BND, 10, 81, OLD)), terms(500))
    assert (plan.reason.code, plan.reason.symbol) == (ReasonCode.LOSS_TOO_SMALL, VTI)
    assert plan.reason.values["amount"] == 200
    nothing = harvest(request(GAINED, BONDS), terms(500))
    assert nothing.reason.code is ReasonCode.NO_LOSS


def test_an_ira_and_a_person_without_rules_harvest_nothing() -> None:
    ira = harvest(request(LOSING, account={"treatment": TaxTreatment.TAX_DEFERRED}), terms())
    assert why(ira).code is ReasonCode.NOT_TAXABLE
    none = harvest(request(LOSING, tax=TaxSituation(today=TODAY)), terms())
    assert why(none).code is ReasonCode.NO_TAX_RULES


def test_what_policy_or_the_broker_forbids_is_not_harvested() -> None:
    def code(**changes: Any) -> ReasonCode:
        plan = harvest(request(LOSING, BONDS, **changes), terms())
        assert plan.trades == ()
        return why(plan).code

    assert code(do_not_sell=frozenset({VTI})) is ReasonCode.DO_NOT_SELL
    assert code(direction=Direction.BUY_ONLY) is ReasonCode.BUY_ONLY
    assert code(direction=Direction.SELL_ONLY) is ReasonCode.SELL_ONLY
    assert code(account={"held": frozenset({VTI})}) is ReasonCode.UNSETTLED
    assert code(account={"untradable": frozenset({VTI})}) is ReasonCode.NOT_TRADABLE
    assert code(turnover_limit=Decimal(50)) is ReasonCode.CAPPED
    assert code(min_trade=Decimal(1001)) is ReasonCode.PAIR_TOO_SMALL
    assert code(targets="VTI 60 BND 40") is ReasonCode.NO_SUBSTITUTE


def test_no_more_is_sold_than_the_account_holds_whatever_its_lots_say() -> None:
    wanted = with_account(
        request(LOSING, BONDS), holdings=Holdings(Decimal(0), {VTI: Decimal(4), BND: Decimal(25)})
    )
    assert traded(harvest(wanted, terms())) == [("sell", VTI, 4), ("buy", ITOT, 8)]


# --- the saving ----------------------------------------------------------------------------------


def test_the_saving_is_this_years_tax_without_the_harvest_less_the_tax_with_it() -> None:
    """Short gain 500 so far; lost 4,804 short and 400 long: 500 at 24 % = 120 saved.

    Of the net loss of 4,704 the law sets 3,000 against other income (IRC § 1211(b)); 1,704 are carried over.
    """
    lots = (lot(VTI, "24.02", 300, NEW), lot(VTI, 4, 200, OLD))
    wanted = request(
        *lots,
        tax=us(year=TaxYear(short=Decimal(500))),
        account={"fractionable": frozenset(PRICES)},
        fractional="on",
    )
    plan = harvest(wanted, terms())
    values = plan.reason.values
    assert numbers(values["short"], values["long"]) == (4804, 400)
    assert numbers(values["saved"], values["carried"]) == (120, 1704)
    assert values["offset"] == 3000
    assert plan.tax == -120
    counted = replace(wanted.policy, loss_offset=Decimal(3000))
    values = harvest(replace(wanted, policy=counted), terms()).reason.values
    assert numbers(values["saved"], values["offset"]) == (840, 0)


def test_a_pair_must_save_the_policys_times_what_it_costs() -> None:
    """Loss 200 long-term at 15 %: worth 30; two trades at 9 cost 18."""
    cheap = request(LOSING, BONDS, commission=Decimal(9), worth=Decimal(1), cash="100")
    assert harvest(cheap, terms()).trades
    dear = replace(cheap, policy=replace(cheap.policy, worth=Decimal(2)))
    reason = why(harvest(dear, terms()))
    assert reason.code is ReasonCode.SAVES_TOO_LITTLE
    assert numbers(reason.values["cost"], reason.values["saved"]) == (18, Decimal("31.35"))
    untaxed = replace(dear.policy, tax_short=Decimal(0), tax_long=Decimal(0))
    assert harvest(replace(dear, policy=untaxed), terms()).trades


# --- wash sales ----------------------------------------------------------------------------------


def bought(days: int, symbol: Symbol = VTI, quantity: int = 1, account: str = "IRA") -> Any:
    day = TODAY - timedelta(days=days)
    return Acquisition(symbol, Decimal(quantity), day, account, TaxTreatment.TAX_DEFERRED)


def test_a_purchase_within_thirty_days_anywhere_in_the_household_forbids_it() -> None:
    """Publication 550: 30 days before the sale; the 31st counts no more. A spouse's IRA counts too."""
    near = harvest(request(LOSING, BONDS, tax=us(acquisitions=(bought(30),))), terms())
    assert near.trades == ()
    assert (why(near).code, why(near).until) == (
        ReasonCode.RECENTLY_BOUGHT,
        TODAY + timedelta(days=1),
    )
    assert why(near).values["shares"] == 1
    assert harvest(request(LOSING, BONDS, tax=us(acquisitions=(bought(31),))), terms()).trades


def test_a_purchase_of_what_counts_as_the_same_forbids_it_too() -> None:
    vtsax = Symbol("VTSAX")
    tax = us(acquisitions=(bought(5, vtsax),), equivalents=Equivalents.of(("VTI", "VTSAX")))
    assert why(harvest(request(LOSING, BONDS, tax=tax), terms())).code is (
        ReasonCode.RECENTLY_BOUGHT
    )


def test_shares_bought_of_late_are_sold_with_the_old_ones_where_they_lost_as_well() -> None:
    """A reinvested dividend bought 1 VTI at 101 ten days ago: sold too, nothing of it is left to replace others."""
    late = TODAY - timedelta(days=10)
    dividend = lot(VTI, 1, 101, late)
    tax = us(acquisitions=(Acquisition(VTI, Decimal(1), late, ""),))
    plan = harvest(request(LOSING, dividend, BONDS, tax=tax), terms(200, 5))
    assert traded(plan) == [("sell", VTI, 11), ("buy", ITOT, 22)]
    assert plan.realised[0].washed == 0
    gained = lot(VTI, 1, 99, late)
    kept = harvest(request(LOSING, gained, BONDS, tax=tax), terms(200, 5))
    assert why(kept).code is ReasonCode.RECENTLY_BOUGHT


def test_what_an_open_plan_is_about_to_buy_is_not_harvested() -> None:
    plan = harvest(request(LOSING, BONDS), terms(0, 0, VTI))
    assert why(plan).code is ReasonCode.BOUGHT_SOON


def test_a_substitute_sold_at_a_loss_of_late_or_the_same_as_what_is_sold_is_passed_over() -> None:
    sale = LossSale(ITOT, Decimal(3), TODAY - timedelta(days=4), Decimal(9), "other")
    plan = harvest(request(LOSING, BONDS, tax=us(loss_sales=(sale,))), terms())
    assert traded(plan) == [("sell", VTI, 10), ("buy", SCHB, 40)]
    same = us(equivalents=Equivalents.of(("VTI", "ITOT")))
    assert traded(harvest(request(LOSING, BONDS, tax=same), terms()))[1][1] == SCHB
    both = us(loss_sales=(sale,), equivalents=Equivalents.of(("VTI", "SCHB")))
    none = harvest(request(LOSING, BONDS, tax=both), terms())
    assert (why(none).code, why(none).until) == (
        ReasonCode.SUBSTITUTE_BARRED,
        TODAY + timedelta(days=27),
    )


def test_a_substitute_without_price_or_that_is_not_traded_is_passed_over() -> None:
    wanted = request(LOSING, BONDS)
    prices = {symbol: price for symbol, price in PRICES.items() if symbol != ITOT}
    assert traded(harvest(replace(wanted, prices=prices), terms()))[1][1] == SCHB
    barred = with_account(wanted, untradable=frozenset({ITOT}))
    assert traded(harvest(barred, terms()))[1][1] == SCHB
    unwanted = replace(wanted, policy=replace(wanted.policy, do_not_buy=frozenset({ITOT})))
    assert traded(harvest(unwanted, terms()))[1][1] == SCHB


def test_two_losses_of_one_line_do_not_replace_each_other() -> None:
    """VTI lost 200 and ITOT 100: ITOT is not bought for VTI if it is sold at a loss, nor the other way."""
    plan = harvest(request(LOSING, lot(ITOT, 10, 60, OLD), BONDS), terms())
    assert plan.realised[0].washed == 0
    sold = {trade.symbol for trade in plan.sells}
    assert sold.isdisjoint(trade.symbol for trade in plan.buys)


def test_a_loss_in_the_substitute_is_harvested_into_the_lines_own_symbol() -> None:
    plan = harvest(request(lot(ITOT, 10, 60, OLD), BONDS), terms())
    assert traded(plan) == [("sell", ITOT, 10), ("buy", VTI, 5)]


# --- sizes, caps and edits -----------------------------------------------------------------------


def test_money_that_is_not_there_buys_fewer_and_never_overdraws() -> None:
    """VTI 10 @ 100 bring 994.50 after a spread of 110 bp; 19 ITOT cost 955.23, 20 would cost 1,005.50."""
    plan = harvest(request(LOSING, BONDS, spread_bps=Decimal(110)), terms())
    assert traded(plan)[1] == ("buy", ITOT, 19)
    assert plan.after.cash >= 0
    rich = harvest(request(LOSING, BONDS, spread_bps=Decimal(110), cash="100"), terms())
    assert traded(rich)[1] == ("buy", ITOT, 20)
    kept = request(
        LOSING, BONDS, spread_bps=Decimal(110), cash="100", cash_reserve=Reserve(Decimal(100))
    )
    assert traded(harvest(kept, terms()))[1] == ("buy", ITOT, 19)


def test_caps_shrink_both_legs_of_a_pair_or_drop_both() -> None:
    wanted = request(LOSING, BONDS)
    sale, purchase = LegKey(VTI, Side.SELL), LegKey(ITOT, Side.BUY)

    def capped(sold: int, got: int) -> Any:
        caps = {sale: Decimal(sold), purchase: Decimal(got)}
        return traded(harvest(replace(wanted, caps=caps), terms()))

    assert capped(5, 20) == [("sell", VTI, 5), ("buy", ITOT, 10)]
    assert capped(10, 8) == [("sell", VTI, 4), ("buy", ITOT, 8)]
    assert capped(10, 0) == capped(0, 20) == []


# --- the way back --------------------------------------------------------------------------------


def way(quantity: int = 20, most_tax: int | None = None) -> WayBack:
    return WayBack(
        "", ITOT, VTI, Decimal(quantity), (), None if most_tax is None else Decimal(most_tax)
    )


STOOD_IN = lot(ITOT, 20, 48, TODAY - timedelta(days=31))


def test_the_substitute_is_sold_and_the_lines_own_symbol_bought_again() -> None:
    plan = switch_back(request(STOOD_IN, BONDS), (way(),))
    assert traded(plan) == [("sell", ITOT, 20), ("buy", VTI, 10)]
    assert plan.reason.code is ReasonCode.SWITCH_BACK
    (again,) = ways_back_again(plan)
    assert numbers(again.held, again.wanted, again.quantity) == (ITOT, VTI, 20)


def test_what_has_no_price_is_not_switched() -> None:
    wanted = request(STOOD_IN, BONDS, targets="VTI 60 BND 40")
    prices = {symbol: price for symbol, price in PRICES.items() if symbol != ITOT}
    plan = switch_back(replace(wanted, prices=prices, policy=KEEPING), (way(),))
    assert why(plan, ITOT).code is ReasonCode.NOT_TRADABLE


def test_it_waits_while_the_purchase_would_wash_the_loss() -> None:
    loss = LossSale(VTI, Decimal(10), TODAY - timedelta(days=30), Decimal(200), "")
    plan = switch_back(request(STOOD_IN, BONDS, tax=us(loss_sales=(loss,))), (way(),))
    assert plan.trades == ()
    assert why(plan, ITOT).until == TODAY + timedelta(days=1)


def test_it_is_not_switched_where_the_tax_is_more_than_the_loss_was_worth() -> None:
    """20 ITOT bought at 48, now 50: short-term gain 40, taxed with 9.60."""
    wanted = request(STOOD_IN, BONDS)
    assert switch_back(wanted, (way(most_tax=10),)).trades
    plan = switch_back(wanted, (way(most_tax=9),))
    assert why(plan, ITOT).code is ReasonCode.SWITCH_TAXED
    assert why(plan, ITOT).values["cost"] == Decimal("9.60")


def test_a_loss_on_the_way_back_waits_until_it_counts() -> None:
    """Of 21 ITOT at a loss one was bought ten days ago, and is kept: it would replace one of the others."""
    late = TODAY - timedelta(days=10)
    lots = (lot(ITOT, 20, 55, TODAY - timedelta(days=31)), lot(ITOT, 1, 45, late))
    tax = us(acquisitions=(Acquisition(ITOT, Decimal(1), late, ""),))
    account = {"lot_methods": frozenset({LotMethod.SPECIFIC})}
    chosen = replace(way(), lots=(lots[0].name,))
    plan = switch_back(request(*lots, BONDS, tax=tax, account=account), (chosen,))
    assert (why(plan, ITOT).code, why(plan, ITOT).until) == (
        ReasonCode.RECENTLY_BOUGHT,
        late + timedelta(days=31),
    )


# --- properties ----------------------------------------------------------------------------------

days = st.integers(0, 500).map(lambda ago: TODAY - timedelta(days=ago))
symbols = st.sampled_from([VTI, ITOT, SCHB])


@st.composite
def situations(draw: st.DrawFn) -> PlanRequest:
    """Two accounts of one household, of which one may be retirement money, with lots, purchases and losses."""
    accounts, recent = [], []
    for name in ("a", "b"):
        lots = tuple(
            Lot(
                draw(symbols),
                Decimal(draw(st.integers(1, 40))),
                Decimal(draw(st.integers(10, 200))),
                draw(days),
                f"{name}{number}",
            )
            for number in range(draw(st.integers(0, 3)))
        )
        treatment = draw(st.sampled_from([TaxTreatment.TAXABLE, TaxTreatment.TAX_DEFERRED]))
        recent += [
            Acquisition(each.symbol, each.quantity, each.acquired, name, treatment)
            for each in lots
            if each.acquired is not None and each.acquired >= TODAY - timedelta(days=30)
        ]
        positions: dict[Symbol, Decimal] = {BND: Decimal(5)}
        for each in lots:
            positions[each.symbol] = positions.get(each.symbol, Decimal(0)) + each.quantity
        methods = draw(st.sampled_from([FIFO, frozenset(LotMethod)]))
        cash = Decimal(draw(st.integers(0, 300)))
        accounts.append(PlanAccount(Holdings(cash, positions), name, treatment, "", lots, methods))
    losses = tuple(
        LossSale(
            draw(symbols),
            Decimal(2),
            TODAY - timedelta(days=draw(st.integers(0, 30))),
            Decimal(5),
            "a",
        )
        for _ in range(draw(st.integers(0, 1)))
    )
    same = draw(st.sampled_from([Equivalents(), Equivalents.of(("VTI", "SCHB"))]))
    base = request(
        spread_bps=Decimal(draw(st.sampled_from([0, 30]))),
        commission=Decimal(draw(st.sampled_from([0, 2]))),
        cash_reserve=Reserve(Decimal(draw(st.sampled_from([0, 150])))),
        tax=us(acquisitions=tuple(recent), loss_sales=losses, equivalents=same),
    )
    return replace(base, accounts=tuple(accounts))


@given(situations(), st.sampled_from([0, 50]))
def test_no_harvest_is_washed_overdraws_or_changes_what_a_line_is_worth(
    wanted: PlanRequest, least: int
) -> None:
    plan = harvest(wanted, terms(least))
    treatments = {account.name: account.treatment for account in wanted.accounts}
    cash = {account.name: account.cash for account in wanted.accounts}
    assert all(each.washed == 0 for each in plan.realised)
    assert not [note for note in plan.notes if note.code is ReasonCode.WASHES]
    assert len({trade.key for trade in plan.trades}) == len(plan.trades)
    pairs = pairs_of(plan)
    assert len(pairs) * 2 == len(plan.trades)
    for pair in pairs:
        sale, purchase = pair.sale, pair.purchase
        assert sale.account == purchase.account
        assert treatments[sale.account] is TaxTreatment.TAXABLE
        assert not wanted.tax.equivalents.are_same(sale.symbol, purchase.symbol)
        assert all(part.gain is not None and part.gain < 0 for part in sale.lots)
        cost = sale.cost + purchase.cost
        assert abs(sale.value - purchase.value) <= purchase.price + cost
        cash[sale.account] += sale.value - purchase.value - cost
    before = sum((account.cash for account in wanted.accounts), Decimal(0))
    reserve = wanted.policy.cash_reserve.of(plan.before.total)
    assert min(cash.values()) >= 0
    assert plan.after.cash >= min(reserve, before)
