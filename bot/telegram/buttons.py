"""Buttons: each verb that a button may carry, and what is done when it is tapped.

A payload proves only that we made the button for this chat. Who tapped, and whether they may, is asked
anew every time: at the entry by the verb's act, and in the transaction of the use case.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from bot.telegram import (
    after_sale_buttons,
    approve_buttons,
    change_buttons,
    doubt_buttons,
    edit_buttons,
    family_buttons,
    hand_buttons,
    hold_buttons,
    holdings_import,
    holdings_split,
    proposal_buttons,
    setup,
    setup_end,
)
from bot.telegram.commands import (
    accounts,
    alerts,
    approval,
    cash,
    channels,
    harvest,
    helping,
    history,
    holdings,
    invite,
    leave,
    log,
    members,
    new,
    pause,
    performance,
    portfolio,
    rules,
    targets,
    why,
)
from bot.telegram.commands import settings as settings_command
from bot.telegram.commands.command import Words
from bot.telegram.commands.notes import note
from bot.telegram.commands.rebalance import check
from bot.telegram.commands.status import back_to_all, one_of, status_of
from bot.telegram.context import Reaction, Turn, put, say
from bot.telegram.dialogues import end_dialogue
from bot.telegram.entry import admit_tap
from bot.telegram.screen import Action
from bot.telegram.verb_acts import VERB_ACTS
from bot.telegram.views.targets import targets_screen
from core.application.choose_portfolio import Current
from core.domain.ids import PortfolioId
from core.domain.membership import parse_role

Verb = Callable[..., Awaitable[Reaction]]

OF_PROPOSAL: Mapping[str, Verb] = {
    **approve_buttons.VERBS,
    **edit_buttons.VERBS,
    **proposal_buttons.VERBS,
    **hand_buttons.VERBS,
    **after_sale_buttons.VERBS,
}
"""Verbs whose first argument is a proposal's number."""

SLOW = frozenset(
    {
        "bk_use",
        "bk_split",
        "ch_test",
        "perf",
        "status",
        "why_line",
        "ov_all",
        "ov_show",
        "rebalance",
        "force",
        "invest",
        "su_pick",
        "su_cash",
        "rehearse",
        "tg_use",
        "as_try",
        *doubt_buttons.VERBS,
        *hold_buttons.VERBS,
        *cash.VERBS,
        *rules.VERBS,
    }
)
"""Verbs that are worth a typing indicator."""


async def _meant(turn: Turn, portfolio_id: int) -> Current:
    """The portfolio that a button names; 0 is the chat's."""
    return await (turn.of_id(portfolio_id) if portfolio_id else turn.current())


async def _status(turn: Turn, portfolio_id: int = 0) -> Reaction:
    current = await _meant(turn, portfolio_id)
    reaction = await status_of(turn, current.portfolio.portfolio.id)
    return put(reaction.says[0].screen) if turn.is_on_picture else reaction


async def _rebalance(turn: Turn, portfolio_id: int = 0) -> Reaction:
    return await check(turn, (await _meant(turn, portfolio_id)).portfolio.portfolio)


async def _force(turn: Turn, portfolio_id: int = 0) -> Reaction:
    return await check(turn, (await _meant(turn, portfolio_id)).portfolio.portfolio, force=True)


async def _invest(turn: Turn, portfolio_id: int = 0) -> Reaction:
    return await check(turn, (await _meant(turn, portfolio_id)).portfolio.portfolio, buy_only=True)


async def _targets(turn: Turn, portfolio_id: int = 0) -> Reaction:
    current = await _meant(turn, portfolio_id)
    if current.portfolio.targets is None:
        return await _setup(turn, portfolio_id)
    return say(targets_screen(current))


async def _setup(turn: Turn, portfolio_id: int = 0) -> Reaction:
    return await setup.choose_targets(turn, await _meant(turn, portfolio_id))


async def _deposit(turn: Turn, amount: int, portfolio_id: int = 0) -> Reaction:
    return await cash.deposit_button(turn, amount, await _meant(turn, portfolio_id))


async def _resume(turn: Turn, portfolio_id: int = 0) -> Reaction:
    current = await _meant(turn, portfolio_id)
    return await pause.resume_portfolio(turn, current.portfolio.portfolio.id)


async def _pause(turn: Turn, portfolio_id: int = 0) -> Reaction:
    current = await _meant(turn, portfolio_id)
    return await pause.stop_portfolio(turn, current.portfolio.portfolio.id)


async def _members(turn: Turn, portfolio_id: int = 0) -> Reaction:
    return say(await members.everybody(turn, await _meant(turn, portfolio_id)))


async def _members_again(turn: Turn, portfolio_id: int) -> Reaction:
    return put(await members.everybody(turn, await turn.of_id(portfolio_id)))


async def _use(turn: Turn, portfolio_id: int) -> Reaction:
    slug = (await turn.of_id(portfolio_id)).portfolio.portfolio.slug
    return put(await portfolio.choose(turn, slug))


async def _show_amounts(turn: Turn, portfolio_id: int) -> Reaction:
    return await portfolio.set_amounts(turn, PortfolioId(portfolio_id), shown=True)


async def _hide_amounts(turn: Turn, portfolio_id: int) -> Reaction:
    return await portfolio.set_amounts(turn, PortfolioId(portfolio_id), shown=False)


async def _home(turn: Turn, portfolio_id: int) -> Reaction:
    current = await turn.of_id(portfolio_id)
    return await portfolio.make_home(turn, current.portfolio.portfolio.id)


async def _unhome(turn: Turn, portfolio_id: int) -> Reaction:
    current = await turn.of_id(portfolio_id)
    return await portfolio.leave_home(turn, current.portfolio.portfolio.id)


async def _invite(turn: Turn, portfolio_id: int, role: str = "") -> Reaction:
    current = await turn.of_id(portfolio_id)
    if not role:
        return say(invite.ask(current))
    return await invite.invite(turn, current, parse_role(role))


async def _help(turn: Turn) -> Reaction:
    return await helping.run(turn, Words())


async def _close(turn: Turn) -> Reaction:
    await end_dialogue(turn)
    return put(note("Nothing was changed."))


async def _scale(turn: Turn, portfolio_id: int, token: str) -> Reaction:
    return await targets.complete(turn, portfolio_id, token, in_cash=False)


async def _rest(turn: Turn, portfolio_id: int, token: str) -> Reaction:
    return await targets.complete(turn, portfolio_id, token, in_cash=True)


async def _setup_scale(turn: Turn) -> Reaction:
    return await setup.complete(turn, in_cash=False)


async def _setup_rest(turn: Turn) -> Reaction:
    return await setup.complete(turn, in_cash=True)


VERBS: Mapping[str, Verb] = {
    **OF_PROPOSAL,
    **change_buttons.VERBS,
    **doubt_buttons.VERBS,
    **hold_buttons.VERBS,
    **cash.VERBS,
    **harvest.VERBS,
    **rules.VERBS,
    **alerts.VERBS,
    **approval.VERBS,
    **family_buttons.VERBS,
    **new.VERBS,
    **settings_command.VERBS,
    "status": _status,
    "why_line": why.why_line,
    "ov_all": back_to_all,
    "ov_show": one_of,
    "rebalance": _rebalance,
    "force": _force,
    "invest": _invest,
    "targets": _targets,
    "setup": _setup,
    "deposit": _deposit,
    "pause": _pause,
    "accounts": accounts.show,
    "rung_up": accounts.go_up,
    "rung_down": accounts.go_down,
    "resume": _resume,
    "am_show": _show_amounts,
    "am_hide": _hide_amounts,
    "use": _use,
    "home": _home,
    "unhome": _unhome,
    "help": _help,
    "older": history.older,
    "perf": performance.of_period,
    "close": _close,
    "ch_show": channels.show,
    "ch_test": channels.send_test,
    "ch_want": channels.want_proposals,
    "ch_rules": channels.want_rules,
    "ch_remove": channels.remove,
    "tg_use": targets.use,
    "tg_cancel": targets.cancel,
    "tg_scale": _scale,
    "tg_rest": _rest,
    "bk_right": holdings.still_right,
    "bk_show": holdings.show_again,
    "bk_use": holdings_import.use,
    "bk_cancel": holdings_import.cancel,
    **holdings_split.VERBS,
    "members": _members,
    "members_back": _members_again,
    "role": members.choose_role,
    "set_role": members.set_role,
    "remove": members.ask_to_remove,
    "remove_yes": members.remove,
    "invite": _invite,
    "leave_yes": leave.leave,
    "close_ask": leave.ask_to_close,
    "close_yes": leave.close,
    "forget_ask": leave.ask_again,
    "forget_yes": leave.forget,
    "log_older": log.older,
    "su_pick": setup.pick,
    "su_holdings": setup.use_holdings,
    "su_own": setup.ask_own,
    "su_hand": setup.keep_by_hand,
    "su_cash": setup.pay_in,
    "su_other": setup.ask_other,
    "su_scale": _setup_scale,
    "su_rest": _setup_rest,
    "rehearse": setup_end.show_alert,
    "done": setup_end.done,
}
"""Everything that a button can ask for."""


async def act(turn: Turn, action: Action) -> Reaction | None:
    """Do what a button says; None for a verb or arguments that this version does not know."""
    verb, act_ = VERBS.get(action.verb), VERB_ACTS.get(action.verb)
    given = _arguments(verb, turn, action.args) if verb is not None else None
    if verb is None or act_ is None or given is None:
        return None
    await admit_tap(turn, act_, given.get("portfolio_id", 0), given.get("number"))
    return await verb(turn, *action.args)


def _arguments(verb: Verb, turn: Turn, args: tuple[int | str, ...]) -> dict[str, Any] | None:
    """The arguments by name; None where they do not fit: an older version may have made the button."""
    signature = inspect.signature(verb, eval_str=True)
    try:
        given = signature.bind(turn, *args).arguments
    except TypeError:
        return None
    parameters = signature.parameters
    fits = all(isinstance(value, parameters[name].annotation) for name, value in given.items())
    return dict(given) if fits else None
