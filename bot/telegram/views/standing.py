"""What stands against an account, and what others did there: notices that say what is certain and what is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.telegram.html import TEXT_LIMIT, bold, escape, shown_name
from bot.telegram.screen import Button, Rows, Screen, tap
from bot.telegram.views.parts import capped, head, lines, paragraphs
from bot.words.holds import HOLD_REASONS, certain, goes_on, hint, uncertain
from bot.words.numbers import count, listed, quantity
from core.domain.hold import Hold, HoldReason
from core.domain.look import ChangeKind, HeldChange
from core.domain.policy import Outside
from core.domain.portfolio import ManagedAccount


def held_notice(managed: ManagedAccount, holds: Sequence[Hold]) -> Screen:
    """Nothing is sent for an account: why, what is certain, where the money is, and what to tap."""
    why = listed([HOLD_REASONS[hold.reason] for hold in holds])
    text = paragraphs(
        head(managed, "held"),
        f"⛔ <b>Nothing is planned or sent for this account</b>: {escape(why)}.",
        *(_about(hold, managed) for hold in holds),
    )
    return Screen(text, hold_buttons(managed, holds))


def _about(hold: Hold, managed: ManagedAccount) -> str:
    ours = managed.account.broker_account_id
    known = capped([escape(certain(hold, ours))], TEXT_LIMIT // 4, "more")
    return lines(known, escape(uncertain(hold.reason)), escape(goes_on(hold.reason)))


def hold_buttons(managed: ManagedAccount, holds: Sequence[Hold]) -> Rows:
    """What an owner can tap while an account is held."""
    which = which_account(managed)
    rows = []
    for hold in holds:
        if hold.reason is HoldReason.ACCOUNT_REPLACED and hold.detail:
            rows.append((tap(f"Use {hint(hold.detail)} from now on", "ho_use", *which),))
        if hold.reason is HoldReason.STRANGE_FILL:
            rows.append((tap("I have looked: go on", "ho_go", *which),))
    status = tap("📊 Status", "status", managed.portfolio.id)
    return (*rows, (tap("🔎 Check again", "ho_check", *which), status))


def which_account(managed: ManagedAccount) -> tuple[int, ...]:
    """How a button names an account: by its portfolio, and where that has several, by its own number too."""
    if managed.is_only:
        return (managed.portfolio.id,)
    return managed.portfolio.id, managed.account.id


def held_line(managed: ManagedAccount, holds: Sequence[Hold]) -> str:
    """The line of the status that says that an account is held."""
    facts = " ".join(certain(hold, managed.account.broker_account_id) for hold in holds)
    why = listed([HOLD_REASONS[hold.reason] for hold in holds])
    where = "" if managed.is_only else f" for {shown_name(managed.account.name)}"
    line = f"⛔ Nothing is sent{where}: {escape(why)}. {escape(facts)}"
    return capped([line], TEXT_LIMIT // 8, "more")


def hold_over_notice(
    managed: ManagedAccount, reason: HoldReason | None, left: Sequence[Hold] = ()
) -> Screen:
    """A hold is over (without a reason: it had been before); others may still stand."""
    what = {
        None: "This account is not held.",
        HoldReason.KEYS_REFUSED: "The account can be used again.",
        HoldReason.RESTRICTED: "The broker has ended the restriction of the account.",
        HoldReason.ACCOUNT_REPLACED: (
            f"This portfolio is about the account {hint(managed.account.broker_account_id)} now."
        ),
        HoldReason.STRANGE_FILL: "Somebody has looked at the trades that I cannot explain.",
    }[reason]
    if left:
        return Screen(
            paragraphs(head(managed), what, held_line(managed, left)), hold_buttons(managed, left)
        )
    return Screen(
        paragraphs(head(managed), f"✅ {what} Checks and orders go on."), (_looking(managed),)
    )


def not_held_notice(managed: ManagedAccount) -> Screen:
    """What takes the place of a notice about a hold that is over, of which people are told beside it."""
    return Screen(paragraphs(head(managed), "✅ Looked again: this account is not held any more."))


def _looking(managed: ManagedAccount) -> tuple[Button, ...]:
    portfolio = managed.portfolio.id
    return tap("📊 Status", "status", portfolio), tap("⚖️ Check now", "rebalance", portfolio)


def changes_notice(
    managed: ManagedAccount, changes: Sequence[HeldChange], more: int, ended: Collection[str]
) -> Screen:
    """What changed at the broker without us."""
    rows = [_change(change, managed) for change in changes]
    if more:
        rows.append(f"… and {count(more, 'more change')}")
    text = paragraphs(
        head(managed, "at the broker"),
        lines(bold(_title(changes)), capped(rows, TEXT_LIMIT // 2, "more changes")),
        _by_whom(changes),
        lines("Targets are checked with what is there now.", _ended(ended)),
    )
    return Screen(text, (_looking(managed),))


def _by_whom(changes: Sequence[HeldChange]) -> str:
    """Whose numbers these are, and, where somebody must have done something, that it is not known who."""
    numbers = "The numbers are the broker's own."
    if {change.kind for change in changes} <= {ChangeKind.SPLIT, ChangeKind.RENAMED}:
        return numbers
    return (
        f"{numbers} Who did it cannot be known from here: a person, another program, or the broker "
        "itself."
    )


def _title(changes: Sequence[HeldChange]) -> str:
    kinds = {change.kind for change in changes}
    if kinds == {ChangeKind.SPLIT}:
        return "A split at the broker"
    if kinds == {ChangeKind.RENAMED}:
        return "A new name at the broker"
    if ChangeKind.TRADED in kinds:
        return "Somebody traded at the broker"
    return "The broker shows other holdings than before"


def _change(change: HeldChange, managed: ManagedAccount) -> str:
    symbol = escape(change.symbol)
    moved = f"{symbol} {quantity(change.before)} → {quantity(change.after)}"
    match change.kind:
        case ChangeKind.TRADED:
            return moved
        case ChangeKind.SPLIT:
            return f"{moved}: looks like a split, as the value is what it was"
        case ChangeKind.RENAMED:
            was = escape(change.was or "")
            return f"{was} is called {symbol} now: the same {quantity(change.after)}. Targets follow it"
        case ChangeKind.APPEARED if managed.policy.outside is Outside.SELL:
            return f"{moved}: new, and without a target; your policy sells what has none"
        case ChangeKind.APPEARED:
            return f"{moved}: new, outside of your targets, and left alone"


def _ended(ended: Collection[str]) -> str:
    if not ended:
        return ""
    numbers = listed([escape(number) for number in ended])
    one = len(ended) == 1
    return (
        f"Proposal {numbers} was made from the holdings of before and has ended; nothing of it was sent."
        if one
        else f"Proposals {numbers} were made from the holdings of before and have ended; nothing of "
        "them was sent."
    )


def foreign_notice(managed: ManagedAccount, symbols: Sequence[str]) -> Screen:
    """Somebody else's order is open on symbols of this portfolio."""
    names = listed([escape(symbol) for symbol in symbols[:10]])
    text = paragraphs(
        head(managed, "at the broker"),
        f"<b>At the broker an order for {names} is open that I did not send.</b> Perhaps somebody "
        "placed it in the broker's app.",
        f"As long as it is open, nothing is planned for {names}, so that two orders do not cross. "
        "Nothing of yours was changed.",
        "It ends when it is carried out, or cancelled in the broker's app. Then the next check plans again.",
    )
    return Screen(text, (_looking(managed),))
