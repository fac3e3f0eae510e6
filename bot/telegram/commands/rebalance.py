"""``/rebalance [buy] [force]``: check now, and propose what is needed."""

from __future__ import annotations

from functools import partial

from bot.telegram.commands.command import Command, Words
from bot.telegram.commands.notes import bold, escape, note, shown_name, tap
from bot.telegram.commands.proposals import proposal_now
from bot.telegram.context import NOTHING, Misunderstood, Reaction, Said, Turn, say
from bot.telegram.screen import Screen
from bot.telegram.views.book import holdings_old_buttons
from bot.words.by_hand import is_by_hand
from bot.words.numbers import small_drift
from bot.words.plan_reasons import reason_sentence
from bot.words.refusals import refusal_sentence
from bot.words.rules import asked_sentences
from core.application.check_drift import request_rebalance
from core.application.check_result import CheckResult, Outcome
from core.application.follow_rules import verdict_now
from core.domain.permissions import Act
from core.domain.plan import ReasonCode
from core.domain.portfolio import Portfolio
from core.domain.refusals import EmptyAccount, HoldingsOld, NoTargets, PortfolioPaused, Refusal

FLAGS = frozenset({"buy", "force"})


async def run(turn: Turn, words: Words) -> Reaction:
    """Read the flags, and check."""
    unknown = [item for item in words.items if item.lower() not in FLAGS]
    if unknown:
        raise Misunderstood(
            f"“{unknown[0]}” means nothing to me here. “buy” plans purchases only; "
            "“force” plans even where every line is inside its band.",
            "/rebalance buy",
        )
    portfolio = (await turn.current(words.slug)).portfolio.portfolio
    return await check(turn, portfolio, buy_only="buy" in words.flags, force="force" in words.flags)


async def check(
    turn: Turn, portfolio: Portfolio, *, buy_only: bool = False, force: bool = False
) -> Reaction:
    """Check one portfolio, and say what came of it; a new proposal comes as a message of its own."""
    runtime = turn.runtime
    result = await request_rebalance(
        runtime.store,
        runtime.brokers,
        runtime.market,
        runtime.clock,
        member=turn.member,
        portfolio_id=portfolio.id,
        request_key=turn.key,
        chat_id=turn.asks_from,
        buy_only=buy_only,
        force=force,
        limits=runtime.limits,
    )
    turn.wake()
    reaction = await react(turn, portfolio, result, is_forced=force)
    if result.outcome in {Outcome.REFUSED, Outcome.REPEATED}:
        return reaction
    return reaction.after(partial(_rules, turn, portfolio))


async def _rules(turn: Turn, portfolio: Portfolio) -> Reaction:
    """What rules would have done to a scheduled check; nothing where they would have left it alone."""
    market = turn.runtime.market
    verdict = await verdict_now(turn.runtime.store, market, portfolio.id)
    said = asked_sentences(verdict, (await market.moment()).today)
    return say(note(*map(escape, said))) if said else NOTHING


async def react(
    turn: Turn, portfolio: Portfolio, result: CheckResult, *, is_forced: bool
) -> Reaction:
    """Say what came of a check that was asked for; a new proposal comes by itself."""
    match result.outcome:
        case Outcome.PROPOSED if _is_asked_in_topic(turn, portfolio) and result.proposal:
            return Reaction(says=(await proposal_now(turn, result.proposal.id),))
        case Outcome.PROPOSED | Outcome.REPEATED:
            return NOTHING
        case Outcome.STILL_OPEN if result.proposal is not None:
            return Reaction(says=(await proposal_now(turn, result.proposal.id),))
        case Outcome.IN_FLIGHT if result.proposal is not None:
            number = result.proposal.id
            first = note(f"Proposal {number} comes first: ask again when it is through.")
            return Reaction(says=(Said(first), await proposal_now(turn, number)))
        case Outcome.ON_TARGET:
            return say(_on_target(portfolio, result, is_forced=is_forced))
        case Outcome.NOTHING_HELPS:
            return say(_nothing_helps(portfolio, result))
        case _ if isinstance(result.refusal, EmptyAccount):
            return say(await _empty(turn, portfolio, result.refusal))
        case _:
            return say(refused(portfolio, result.refusal))


def _is_asked_in_topic(turn: Turn, portfolio: Portfolio) -> bool:
    """Whether a plan was asked for in a topic of a group that is not its home: it is shown there, where it was asked.

    The outbox knows chats, and the topics that are a portfolio's own.
    """
    return turn.chat.topic_id is not None and portfolio.home_chat_id != turn.chat.id


async def _empty(turn: Turn, portfolio: Portfolio, refusal: Refusal) -> Screen:
    """Nothing to plan with: where people keep the book, there is nothing in it yet."""
    current = await turn.of_id(portfolio.id)
    if not all(map(is_by_hand, current.portfolio.accounts)):
        return refused(portfolio, refusal)
    return note(
        "Nothing is written down yet of what this account holds.",
        rows=((tap("✏️ Type what it holds", "bk_show", portfolio.id),),),
    )


def _on_target(portfolio: Portfolio, result: CheckResult, *, is_forced: bool) -> Screen:
    """Nothing to do, and why; a plan inside the bands is offered where it was not asked for already."""
    status = tap("📊 Status", "status", portfolio.id)
    anyway = tap("⚖️ Plan anyway", "force", portfolio.id)
    return note(
        f"{bold(shown_name(portfolio.name))}: nothing to do. {escape(_reason(portfolio, result))}",
        rows=((status,) if is_forced else (anyway, status),),
    )


def _reason(portfolio: Portfolio, result: CheckResult) -> str:
    reason = reason_sentence(result.plan.reason, portfolio.currency) if result.plan else ""
    if result.drift is None or "drift" in reason:
        return reason
    return f"{reason} Drift is {small_drift(result.drift.portfolio_drift)} points.".lstrip()


def _nothing_helps(portfolio: Portfolio, result: CheckResult) -> Screen:
    skipped = result.plan.skipped if result.plan else ()
    reasons = [
        f"• {escape(line.symbol)}: {escape(reason_sentence(line.reason, portfolio.currency))}"
        for line in skipped
    ]
    reason = reason_sentence(result.plan.reason, portfolio.currency) if result.plan else ""
    return note(
        f"{bold(shown_name(portfolio.name))}: {escape(reason)}",
        "\n".join(reasons),
        _way_out(result),
        rows=((tap("📊 Status", "status", portfolio.id),),),
    )


def _way_out(result: CheckResult) -> str:
    """What would help, where whole shares are too dear for what there is."""
    skipped = result.plan.skipped if result.plan else ()
    if not any(line.reason.code is ReasonCode.LESS_THAN_ONE_SHARE for line in skipped):
        return ""
    return (
        "Shares are traded whole here. More money would help (/deposit), or parts of shares where "
        "the broker has them: /policy fractions auto"
    )


def refused(portfolio: Portfolio, refusal: Refusal | None) -> Screen:
    """Why nothing could be planned, and what to do about it."""
    sentence = refusal_sentence(refusal) if refusal else "Nothing could be planned just now."
    match refusal:
        case NoTargets():
            button = tap("🎯 Choose targets", "setup", portfolio.id)
        case EmptyAccount():
            button = tap("💵 Put in $10,000 of paper money", "deposit", 10_000, portfolio.id)
        case HoldingsOld():
            return note(escape(sentence), rows=holdings_old_buttons(portfolio.id))
        case PortfolioPaused():
            button = tap("▶️ Resume", "resume", portfolio.id)
        case _:
            button = tap("🔄 Try again", "rebalance", portfolio.id)
    return note(escape(sentence), rows=((button,),))


COMMAND = Command(
    "rebalance",
    run,
    "check now, and propose what is needed",
    "/rebalance",
    Act.ASK_FOR_PLAN,
    moves=True,
    is_slow=True,
)
