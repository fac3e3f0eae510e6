"""Permissions: one table of everything that people can do here, and the least that each takes. Deny by default.

Nothing else says who may do what: use cases ask here inside the transaction that reads the role, the front ends
name an act for every command, button and link, and views show only the buttons whose act the reader may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from core.domain.membership import Role
from core.domain.refusals import NotAllowed


class Standing(StrEnum):
    """What a person without a role in the portfolio is; each may do what those before it may, and every role more."""

    STRANGER = "stranger"
    ALLOWED = "allowed"
    """Named by the operator in the settings."""
    MEMBER = "member"


class Act(StrEnum):
    """Something that a person can do."""

    ACCEPT_INVITATION = "accept_invitation"
    COME_IN = "come_in"

    GET_HELP = "get_help"
    SET_OWN = "set_own"
    """Layout, pictures, channels: what concerns nobody else."""
    EXPORT = "export"
    MAKE_PORTFOLIO = "make_portfolio"
    CHOOSE_PORTFOLIO = "choose_portfolio"

    SEE_PORTFOLIO = "see_portfolio"
    SEE_PROPOSALS = "see_proposals"
    SEE_HISTORY = "see_history"
    SEE_ORDERS = "see_orders"
    SEE_MEMBERS = "see_members"
    SEE_RULES = "see_rules"
    SEE_ACCOUNTS = "see_accounts"
    SEE_HOLDINGS = "see_holdings"
    SEE_TAXES = "see_taxes"
    SEE_HARVESTED = "see_harvested"
    SEE_CHANGES = "see_changes"
    REHEARSE = "rehearse"
    LEAVE = "leave"
    FORGET_ME = "forget_me"
    CLOSE = "close"
    ANSWER_OFFER = "answer_offer"

    ASK_FOR_PLAN = "ask_for_plan"
    PLAN_DEPOSIT = "plan_deposit"
    ASK_FOR_MONEY = "ask_for_money"
    ASK_FOR_HARVEST = "ask_for_harvest"

    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"
    TAKE_BACK = "take_back"
    OBJECT = "object"
    PUT_OFF = "put_off"
    EDIT = "edit"
    PLAN_AGAIN = "plan_again"
    STAY_IN_CASH = "stay_in_cash"
    SET_ASIDE = "set_aside"
    SAY_TAKEN_OUT = "say_taken_out"
    KEEP_MONEY = "keep_money"
    RESOLVE_ORDER = "resolve_order"
    ANSWER_CHECKLIST = "answer_checklist"
    PAUSE = "pause"
    AGREE_TO_CHANGE = "agree_to_change"
    OBJECT_TO_CHANGE = "object_to_change"

    RESUME = "resume"
    CHANGE_TARGETS = "change_targets"
    CHANGE_POLICY = "change_policy"
    CHANGE_RULES = "change_rules"
    CHANGE_ROLES = "change_roles"
    REMOVE_MEMBERS = "remove_members"
    INVITE = "invite"
    HAND_OVER = "hand_over"
    SHARE = "share"
    CHOOSE_HOME = "choose_home"
    SHOW_AMOUNTS = "show_amounts"
    SEE_LOG = "see_log"
    MOVE_CASH = "move_cash"
    ADD_ACCOUNT = "add_account"
    RAISE_RUNG = "raise_rung"
    LOWER_RUNG = "lower_rung"
    RELEASE_HOLD = "release_hold"
    TYPE_HOLDINGS = "type_holdings"
    TYPE_LOTS = "type_lots"
    SET_TREATMENT = "set_treatment"
    SET_EQUIVALENTS = "set_equivalents"
    ASK_FOR_CHANGE = "ask_for_change"
    WITHDRAW_CHANGE = "withdraw_change"


TABLE: Mapping[Standing | Role, tuple[Act, ...]] = {
    Standing.STRANGER: (Act.ACCEPT_INVITATION,),
    Standing.ALLOWED: (Act.COME_IN,),
    Standing.MEMBER: (
        Act.GET_HELP,
        Act.SET_OWN,
        Act.EXPORT,
        Act.FORGET_ME,
        Act.MAKE_PORTFOLIO,
        Act.CHOOSE_PORTFOLIO,
    ),
    Role.VIEWER: (
        Act.SEE_PORTFOLIO,
        Act.SEE_PROPOSALS,
        Act.SEE_HISTORY,
        Act.SEE_ORDERS,
        Act.SEE_MEMBERS,
        Act.SEE_RULES,
        Act.SEE_ACCOUNTS,
        Act.SEE_HOLDINGS,
        Act.SEE_TAXES,
        Act.SEE_HARVESTED,
        Act.SEE_CHANGES,
        Act.REHEARSE,
        Act.LEAVE,
        Act.ANSWER_OFFER,
    ),
    Role.PROPOSER: (
        Act.ASK_FOR_PLAN,
        Act.PLAN_DEPOSIT,
        Act.ASK_FOR_MONEY,
        Act.ASK_FOR_HARVEST,
    ),
    Role.APPROVER: (
        Act.APPROVE,
        Act.REJECT,
        Act.REOPEN,
        Act.TAKE_BACK,
        Act.OBJECT,
        Act.PUT_OFF,
        Act.EDIT,
        Act.PLAN_AGAIN,
        Act.STAY_IN_CASH,
        Act.SET_ASIDE,
        Act.SAY_TAKEN_OUT,
        Act.KEEP_MONEY,
        Act.RESOLVE_ORDER,
        Act.ANSWER_CHECKLIST,
        Act.PAUSE,
        Act.AGREE_TO_CHANGE,
        Act.OBJECT_TO_CHANGE,
    ),
    Role.OWNER: (
        Act.RESUME,
        Act.CHANGE_TARGETS,
        Act.CHANGE_POLICY,
        Act.CHANGE_RULES,
        Act.CHANGE_ROLES,
        Act.REMOVE_MEMBERS,
        Act.INVITE,
        Act.HAND_OVER,
        Act.CLOSE,
        Act.SHARE,
        Act.CHOOSE_HOME,
        Act.SHOW_AMOUNTS,
        Act.SEE_LOG,
        Act.MOVE_CASH,
        Act.ADD_ACCOUNT,
        Act.RAISE_RUNG,
        Act.LOWER_RUNG,
        Act.RELEASE_HOLD,
        Act.TYPE_HOLDINGS,
        Act.TYPE_LOTS,
        Act.SET_TREATMENT,
        Act.SET_EQUIVALENTS,
        Act.ASK_FOR_CHANGE,
        Act.WITHDRAW_CHANGE,
    ),
}
"""The least standing or role that each act takes; whoever ranks higher may do it too."""

LEAST: Mapping[Act, Standing | Role] = {act: least for least, acts in TABLE.items() for act in acts}
"""The same table, from the act to the least that it takes."""

_RANK = {who: rank for rank, who in enumerate((*Standing, *Role))}


def may(who: Standing | Role | None, act: Act) -> bool:
    """Whether a role in a portfolio permits an act there; for acts that belong to no portfolio a standing is enough.

    No role permits nothing.
    """
    return who is not None and _RANK[who] >= _RANK[LEAST[act]]


def require(role: Role | None, act: Act) -> None:
    """Raise NotAllowed unless the role permits the act."""
    if not may(role, act):
        raise NotAllowed(needed=LEAST[act], role=role, act=act)
