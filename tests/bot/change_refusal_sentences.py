"""Each refusal about changes of live portfolios, with the sentence that people get."""

from __future__ import annotations

from datetime import UTC, datetime

from core.domain import refusals as r

AT = datetime(2020, 3, 12, 20, 0, tzinfo=UTC)
LOOSENS = (
    "This loosens or redirects a portfolio of real money, so nothing is changed yet."
    " If you ask for it now, everybody is told, {} and it takes effect Thu 12 Mar 16:00 ET."
)

CHANGE_SENTENCES: list[tuple[r.Refusal, str]] = [
    (r.NeedsAgreement(7, 0, (), AT), LOOSENS.format("anybody who decides may object,")),
    (r.NeedsAgreement(7, 1, ("Ben",), AT), LOOSENS.format("Ben must agree,")),
    (r.NeedsAgreement(7, 1, ("Ben", "Carl"), AT), LOOSENS.format("1 of Ben and Carl must agree,")),
    (
        r.NeedsAgreement(7, 2, ("Ben",), AT),
        LOOSENS.format("2 more who decide must agree (there are too few of them),"),
    ),
    (
        r.CodeNeeded(change=7),
        (
            "Agreeing to change 7 takes the six digits of your authenticator app:"
            " tap the button again, and I ask for them."
        ),
    ),
    (r.UnknownChange(7), "There is no change 7 here. /changes shows those that wait."),
    (r.ChangeOver(7, "objected"), "Change 7 was objected to."),
    (r.AlreadyAgreed(7), "You have agreed to change 7 already."),
    (r.NotAgreed(7), "There is no agreement of yours to change 7."),
    (r.OwnRights(7), "Change 7 is about your own rights here: the others decide it."),
    (r.NotTheAsker(7), "Change 7 is somebody else's: you can object to it instead. /changes"),
]
