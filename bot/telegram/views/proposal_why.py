"""Why a proposal is as it is: the numbers behind each trade, and behind each line that does not trade."""

from __future__ import annotations

from decimal import Decimal

from bot.telegram.html import TEXT_LIMIT, bold, escape
from bot.telegram.screen import Screen
from bot.telegram.views.by_account import by_account
from bot.telegram.views.parts import capped, lines, paragraphs
from bot.telegram.views.plain_proposal import plain_reasons
from bot.telegram.views.proposal_text import (
    calculated,
    currency_of,
    effect,
    hint,
    is_paired,
    title,
    widened,
)
from bot.telegram.views.revision_buttons import revision_tap
from bot.words.labels import SIDES
from bot.words.numbers import plain, quantity, tenths
from bot.words.plan_notes import certificate_sentence, lot_lines
from bot.words.plan_reasons import reason_sentence
from bot.words.reader import reader
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.plan import Plan, Skipped, Trade
from core.domain.policy import Objective, Policy

_ROOM_FOR_HEAD = 700


def proposal_why_screen(view: ProposalView) -> Screen:
    """The numbers behind each trade, and behind each line that does not trade."""
    if reader().is_plain:
        return Screen(plain_reasons(view), ((revision_tap(view, "← Back", "back"),),))
    plan = view.proposal.revision.plan
    policy = view.managed.policy
    currency = currency_of(view)
    trades = by_account(
        view,
        [
            (AccountId(int(trade.account)), _why_trade(plan, leg, trade, currency))
            for leg, trade in enumerate(plan.trades, 1)
        ],
    )
    skipped = [_why_skipped(skip, currency) for skip in plan.skipped]
    opening = lines(title(view), escape(reason_sentence(plan.reason, currency)), widened(view))
    closing = lines(
        effect(view),
        hint(view),
        certificate_sentence(plan.certificate) if plan.certificate is not None else "",
        "" if is_paired(view.proposal) else _aim(plan, policy),
        calculated(view.proposal),
    )
    room = TEXT_LIMIT - _ROOM_FOR_HEAD
    room_for_skipped = room // 3 if trades else room
    text = paragraphs(
        opening,
        capped(trades, room - room_for_skipped, "more trades"),
        bold("Not traded") if skipped else "",
        capped(skipped, room_for_skipped, "more lines"),
        closing,
    )
    return Screen(text, ((revision_tap(view, "← Back", "back"),),))


def _aim(plan: Plan, policy: Policy) -> str:
    """What the plan makes least, and how far it goes."""
    measure = Objective.CLOSEST if plan.certificate is None else plan.certificate.measure
    if measure is Objective.CLOSEST:
        return _destination(policy.destination)
    least = "the fewest trades" if measure is Objective.FEWEST else "the least cost and tax"
    return f"It brings every line inside its band with {least} (objective {measure} in /policy)."


def _destination(destination: Decimal) -> str:
    setting = f"destination {plain(destination)} in /policy"
    if destination == 1:
        return f"It goes all the way to the targets ({setting})."
    if not destination:
        return f"It goes only to the edges of the bands ({setting})."
    return f"It goes a part of the way from the edges of the bands to the targets ({setting})."


def _why_skipped(skipped: Skipped, currency: str) -> str:
    sentence = reason_sentence(skipped.reason, currency)
    is_named = sentence.startswith(f"{skipped.symbol} ")
    return escape(sentence if is_named else f"{skipped.symbol}: {sentence}")


def _why_trade(plan: Plan, leg: int, trade: Trade, currency: str) -> str:
    reason = escape(reason_sentence(trade.reason, currency))
    what = f"{leg}. {SIDES[trade.side]} {quantity(trade.quantity)} {escape(trade.symbol)}"
    after = plan.after.weights.get(trade.symbol)
    try:
        line = plan.before.line(trade.symbol)
    except KeyError:
        return f"{what}: {reason}"
    numbers = [f"now {tenths(line.weight)}", f"goal {tenths(line.goal)}"]
    if after is not None:
        numbers.append(f"after {tenths(after)}")
    if line.band is not None:
        numbers.append(f"band ±{tenths(line.band)}")
    return lines(bold(what), reason, " · ".join(numbers), *map(escape, lot_lines(trade, currency)))
