"""The catalogue of faults tells the truth: every entry is proven by a test that exists, or says why not yet."""

from __future__ import annotations

import ast

from tests.fault_table import (
    CATALOGUE,
    LATER,
    NAMED,
    NUMBERS,
    TESTS,
    entries,
    marks_of,
    names_in,
    proofs,
    renewed,
)

TEXT = CATALOGUE.read_text("utf-8")
PROOFS = proofs()


def test_the_catalogue_has_every_number_once_and_no_other() -> None:
    assert [number for number, _ in entries(TEXT)] == list(NUMBERS)
    assert set(PROOFS) <= set(NUMBERS)


def test_every_entry_is_proven_by_a_test_or_says_why_it_comes_later() -> None:
    bare = [number for number, proof in entries(TEXT) if not proof]
    assert bare == []
    for number, proof in entries(TEXT):
        _, later, reason = proof.partition(LATER)
        assert number in PROOFS or (later and len(reason) > 20), number


def test_the_column_of_tests_is_what_the_markers_say() -> None:
    assert renewed(TEXT, PROOFS) == TEXT, "run: python -m tests.fault_table"


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(TEXT)
    assert len(named) > 100
    missing = [
        (file, name)
        for file, name in named
        if not (TESTS / file).is_file() or (name and name not in names_in(file))
    ]
    assert missing == []


def test_markers_are_found_on_tests_on_classes_and_on_whole_modules() -> None:
    source = """
pytestmark = [pytest.mark.slow, pytest.mark.fault(1)]

@pytest.mark.slow
@pytest.mark.fault(2, 3)
async def test_a(): ...

@pytest.mark.fault(4)
class TestB:
    @pytest.mark.fault(5)
    def test_c(self): ...
"""
    assert sorted(marks_of(ast.parse(source))) == [
        ("", 1),
        ("TestB", 4),
        ("test_a", 2),
        ("test_a", 3),
        ("test_c", 5),
    ]


def test_a_test_that_is_gone_goes_from_the_table_and_a_reason_stays() -> None:
    before = [
        "| # | wrong | must | proven by |",
        "|---|---|---|---|",
        "| 1 | a | b | `x/test_y.py::test_old` |",
        "| 2 | c | d | later: no reason |",
        "",
        "| # | goal | how | where |",
        "| 1 | e | f | g |",
    ]
    after = renewed("\n".join(before), {1: ["test_z.py::test_new"], 2: ["test_z.py"]})
    assert after.splitlines() == [
        *before[:2],
        "| 1 | a | b | `test_z.py::test_new` |",
        "| 2 | c | d | `test_z.py`<br>later: no reason |",
        *before[4:],
    ]
