"""The catalogue's column of tests, made from the markers: ``python -m tests.fault_table`` writes it anew.

A test says by ``@pytest.mark.fault(12, 18)`` which entries of ``docs/faults.md`` it proves; it is found by reading the
sources, without running or importing any of them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ROOT / "tests"
CATALOGUE = ROOT / "docs" / "faults.md"
NUMBERS = range(1, 81)

HEADING = "| proven by |"
LATER = "later: "
ROW = re.compile(r"^\| (?P<number>\d+) \| (?P<wrong>.+?) \| (?P<must>.+?) \| (?P<proof>.*?) ?\|$")
NAMED = re.compile(r"`((?:[\w/]+/)?test_\w+\.py)(?:::(\w+))?`")
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def proofs() -> dict[int, list[str]]:
    """Each number with the tests that carry it, as ``folder/test_file.py::test_name`` below ``tests/``."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if "mark.fault" not in source:
            continue
        file = str(path.relative_to(TESTS))
        for name, number in marks_of(ast.parse(source)):
            found[number].add(f"{file}::{name}" if name else file)
    return {number: sorted(tests) for number, tests in sorted(found.items())}


@cache
def names_in(file: str) -> set[str]:
    """The names of a file's tests, and of classes that hold some."""
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, Definition)}


def entries(text: str) -> list[tuple[int, str]]:
    """Each entry's number with what its last column says, as they stand there."""
    rows = [row for _, row in _rows(text) if row is not None]
    return [(int(row["number"]), row["proof"]) for row in rows]


def renewed(text: str, found: Mapping[int, list[str]]) -> str:
    """The catalogue with the tests that there are now; reasons why something comes later stay as they were written."""
    lines = [line if row is None else _renewed_row(row, found) for line, row in _rows(text)]
    return "\n".join(lines) + "\n"


def _rows(text: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Every line, and what it says where it is an entry: a row of a table whose last column is that of the proofs."""
    is_catalogue = False
    for line in text.splitlines():
        is_catalogue = line.endswith(HEADING) or (is_catalogue and line.startswith("|"))
        yield line, ROW.match(line) if is_catalogue else None


def _renewed_row(row: re.Match[str], found: Mapping[int, list[str]]) -> str:
    tests = [f"`{test}`" for test in found.get(int(row["number"]), [])]
    _, later, reason = row["proof"].partition(LATER)
    cell = "<br>".join([*tests, later + reason] if later else tests)
    return f"| {row['number']} | {row['wrong']} | {row['must']} | {cell} |"


def marks_of(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Every marked name of a module with each of its numbers; the name is empty for the module as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, Definition):
            for decorator in node.decorator_list:
                yield from ((node.name, number) for number in _numbers(decorator))
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            marks = node.value.elts if isinstance(node.value, ast.List) else [node.value]
            yield from (("", number) for mark in marks for number in _numbers(mark))


def _numbers(mark: ast.expr) -> Iterator[int]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.fault":
        for argument in mark.args:
            yield int(ast.literal_eval(argument))


def main() -> int:
    """Write the column anew; the exit status says whether every entry has a test or a reason."""
    text = renewed(CATALOGUE.read_text("utf-8"), proofs())
    CATALOGUE.write_text(text, "utf-8")
    proven = {number for number, proof in entries(text) if proof}
    bare = [number for number in NUMBERS if number not in proven]
    if bare:
        sys.stderr.write(f"neither a test nor a reason: {', '.join(map(str, bare))}\n")
    return bool(bare)


if __name__ == "__main__":
    sys.exit(main())
