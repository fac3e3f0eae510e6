"""What taxes say of a plan: what may not be traded because of them, which lots sales take, what that realises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import takewhile

from core.domain.ids import Symbol
from core.domain.lots import (
    Lot,
    LotMethod,
    LotSale,
    Term,
    counted_as,
    long_term_from,
    lot_order,
    quantity_of,
)
from core.domain.money import ZERO
from core.domain.plan import PlanAccount, PlanRequest, Realised, Reason, ReasonCode, Side, Trade
from core.domain.policy import Outside, Policy, WashRule
from core.domain.portfolio import TaxTreatment
from core.domain.tax import (
    Acquisition,
    LossSale,
    TaxOwner,
    TaxRates,
    TaxRulesName,
    estimate,
    free_to_buy_from,
    rules_of,
    would_wash,
)

CHOOSES = frozenset({LotMethod.HIFO, LotMethod.MIN_TAX, LotMethod.SPECIFIC})
"""The methods that can leave a lot out; the others must sell what comes first."""


@dataclass(frozen=True, slots=True)
class SaleLimit:
    """How many shares of a position taxes let a plan sell; why not more, and until when."""

    shares: Decimal
    why: ReasonCode | None = None
    until: date | None = None


def rates_of(policy: Policy) -> TaxRates:
    """The rates that a policy sets; a net loss saves other income's tax at the short rate."""
    return TaxRates(policy.tax_short, policy.tax_long, policy.loss_offset, policy.tax_short)


def owner_of(request: PlanRequest, account: PlanAccount) -> TaxOwner:
    """Whose taxes an account's gains count for."""
    return request.tax.owner(account.tax_owner)


def is_taxed(request: PlanRequest, account: PlanAccount) -> bool:
    """Whether gains in an account are taxed when they are realised."""
    return (
        account.treatment is TaxTreatment.TAXABLE
        and owner_of(request, account).rules is not TaxRulesName.NONE
    )


def method_of(policy: Policy, account: PlanAccount) -> LotMethod:
    """The lot method of a policy where the account's broker has it; otherwise first in, first out."""
    return policy.lot_method if policy.lot_method in account.lot_methods else LotMethod.FIFO


def has_sale_limits(policy: Policy) -> bool:
    """Whether a policy can keep taxes from letting all of a position be sold; see ``sale_limit``."""
    return policy.defer_days > 0 or policy.outside is Outside.SELL_WITHOUT_GAIN


def _method_for(request: PlanRequest, account: PlanAccount, lots: Sequence[Lot]) -> LotMethod:
    """The method for one position: lots that are named go first, where the broker can be told so."""
    if LotMethod.SPECIFIC in account.lot_methods and _prefer(account, lots):
        return LotMethod.SPECIFIC
    return method_of(request.policy, account)


def _prefer(account: PlanAccount, lots: Sequence[Lot]) -> tuple[str, ...]:
    named = {lot.name for lot in lots}
    return tuple(name for name in account.lots_first if name in named)


def sale_limit(
    request: PlanRequest, account: PlanAccount, symbol: Symbol, price: Decimal
) -> SaleLimit:
    """How much of a position may be sold without the lots that the policy defers, or that have gained and must not.

    Where the method cannot leave a lot out, the sale ends before the first of these.
    """
    held = account.quantity(symbol)
    if not (_defers(request, account) or _must_not_gain(request, symbol)):
        return SaleLimit(held)
    lots = lots_of(account, symbol)
    free = _free_lots(request, account, lots, price)
    barred = [lot for lot in lots if lot not in free]
    if not barred:
        return SaleLimit(held)
    why = _barred(request, account, barred[0], price)
    dates = [long_term_from(lot.acquired) for lot in barred if lot.acquired is not None]
    until = min(dates, default=None) if why is ReasonCode.DEFERRED else None
    return SaleLimit(quantity_of(free), why, until)


def lots_of(account: PlanAccount, symbol: Symbol) -> tuple[Lot, ...]:
    """A position's lots; what no lot covers is one of unknown date and basis."""
    lots = tuple(lot for lot in account.lots if lot.symbol == symbol and lot.quantity > ZERO)
    rest = account.quantity(symbol) - quantity_of(lots)
    return (*lots, Lot(symbol, rest)) if rest > ZERO else lots


def _free_lots(
    request: PlanRequest, account: PlanAccount, lots: Sequence[Lot], price: Decimal
) -> tuple[Lot, ...]:
    """The lots that a sale may take."""
    method = _method_for(request, account, lots)
    if method in CHOOSES:
        return tuple(lot for lot in lots if _barred(request, account, lot, price) is None)
    ordered = lot_order(lots, method, sold=request.tax.today or date.max, price=price)
    return tuple(takewhile(lambda lot: _barred(request, account, lot, price) is None, ordered))


def _defers(request: PlanRequest, account: PlanAccount) -> int:
    is_on = request.tax.today is not None and is_taxed(request, account)
    return request.policy.defer_days if is_on else 0


def _must_not_gain(request: PlanRequest, symbol: Symbol) -> bool:
    is_kept = request.policy.outside is Outside.SELL_WITHOUT_GAIN
    return is_kept and symbol not in request.targets.served_by


def _barred(
    request: PlanRequest, account: PlanAccount, lot: Lot, price: Decimal
) -> ReasonCode | None:
    """Why a lot is not to be sold now; None where it may."""
    if _must_not_gain(request, lot.symbol):
        has_gained = lot.cost_per_share is None or lot.cost_per_share < price
        return ReasonCode.HAS_GAINED if has_gained else None
    days = _defers(request, account)
    today = request.tax.today
    if not days or today is None or lot.acquired is None:
        return None
    if lot.cost_per_share is not None and lot.cost_per_share >= price:
        return None
    turns = long_term_from(lot.acquired)
    return ReasonCode.DEFERRED if today < turns <= today + timedelta(days=days) else None


def free_from(request: PlanRequest, symbol: Symbol) -> date | None:
    """From when a purchase washes no loss of the household any more; None where it may be made now.

    Purchases in every account count, retirement accounts too.
    """
    tax = request.tax
    if tax.today is None or request.policy.wash is WashRule.OFF or not _has_rules(request):
        return None
    return free_to_buy_from(symbol, tax.loss_sales, tax.equivalents, tax.today)


def _has_rules(request: PlanRequest) -> bool:
    return any(
        owner_of(request, account).rules is not TaxRulesName.NONE for account in request.accounts
    )


def blocks(request: PlanRequest, symbol: Symbol) -> bool:
    """Whether the policy forbids a purchase now, because it would wash a loss."""
    return request.policy.wash is WashRule.BLOCK and free_from(request, symbol) is not None


# --- what a plan realises ------------------------------------------------------------------------


def with_lots(request: PlanRequest, trades: Sequence[Trade]) -> tuple[Trade, ...]:
    """The trades, each sale with the lots that it takes, where anything is known of them."""
    accounts = {account.name: account for account in request.accounts}
    taxed = {name for name, account in accounts.items() if is_taxed(request, account)}
    if not taxed and not any(account.lots for account in request.accounts):
        return tuple(trades)
    return tuple(
        trade
        if trade.side is Side.BUY
        else _with_lots(request, accounts[trade.account], trade, is_taxed=trade.account in taxed)
        for trade in trades
    )


def _with_lots(
    request: PlanRequest, account: PlanAccount, trade: Trade, *, is_taxed: bool
) -> Trade:
    if not (is_taxed or any(lot.symbol == trade.symbol for lot in account.lots)):
        return trade
    proceeds = trade.value - trade.cost
    taken = lots_sold(request, account, trade.symbol, trade.quantity, trade.price, proceeds)
    return replace(trade, lots=taken)


def lots_sold(
    request: PlanRequest,
    account: PlanAccount,
    symbol: Symbol,
    quantity: Decimal,
    price: Decimal,
    proceeds: Decimal,
) -> tuple[LotSale, ...]:
    """What a sale takes from which lots of a position, by the rules of whoever is taxed for it."""
    lots = lots_of(account, symbol)
    free = _free_lots(request, account, lots, price)
    taken = rules_of(owner_of(request, account).rules).lots_sold(
        symbol,
        free,
        _method_for(request, account, free),
        quantity=quantity,
        proceeds=proceeds,
        sold=request.tax.today or date.max,
        prefer=_prefer(account, free),
    )
    if request.tax.today is None:
        return tuple(replace(sale, term=Term.UNKNOWN) for sale in taken)
    return taken


def realise(request: PlanRequest, trades: Sequence[Trade]) -> tuple[Realised, ...]:
    """What sales with their lots realise, for each tax owner in the order of their names.

    Sales in tax-deferred and tax-free accounts realise nothing that is taxed.
    """
    accounts = {account.name: account for account in request.accounts}
    sales: dict[str, list[tuple[str, LotSale]]] = {}
    for trade in trades:
        account = accounts[trade.account]
        if trade.lots and account.treatment is TaxTreatment.TAXABLE:
            sales.setdefault(account.tax_owner, []).extend(
                (trade.account, sale) for sale in trade.lots
            )
    return tuple(
        _realised(request, request.tax.owner(owner), sold, trades)
        for owner, sold in sorted(sales.items())
    )


def _realised(
    request: PlanRequest,
    owner: TaxOwner,
    sales: Sequence[tuple[str, LotSale]],
    trades: Sequence[Trade],
) -> Realised:
    gains = {Term.SHORT: ZERO, Term.LONG: ZERO}
    for _, sale in sales:
        gains[_counted(sale)] += sale.gain or ZERO
    undated = sum((abs(sale.gain or ZERO) for _, sale in sales if sale.term is Term.UNKNOWN), ZERO)
    unknown = sum((sale.proceeds for _, sale in sales if sale.gain is None), ZERO)
    washed, lost = _washed(request, owner, sales, trades)
    short, long = (gains[term] + washed.get(term, ZERO) for term in (Term.SHORT, Term.LONG))
    is_known = not unknown and (request.tax.today is not None or not undated)
    tax = None
    if is_known and owner.rules is not TaxRulesName.NONE:
        rules, rates = rules_of(owner.rules), rates_of(request.policy)
        tax = estimate(rules, owner.year, rates, short, long)
    return Realised(
        owner.name, short, long, tax, unknown, sum(washed.values(), ZERO), undated, lost
    )


def _counted(sale: LotSale) -> Term:
    return counted_as(sale.term, sale.gain or ZERO)


def _washed(
    request: PlanRequest,
    owner: TaxOwner,
    sales: Sequence[tuple[str, LotSale]],
    trades: Sequence[Trade],
) -> tuple[dict[Term, Decimal], Decimal]:
    """The part of an owner's losses that recent purchases and those of the plan itself wash, by term.

    And what of it is lost for good, because the purchase was in a retirement account (Revenue Ruling 2008-5).
    """
    today = request.tax.today
    if today is None:
        return {}, ZERO
    losses = {
        LossSale(
            sale.lot.symbol, sale.quantity, today, -sale.gain, account, sale.lot.acquired
        ): _counted(sale)
        for account, sale in sales
        if sale.gain is not None and sale.gain < ZERO
    }
    treatments = {account.name: account.treatment for account in request.accounts}
    bought = [
        Acquisition(trade.symbol, trade.quantity, today, trade.account, treatments[trade.account])
        for trade in trades
        if trade.side is Side.BUY
    ]
    washes = rules_of(owner.rules).washes(
        losses, (*request.tax.acquisitions, *bought), request.tax.equivalents
    )
    found: dict[Term, Decimal] = {}
    for wash in washes:
        term = losses[wash.sale]
        found[term] = found.get(term, ZERO) + wash.disallowed
    lost = sum((wash.disallowed for wash in washes if not wash.is_added_to_basis), ZERO)
    return found, lost


def _falls_back(request: PlanRequest, trades: Sequence[Trade]) -> bool:
    """Whether a sale chooses among several lots, by another method than the policy's: its broker has only that."""
    return any(
        trade.side is Side.SELL and trade.account == account.name and len(lots) > 1
        for account in request.accounts
        if account.lots and request.policy.lot_method not in account.lot_methods
        for trade in trades
        if (lots := [lot for lot in account.lots if lot.symbol == trade.symbol])
    )


def notes_on(
    request: PlanRequest, trades: Sequence[Trade], realised: Sequence[Realised]
) -> tuple[Reason, ...]:
    """What must be said of a plan's taxes beside its numbers: losses that would not count, what nobody knows."""
    notes, today = [], request.tax.today
    buys = [] if today is None else [trade for trade in trades if trade.side is Side.BUY]
    for trade in buys:
        until = free_from(request, trade.symbol)
        if until is not None and today is not None:
            lost = would_wash(
                trade.symbol,
                trade.quantity,
                today,
                request.tax.loss_sales,
                request.tax.equivalents,
            )
            notes.append(Reason(ReasonCode.WASHES, trade.symbol, {"amount": lost}, until))
    if _falls_back(request, trades):
        notes.append(Reason(ReasonCode.ONLY_FIFO))
    for each in realised:
        if each.washed:
            amounts = {"amount": each.washed} | ({"lost": each.lost} if each.lost else {})
            notes.append(Reason(ReasonCode.LOSS_WASHED, None, amounts))
        if each.unknown and request.tax.owner(each.owner).rules is not TaxRulesName.NONE:
            notes.append(Reason(ReasonCode.BASIS_UNKNOWN, None, {"amount": each.unknown}))
        if each.undated and each.tax is not None:
            notes.append(Reason(ReasonCode.TERM_UNKNOWN, None, {"amount": each.undated}))
    return tuple(notes)
