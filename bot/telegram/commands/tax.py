"""``/tax``: what the year has brought, and what people say of their taxes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import note
from bot.telegram.context import Misunderstood, Reaction, Turn, say
from bot.telegram.views.taxes import (
    RULES,
    ledger_screen,
    same_words,
    taxes_screen,
    treatment_screen,
)
from bot.words.numbers import money
from bot.words.tax_reasons import NO_ADVICE
from core.application.access import named_account
from core.application.set_taxes import (
    ShownTaxes,
    set_same,
    set_treatment,
    show_taxes,
    tell_taxes,
)
from core.domain.instrument import parse_symbol
from core.domain.money import ZERO, parse_decimal
from core.domain.permissions import Act
from core.domain.refusals import BadNumber, PrivateOnly
from core.domain.tax import TaxRulesName
from core.domain.tax_treatment import TaxTreatment

EXAMPLE = "/tax rules us"
MOST_SAME = 20


async def run(turn: Turn, words: Words) -> Reaction:
    """Show the taxes, or take down what was said of them."""
    if not turn.is_private:
        raise PrivateOnly("speak of taxes")
    items = words.items
    match [item.lower() for item in items]:
        case []:
            return say(taxes_screen(await _shown(turn, words)))
        case ["csv"]:
            return say(ledger_screen(await _shown(turn, words)))
        case ["rules", name]:
            return await _rules(turn, name)
        case ["carried", "auto"]:
            return await _calculate_carried(turn)
        case ["carried" | "realised" | "realized" as what, *rest]:
            return await _amounts(turn, what, rest)
        case ["same", "clear", *_]:
            return await _same(turn, words, items[2:], clear=True)
        case ["same", *_]:
            return await _same(turn, words, items[1:], clear=False)
        case ["treatment", name]:
            return await _treatment(turn, words, name)
        case _:
            raise Misunderstood(
                "Behind /tax stands one of: rules, carried, realised, same, treatment, csv.",
                EXAMPLE,
            )


async def _shown(turn: Turn, words: Words) -> ShownTaxes:
    runtime = turn.runtime
    portfolio_id = await turn.portfolio_id(words.slug)
    return await show_taxes(
        runtime.store,
        runtime.brokers,
        runtime.market,
        member=turn.member,
        portfolio_id=portfolio_id,
    )


async def _rules(turn: Turn, name: str) -> Reaction:
    if name not in set(TaxRulesName):
        known = " or ".join(TaxRulesName)
        raise Misunderstood(f"The rules can be {known}, not “{name[:20]}”.", EXAMPLE)
    runtime = turn.runtime
    rules = TaxRulesName(name)
    await tell_taxes(runtime.store, runtime.market, runtime.clock, member=turn.member, rules=rules)
    return say(note(f"Your tax rules: {RULES[rules]}.", NO_ADVICE))


async def _calculate_carried(turn: Turn) -> Reaction:
    runtime = turn.runtime
    await tell_taxes(
        runtime.store, runtime.market, runtime.clock, member=turn.member, forget_carried=True
    )
    return say(note("Losses carried in are calculated from the years before.", NO_ADVICE))


async def _amounts(turn: Turn, what: str, words: Sequence[str]) -> Reaction:
    is_carried = what == "carried"
    example = (
        "/tax carried short 1200 long 300" if is_carried else "/tax realised short -50 long 400"
    )
    short, long = _read_amounts(words, example, is_carried=is_carried)
    runtime = turn.runtime
    await tell_taxes(
        runtime.store,
        runtime.market,
        runtime.clock,
        member=turn.member,
        carried=(short, long) if is_carried else None,
        realised=None if is_carried else (short, long),
    )
    subject = "Losses carried in" if is_carried else "Realised elsewhere this year"
    said = f"{subject}: short {money(short)}, long {money(long)}."
    lasts = (
        "They stand instead of those calculated, this year."
        if is_carried
        else "What is lost on the whole goes into the next year by itself."
    )
    return say(note(said, lasts, NO_ADVICE))


def _read_amounts(
    words: Sequence[str], example: str, *, is_carried: bool
) -> tuple[Decimal, Decimal]:
    """Read ``short 1200 long 300``; what is not named is 0."""
    names, texts = words[::2], words[1::2]
    is_paired = bool(words) and len(names) == len(texts)
    if not is_paired or not set(names) <= {"short", "long"} or len(set(names)) < len(names):
        raise Misunderstood("Say “short” or “long”, each once with an amount behind it.", example)
    found = {
        name: parse_decimal(f"the {name} amount", text, "an amount such as 300")
        for name, text in zip(names, texts, strict=True)
    }
    if is_carried and (below := [name for name in found if found[name] < ZERO]):
        text = f"{found[below[0]]:f}"
        raise BadNumber(f"the {below[0]} amount", text, "a loss as an amount of 0 or more")
    return found.get("short", ZERO), found.get("long", ZERO)


async def _same(turn: Turn, words: Words, items: Sequence[str], *, clear: bool) -> Reaction:
    symbols = tuple(dict.fromkeys(parse_symbol(item) for item in items))
    if len(symbols) < (1 if clear else 2) or len(symbols) > MOST_SAME:
        raise Misunderstood(
            "Name the symbol whose group is to be forgotten."
            if clear
            else f"Name two symbols or more (at most {MOST_SAME}) that count as the same.",
            "/tax same clear VTI" if clear else "/tax same VTI VTSAX",
        )
    runtime = turn.runtime
    same = await set_same(
        runtime.store,
        runtime.clock,
        member=turn.member,
        portfolio_id=await turn.portfolio_id(words.slug),
        symbols=symbols,
        clear=clear,
    )
    return say(note(same_words(same), NO_ADVICE))


async def _treatment(turn: Turn, words: Words, name: str) -> Reaction:
    if name not in set(TaxTreatment):
        known = ", ".join(TaxTreatment)
        raise Misunderstood(
            f"An account is one of {known}, not “{name[:20]}”.",
            "/tax treatment tax_deferred",
        )
    runtime = turn.runtime
    current = (await turn.current(words.slug)).portfolio
    managed = await set_treatment(
        runtime.store,
        runtime.clock,
        member=turn.member,
        portfolio_id=current.portfolio.id,
        treatment=TaxTreatment(name),
        account_id=named_account(current, words.account).account.id,
    )
    return say(treatment_screen(managed))


def _act(words: Words) -> Act:
    match next(iter(words.items), "").lower():
        case "rules" | "carried" | "realised" | "realized":
            return Act.SET_OWN
        case "same":
            return Act.SET_EQUIVALENTS
        case "treatment":
            return Act.SET_TREATMENT
        case _:
            return Act.SEE_TAXES


COMMAND = Command(
    "tax", run, "this year's gains, rules, losses carried in", EXAMPLE, _act, moves=True
)
