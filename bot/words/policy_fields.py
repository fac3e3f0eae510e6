"""What each policy setting does, in one line, and the manual's table of all of them.

``python -m bot.words.policy_fields`` writes the table into ``docs/policy.md``.
"""

from __future__ import annotations

from pathlib import Path

from core.domain.policy_fields import FIELDS, PolicyField

EXPLANATIONS: dict[str, str] = {
    "band_absolute": "how far a line may drift from its target before a plan is made",
    "band_relative": "the same as a part of the target; the tighter of the two counts",
    "portfolio_band": "how far the whole portfolio may drift before a plan is made",
    "destination": "where a plan goes: 1 to the target, 0 only to the band’s edge",
    "direction": "whether a plan may buy and sell, only buy, or only sell",
    "objective": "the nearest to the goals; or the fewest, or cheapest, trades that keep the bands",
    "fractional": "parts of shares: always, never, or where the broker has them",
    "min_trade": "smaller trades are left out, except selling the rest of a line without target",
    "cash_reserve": "cash that purchases never touch; it is part of the CASH target",
    "min_lot": "whole shares trade in multiples of this many",
    "commission": "what the broker takes for each trade",
    "commission_per_share": "what the broker takes for each share traded",
    "spread_bps": "the gap between buying and selling price; each side pays half of it",
    "turnover_limit": "the most that one plan may trade, as a part of the total",
    "cost_limit": "the most that one plan may cost",
    "worth": "a trade must take this many times its cost off the drift, both in money; 0 trades in any case",
    "outside": (
        "positions without a target: keep them out of it, sell them,"
        " or sell only what has not gained"
    ),
    "do_not_sell": "lines that are never sold",
    "do_not_buy": "lines that are never bought",
    "lot_method": "in which order sales take the lots: the oldest first, the dearest first, and so on",
    "tax_short": "the rate on gains held for one year or less",
    "tax_long": "the rate on gains held for more than one year",
    "loss_offset": "how much of a year's net loss counts against other income, at the short rate",
    "gain_budget": (
        "the most gain that sales may realise in a year, except to raise money that is taken out"
    ),
    "defer_days": "lots that turn long-term within so many days are not sold",
    "wash": (
        "purchases that would make a recent loss not count: block them, mark them (flag), or off"
    ),
    "locations": "accounts that classes are rather bought in, if nothing else is the worse for it",
    "harvest_loss": (
        "the loss in a position from which a harvest is offered; 0: only when asked (/harvest)"
    ),
    "harvest_percent": "and only lots that have lost this part of what they cost",
    "harvest_look": "how often losses are looked for, once `harvest_loss` is above 0",
    "calendar": "dates that are a reason to look, whatever the bands say",
    "calendar_day": "on which day of each week, month, quarter and so on; if closed, the next one",
    "trigger": "either: a date or a band is enough; band_on_date: bands count on dates only",
    "check_times": "when the portfolio is looked at on a trading day",
    "cool_down": "trading days without a new alert after a decision",
    "alert_growth": "a line that drifts so much further is news, whatever was decided; off: never",
    "new_cash": "so much spare cash is a reason to buy, whatever the bands say",
    "expires_after": "trading days for which a proposal stays open",
    "pinned": "a pinned message that is edited silently after each check",
    "digest": "a message on the first trading day of a month about the month before",
    "approvals": "how many people must approve a proposal",
    "approvals_many": "how many must approve a large one (next three settings)",
    "approvals_above": "one that buys or sells more than this is large",
    "approvals_share": "one that buys or sells more than this part of the portfolio is large",
    "approvals_gain": "one that sells lots with gains of more than this is large",
    "four_eyes": "whoever asked for a plan, or changed it, cannot approve it alone",
    "veto": "how long orders wait for objections after the last approval",
    "ask_first": "who is asked before the others; /approval takes names",
    "remind_after": "after how long the others are asked, and the silent reminded",
    "collar": "how much worse than the price shown an order may fill",
    "tolerance": "how far a price may move between the plan and the order",
    "tolerance_across_close": "the same, where the market closed in between",
}
"""What a setting does, by its ``key``."""

MANUAL = Path(__file__).parents[2] / "docs" / "policy.md"
_BEGIN, _END = "<!-- table: begin -->", "<!-- table: end -->"


def explain_field(field: PolicyField) -> str:
    """What a setting does, in one line."""
    return EXPLANATIONS[field.key]


def policy_table() -> str:
    """The manual's table of every setting, as Markdown."""
    rows = [
        "| name | also in chat | chat default | file default | takes | unit | what it does |",
        "|---|---|---|---|---|---|---|",
        *(_row(field) for field in FIELDS[:2]),
        (
            "| `bands` | `band:VTI 3`, `relative:VTI 20` | none | none | the same by line;"
            " in chat `default` takes it away | | one line's own band |"
        ),
        *(_row(field) for field in FIELDS[2:]),
        (
            "| `force` | `/rebalance force` | false | false | true or false | |"
            " make a plan even where nothing is beyond its band |"
        ),
    ]
    return "\n".join(rows)


def _row(field: PolicyField) -> str:
    aliases = ", ".join(f"`{alias}`" for alias in field.aliases)
    in_file = field.file_default or "not in a file"
    cells = [f"`{field.name}`", aliases, field.chat_default, in_file, field.expected, field.unit]
    return "| " + " | ".join([*cells, explain_field(field)]) + " |"


def with_table(manual: str) -> str:
    """A manual with its table replaced by the present one."""
    before, _, rest = manual.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{policy_table()}\n{_END}{after}"


if __name__ == "__main__":
    MANUAL.write_text(with_table(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")
