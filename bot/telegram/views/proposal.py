"""Proposals: the message with its buttons, its editing, its reasons, and replies about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal

from bot.telegram.html import TEXT_LIMIT, bold, escape, shown_length
from bot.telegram.screen import Button, Screen, tap
from bot.telegram.views.after_sale import (
    after_sale_buttons,
    after_sale_text,
    is_to_decide,
)
from bot.telegram.views.approvals import counting, still_wanted
from bot.telegram.views.by_account import by_account
from bot.telegram.views.checklist import checklist_screen, has_checklist
from bot.telegram.views.outcome import (
    UNTOUCHED,
    cost_and_drift,
    moved_nothing,
    nothing_sent,
    order_lines,
    summary,
    was_paused,
    went_as_planned,
)
from bot.telegram.views.parts import SOME_LINES, capped, head, lines, paragraphs
from bot.telegram.views.plain_parts import why_buttons
from bot.telegram.views.plain_proposal import (
    how_it_went,
    plain_cost,
    plain_proposal_text,
    plain_reasons,
    plain_results,
)
from bot.telegram.views.proposal_text import (
    FEW_LINES,
    buys_wait,
    calculated,
    change_line,
    changes,
    currency_of,
    effect,
    expiry_line,
    hint,
    is_paired,
    move_line,
    numbered_trades,
    proposal_text,
    table,
    title,
    widened,
)
from bot.telegram.views.withdrawals import is_withdrawal, raised_buttons, raised_text
from bot.words.by_hand import is_dry_run, orders_at
from bot.words.labels import (
    PROPOSAL_STATES,
    REVISION_CAUSES,
    SIDES,
    proposal_number,
)
from bot.words.numbers import count, listed, money, plain, quantity, tenths
from bot.words.plan_notes import certificate_sentence, lot_lines
from bot.words.plan_reasons import reason_sentence
from bot.words.reader import reader
from core.application.edit_proposal import lots_to_choose
from core.application.show_proposal import ProposalView
from core.domain.ids import AccountId
from core.domain.ladder import LIVE_RUNGS
from core.domain.money import ZERO
from core.domain.plan import Plan, Skipped, Trade
from core.domain.policy import Direction, Objective, Policy, whole_shares
from core.domain.proposal import Cause, ProposalState, RevisionCause
from core.domain.report import was_dry_run
from core.domain.session import NEW_YORK

LAST_HOUR = time(15)
"""In exchange time; a proposal that comes from then on may wait for the next open."""

HOW_LONG = "⏳ Put off for how long? It stays open, and you hear of it before it ends."

EDITABLE_LEGS = 30
"""Telegram takes 100 buttons in a message: up to three for each of these, and a few more."""

SEVERAL = 2
_S = ProposalState
_ROOM_FOR_HEAD = 700
Rows = tuple[tuple[Button, ...], ...]


def proposal_screen(
    view: ProposalView, *, layout: str = "table", market_now: datetime | None = None
) -> Screen:
    """A proposal in whatever state it is, with the buttons that this state has.

    ``market_now`` decides which times need their date; without it, the day of the plan is today.
    """
    if has_checklist(view):
        return checklist_screen(view)
    text = plain_proposal_text(view, market_now) if reader().is_plain else None
    text = text or proposal_text(view, layout, market_now)
    if text is None:
        return _too_long(view)
    return Screen(text, _buttons(view, market_now))


def _too_long(view: ProposalView) -> Screen:
    trades = view.proposal.revision.plan.trades
    text = paragraphs(
        title(view),
        f"Its {len(trades)} trades are too many for one message, so it cannot be approved here. "
        f"{'Other settings' if reader().is_plain else 'Larger bands or a larger minimum trade'} (/policy) "
        "make it shorter.",
    )
    return Screen(text, ((_tap(view, "✖ Reject", "reject"),),) if _is_open(view) else ())


def _is_open(view: ProposalView) -> bool:
    return view.proposal.state is _S.OPEN


def _tap(view: ProposalView, label: str, verb: str, *more: int) -> Button:
    return tap(label, verb, view.proposal.id, view.proposal.revision.number, *more)


def _buttons(view: ProposalView, now: datetime | None) -> Rows:
    match view.proposal.state:
        case _S.OPEN:
            return _open_buttons(view)
        case _S.REJECTED if now is not None and now >= view.proposal.expires_at:
            return ((_tap(view, "❔ Why", "why"),),)
        case _S.REJECTED:
            return ((_tap(view, "↩ Reopen", "reopen"), _tap(view, "❔ Why", "why")),)
        case _S.SCHEDULED | _S.APPROVED if view.proposal.revision.need.veto:
            return ((_tap(view, "✋ Object", "object"), _tap(view, "❔ Why", "why")),)
        case _S.SCHEDULED | _S.APPROVED:
            is_live = any(account.rung in LIVE_RUNGS for account in view.accounts)
            label = "↩ Undo" if is_live else "✖ Take back"
            return ((_tap(view, label, "cancel"), _tap(view, "❔ Why", "why")),)
        case _S.EXECUTING:
            return (_under_way(view),)
        case _S.FROZEN:
            return ((tap("🔎 What now?", "fz_show", view.proposal.id),), _under_way(view))
        case _:
            return after_sale_buttons(view)


def _under_way(view: ProposalView) -> tuple[Button, ...]:
    return (_tap(view, "🔄 Refresh", "refresh"), _tap(view, "❔ Why", "why"))


def _open_buttons(view: ProposalView) -> Rows:
    if reader().is_plain:
        return _plain_buttons(view)
    second = [_tap(view, "✏️ Edit lines", "edit")]
    direction = _direction_button(view)
    if direction is not None:
        second.insert(0, direction)
    third = (
        _tap(view, "❔ Why", "why"),
        _tap(view, "⏳ Snooze", "snooze"),
        _tap(view, "✖ Reject", "reject"),
    )
    first = _tap(view, approve_label(view), "approve")
    last = (*_at_open(view), tap("🔔 Alerts", "alerts", view.managed.portfolio.id))
    return ((first,), *_own_button(view), *_stay_button(view), tuple(second), third, last)


def _plain_buttons(view: ProposalView) -> Rows:
    """Yes, no, later and why; what changes single lines stays with those who read the terms."""
    decide = (_tap(view, "⏳ Later", "snooze"), _tap(view, "✖ Reject", "reject"))
    first = _tap(view, approve_label(view), "approve")
    at_open = _at_open(view)
    rows = (
        (first,),
        *_own_button(view),
        *_stay_button(view),
        (_tap(view, "❔ Why", "why"), *decide),
    )
    asked = [trade.symbol for trade in view.proposal.revision.plan.trades]
    return (*rows, *((at_open,) if at_open else ()), *why_buttons(view.managed.portfolio.id, asked))


def _own_button(view: ProposalView) -> Rows:
    """While others are still needed: to whoever has approved, a way back."""
    return ((_tap(view, "↩ Take my approval back", "unapprove"),),) if counting(view) else ()


def _at_open(view: ProposalView) -> tuple[Button, ...]:
    """For a proposal that came in the last hour of a whole trading day, and lives until the next one.

    Only where the next approval is the last one: when its giver taps decides when the orders go.
    """
    if still_wanted(view).number > 1:
        return ()
    came = view.proposal.revision.snapshot.taken_at.astimezone(NEW_YORK)
    ends = view.proposal.expires_at.astimezone(NEW_YORK)
    if came.time() < LAST_HOUR or ends.date() <= came.date():
        return ()
    return (_tap(view, "🌅 At next open", "atopen"),)


def snooze_screen(view: ProposalView, shown: Screen) -> Screen:
    """A proposal as it is shown, asking for how long it is put off; never for longer than it is open."""
    if not _is_open(view):
        return shown
    choices = (
        _tap(view, "⏳ 2 hours", "later"),
        tap("🌅 Next open", "later", view.proposal.id, view.proposal.revision.number, "open"),
        tap("📅 A week", "later", view.proposal.id, view.proposal.revision.number, "week"),
    )
    text = f"{shown.text}\n\n{HOW_LONG}"
    is_short = shown_length(text) <= TEXT_LIMIT
    rows = (choices, (_tap(view, "← Back", "back"),))
    return replace(shown, text=text if is_short else shown.text, rows=rows)


def _stay_button(view: ProposalView) -> Rows:
    """Under a switch back: that what stood in stays for good."""
    if view.proposal.cause is not Cause.SWITCH_BACK:
        return ()
    held = listed([trade.symbol for trade in view.proposal.revision.plan.sells])
    return ((_tap(view, f"⚓ Stay in {held}", "stay"),),)


def approve_label(view: ProposalView) -> str:
    """What the approving button says: how many orders, and how real they are; for real money, how much of it."""
    plan = view.proposal.revision.plan
    live = [account for account in view.accounts if account.rung in LIVE_RUNGS]
    if not live and (later := buys_wait(view)):
        today = len(plan.trades) - len(later)
        return f"✅ Approve today: {orders_at(today, view.accounts)}"
    if not live:
        return f"✅ Approve {orders_at(len(plan.trades), view.accounts)}"
    real = [trade for account in live for trade in plan.in_account(account.id)]
    turnover = sum((trade.value for trade in real), ZERO)
    others = len(plan.trades) - len(real)
    more = f" + {count(others, 'order')}" if others else ""
    real_money = "of real money" if reader().is_plain else "LIVE"
    return f"✅ Approve: trade {money(turnover, currency_of(view))} {real_money}{more}"


def _direction_button(view: ProposalView) -> Button | None:
    revision = view.proposal.revision
    if revision.cause is RevisionCause.BUY_ONLY:
        return _tap(view, "⚖️ Plan in full", "full")
    if is_withdrawal(view) or is_paired(view.proposal):
        return None
    if revision.plan.sells and view.managed.policy.direction is not Direction.SELL_ONLY:
        return _tap(view, "🛒 Buy only", "buyonly")
    return None


# --- editing -------------------------------------------------------------------------------------


def proposal_edit_screen(view: ProposalView, *, layout: str = "table") -> Screen:
    """A proposal's lines, each with a way to halve or drop it; what follows shows in the table."""
    plan = view.proposal.revision.plan
    currency = currency_of(view)
    shown = plan.trades[:EDITABLE_LEGS]
    rest = len(plan.trades) - len(shown)
    rows = by_account(view, numbered_trades(shown, currency))
    text = paragraphs(
        title(view),
        changes(view),
        table(plan, layout, SOME_LINES if len(shown) <= SOME_LINES else FEW_LINES),
        capped(rows, TEXT_LIMIT // 2, "more"),
        f"The other {count(rest, 'line')} cannot be changed here." if rest else "",
        lines(effect(view), "Lines can be made smaller or dropped, never larger."),
    )
    return Screen(text, _edit_buttons(view, shown))


def _edit_buttons(view: ProposalView, shown: tuple[Trade, ...]) -> Rows:
    rows = []
    if _is_open(view):
        rows = [_leg_buttons(view, leg, trade) for leg, trade in enumerate(shown, 1)]
    return (*rows, (_tap(view, "← Back", "back"),))


def _leg_buttons(view: ProposalView, leg: int, trade: Trade) -> tuple[Button, ...]:
    name = f"{leg}. {trade.symbol}"
    drop = _tap(view, f"✖ Drop {name}", "drop", leg)
    halve = (_tap(view, f"½ {name}", "halve", leg),) if _can_halve(view, trade) else ()
    return (*halve, drop, *_lots_button(view, leg, trade))


def _lots_button(view: ProposalView, leg: int, trade: Trade) -> tuple[Button, ...]:
    """[Lots] of a sale, where its broker sells any and there are several."""
    if len(lots_to_choose(view.proposal, trade)) < SEVERAL:
        return ()
    return (_tap(view, "🧾 Lots", "lots", leg),)


def _can_halve(view: ProposalView, trade: Trade) -> bool:
    return not is_whole(view, trade) or trade.quantity > 1


def is_whole(view: ProposalView, trade: Trade) -> bool:
    """Whether a trade's symbol is traded in whole shares in its account."""
    snapshot = view.proposal.revision.snapshot
    in_parts = snapshot.of(AccountId(int(trade.account))).fractionable
    return trade.symbol in whole_shares(view.managed.policy, snapshot.quotes, in_parts)


# --- why -----------------------------------------------------------------------------------------


def proposal_why_screen(view: ProposalView) -> Screen:
    """The numbers behind each trade, and behind each line that does not trade."""
    if reader().is_plain:
        return Screen(plain_reasons(view), ((_tap(view, "← Back", "back"),),))
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
    return Screen(text, ((_tap(view, "← Back", "back"),),))


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


# --- short messages about a proposal -------------------------------------------------------------


def report_reply(view: ProposalView) -> Screen:
    """The short reply after an execution; the whole report stands in the proposal's message."""
    if was_dry_run(view.orders) and not reader().is_plain:
        return _dry_report(view)
    again = _again(view)
    text = paragraphs(
        lines(
            title(view),
            *_what_came_of_it(view),
            after_sale_text(view, None),
            _how_it_goes_on(view) if again else "",
        ),
        raised_text(view),
    )
    status = tap("📊 Status", "status", view.managed.portfolio.id)
    decide = (tap("🛒 What now?", "show", view.proposal.id),) if is_to_decide(view) else ()
    aside = raised_buttons(view)
    return Screen(text, ((aside,) if aside else ()) + ((*decide, *again, status),))


def _what_came_of_it(view: ProposalView) -> list[str]:
    """How it ended, what was not filled, what it cost and what is left."""
    if reader().is_plain:
        return [
            how_it_went(view),
            capped(plain_results(view), TEXT_LIMIT // 2, "more"),
            plain_cost(view),
        ]
    problems = capped(_problems(view), TEXT_LIMIT // 2, "more")
    untouched = UNTOUCHED if moved_nothing(view) else ""
    ended = f"{bold(how_it_ended(view))}."
    return [ended, problems, untouched, cost_and_drift(view), _rung_note(view)]


def how_it_ended(view: ProposalView) -> str:
    """What an execution came to, in a few words without amounts."""
    if why := nothing_sent(view):
        return f"Nothing was sent: {escape(why)}"
    state = PROPOSAL_STATES[view.proposal.state].capitalize()
    return f"{'Sold as planned' if went_as_planned(view) else state}: {summary(view)}"


def _problems(view: ProposalView) -> list[str]:
    """The orders that were not filled in full, where that is not said already."""
    if nothing_sent(view) or went_as_planned(view):
        return []
    return [row for row in order_lines(view, brief=True) if "filled in full" not in row]


def _dry_report(view: ProposalView) -> Screen:
    """The reply after a dry run: what would have gone."""
    text = lines(
        title(view),
        f"{bold('DRY RUN: nothing was sent')}; these orders would have gone:",
        capped(order_lines(view, brief=False), TEXT_LIMIT // 2, "more"),
    )
    portfolio_id = view.managed.portfolio.id
    accounts = tap("🏦 Accounts", "accounts", portfolio_id)
    return Screen(text, ((tap("📊 Status", "status", portfolio_id), accounts),))


def _how_it_goes_on(view: ProposalView) -> str:
    if was_paused(view):
        return "Nothing more is sent for this proposal. After /resume, a check makes a new plan."
    return "Nothing more is sent for this proposal; Check now makes a new plan."


def _again(view: ProposalView) -> tuple[Button, ...]:
    """[Check now] where a plan was not carried out in full, and nothing else is asked about it."""
    is_short = view.proposal.state in {_S.PARTIAL, _S.FAILED}
    if not is_short or view.sold_not_bought is not None or is_withdrawal(view):
        return ()
    if was_paused(view) and view.managed.portfolio.is_paused:
        return (tap("▶️ Resume", "resume", view.managed.portfolio.id),)
    return (tap("⚖️ Check now", "rebalance", view.managed.portfolio.id),)


def _rung_note(view: ProposalView) -> str:
    is_dry = bool(view.accounts) and all(map(is_dry_run, view.accounts))
    return "Dry run: nothing was sent to the broker." if is_dry else ""


def reminder(
    view: ProposalView,
    *,
    is_last: bool = False,
    is_missing: bool = False,
    layout: str = "table",
    market_now: datetime | None = None,
) -> Screen:
    """A proposal shown again: somebody had put it off, or has not answered, or it is about to end."""
    screen = proposal_screen(view, layout=layout, market_now=market_now)
    why = "The proposal that you put off"
    if is_last:
        why = "This proposal is still open, and ends soon"
    if is_missing:
        why = "This proposal still waits for an approval"
    note = f"⏰ {why}:\n\n"
    is_short = shown_length(note + screen.text) <= TEXT_LIMIT
    return replace(screen, text=note + screen.text) if is_short else screen


def recheck_notice(view: ProposalView, *, market_now: datetime | None = None) -> Screen:
    """Why no order was sent although the proposal was approved; the new version follows."""
    proposal = view.proposal
    revision = proposal.revision
    currency = currency_of(view)
    now = market_now or revision.snapshot.taken_at
    before = proposal_number(proposal.id, revision.number - 1)
    current = proposal_number(proposal.id, revision.number)
    text = lines(
        head(view.managed, f"proposal {before}"),
        f"<b>No order was sent</b>: {REVISION_CAUSES[revision.cause]}.",
        *(move_line(move, currency) for move in revision.moves),
        *(change_line(change, currency) for change in revision.changes),
        f"The new version {current} needs approval again ({expiry_line(proposal, now)}).",
    )
    return Screen(text)


__all__ = [
    "approve_label",
    "how_it_ended",
    "is_whole",
    "proposal_edit_screen",
    "proposal_screen",
    "proposal_why_screen",
    "recheck_notice",
    "reminder",
    "report_reply",
    "snooze_screen",
]
