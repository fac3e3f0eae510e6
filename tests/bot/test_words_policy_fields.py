from __future__ import annotations

from bot.words.policy_fields import EXPLANATIONS, MANUAL, explain_field, policy_table, with_table
from core.domain.policy_fields import FIELDS


def test_every_field_is_explained_in_one_line() -> None:
    assert list(EXPLANATIONS) == [field.key for field in FIELDS]
    for field in FIELDS:
        assert 10 < len(explain_field(field)) < 100
        assert "\n" not in explain_field(field)


def test_the_manual_has_the_table_as_it_is() -> None:
    """Write it anew with ``python -m bot.words.policy_fields``."""
    manual = MANUAL.read_text(encoding="utf-8")
    assert policy_table() in manual
    assert with_table(manual) == manual


def test_the_table_names_every_field_alias_default_and_unit() -> None:
    rows = policy_table().splitlines()
    for field in FIELDS:
        (row,) = [row for row in rows if row.startswith(f"| `{field.name}` |")]
        assert all(f"`{alias}`" in row for alias in field.aliases)
        assert field.chat_default in row
        assert field.unit in row
