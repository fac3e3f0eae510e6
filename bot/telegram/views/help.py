"""Help: what the bot does, and every command in the order in which one needs it."""

from __future__ import annotations

from bot.telegram.html import bold, code
from bot.telegram.screen import Screen
from bot.telegram.views.parts import lines, paragraphs

_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Every day",
        (
            ("/status", "value, weights against targets, drift"),
            ("/why VTI", "one line in plain words: what it should be, is, and why"),
            ("/rebalance", "check now; “buy” plans purchases only, “force” plans inside the bands"),
            ("/proposals", "what waits for a decision"),
            ("/deposit 500", "put paper money in"),
            ("/withdraw 200", "take money out; what is missing is raised by sales"),
            ("/pause", "nothing is sent to the broker until /resume"),
        ),
    ),
    (
        "How it is kept",
        (
            ("/targets VTI 60 BND 40", "set the targets; without words, show them"),
            ("/policy band 5 relative 25", "set bands, dates, limits; without words, show them"),
            ("/rules VIX > 30 notify", "what is done while the market is so; none is on by itself"),
            ("/alerts", "what is looked at when, what is news, where it is told"),
            ("/holdings VTI 112", "for an account kept by hand: what it holds"),
        ),
    ),
    (
        "What happened",
        (
            ("/performance 3m", "gains apart from money paid in, returns, costs"),
            ("/history", "what was proposed, who decided, what was changed"),
            ("/orders", "what was sent to the broker"),
            ("/log", "everything I did, newest first"),
            ("/harvest", "losses to harvest now; “losses” shows those of a year, “csv” the file"),
            ("/tax", "the year’s gains and losses; rules, losses carried in, the ledger as CSV"),
        ),
    ),
    (
        "Portfolios and people",
        (
            ("/portfolio", "switch to another portfolio"),
            ("/portfolio home", "in a group: its proposals come there; “home off” ends it"),
            ("/portfolio amounts on", "in a group: everybody there sees amounts"),
            ("/new Holiday money", "make another one"),
            ("/new My account by hand", "one at a broker that I cannot reach"),
            ("/new Parents, own household", "one of another household"),
            ("/accounts", "where the money is, how real it is, and how to add another account"),
            ("/changes", "what waits before a live portfolio is changed"),
            ("/members", "who may do what"),
            ("/invite approver", "let somebody in"),
            ("/leave", "leave a portfolio"),
        ),
    ),
    (
        "You",
        (
            ("/settings layout list", "sentences instead of tables"),
            ("/settings plain on", "plain words, without the trade’s terms"),
            ("/settings picture dark", "pictures for dark chats"),
            ("/settings orders silent", "which messages come how"),
            ("/settings quiet 22:00-07:00", "when none comes"),
            ("/settings zone Europe/Berlin", "whose clock you read"),
            ("/settings channel", "mail, push and other ways"),
            ("/whoami", "who you are to me"),
            ("/cancel", "end what you had begun"),
        ),
    ),
)


def help_screen() -> Screen:
    """What the bot does, and its commands with examples that work."""
    groups = (
        lines(bold(title), *(f"{_shown(example)} · {what}" for example, what in commands))
        for title, commands in _GROUPS
    )
    text = paragraphs(
        bold("Evenkeel keeps a portfolio on its targets."),
        "It looks at the drift on every trading day, and says what to trade and why. No order is "
        "sent until somebody with the right to approve has tapped Approve.",
        *groups,
        "A command acts on this chat’s portfolio, or on the one named last: "
        f"{code('/status @family')}. Of several accounts, name one: {code('/deposit 500 #ira')}. "
        "Decimals have a point: 12.5.",
    )
    return Screen(text)


def _shown(example: str) -> str:
    """A bare command can be tapped; one with words is copied by a tap."""
    return code(example) if " " in example else example
