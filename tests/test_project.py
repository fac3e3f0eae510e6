"""What holds for the project as a whole, beyond what lint, types and import rules can say."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from hatchling.build import build_wheel

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for name in ("bot", "core") for path in (ROOT / name).rglob("*.py"))
REQUIREMENTS = sorted(ROOT.glob("requirements*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

UNPICKLERS = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
UNPICKLING_NAMES = {"PicklePersistence", "SQLAlchemyJobStore", "read_pickle", "to_pickle"}


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def tracked_files() -> list[Path]:
    """Every file of the project that is text."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.suffix not in {".gz", ".png"} and path.is_file()]


def public_without_docstring(tree: ast.Module) -> Iterator[str]:
    """Name the module, the classes, the functions and the methods that say nothing."""
    if not ast.get_docstring(tree):
        yield "the module"
    todo: list[tuple[str, ast.Module | ast.ClassDef]] = [("", tree)]
    while todo:
        prefix, parent = todo.pop()
        for node in parent.body:
            if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            marks = {ast.unparse(mark).rpartition(".")[2] for mark in node.decorator_list}
            if node.name.startswith("_") or marks & {"overload", "override", "setter"}:
                continue
            if not ast.get_docstring(node):
                yield prefix + node.name
            if isinstance(node, ast.ClassDef):
                todo.append((f"{prefix}{node.name}.", node))


def imported(tree: ast.Module) -> Iterator[str]:
    """Name every module that is imported, by its full name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_and_public_name_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert list(public_without_docstring(tree)) == []


@pytest.mark.fault(80)
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_ever_unpickled(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        name
        for node in ast.walk(tree)
        for name in (
            getattr(node, "id", None),
            getattr(node, "attr", None),
            *(alias.name for alias in getattr(node, "names", []) if isinstance(alias, ast.alias)),
        )
    }
    assert not {module.partition(".")[0] for module in imported(tree)} & UNPICKLERS
    assert not names & UNPICKLING_NAMES


def test_the_domain_needs_only_the_standard_library() -> None:
    others = {
        module
        for path in (ROOT / "core" / "domain").rglob("*.py")
        for module in imported(ast.parse(path.read_text("utf-8")))
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not module.startswith("core.domain")
    }
    assert others == set()


def test_no_money_is_a_float() -> None:
    """Durations, speeds and likenesses of words may be; each place that has one is named here."""
    others = {"domain/instrument.py", "domain/policy_fields.py", "domain/refusals/market.py"}
    others.add("application/advance_market.py")
    found = {
        str(path.relative_to(ROOT / "core"))
        for folder in ("domain", "application")
        for path in (ROOT / "core" / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if getattr(node, "id", None) == "float" or isinstance(getattr(node, "value", None), float)
    }
    assert found <= others


def test_everything_imported_is_a_declared_dependency() -> None:
    """A package that only another one brings along may be gone with its next release."""
    declared = {normal(re.split(r"[\s\[<>=;]", entry)[0]) for entry in PROJECT["dependencies"]}
    declared.add("pydantic-core")  # a part of pydantic, with the same release
    distributions = packages_distributions()
    undeclared = {
        (str(path.relative_to(ROOT)), module)
        for path in SOURCES
        for module in {name.partition(".")[0] for name in imported(ast.parse(path.read_text()))}
        if module not in sys.stdlib_module_names
        and module not in {"bot", "core", "skfolio"}
        and not declared & {normal(name) for name in distributions.get(module, [])}
    }
    assert undeclared == set()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.fault(79)
@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_are_pinned_hashed_and_name_no_place(path: Path) -> None:
    text = re.sub(r"#.*", "", path.read_text("utf-8")).replace("\\\n", " ")
    entries = [line.split() for line in text.splitlines() if line.strip()]
    assert entries
    for name, *rest in entries:
        assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[0-9][^\s]*", name), name
        hashes = [word for word in rest if word.startswith("--")]
        assert hashes, name
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", word) for word in hashes), name
        assert not [word for word in rest if "://" in word], name


@pytest.mark.fault(79)
def test_requirements_hold_every_declared_dependency() -> None:
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", read("requirements.txt"), flags=re.MULTILINE))
    declared = {normal(re.split(r"[\s\[<>=;]", entry)[0]) for entry in PROJECT["dependencies"]}
    assert declared <= {normal(name) for name in pinned}


def test_no_file_names_a_place_that_only_one_machine_knows() -> None:
    """Patterns are put together here, so that this file does not match them."""
    forbidden = re.compile(
        "|".join(
            [
                "index" + "-url",
                "find" + "-links",
                "pythonhosted" + r"\.org",
                r"pypi\.org/" + "simple",
                r"(?<![\w./-])/(?:work|root|farm)" + "/",
            ]
        ),
        re.IGNORECASE,
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked_files()
        for match in forbidden.finditer(path.read_text("utf-8", errors="replace"))
    ]
    assert found == []


def test_no_secret_file_is_part_of_the_project() -> None:
    names = {path.name for path in tracked_files()}
    assert not names & {".env", "evenkeel.db"}
    assert ".env" in read(".gitignore").splitlines()


def test_the_readme_and_the_ci_run_the_tests_alike() -> None:
    command = re.compile(r"^\s*(make test)\b", flags=re.MULTILINE)
    assert command.findall(read(".ci/run")) == ["make test"]
    assert "make test" in read("README.md")
    assert "make run" in read("README.md")


@pytest.mark.parametrize("target", ["run", "test", "install", "check", "bench", "demo", "clean"])
def test_make_knows_every_command(target: str) -> None:
    known = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert known.returncode == 0, known.stderr


def test_make_says_so_where_no_python_serves(tmp_path: Path) -> None:
    made = subprocess.run(
        ["make", "install", f"VENV={tmp_path}/venv", "CANDIDATES=no-such-python false"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode != 0
    assert "No Python 3.11, 3.12 or 3.13 was found" in made.stderr
    assert "make PYTHON=/path/to/python3.12" in made.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.fault(79)
def test_the_image_runs_as_nobody_in_particular_and_keeps_its_data_outside() -> None:
    image, compose = read("Dockerfile"), read("compose.yaml")
    for line in (
        "USER 10001:10001",
        "VOLUME /data",
        "STOPSIGNAL SIGTERM",
        'ENTRYPOINT ["evenkeel"]',
    ):
        assert line in image.splitlines()
    assert 'CMD ["evenkeel", "doctor", "--health"]' in image
    assert image.count("--require-hashes") == 2
    for line in ("read_only: true", "- ALL", "- no-new-privileges:true", "- data:/data"):
        assert line in [written.strip() for written in compose.splitlines()]


def test_the_wheel_carries_its_data_and_licences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    wheel = tmp_path / build_wheel(str(tmp_path))
    packed = set(zipfile.ZipFile(wheel).namelist())
    data = {
        str(path.relative_to(ROOT))
        for name in ("bot", "core")
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert data <= packed
    assert "core/adapters/market_data/history/prices.csv.gz" in packed
    assert not [name for name in packed if name.startswith("tests/")]
    assert [name for name in packed if name.endswith("licenses/LICENSE")]
