"""The performance: value, money in and out, returns, costs, what was done by whom, and against never having traded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.performance_chart import Curves, performance_chart
from bot.telegram.html import bold, escape, shown_name
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.labels import capital, proposal_number, proposal_state
from bot.words.numbers import count, growth, listed, money, signed_money
from bot.words.times import date_of
from core.application.compare_left_alone import Comparison, Lack
from core.application.read_performance import Performance
from core.application.show_proposal import ProposalView
from core.domain.money import ZERO
from core.domain.performance import Period
from core.domain.proposal import DecisionKind, Proposal, ProposalState
from core.ports.store import Change

PERIODS: dict[Period, str] = {
    Period.MONTH: "1 month",
    Period.QUARTER: "3 months",
    Period.YEAR_TO_DATE: "this year",
    Period.YEAR: "1 year",
    Period.ALL: "since the beginning",
}
_LACKS: dict[Lack, str] = {
    Lack.NOT_SIMULATED: "Against never having traded: told of simulated money only.",
    Lack.NOT_INVESTED: "Against never having traded: nothing to compare yet.",
    Lack.NOTHING_TRADED: "Nothing was traded since: left alone it would be the same.",
    Lack.NO_CLOSES: "Against never having traded: there are no closes for it now.",
}
NOT_TOLD = (
    "Money that came or went at the broker is not told apart, so gains and returns are not known."
)
_DONE_SHOWN = 400
_MADE_WAY = frozenset({ProposalState.SUPERSEDED})
_ENDED_BY = {
    DecisionKind.REJECT: "rejected by",
    DecisionKind.OBJECT: "stopped by",
    DecisionKind.CANCEL: "taken back by",
    DecisionKind.STAY: "substitute kept by",
}
_NOT_CARRIED_OUT = frozenset({ProposalState.REJECTED, ProposalState.CANCELLED})


def performance_screen(
    found: Performance, period: Period, *, amounts: bool = True, dark: bool = False
) -> Screen:
    """A look back over a period, with its picture; without ``amounts`` it shows percentages only."""
    portfolio = found.managed.portfolio
    text = paragraphs(
        lines(head(found.managed, f"performance, {PERIODS[period]}"), _dates(found)),
        performance_text(found, amounts=amounts),
    )
    rows = (_periods(portfolio.id, period), (tap("📊 Status", "status", portfolio.id),))
    curves = Curves(found.span.valued, found.span.flows, portfolio.currency if amounts else None)
    if not curves.is_drawable:
        return Screen(text, rows)
    picture = performance_chart(curves, title=portfolio.name, subtitle=_subtitle(found), dark=dark)
    return Screen(text, rows, picture)


def _periods(portfolio_id: int, period: Period) -> tuple[Button, ...]:
    return tuple(
        tap(f"• {each.value} •" if each is period else each.value, "perf", portfolio_id, each.value)
        for each in Period
    )


def _dates(found: Performance) -> str:
    if found.began is None or found.ended is None:
        return ""
    first, last = found.span.values[0].session, found.span.values[-1].session
    return f"{date_of(first)} to {date_of(last)}"


def _subtitle(found: Performance) -> str:
    earned = found.by_time
    return "value" if earned is None else f"return {growth(earned)}"


def performance_text(found: Performance, *, amounts: bool = True) -> str:
    """What became of it, in short lines; complete without the picture."""
    if found.began is None or found.ended is None:
        return "No check in this time has measured a value."
    return paragraphs(
        lines(*value_lines(found, amounts=amounts)),
        lines(*returns(found), _meaning(found)),
        lines(*_costs(found, amounts=amounts)),
        _against(found, amounts=amounts),
        lines(
            *done(found.proposals, found.managed.portfolio.currency, amounts=amounts),
            changed(found.changes),
        ),
    )


def value_lines(found: Performance, *, amounts: bool = True, not_told: str = NOT_TOLD) -> list[str]:
    """The value before and at the end, and the gain apart from the money that came and went, where that is known."""
    began, ended, currency = found.began, found.ended, found.managed.portfolio.currency
    if began is None or ended is None or not amounts:
        return [] if found.moved is not None else [not_told]
    name = "When first looked at" if found.span.is_new else "Before"
    rows = [
        f"{name}: {money(began.value, currency)}",
        f"At its end: {bold(money(ended.value, currency))}",
    ]
    if found.moved is None or found.gain is None:
        return [*rows, not_told]
    moved = _moved(*found.moved, currency)
    gain = "Gain apart from that" if moved else "Gain"
    return [*rows, *moved, f"{gain}: {signed_money(found.gain, currency)}"]


def _moved(came: Decimal, went: Decimal, currency: str) -> list[str]:
    """What was paid in and taken out; nothing where nothing was."""
    paid = f"Paid in {money(came, currency)}" if came else ""
    taken = f"taken out {money(went, currency)}" if went else ""
    words = ", ".join(filter(None, (paid, taken)))
    return [capital(words)] if words else []


def returns(found: Performance) -> list[str]:
    """The return by time and that by money, where they are known."""
    return [
        *_return("Return by time", found, found.by_time),
        *_return("Return by money", found, found.by_money),
    ]


def _meaning(found: Performance) -> str:
    """What the two returns are, where they differ: where money came or went."""
    if not found.span.flows or found.by_time is None:
        return ""
    return "By time: as if no money had come or gone. By money: what each part earned while it was there."


def _return(name: str, found: Performance, earned: Decimal | None) -> list[str]:
    if earned is None:
        return []
    yearly = found.of_a_year(earned)
    each = "" if yearly is None else f" ({growth(yearly)} a year)"
    return [f"{name}: {bold(growth(earned))}{each}"]


def _costs(found: Performance, *, amounts: bool) -> list[str]:
    sold = count(found.sales_unknown, "sale")
    unknown = f"Of {sold} the gain is not known." if found.sales_unknown else ""
    if not amounts:
        return []
    currency = found.managed.portfolio.currency
    return [
        f"Costs of trading: {money(found.cost, currency)}",
        "" if found.realised is None else f"Realised: {signed_money(found.realised, currency)}",
        unknown,
        "" if found.tax is None else f"Tax expected of it: {money(found.tax, currency)}",
        *_income(found),
    ]


def _income(found: Performance) -> list[str]:
    """What is a part of the gain already."""
    if found.income is None:
        return ["Dividends: part of the gain, not told apart."]
    currency, told = found.managed.portfolio.currency, found.income
    more = [
        f"{name} {money(amount, currency)}"
        for name, amount in (("interest", told.interest), ("fees", told.fees))
        if amount
    ]
    return [" · ".join([f"Of the gain: dividends {money(told.dividends, currency)}", *more])]


def _against(found: Performance, *, amounts: bool) -> str:
    match found.against:
        case Comparison() as told:
            return _compared(told, found.managed.portfolio.currency, amounts=amounts)
        case Lack() as lack:
            return _LACKS[lack]
        case _:
            return ""


def _compared(told: Comparison, currency: str, *, amounts: bool) -> str:
    apart = told.difference / told.alone if told.alone > ZERO else None
    percent = "" if apart is None else growth(apart)
    rows = [bold("Against never having traded")]
    if amounts:
        rows += [
            f"As it is: {money(told.held, currency)}",
            f"Left alone: {money(told.alone, currency)}",
            f"Trading made {signed_money(told.difference, currency)} ({percent})",
        ]
    else:
        rows.append(f"Trading made {percent}")
    since, until = date_of(told.since), date_of(told.until)
    rows.append(f"{count(told.traded, 'execution')} since {since}, at the closes of {until}")
    return lines(*rows)


def done(proposals: Sequence[ProposalView], currency: str, *, amounts: bool = True) -> list[str]:
    """What was proposed, and what became of it by whom; those that a newer one replaced are only counted."""
    if not proposals:
        return [
            "Nothing was proposed: every check found it near its targets, left it alone, or was held off."
        ]
    replaced = [v for v in proposals if v.proposal.state in _MADE_WAY]
    rows = [_proposal(v, currency, amounts=amounts) for v in proposals if v not in replaced]
    more = f"{count(len(replaced), 'proposal')} gave way to a newer one" if replaced else ""
    return [bold("What was done"), capped(list(reversed(rows)), _DONE_SHOWN, "more"), more]


def _proposal(view: ProposalView, currency: str, *, amounts: bool) -> str:
    proposal = view.proposal
    number = proposal_number(proposal.id, proposal.revision.number)
    ended = _ended_by(proposal)
    parts = [f"Proposal {number}: {ended or proposal_state(proposal)}"]
    names = [escape(shown_name(decision.member_name)) for decision in proposal.approvals]
    if names:
        parts.append(f"approved by {listed(names)}")
    if view.report is not None:
        filled = [order for order in view.orders if order.filled_quantity > ZERO]
        parts.append(count(len(filled), "order"))
        parts += [f"cost {money(view.report.cost, currency)}"] if amounts else []
    return " · ".join(parts)


def _ended_by(proposal: Proposal) -> str:
    """Who kept a proposal from being carried out; empty where nobody did."""
    ends = [each for each in proposal.decisions if each.kind in _ENDED_BY]
    if proposal.state not in _NOT_CARRIED_OUT or not ends:
        return ""
    return f"{_ENDED_BY[ends[-1].kind]} {escape(shown_name(ends[-1].member_name))}"


def changed(changes: Sequence[Change]) -> str:
    """How often targets and policy were changed, and by whom."""
    if not changes:
        return ""
    names = dict.fromkeys(escape(shown_name(change.member_name)) for change in changes)
    return f"{count(len(changes), 'change')} of targets or policy by {listed(list(names))}"
