"""Rules for market conditions: a small language, read and weighed here, and never carried out as code.

`parse` reads a text, `print_condition` writes it, `evaluate` holds it against closes and prices, `combine` brings the
rules of a portfolio to one verdict.
"""

from __future__ import annotations

from core.domain.rules.condition import (
    And,
    Comparison,
    Condition,
    Held,
    Measure,
    Not,
    Operator,
    Or,
    Span,
    Unit,
    comparisons_in,
    symbols_in,
)
from core.domain.rules.evaluation import (
    LOOK_BACK,
    Evaluation,
    Reading,
    Truth,
    evaluate,
    sessions_needed,
)
from core.domain.rules.examples import EXAMPLES, Example
from core.domain.rules.indexes import INDEXES, source_symbol
from core.domain.rules.limits import MAX_LENGTH, MAX_RULES
from core.domain.rules.observed import Lack, LackKind, Observations, Observed
from core.domain.rules.parser import parse
from core.domain.rules.printer import print_condition, print_limit
from core.domain.rules.rule import Action, Rule, require_factor
from core.domain.rules.told import Told, read_told, told_of, write_told
from core.domain.rules.verdict import Ruled, Verdict, combine
from core.domain.rules.widening import Widening, widening_of

__all__ = [
    "EXAMPLES",
    "INDEXES",
    "LOOK_BACK",
    "MAX_LENGTH",
    "MAX_RULES",
    "Action",
    "And",
    "Comparison",
    "Condition",
    "Evaluation",
    "Example",
    "Held",
    "Lack",
    "LackKind",
    "Measure",
    "Not",
    "Observations",
    "Observed",
    "Operator",
    "Or",
    "Reading",
    "Rule",
    "Ruled",
    "Span",
    "Told",
    "Truth",
    "Unit",
    "Verdict",
    "Widening",
    "combine",
    "comparisons_in",
    "evaluate",
    "parse",
    "print_condition",
    "print_limit",
    "read_told",
    "require_factor",
    "sessions_needed",
    "source_symbol",
    "symbols_in",
    "told_of",
    "widening_of",
    "write_told",
]
