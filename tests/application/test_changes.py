"""Changes of a live portfolio: nobody loosens it alone, unheard, or in less than a day."""

from __future__ import annotations

import ast
import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from core.application import hold_back
from core.application.add_account import add_account
from core.application.agree_to_change import take_agreement_back
from core.application.climb_ladder import ask_to_climb, climb, step_down
from core.application.keep_rules import add_rule, list_rules, switch_rule
from core.application.members import leave_portfolio
from core.application.pause import pause
from core.application.run_due_work import run_due_work
from core.application.settle_changes import settle_changes
from core.application.show_change import list_changes
from core.application.withdraw_change import withdraw_change
from core.domain.change import DRAFT_KEPT, NOTICE, REMIND_BEFORE, STILL_LIVE, ChangeState
from core.domain.ids import ChangeId, ChatId, RuleId, UserId
from core.domain.membership import Role
from core.domain.outbox import MessageKind
from core.domain.portfolio import Rung
from core.domain.refusals import (
    ChangeOver,
    NeedsAgreement,
    NotAllowed,
    NotTheAsker,
    OwnRights,
    UnknownChange,
)
from core.domain.rules import Action, Rule
from core.domain.targets import TargetAllocation
from core.ports.broker import BrokerUnavailable
from core.ports.store import Chat
from tests.application.acts import HALVES, ask, told
from tests.application.changing_family import OTHER, Family, changing_family, drafted
from tests.application.live_world import NUMBER, account_of, approve
from tests.fakes.store import make_store
from tests.fakes.world import ANNA


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    async with changing_family(tmp_path) as made:
        yield made


# --- what waits, and what does not ---------------------------------------------------------------


async def test_what_loosens_is_made_out_and_changes_nothing(family: Family) -> None:
    before = await family.managed()
    with pytest.raises(NeedsAgreement) as held:
        await family.set_targets()
    assert held.value.missing == 0
    assert held.value.takes_effect_at == family.world.clock.now() + NOTICE
    for changing in (
        family.set_policy(band="8"),
        family.set_role(family.carl, Role.APPROVER),
        family.remove(family.ben),
        family.set_role(family.ben, Role.VIEWER),
    ):
        await drafted(changing)
    assert await family.managed() == before
    assert await family.role(family.carl) is Role.VIEWER
    assert await family.role(family.ben) is Role.APPROVER
    assert await told(family.world) == []


async def test_what_tightens_or_is_harmless_is_made_at_once(family: Family) -> None:
    await family.set_policy(band="3", approvals="2", alert_growth="off")
    assert (await family.policy()).approvals == 2
    await family.set_role(family.carl, Role.PROPOSER)
    await family.remove(family.carl)
    assert await family.role(family.carl) is None
    await leave_portfolio(
        family.world.store, family.world.clock, member=family.ben, portfolio_id=family.portfolio_id
    )
    await pause(
        family.world.store,
        family.world.clock,
        member=family.anna,
        portfolio_id=family.portfolio_id,
    )
    assert (await family.managed()).portfolio.is_paused


async def test_a_portfolio_without_real_money_changes_at_once(family: Family) -> None:
    async with family.world.store.begin() as work:
        account = (await work.portfolios.get(family.portfolio_id)).accounts[0]
        await work.ladder.set_rung(account.id, Rung.DRY_RUN)
        await work.ladder.end_confirmation(account.id, family.world.clock.now() - STILL_LIVE * 2)
    await family.set_targets()
    await family.set_role(family.carl, Role.OWNER)
    assert await family.targets() == OTHER


async def test_nobody_steps_down_to_change_alone(family: Family) -> None:
    world, anna = family.world, family.anna
    await step_down(world.store, world.clock, member=anna, portfolio_id=family.portfolio_id)
    await drafted(family.set_targets())
    world.pass_time(STILL_LIVE)
    await drafted(family.set_targets())
    world.pass_time(timedelta(seconds=1))
    await family.set_targets()
    assert await family.targets() == OTHER


# --- the day -------------------------------------------------------------------------------------


async def test_everybody_hears_of_it_and_it_takes_effect_after_a_day(family: Family) -> None:
    change = await family.asked(family.set_targets())
    assert await family.state(change) is ChangeState.AGREED
    assert await family.told(MessageKind.CHANGE_ASKED) == [
        (user, "agreed") for user in family.everybody
    ]
    family.world.pass_time(NOTICE - timedelta(seconds=1))
    assert await settle_changes(family.world.desk) == 0
    assert await family.targets() == TargetAllocation.of(HALVES)
    family.world.pass_time(timedelta(seconds=1))
    assert await settle_changes(family.world.desk) == 1
    assert await family.targets() == OTHER
    assert await family.told(MessageKind.CHANGE_TOLD) == [
        (user, "in_force") for user in family.everybody
    ]
    assert await settle_changes(family.world.desk) == 0


async def test_a_round_of_due_work_settles_what_is_due(family: Family) -> None:
    await family.asked(family.set_policy(band="8"))
    family.world.pass_time(NOTICE)
    assert (await run_due_work(family.world.desk)).settled == 1
    assert (await family.policy()).band.absolute == 8


async def test_a_day_by_the_wall_clock_goes_on_while_nothing_runs(
    family: Family, tmp_path: Path
) -> None:
    change = await family.asked(family.set_policy(band="8"))
    family.world.clock.advance(NOTICE)
    restarted = await make_store(tmp_path)
    try:
        desk = replace(family.world.desk, store=restarted, holder="test:2")
        assert await settle_changes(desk) == 1
    finally:
        await restarted.aclose()
    assert await family.state(change) is ChangeState.IN_FORCE


async def test_two_processes_settle_a_change_once(family: Family, tmp_path: Path) -> None:
    await family.asked(family.set_targets())
    family.world.pass_time(NOTICE)
    other = await make_store(tmp_path)
    try:
        second = replace(family.world.desk, store=other, holder="test:2")
        settled = await asyncio.gather(settle_changes(family.world.desk), settle_changes(second))
    finally:
        await other.aclose()
    assert sum(settled) == 1
    async with family.world.store.read() as work:
        events = await work.log.events(family.portfolio_id, 100)
    assert [event.kind for event in events].count("targets_set") == 2, "at set-up, and now"
    assert len(await family.told(MessageKind.CHANGE_TOLD)) == 3


async def test_open_proposals_of_the_old_targets_end_with_them(family: Family) -> None:
    result = await ask(family.world, family.anna, family.portfolio_id)
    assert result.proposal is not None
    await family.asked(family.set_targets())
    await family.next_day()
    assert (await family.world.proposal(result.proposal.id)).state.value != "open"


# --- who must agree ------------------------------------------------------------------------------


async def test_it_takes_as_many_as_the_largest_trade_may(family: Family) -> None:
    await family.set_policy(many_above="5000")
    change = await family.asked(family.set_targets())
    assert await family.state(change) is ChangeState.ASKED
    shown = await family.agree(family.ben, change)
    assert shown.change.state is ChangeState.AGREED
    assert shown.agreed == (family.anna.id, family.ben.id)
    assert await family.next_day() == 1
    assert await family.targets() == OTHER


async def test_without_enough_who_agree_it_lapses(family: Family) -> None:
    await family.set_policy(approvals="2")
    change = await family.asked(family.set_targets())
    assert await family.next_day() == 1
    assert await family.state(change) is ChangeState.LAPSED
    assert await family.targets() == TargetAllocation.of(HALVES)
    assert "lapsed" in {state for _, state in await family.told(MessageKind.CHANGE_TOLD)}


async def test_who_is_still_needed_hears_of_it_once_more_before_the_day_is_over(
    family: Family,
) -> None:
    await family.set_policy(approvals="2")
    await family.asked(family.set_targets())
    family.world.pass_time(NOTICE - REMIND_BEFORE - timedelta(seconds=1))
    await settle_changes(family.world.desk)
    assert len(await family.told(MessageKind.CHANGE_ASKED)) == 3
    family.world.pass_time(timedelta(seconds=1))
    for _ in range(2):
        await settle_changes(family.world.desk)
    again = Counter(await family.told(MessageKind.CHANGE_ASKED))
    assert again == {
        (family.anna.user_id, "asked"): 1,
        (family.ben.user_id, "asked"): 2,
        (family.carl.user_id, "asked"): 1,
    }


async def test_nobody_is_reminded_of_what_enough_have_agreed_to(family: Family) -> None:
    await family.asked(family.set_targets())
    family.world.pass_time(NOTICE - timedelta(hours=1))
    await settle_changes(family.world.desk)
    assert len(await family.told(MessageKind.CHANGE_ASKED)) == 3


async def test_with_four_eyes_who_asks_is_not_enough(family: Family) -> None:
    await family.set_policy(four_eyes="on")
    with pytest.raises(NeedsAgreement) as held:
        await family.set_targets()
    assert (held.value.missing, held.value.among) == (1, ("Ben",))
    change = ChangeId(held.value.change)
    assert (await family.ask(change)).change.state is ChangeState.ASKED
    assert (await family.agree(family.ben, change)).change.state is ChangeState.AGREED


async def test_the_agreement_of_somebody_removed_meanwhile_does_not_count(family: Family) -> None:
    await family.set_policy(four_eyes="on")
    change = await family.asked(family.set_targets())
    await family.agree(family.ben, change)
    await leave_portfolio(
        family.world.store, family.world.clock, member=family.ben, portfolio_id=family.portfolio_id
    )
    await family.next_day()
    assert await family.state(change) is ChangeState.LAPSED
    assert await family.targets() == TargetAllocation.of(HALVES)


async def test_a_rule_made_stricter_meanwhile_is_what_counts(family: Family) -> None:
    change = await family.asked(family.set_targets())
    await family.set_policy(approvals="2")
    await family.next_day()
    assert await family.state(change) is ChangeState.LAPSED


async def test_whoever_asked_must_still_be_permitted_to(family: Family) -> None:
    await family.world.give_role(family.ben, family.portfolio_id, Role.OWNER)
    change = await family.asked(family.set_targets())
    await family.agree(family.ben, change)
    await family.world.give_role(family.anna, family.portfolio_id, Role.PROPOSER)
    await family.next_day()
    assert await family.state(change) is ChangeState.OVERTAKEN
    assert await family.targets() == TargetAllocation.of(HALVES)


async def test_an_agreement_is_taken_back_before_it_is_in_force(family: Family) -> None:
    await family.set_policy(four_eyes="on")
    change = await family.asked(family.set_targets())
    await family.agree(family.ben, change)
    shown = await take_agreement_back(
        family.world.store, family.world.clock, member=family.ben, change_id=change
    )
    assert shown.change.state is ChangeState.ASKED
    assert shown.still.among == (family.ben.id,)
    told_of = Counter(state for _, state in await family.told(MessageKind.CHANGE_TOLD))
    assert told_of == {"agreed": 3, "asked": 3}
    await family.next_day()
    assert await family.state(change) is ChangeState.LAPSED


# --- against it ----------------------------------------------------------------------------------


async def test_one_objection_ends_it_and_names_its_giver(family: Family) -> None:
    change = await family.asked(family.set_targets())
    shown = await family.object(family.ben, change)
    assert shown.change.state is ChangeState.OBJECTED
    assert shown.change.last_answer is not None
    assert shown.change.last_answer.member_name == "Ben"
    assert await family.next_day() == 0
    assert await family.targets() == TargetAllocation.of(HALVES)
    with pytest.raises(ChangeOver):
        await family.agree(family.ben, change)


async def test_who_may_only_look_neither_agrees_nor_objects(family: Family) -> None:
    change = await family.asked(family.set_targets())
    for refused in (family.agree(family.carl, change), family.object(family.carl, change)):
        with pytest.raises(NotAllowed):
            await refused
    dora = await family.world.person(UserId(1004), "Dora")
    for hidden in (family.agree(dora, change), family.object(dora, change)):
        with pytest.raises(UnknownChange):
            await hidden


async def test_only_who_asked_withdraws_it(family: Family) -> None:
    await family.world.give_role(family.ben, family.portfolio_id, Role.OWNER)
    change = await family.asked(family.set_targets())
    world = family.world
    with pytest.raises(NotTheAsker):
        await withdraw_change(world.store, world.clock, member=family.ben, change_id=change)
    await withdraw_change(world.store, world.clock, member=family.anna, change_id=change)
    assert await family.state(change) is ChangeState.WITHDRAWN
    assert await family.next_day() == 0


async def test_an_approver_does_not_keep_the_right_by_objecting_and_an_owner_does(
    family: Family,
) -> None:
    change = await family.asked(family.remove(family.ben))
    with pytest.raises(OwnRights):
        await family.object(family.ben, change)
    assert await family.next_day() == 1
    assert await family.role(family.ben) is None
    assert (family.ben.user_id, "in_force") in await family.told(MessageKind.CHANGE_TOLD)
    await family.world.give_role(family.ben, family.portfolio_id, Role.OWNER)
    await family.object(family.ben, await family.asked(family.remove(family.ben)))
    await family.next_day()
    assert await family.role(family.ben) is Role.OWNER


# --- drafts --------------------------------------------------------------------------------------


async def test_a_draft_is_asked_for_once_by_who_made_it_out_and_within_a_day(
    family: Family,
) -> None:
    await family.world.give_role(family.ben, family.portfolio_id, Role.OWNER)
    change = await drafted(family.set_targets())
    with pytest.raises(NotTheAsker):
        await family.ask(change, family.ben)
    await family.ask(change)
    with pytest.raises(ChangeOver):
        await family.ask(change)
    late = await drafted(family.set_policy(band="8"))
    family.world.pass_time(DRAFT_KEPT + timedelta(seconds=1))
    with pytest.raises(ChangeOver):
        await family.ask(late)
    await settle_changes(family.world.desk)
    assert await family.state(late) is ChangeState.LAPSED


async def test_a_draft_is_dropped_unheard(family: Family) -> None:
    change = await drafted(family.set_targets())
    world = family.world
    await withdraw_change(world.store, world.clock, member=family.anna, change_id=change)
    assert await told(world) == []
    with pytest.raises(ChangeOver):
        await family.ask(change)


async def test_only_what_waits_is_listed(family: Family) -> None:
    await drafted(family.set_targets())
    asked = await family.asked(family.set_policy(band="8"))
    await family.object(family.ben, await family.asked(family.set_targets()))
    world = family.world
    for member in (family.anna, family.carl):
        listed = await list_changes(world.store, member=member, portfolio_id=family.portfolio_id)
        assert [each.change.id for each in listed] == [asked]


async def test_a_rule_that_lets_lines_drift_further_waits_and_turning_it_off_does_not(
    family: Family,
) -> None:
    world, anna, portfolio_id = family.world, family.anna, family.portfolio_id

    async def added(action: Action, factor: Decimal | None = None) -> RuleId:
        rule = await add_rule(
            world.store,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            text="VIX > 30",
            action=action,
            factor=factor,
        )
        return rule.id

    async def switch(rule_id: RuleId, *, on: bool) -> Rule:
        return await switch_rule(
            world.store,
            world.clock,
            member=anna,
            portfolio_id=portfolio_id,
            rule_id=rule_id,
            is_enabled=on,
        )

    assert (await switch(await added(Action.NOTIFY), on=True)).is_enabled
    widen = await added(Action.WIDEN, Decimal(2))
    await family.asked(switch(widen, on=True))
    await family.next_day()
    (_, rule) = await list_rules(world.store, anna, portfolio_id)
    assert rule.is_enabled
    assert not (await switch(widen, on=False)).is_enabled
    await drafted(switch(await added(Action.HOLD_OFF), on=True))


# --- overtaken -----------------------------------------------------------------------------------


async def test_what_was_tightened_meanwhile_is_not_loosened_by_what_was_agreed_before(
    family: Family,
) -> None:
    change = await family.asked(family.set_policy(band="8"))
    await family.set_policy(band="3")
    assert await family.next_day() == 1
    assert await family.state(change) is ChangeState.OVERTAKEN
    assert (await family.policy()).band.absolute == 3


async def test_a_setting_goes_onto_what_changed_elsewhere_meanwhile(family: Family) -> None:
    await family.asked(family.set_policy(band="8"))
    await family.set_policy(min_trade="100")
    await family.next_day()
    policy = await family.policy()
    assert (policy.band.absolute, policy.min_trade) == (Decimal(8), Decimal(100))


async def test_of_two_changes_of_the_same_targets_the_second_is_overtaken(family: Family) -> None:
    first = await family.asked(family.set_targets())
    second = await family.asked(family.set_targets())
    assert await family.next_day() == 2
    states = (await family.state(first), await family.state(second))
    assert states == (ChangeState.IN_FORCE, ChangeState.OVERTAKEN)


# --- accounts and rungs --------------------------------------------------------------------------


async def test_another_account_waits_and_is_opened_once(family: Family) -> None:
    world = family.world
    adding = add_account(
        world.store,
        world.brokers,
        world.clock,
        member=family.anna,
        portfolio_id=family.portfolio_id,
        name="IRA",
        broker=world.broker.name,
    )
    change = await family.asked(adding)
    assert len((await family.managed()).accounts) == 1
    await family.next_day()
    names = [account.name for account in (await family.managed()).accounts]
    assert names[1:] == ["IRA"]
    assert await family.state(change) is ChangeState.IN_FORCE


async def raise_rung(family: Family) -> ChangeId:
    """Anna types the end of the account number to go from LIVE capped to LIVE."""
    world, chat = family.world, Chat(ChatId(ANNA), "private", "Anna")
    await ask_to_climb(
        world.desk,
        member=family.anna,
        chat=chat,
        portfolio_id=family.portfolio_id,
        rung=Rung.LIVE,
    )
    async with world.store.begin() as work:
        dialogue = await work.conversation.dialogue(chat.id, family.anna.id)
    assert dialogue is not None
    return await family.asked(climb(world.desk, member=family.anna, chat=chat, typed=NUMBER[-4:]))


async def test_more_real_money_waits_and_the_broker_is_asked_again_then(family: Family) -> None:
    change = await raise_rung(family)
    family.world.broker.account_id = "111114321"
    await family.next_day()
    assert await family.state(change) is ChangeState.OVERTAKEN
    assert (await account_of(family.world, family.anna)).rung is Rung.LIVE_CAPPED


async def test_a_broker_that_does_not_answer_is_asked_again_for_a_day(family: Family) -> None:
    change = await raise_rung(family)
    family.world.broker.read_error = BrokerUnavailable("scripted")
    assert await family.next_day() == 0
    assert await family.state(change) is ChangeState.AGREED
    family.world.broker.read_error = None
    assert await settle_changes(family.world.desk) == 1
    assert (await account_of(family.world, family.anna)).rung is Rung.LIVE


async def test_a_broker_that_does_not_answer_for_a_day_overtakes_it(family: Family) -> None:
    change = await raise_rung(family)
    family.world.broker.read_error = BrokerUnavailable("scripted")
    assert await family.next_day() == 0
    family.world.pass_time(NOTICE + timedelta(seconds=1))
    assert await settle_changes(family.world.desk) == 1
    assert await family.state(change) is ChangeState.OVERTAKEN


async def test_orders_under_way_hold_another_account_up(family: Family) -> None:
    world = family.world
    adding = add_account(
        world.store,
        world.brokers,
        world.clock,
        member=family.anna,
        portfolio_id=family.portfolio_id,
        name="IRA",
        broker=world.broker.name,
    )
    await family.asked(adding)
    world.pass_time(NOTICE)
    result = await ask(world, family.anna, family.portfolio_id)
    assert result.proposal is not None
    await approve(world, family.anna, result.proposal)
    assert await settle_changes(world.desk) == 0
    assert len((await family.managed()).accounts) == 1


async def test_the_same_rung_is_confirmed_anew_at_once(family: Family) -> None:
    world, chat = family.world, Chat(ChatId(ANNA), "private", "Anna")
    await ask_to_climb(
        world.desk,
        member=family.anna,
        chat=chat,
        portfolio_id=family.portfolio_id,
        rung=Rung.LIVE_CAPPED,
    )
    world.pass_time(timedelta(seconds=1))
    await climb(world.desk, member=family.anna, chat=chat, typed=NUMBER[-4:])
    async with world.store.read() as work:
        account = (await work.portfolios.get(family.portfolio_id)).accounts[0]
        confirmation = await work.ladder.confirmation(account.id)
    assert confirmation is not None
    assert confirmation.confirmed_at == world.clock.now()


# --- everywhere ----------------------------------------------------------------------------------

WRITES = {
    "set_targets": {"set_targets.put_targets"},
    "set_policy": {"change_policy.put_policy"},
    "set_role": {
        "members.put_role",
        "create_portfolio.create_portfolio",  # its first owner
        "enter._claim",  # the operator's
        "enter._accept",  # no role that decides, where it would have to be agreed to
        "households._let_in",  # viewers only
    },
    "remove_membership": {"members.put_out"},
    "add_account": {"add_account.put_account", "create_portfolio.create_portfolio"},
    "set_rung": {
        "change_rung.change_rung",
        "release_hold._accept",  # down, until it is confirmed anew
    },
    "move_account": {"connect_account._replace", "release_hold._accept"},
    "confirm": {"climb_ladder._go_up"},
}
"""Where what loosens or redirects a portfolio is written: what is asked first stands in these functions' callers."""


def test_what_loosens_a_portfolio_is_written_in_few_places() -> None:
    """A new place must ask ``hold_back`` first, or say here why it need not."""
    found: dict[str, set[str]] = {name: set() for name in WRITES}
    for path in Path(hold_back.__file__).parent.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.AsyncFunctionDef):
                for name in _written_in(function) & set(found):
                    found[name].add(f"{path.stem}.{function.name}")
    assert found == WRITES


def _written_in(function: ast.AsyncFunctionDef) -> set[str]:
    """The store's methods that a function calls on its unit of work."""
    return {
        call.func.attr
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Attribute)
        and isinstance(call.func.value.value, ast.Name)
        and call.func.value.value.id == "work"
    }
