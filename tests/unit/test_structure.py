"""The package's structure, drawn from its source: what may import what, and who may list whose kinds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

import activeseed
from activeseed.cli.loop import CHANNELS, PATIENT
from activeseed.config import FAMILIES
from activeseed.laws import LAWS
from activeseed.questions import FORMS

PACKAGE = Path(str(activeseed.__file__)).parent
#: files that may import each other in a circle, at most: what two or three files share in one folder can be seen
MOST = 3

Graph = dict[str, set[str]]


def modules_of(package: Path) -> dict[str, Path]:
    """Name -> file; a folder's ``__init__`` is a module of the folder's name."""
    found = {}
    for path in package.rglob("*.py"):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache  # every test of this file asks all of the package
def nodes_of(source: str) -> tuple[ast.AST, ...]:
    """What of a source's tree the tests below look at."""
    kinds = (ast.ImportFrom, ast.Import, ast.Constant, ast.Tuple, ast.List, ast.Set, ast.Dict)
    return tuple(node for node in ast.walk(ast.parse(source)) if isinstance(node, kinds))


def imports_of(source: str, known: Iterable[str]) -> set[str]:
    """Modules of the package that a source imports, wherever it does: deferred, or for the type checker alone."""
    known, out = set(known), set()
    for node in nodes_of(source):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                out.add(full if full in known else node.module)
        elif isinstance(node, ast.Import):
            out |= {alias.name for alias in node.names}
    return out & known


def graph_of(package: Path) -> Graph:
    modules = modules_of(package)
    return {name: imports_of(path.read_text("utf-8"), modules) - {name} for name, path in modules.items()}


def circles(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Strongly connected components of more than one module (Tarjan 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[set[str]] = []

    def visit(module: str) -> None:
        number[module] = low[module] = len(number)
        stack.append(module)
        for other in graph[module]:
            if other not in number:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], number[other])
        if low[module] == number[module]:
            at = stack.index(module)
            if len(stack) - at > 1:
                found.append(set(stack[at:]))
            del stack[at:]

    for module in graph:
        if module not in number:
            visit(module)
    return found


def folder_of(module: str, packages: Iterable[str]) -> str:
    return module if module in packages else module.rpartition(".")[0]


def too_round(graph: Mapping[str, set[str]], packages: Iterable[str]) -> list[list[str]]:
    """Circles over more than one folder, or of more than ``MOST`` files."""
    packages = set(packages)
    return [
        sorted(circle)
        for circle in circles(graph)
        if len(circle) > MOST or len({folder_of(m, packages) for m in circle}) > 1
    ]


def test_no_circle_is_larger_than_can_be_seen() -> None:
    packages = {name for name, path in modules_of(PACKAGE).items() if path.name == "__init__.py"}
    assert too_round(graph_of(PACKAGE), packages) == []


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"p.a": {"p.b"}, "p.b": set()}, 0),
        ({"p.a": {"p.b"}, "p.b": {"p.c"}, "p.c": {"p.a"}}, 0),
        ({"p.a": {"p.b"}, "p.b": {"p.c"}, "p.c": {"p.d"}, "p.d": {"p.a"}}, 1),
        ({"p.a": {"q.b"}, "q.b": {"p.a"}}, 1),
        ({"p": {"p.a"}, "p.a": {"p.b"}, "p.b": {"p"}}, 0),
        ({"p.a": {"p.b"}, "p.b": {"p.a", "q.c"}, "q.c": {"q.d"}, "q.d": {"q.c"}}, 0),
    ],
)
def test_what_is_too_round_is_found(graph: Graph, found: int) -> None:
    assert len(too_round(graph, {"p", "q"})) == found


def test_deferred_imports_and_those_for_types_count() -> None:
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from p.a import A
def f():
    from p import b, B
    import p.c
"""
    assert imports_of(source, ["p", "p.a", "p.b", "p.c"]) == {"p", "p.a", "p.b", "p.c"}


# --- kinds ------------------------------------------------------------------------------------------------------------

#: family -> where its members live, and the names of their kinds
HOMES: dict[str, tuple[set[str], set[str]]] = {
    family: ({f"{target.partition(':')[0].split('.')[0]}/" for target in known.values()}, set(known))
    for family, known in FAMILIES.items()
    if known
} | {"questions": ({"questions/"}, set(FORMS)), "laws": ({"laws/"}, set(LAWS))}
for homes in (HOMES["laws"][0], HOMES["perturbations"][0]):
    homes |= {"laws/", "perturbations/"}  # they share their words


def texts_of(source: str) -> set[str]:
    """Every text that a program could compare with: neither docstrings nor parts of longer ones."""
    return {node.value for node in nodes_of(source) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


#: families whose kinds are everyday words (a verdict is a flip, a field holds wordings): a list of them is one display
WORDS = ("laws", "perturbations")
#: the command line offers channels by name, and its help must not load the registry: another test holds them to it;
#: toys of whose effects the closed form is known only under some laws; a variant says where it comes from in the words
#: that what adds it is called by
ELSEWHERE = {
    ("annotator", "cli/loop.py"), ("laws", "testing"), ("laws", "seed.py"), ("perturbations", "seed.py"),
    ("laws", "questions/items.py"), ("perturbations", "questions/items.py"),
}  # fmt: skip


def listed(source: str, kinds: set[str], words: bool = False) -> set[str]:
    """Kinds of a family of which a source names two or more; of words, two or more in one tuple, list, set or table."""
    groups = [texts_of(source)]
    if words:
        groups = []
        for node in nodes_of(source):
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
                members = node.keys if isinstance(node, ast.Dict) else node.elts
                groups.append({m.value for m in members if isinstance(m, ast.Constant) and isinstance(m.value, str)})
    return set().union(*(group & kinds for group in groups if len(group & kinds) > 1))


@pytest.mark.parametrize("family", HOMES)
def test_only_the_registry_lists_kinds(family: str) -> None:
    homes, kinds = HOMES[family]
    found = {
        name: sorted(kinds_there)
        for path in PACKAGE.rglob("*.py")
        if (name := path.relative_to(PACKAGE).as_posix()) != "config.py"
        and not any(name.startswith(place) for f, place in ELSEWHERE if f == family)
        and not any(name.startswith(home) for home in homes)
        and (kinds_there := listed(path.read_text("utf-8"), kinds, family in WORDS))
    }
    assert found == {}


def test_the_command_line_offers_every_channel() -> None:
    assert {kind.replace("-", "_") for kind in CHANNELS} == set(FAMILIES["annotator"])
    assert set(PATIENT) < set(FAMILIES["annotator"])


def test_a_list_of_kinds_is_found() -> None:
    embedders = set(FAMILIES["embedder"])
    assert listed('X = {"tfidf": 1}\nif kind == "minilm": ...', embedders) == {"tfidf", "minilm"}
    assert not listed('if kind == "tfidf": ...', embedders), "one is a default, or a word"
    for display in ('("drop", "flip")', '["flip", "drop", "x"]', '{"drop": 1, "flip": 2}', '{"drop", "flip"}'):
        assert listed(f"X = {display}", set(LAWS), words=True) == {"drop", "flip"}
    assert not listed('X = {"keep": 1, "flip": 2}\nif what == "drop": ...', set(LAWS), words=True)
