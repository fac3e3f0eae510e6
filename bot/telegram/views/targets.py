"""Targets: what a portfolio should look like, and what other targets would trade."""

from __future__ import annotations

from collections.abc import Sequence

from bot.telegram.html import TEXT_LIMIT, bold, code, escape, pre
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.by_account import grouped
from bot.telegram.views.parts import SOME_LINES, aligned, capped, head, lines, paragraphs
from bot.telegram.views.proposal_text import FEW_LINES, numbered_trades, table
from bot.words.numbers import count, plain, signed, small_drift
from bot.words.refusals import refusal_sentence
from core.application.choose_portfolio import Current
from core.application.set_targets import TargetsPreview
from core.domain.ids import PortfolioId
from core.domain.money import ZERO
from core.domain.permissions import Act, may
from core.domain.plan import Plan
from core.domain.policy import Policy
from core.domain.targets import TargetAllocation, TargetLine

EXAMPLE = "/targets VTI 60 BND 40"


def targets_screen(current: Current) -> Screen:
    """The targets of a portfolio with each line's band, and how to change them."""
    managed = current.portfolio
    is_owner = may(current.role, Act.CHANGE_TARGETS)
    if managed.targets is None:
        body = "There are no targets yet."
    else:
        body = lines(
            _table(managed.targets, managed.policy),
            *_substitutes(managed.targets.lines),
            *_classes(managed.targets.lines),
        )
    how = f"To set them: {code(EXAMPLE)}" if is_owner else "Only an owner can change them."
    rows: tuple[tuple[Button, ...], ...] = ()
    if is_owner:
        rows = ((tap("🎯 Choose targets", "setup", managed.portfolio.id),),)
    return Screen(paragraphs(head(managed, "targets"), body, how), rows)


def _table(targets: TargetAllocation, policy: Policy) -> str:
    rows = []
    for line in targets.lines:
        band = policy.band_of(line.symbol).width(line.symbol, line.weight)
        rows.append((line.symbol, plain(line.weight), "off" if band is None else f"±{plain(band)}"))
    return pre(aligned(("", "target", "band"), rows))


def _classes(targets: Sequence[TargetLine]) -> list[str]:
    kinds = sorted({line.asset_class for line in targets if line.asset_class})
    return [
        f"{escape(kind)}: {escape(', '.join(x.symbol for x in targets if x.asset_class == kind))}"
        for kind in kinds
    ]


def _substitutes(targets: Sequence[TargetLine]) -> list[str]:
    return [
        f"{escape(line.symbol)} may be replaced by {escape(', '.join(line.substitutes))}"
        for line in targets
        if line.substitutes
    ]


def targets_preview_screen(
    preview: TargetsPreview,
    *,
    portfolio_id: PortfolioId,
    token: str,
    currency: str = "USD",
    layout: str = "table",
) -> Screen:
    """New targets beside the old ones, and what they would trade now; nothing is changed yet."""
    text = paragraphs(
        bold("New targets, not set yet"),
        _comparison(preview),
        _consequence(preview, currency, layout),
    )
    use = tap("✅ Use these targets", "tg_use", portfolio_id, token)
    return Screen(text, ((use,), (tap("✖ Cancel", "tg_cancel", portfolio_id, token),)))


def _comparison(preview: TargetsPreview) -> str:
    after = preview.after.weights
    if preview.before is None:
        return pre(aligned(("", "target"), [(s, plain(weight)) for s, weight in after.items()]))
    before = preview.before.weights
    rows = []
    for symbol in [*after, *(gone for gone in before if gone not in after)]:
        old, new = before.get(symbol), after.get(symbol)
        change = (new or ZERO) - (old or ZERO)
        rows.append(
            (
                symbol,
                plain(old or ZERO),
                plain(new or ZERO),
                "" if not change else signed(change),
            )
        )
    return pre(aligned(("", "before", "new", "change"), rows))


def _consequence(preview: TargetsPreview, currency: str, layout: str) -> str:
    if preview.plan is None:
        why = refusal_sentence(preview.refusal) if preview.refusal else ""
        return f"What they would trade cannot be shown now. {escape(why)}".strip()
    if not preview.plan.trades:
        return "Nothing would be traded now."
    trades = grouped(preview.accounts, preview.plan, numbered_trades(preview.plan.trades, currency))
    return _trades(preview.plan, trades, layout)


def _trades(plan: Plan, trades: list[str], layout: str) -> str:
    before, after = plan.before.portfolio_drift, plan.after.portfolio_drift
    is_long = len(plan.before.lines) > SOME_LINES
    return paragraphs(
        f"A check would now propose {count(len(plan.trades), 'trade')}:",
        capped(trades, TEXT_LIMIT // 3, "more"),
        f"Drift {small_drift(before)} → {small_drift(after)}",
        "" if is_long else table(plan, layout, FEW_LINES),
        "With new targets too, no order is sent before somebody approves it.",
    )
