"""Set-up: from nothing to a first approved trade in a few taps, each of which can also be typed.

Steps of the dialogue: ``targets`` (which allocation) → ``cash`` (how much paper money) → ``working`` →
``proposal`` (waiting for the first approval) → ``report`` (an alert can be rehearsed).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bot.telegram.commands import holdings, targets
from bot.telegram.commands.allocation import (
    allocation_of,
    has_room_for_cash,
    looks_like_allocation,
    plain,
    read_allocation,
    scaled,
    with_rest_in_cash,
    write_allocation,
)
from bot.telegram.commands.amounts import read_amount
from bot.telegram.commands.notes import bold, code, escape, note, shown_name, tap
from bot.telegram.commands.rebalance import check
from bot.telegram.context import Misunderstood, Reaction, Turn, alert, say
from bot.telegram.dialogues import at_step, end_dialogue, open_dialogue, save_dialogue, take_step
from bot.telegram.first_portfolio import first_portfolio
from bot.telegram.ready_made import EXAMPLE, ReadyMade, offered, ready_made
from bot.telegram.screen import Button, Screen
from bot.words.numbers import money, round_money
from core.application.choose_portfolio import Current
from core.application.create_portfolio import BY_HAND, CURRENCY, EMBEDDED
from core.application.move_cash import deposit
from core.application.set_targets import require_known, set_targets, targets_from_holdings
from core.application.take_snapshot import read_holdings
from core.domain.ids import PortfolioId
from core.domain.money import ZERO
from core.domain.portfolio import Holdings, Portfolio
from core.domain.refusals import BadNumber, Refusal, TargetsDoNotSum
from core.domain.targets import TargetLine
from core.ports.store import Dialogue

NAME = "setup"
AMOUNTS = (10_000, 25_000)
"""The amounts of paper money that have a button."""

BUTTON_WIDTH = 30
"""The most characters of a button that a phone shows in full."""

ENDED = "This set-up was ended. Send /start to begin again."
BUSY = "I am on it already."


# --- which allocation ----------------------------------------------------------------------------


async def choose_targets(turn: Turn, current: Current | None, *, greeting: str = "") -> Reaction:
    """Offer allocations for a portfolio, or for the first one that is not made yet."""
    managed = current.portfolio if current else None
    data = {"portfolio": str(managed.portfolio.id)} if managed else {}
    await save_dialogue(turn, Dialogue(NAME, "targets", data))
    choices = offered(await turn.runtime.market.prices.known_symbols())
    lines = [
        _described(place, ready) for place, ready in enumerate((r for _, r in choices), start=1)
    ]
    rows: list[tuple[Button, ...]] = [
        (tap(_button_label(ready), "su_pick", place),) for place, ready in choices
    ]
    if current is not None and (await _holdings(turn, current)).positions:
        rows.append((tap("📥 Use what I hold", "su_holdings"),))
    if turn.is_private:
        rows.append((tap("✏️ Type my own", "su_own"),))
    if current is None and turn.is_private:
        rows.append((tap("📒 Start from my own account", "su_hand"),))
    return say(
        note(
            greeting,
            bold("What should it hold?")
            + " These are examples to start from; you can change them any time.",
            "\n".join(lines),
            "Tap one, or answer with its number."
            if turn.is_private
            else f"Tap one, or set your own: {code(f'/targets {_example(choices)}')}",
            rows=tuple(rows),
        )
    )


def _example(choices: Sequence[tuple[int, ReadyMade]]) -> str:
    return choices[0][1].weights if choices else EXAMPLE


def _button_label(ready: ReadyMade) -> str:
    return ready.label if len(ready.label) <= BUTTON_WIDTH else ready.name


def _described(number: int, ready: ReadyMade) -> str:
    return f"{number}. {bold(ready.name)}: {ready.about}\n    {ready.label}"


async def _holdings(turn: Turn, current: Current) -> Holdings:
    try:
        return await read_holdings(turn.runtime.brokers, current.portfolio)
    except Refusal:
        return Holdings(ZERO)


async def keep_by_hand(turn: Turn) -> Reaction:
    """[Start from my own account]: a real one, at a broker without an interface, written down by hand."""
    if await take_step(turn, NAME, "targets", "by hand") is None:
        return alert(ENDED)
    try:
        current = await first_portfolio(turn, BY_HAND)
    except BaseException:
        await take_step(turn, NAME, "by hand", "targets")
        raise
    await end_dialogue(turn)
    return await holdings.begin(turn, current)


async def pick(turn: Turn, place: int) -> Reaction:
    """One of the ready-made allocations was tapped."""
    ready = ready_made(place)
    dialogue = await open_dialogue(turn)
    if ready is None or dialogue is None or dialogue.name != NAME:
        return alert(ENDED)
    if dialogue.step not in {"targets", "cash"}:
        return alert(BUSY)
    return _in_place(await _accept(turn, dialogue, read_allocation(ready.weights)))


async def use_holdings(turn: Turn) -> Reaction:
    """[Use what I hold]: the targets are the weights of today."""
    dialogue = await at_step(turn, NAME, "targets")
    if dialogue is None or "portfolio" not in dialogue.data:
        return alert(ENDED)
    runtime = turn.runtime
    held = await targets_from_holdings(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=PortfolioId(int(dialogue.data["portfolio"])),
    )
    return _in_place(await _accept(turn, dialogue, held.lines))


async def ask_own(turn: Turn) -> Reaction:
    """[Type my own]: say how."""
    if await at_step(turn, NAME, "targets") is None:
        return alert(ENDED)
    known = await turn.runtime.market.prices.known_symbols()
    listing = (
        f"I have prices for {escape(', '.join(sorted(known)))}."
        if known
        else "Use the symbols of US shares and funds."
    )
    example = _example(offered(known))
    return say(
        note(
            "Write each symbol with its percentage, in one message. The percentages sum to 100; "
            "CASH may be one of the lines.",
            f"For example: {code(example)}",
            listing,
        )
    )


async def complete(turn: Turn, *, in_cash: bool) -> Reaction:
    """[Scale to 100] and [Rest to CASH] under weights that did not sum to 100."""
    dialogue = await at_step(turn, NAME, "targets")
    if dialogue is None or "draft" not in dialogue.data:
        return alert(ENDED)
    draft = read_allocation(dialogue.data["draft"])
    lines = with_rest_in_cash(draft) if in_cash else scaled(draft)
    return _in_place(await _accept(turn, dialogue, lines))


async def _accept(turn: Turn, dialogue: Dialogue, lines: Sequence[TargetLine]) -> Reaction:
    """Take an allocation, and go on to the money."""
    text = write_allocation(lines)
    try:
        wanted = allocation_of(lines)
    except TargetsDoNotSum as refusal:
        await save_dialogue(turn, replace(dialogue, data={**dialogue.data, "draft": text}))
        return say(_offer(lines, refusal))
    if "portfolio" in dialogue.data:
        current = await turn.of_id(int(dialogue.data["portfolio"]))
        if current.portfolio.targets is not None:
            return await targets.look(turn, current, lines)
    await require_known(turn.runtime.market, wanted, CURRENCY)
    chosen = Dialogue(NAME, "cash", {**dialogue.data, "targets": text})
    await save_dialogue(turn, chosen)
    if await _has_money(turn, chosen):
        return await finish(turn, None)
    return say(_ask_amount(turn, text))


def _offer(lines: Sequence[TargetLine], refusal: TargetsDoNotSum) -> Screen:
    choices = [tap("📐 Scale to 100", "su_scale")] if refusal.total > 0 else []
    if has_room_for_cash(lines):
        choices.append(tap("💵 Rest to CASH", "su_rest"))
    direction = "too little" if refusal.difference > 0 else "too much"
    return note(
        code(write_allocation(lines)),
        f"These sum to {bold(plain(refusal.total))}, which is {plain(abs(refusal.difference))} "
        f"{direction}: they must sum to exactly 100. Write them again, or:",
        rows=(tuple(choices),),
    )


async def _has_money(turn: Turn, dialogue: Dialogue) -> bool:
    """Whether there is nothing to put in: money is there already, or it is moved at the broker alone."""
    if "portfolio" not in dialogue.data:
        return turn.runtime.settings.broker != EMBEDDED
    current = await turn.of_id(int(dialogue.data["portfolio"]))
    holdings = await _holdings(turn, current)
    is_elsewhere = current.portfolio.accounts[0].broker != EMBEDDED
    return is_elsewhere or bool(holdings.cash or holdings.positions)


# --- how much money ------------------------------------------------------------------------------


def _ask_amount(turn: Turn, text: str) -> Screen:
    buttons = tuple(tap(round_money(Decimal(amount)), "su_cash", amount) for amount in AMOUNTS)
    return note(
        f"{bold('Targets:')} {escape(text)}",
        f"{bold('How much paper money')} shall it start with? Nothing real is moved.",
        rows=(buttons, (tap("Another amount", "su_other"),) if turn.is_private else ()),
    )


async def ask_other(turn: Turn) -> Reaction:
    """[Another amount]: say how."""
    if await at_step(turn, NAME, "cash") is None:
        return alert(ENDED)
    return say(note(f"Write the amount as a number. For example: {code('5000')}"))


async def pay_in(turn: Turn, amount: int) -> Reaction:
    """An amount was tapped."""
    return _in_place(await finish(turn, Decimal(amount)))


async def finish(turn: Turn, amount: Decimal | None) -> Reaction:
    """Make the portfolio, set its targets, put the money in, and have the first plan calculated."""
    if amount is not None and amount <= ZERO:
        raise BadNumber("the amount", f"{amount:f}", "an amount above 0, such as 5000")
    dialogue = await take_step(turn, NAME, "cash", "working")
    if dialogue is None:
        return alert(BUSY if await at_step(turn, NAME, "working") else ENDED)
    try:
        portfolio = await _make(turn, dialogue, amount)
    except BaseException:
        await take_step(turn, NAME, "working", "cash")
        raise
    await save_dialogue(turn, Dialogue(NAME, "proposal", {"portfolio": str(portfolio.id)}))
    started = f" with {money(amount, portfolio.currency)} of paper money" if amount else ""

    async def first_plan() -> Reaction:
        return await check(turn, portfolio, force=True)

    return say(
        note(
            f"{bold(shown_name(portfolio.name))} is set up{started}. Its targets: "
            f"{escape(dialogue.data['targets'])}.",
            "Here comes the first plan. Nothing is bought until you tap Approve.",
        )
    ).after(first_plan)


async def _make(turn: Turn, dialogue: Dialogue, amount: Decimal | None) -> Portfolio:
    runtime = turn.runtime
    if "portfolio" in dialogue.data:
        current = await turn.of_id(int(dialogue.data["portfolio"]))
    else:
        current = await first_portfolio(turn)
        data = {**dialogue.data, "portfolio": str(current.portfolio.portfolio.id)}
        await save_dialogue(turn, Dialogue(NAME, "working", data))
    portfolio = current.portfolio.portfolio
    await set_targets(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        targets=allocation_of(read_allocation(dialogue.data["targets"])),
    )
    if amount:
        await deposit(
            runtime.store,
            runtime.brokers,
            runtime.clock,
            member=turn.member,
            portfolio_id=portfolio.id,
            amount=amount,
            key=turn.key,
        )
    return portfolio


# --- typed answers -------------------------------------------------------------------------------


async def answer(turn: Turn, dialogue: Dialogue, text: str) -> Reaction | None:
    """A typed answer to the step that the set-up stands at; None where it asks nothing."""
    match dialogue.step:
        case "targets":
            return await _typed_targets(turn, dialogue, text)
        case "cash":
            return await finish(turn, read_amount(text.split(), CURRENCY, "5000"))
        case "working":
            return say(note(BUSY))
        case "proposal":
            return say(note("Use the buttons under the proposal; /proposals shows it again."))
        case _:
            return None


async def _typed_targets(turn: Turn, dialogue: Dialogue, text: str) -> Reaction:
    choices = offered(await turn.runtime.market.prices.known_symbols())
    word = text.strip().rstrip(".").casefold()
    for number, (_, ready) in enumerate(choices, start=1):
        if word in {str(number), ready.name.casefold()}:
            return await _accept(turn, dialogue, read_allocation(ready.weights))
    if not looks_like_allocation(text):
        raise Misunderstood(
            f"Choose a number from 1 to {len(choices)}, or write each symbol with its percentage.",
            _example(choices),
        )
    return await _accept(turn, dialogue, read_allocation(text))


def _in_place(reaction: Reaction) -> Reaction:
    """The same, with its first message in the place of the tapped one."""
    if not reaction.says:
        return reaction
    first, *others = reaction.says
    return replace(reaction, edit=first, says=tuple(others))
