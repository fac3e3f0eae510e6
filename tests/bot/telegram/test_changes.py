"""Changes of a live portfolio in chat: what they say, who gets which button, and what an answer brings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pyotp
import pytest

from bot.telegram.html import plain
from bot.telegram.letters.scene import read_scene
from bot.telegram.letters.writing import write_letter
from bot.telegram.screen import Action, Screen
from bot.telegram.views.changes import change_screen
from bot.telegram.views.overview import overview_screen
from bot.telegram.views.status import status_screen
from bot.telegram.views.veiled_status import veiled_status
from bot.words.changes import TITLES, change_lines, change_title, waiting_line
from bot.words.reader import Reader, reading_as
from core.adapters.vault import AesGcmVault
from core.application.one_time_codes import new_secret
from core.application.show_change import ChangeView
from core.application.show_overview import HouseholdOverview
from core.domain.change import NOTICE, Answer, AnswerKind, ChangeState, PendingChange
from core.domain.change_kinds import (
    AccountAdded,
    AccountConnected,
    HandOver,
    PolicyChange,
    RoleChange,
    RuleTurnedOn,
    RungRaised,
    TargetsChange,
    What,
)
from core.domain.ids import (
    AccountId,
    ChangeId,
    CredentialId,
    MemberId,
    PortfolioId,
    RuleId,
    Symbol,
    UserId,
)
from core.domain.membership import Membership, Role
from core.domain.outbox import MessageKind, OutboxItem
from core.domain.policy import Policy
from core.domain.policy_fields import change_policy
from core.domain.portfolio import Rung
from core.domain.refusals import NoTargets
from core.domain.rules import Action as RuleAction
from core.domain.targets import TargetAllocation, TargetLine
from core.domain.tax_treatment import TaxTreatment
from core.ports.store.credentials import ONE_TIME_CODES, owner_of
from tests.bot.telegram.cast import CAST, Play, play
from tests.bot.telegram.scenes import NOW, managed, member
from tests.bot.telegram.test_views import status

ANNA, BEN, CARLA, DORA = (MemberId(number) for number in range(1, 5))
NAMES = {ANNA: "Anna", BEN: "Ben", CARLA: "Carla", DORA: "Dora"}
ROLES = {ANNA: Role.OWNER, BEN: Role.APPROVER, CARLA: Role.APPROVER, DORA: Role.VIEWER}
OLD = TargetAllocation.of({"VTI": 60, "BND": 35, "CASH": 5})
NEW = TargetAllocation(
    (
        TargetLine(Symbol("VTI"), Decimal(80), "stocks", (Symbol("ITOT"),)),
        TargetLine(Symbol("CASH"), Decimal(5)),
        TargetLine(Symbol("GLD"), Decimal(15)),
    )
)
TO_NEW = TargetsChange(OLD, NEW)


def view(
    state: ChangeState,
    *answers: tuple[MemberId, AnswerKind],
    what: What = TO_NEW,
    **policy: object,
) -> ChangeView:
    said = tuple(Answer(who, NAMES[who], kind, NOW) for who, kind in answers)
    change = PendingChange(ChangeId(7), PortfolioId(1), what, state, ANNA, NOW, NOW + NOTICE, said)
    people = tuple(
        Membership(PortfolioId(1), member(who, NAMES[who]), role) for who, role in ROLES.items()
    )
    kept = managed(rung=Rung.LIVE, policy=replace(Policy(), **policy))  # type: ignore[arg-type]
    return ChangeView(change, kept, people, NAMES)


def labels(screen: Screen) -> list[str]:
    return [button.label for row in screen.rows for button in row]


ASKED = (ANNA, AnswerKind.AGREE)


def test_a_change_that_waits_says_what_changes_who_agreed_and_who_is_needed() -> None:
    screen = change_screen(view(ChangeState.ASKED, ASKED, approvals=2), BEN, NOW)
    assert plain(screen.text) == (
        "Family · change 7 · LIVE\n"
        "\n"
        "New targets, asked for by Anna:\n"
        "VTI: 60 → 80 stocks, or ITOT\n"
        "BND: 35 → none\n"
        "GLD: none → 15\n"
        "\n"
        "Agreed: Anna\n"
        "Still needed: 1 of Ben and Carla\n"
        "It takes effect Wed 10:05 ET if they have agreed by then."
    )
    assert labels(screen) == ["✅ Agree", "✋ Object"]


def test_a_change_that_needs_all_of_them_names_them_and_one_that_cannot_be_met_says_so() -> None:
    def still(approvals: int) -> str:
        text = change_screen(view(ChangeState.ASKED, ASKED, approvals=approvals), BEN, NOW).text
        return next(line for line in plain(text).splitlines() if line.startswith("Still"))

    assert still(3) == "Still needed: Ben and Carla"
    assert still(5) == "Still needed: 4 who decide, and there are too few of them"


@pytest.mark.parametrize(
    ("state", "answers", "words"),
    [
        (ChangeState.DRAFTED, [], "It is not asked for yet."),
        (
            ChangeState.AGREED,
            [ASKED],
            "It takes effect Wed 10:05 ET, unless somebody who decides objects.",
        ),
        (ChangeState.ASKED, [], "Nobody has agreed yet."),
        (ChangeState.IN_FORCE, [ASKED], "✅ It is in force now."),
        (
            ChangeState.OBJECTED,
            [ASKED, (BEN, AnswerKind.OBJECT)],
            "✖ Ben objected. Nothing changes.",
        ),
        (
            ChangeState.WITHDRAWN,
            [ASKED, (ANNA, AnswerKind.WITHDRAW)],
            "✖ Anna withdrew it. Nothing changes.",
        ),
        (
            ChangeState.LAPSED,
            [],
            "✖ Too few had agreed when its day was over. Nothing changes.",
        ),
        (
            ChangeState.OVERTAKEN,
            [ASKED],
            (
                "✖ Things are not as they were when it was asked for, or it cannot be done now."
                " Nothing changes."
            ),
        ),
    ],
)
def test_a_change_says_where_it_stands(
    state: ChangeState, answers: list[tuple[MemberId, AnswerKind]], words: str
) -> None:
    screen = change_screen(view(state, *answers), DORA, NOW)
    assert words in plain(screen.text).splitlines()
    assert screen.rows == ()


@pytest.mark.parametrize(
    ("reader", "what", "expected"),
    [
        (ANNA, TargetsChange(OLD, NEW), ["↩ Take back", "✖ Withdraw"]),
        (BEN, TargetsChange(OLD, NEW), ["✅ Agree", "✋ Object"]),
        (DORA, TargetsChange(OLD, NEW), []),
        (BEN, RoleChange(BEN, Role.APPROVER, None), []),
        (CARLA, RoleChange(BEN, Role.APPROVER, None), ["✅ Agree", "✋ Object"]),
    ],
)
def test_everybody_gets_the_buttons_that_are_theirs(
    reader: MemberId, what: What, expected: list[str]
) -> None:
    assert (
        labels(change_screen(view(ChangeState.AGREED, ASKED, what=what), reader, NOW)) == expected
    )


def test_every_kind_of_change_is_said_from_what_to_what() -> None:
    wider = change_policy(Policy(), [("band", "8"), ("band:VTI", "3"), ("four_eyes", "on")])
    accounts = {AccountId(1): "Main"}
    said = [
        change_lines(what, NAMES, accounts)
        for what in (
            PolicyChange(Policy(), wider),
            RuleTurnedOn(RuleId(3), "VIX > 30", RuleAction.WIDEN, Decimal("1.5")),
            RoleChange(BEN, Role.VIEWER, Role.OWNER),
            RoleChange(BEN, Role.APPROVER, None),
            RoleChange(MemberId(9), Role.OWNER, None),
            HandOver(ANNA, BEN, Role.APPROVER),
            AccountAdded(
                "IRA",
                "manual",
                "m-1",
                Rung.DRY_RUN,
                TaxTreatment.TAX_FREE,
                opening_cash=Decimal(500),
            ),
            AccountConnected(
                AccountId(1),
                ("simulated", "s-1"),
                "alpaca",
                "PA3FAKE0001",
                Rung.DRY_RUN,
                CredentialId(4),
            ),
            RungRaised(AccountId(1), "987", Rung.LIVE_CAPPED, Rung.LIVE),
        )
    ]
    assert said == [
        ["band_absolute: 5 → 8", "four_eyes: off → on", "band:VTI: default → 3/25"],
        ["rule 3: VIX > 30 · widen bands × 1.5"],
        ["Ben: viewer → owner"],
        ["Ben, an approver, is taken out"],
        ["somebody who has left, an owner, is taken out"],
        ["Anna: owner → approver", "Ben: approver → owner"],
        ["IRA: DRY RUN, tax free", "opens with $500.00"],
        ["Main: → Alpaca …0001, DRY RUN"],
        ["Main: LIVE capped → LIVE"],
    ]


def test_every_kind_of_change_has_a_title() -> None:
    assert set(TITLES) == set(get_args(What))
    assert change_title(RoleChange(BEN, Role.APPROVER, None)) == "a removal"


def test_of_a_long_change_the_first_lines_are_shown_and_the_others_counted() -> None:
    many = TargetAllocation.of({f"S{chr(65 + number)}": 4 for number in range(25)})
    text = plain(
        change_screen(view(ChangeState.AGREED, what=TargetsChange(None, many)), BEN, NOW).text
    )
    assert "ST: none → 4" in text
    assert "SU: none → 4" not in text
    assert "and 5 more" in text


def test_that_changes_wait_is_one_line_with_the_time_of_the_first() -> None:
    asked, agreed = view(ChangeState.ASKED).change, view(ChangeState.AGREED).change
    assert waiting_line([]) == ""
    assert waiting_line([agreed]) == (
        "⏳ 1 change waits: it takes effect Wed 11 Mar 10:05 ET (/changes)"
    )
    assert waiting_line([asked], "/changes @family") == (
        "⏳ 1 change waits: it takes effect Wed 11 Mar 10:05 ET if agreed to (/changes @family)"
    )
    later = replace(agreed, takes_effect_at=NOW + 2 * NOTICE)
    assert waiting_line([later, asked]) == (
        "⏳ 2 changes wait: the first takes effect Wed 11 Mar 10:05 ET if agreed to (/changes)"
    )


def test_every_status_says_that_a_change_waits() -> None:
    waiting = status(changes=(view(ChangeState.AGREED).change,))
    line = "⏳ 1 change waits: it takes effect Wed 11 Mar 10:05 ET (/changes"
    untold = replace(waiting, drift=None, refusal=NoTargets())
    house = HouseholdOverview("Home", (waiting,))
    with reading_as(Reader(is_plain=True)):
        assert line in plain(status_screen(waiting).text)
    for screen in (
        status_screen(waiting),
        status_screen(untold),
        veiled_status(waiting, "evenkeel_bot"),
        overview_screen([house]),
    ):
        assert line in plain(screen.text)


# --- in the chat ---------------------------------------------------------------------------------


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Play]:
    """The cast, whose family's account trades real money."""
    async with play(tmp_path) as made:
        async with made.runtime.store.begin() as work:
            await work.ladder.set_rung(made.family.accounts[0].id, Rung.LIVE_CAPPED)
        yield made


async def taps(stage: Play, who: str, verb: str, change: int = 1) -> str:
    said = await stage.tap(CAST[who], Action(verb, (stage.family.portfolio.id, change)))
    return plain("\n".join(said))


async def writes(stage: Play, who: str, text: str) -> str:
    return plain("\n".join(await stage.write(CAST[who], text)))


async def test_what_loosens_is_offered_asked_for_and_agreed_to(stage: Play) -> None:
    offered = await writes(stage, "owner", "/policy band 8 four_eyes on @family")
    assert "band_absolute: 5 → 8" in offered
    assert "so nothing is changed yet" in offered
    assert "anybody who decides may object" in offered
    assert "No change waits." in await writes(stage, "viewer", "/changes @family")
    asked = await taps(stage, "owner", "cg_ask")
    assert "Other settings, asked for by Anna:" in asked
    assert "1 · other settings by Anna" in await writes(stage, "viewer", "/changes @family")
    for command in ("/status", "/accounts"):
        said = await writes(stage, "viewer", f"{command} @family")
        assert "⏳ 1 change waits: it takes effect " in said
        assert " ET (/changes)" in said
    assert "Agreed: Anna and Ben" in await taps(stage, "approver", "cg_agree")
    assert "You have agreed to change 1 already." in await taps(stage, "approver", "cg_agree")
    assert "Agreed: Anna\n" in await taps(stage, "approver", "cg_back")
    assert "Ben objected." in await taps(stage, "approver", "cg_object")
    assert "Change 1 was objected to." in await taps(stage, "owner", "cg_withdraw")


async def test_a_button_that_loosens_is_answered_with_the_same_offer(stage: Play) -> None:
    viewer = CAST["viewer"].user_id
    said = await stage.tap(
        CAST["owner"], Action("set_role", (stage.family.portfolio.id, viewer, "approver"))
    )
    assert "Dora: viewer → approver" in plain("\n".join(said))
    assert "Nothing changes." in await taps(stage, "owner", "cg_withdraw")


async def test_who_has_one_time_codes_is_asked_for_one_before_anything_is_asked_for(
    stage: Play,
) -> None:
    vault = AesGcmVault("a master key of at least thirty-two characters")
    stage.runtime = replace(stage.runtime, vault=vault)
    secret, clock = new_secret(), stage.runtime.clock
    async with stage.runtime.store.begin() as work:
        anna = await work.people.member_of_user(UserId(CAST["owner"].user_id))
        assert anna is not None
        sealed = vault.seal(secret, owner=owner_of(anna.id), purpose=ONE_TIME_CODES)
        await work.codes.put(anna.id, sealed=sealed, step=1, at=clock.now())
    await writes(stage, "owner", "/policy band 8 @family")
    question = await taps(stage, "owner", "cg_ask")
    assert "Change 1 is one of a portfolio of real money." in question
    assert "Type the six digits" in question
    assert "No change waits." in await writes(stage, "viewer", "/changes @family")
    asked = await writes(stage, "owner", pyotp.TOTP(secret).at(clock.now()))
    assert "Everybody is told." in asked
    assert "Agreed: Anna" in asked


async def test_everybody_gets_a_letter_and_old_news_is_not_sent(stage: Play) -> None:
    await writes(stage, "owner", "/policy band 8 @family")
    await taps(stage, "owner", "cg_ask")
    async with stage.runtime.store.read() as work:
        now = stage.runtime.clock.now()
        queued = await work.outbox.queued(now + timedelta(days=1), 1000)
        items = [each.item for each in queued if each.item.kind is MessageKind.CHANGE_ASKED]
        scenes = [(item, await read_scene(work, item)) for item in items]
    letters = {int(item.chat_id): write_letter(item, scene, now) for item, scene in scenes}
    assert set(letters) == {person.user_id for person in CAST.values() if person.is_of_family}
    ben, dora = letters[CAST["approver"].user_id], letters[CAST["viewer"].user_id]
    assert ben is not None
    assert dora is not None
    assert labels(ben.screen) == ["✅ Agree", "✋ Object"]
    assert labels(dora.screen) == []
    item, scene = scenes[0]
    news = OutboxItem(
        MessageKind.CHANGE_TOLD, item.chat_id, "x", item.portfolio_id, data={**item.data}
    )
    assert write_letter(news, scene, now) is not None
    stale = replace(news, data={**item.data, "state": "asked"})
    assert write_letter(stale, scene, now) is None
