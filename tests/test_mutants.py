"""``make mutants`` breaks what decides something, and leaves alone what only tells."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from scripts.mutants.__main__ import SOURCES, Mutant, picked, table
from scripts.mutants.changes import changes
from scripts.mutants.measured import MeasuredFile, MeasuredTest, remainder, selection


def broken(source: str) -> list[str]:
    """What each change makes of ``source``."""
    return [change.applied(source.encode()).decode() for change in changes(source.encode())]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["(a <= b)", "(a >= b)", "pass"]),
        ("x = a is b", ["x = (a is not b)"]),
        ("x = a and b", ["x = (a or b)"]),
        ("x = not a", ["x = (a)"]),
        ("x = a + b", ["x = (a - b)"]),
        ("x = a + 'b'", ["x = a + 'bx'"]),
        ("x = 3", ["x = 4"]),
        ("x = 4000", ["x = 2000"]),
        ("x = True", ["x = False"]),
        ("x = 'é', 1", ["x = 'éx', 1", "x = 'é', 2"]),
        ("x = a if b else c", ["x = a if (not b) else c"]),
        ("def f(a=1): return a", ["def f(a=2): return a", "def f(a=1): return None"]),
        ("def f(): return True", ["def f(): return False"]),
        ("async def f(): await a.close()", ["async def f(): pass"]),
        ("def f(): a.b += c", ["def f(): pass"]),
        ("def f(): self.a = b", ["def f(): pass"]),
        ("for a in b:\n    break", ["for a in b:\n    pass"]),
    ],
)
def test_small_mistakes_are_made(source: str, expected: list[str]) -> None:
    assert sorted(broken(source)) == sorted(expected)


@pytest.mark.parametrize(
    "source",
    [
        '"""A docstring."""',
        "_log.info('a', b=1)",
        "x: Literal['a']",
        "def f(a: Literal['b']) -> Literal['c']: ...",
        "def __repr__(self): return 'a'",
        "__slots__ = ('a',)",
        "x = 'Several words.'",
        "x = ' and '",
        "class A(B, frozen=True): pass",
        "if TYPE_CHECKING: x = 1",
        "x = f'{a + b}'",
        "T = TypeVar('T')",
    ],
)
def test_what_decides_nothing_is_left_alone(source: str) -> None:
    assert broken(source) == []


def test_a_change_knows_its_function() -> None:
    source = b"class A:\n    x = 1\n    def f(self):\n        def g():\n            return 2\ndef h(): return 3"
    assert {change.scope for change in changes(source)} == {"", "A.f", "h"}


def test_every_change_of_the_sources_is_a_program() -> None:
    """At the example of one."""
    source = (SOURCES / "turnout" / "core" / "confidence.py").read_bytes()
    found = changes(source)
    assert len(found) > 10
    for change in found:
        assert ast.dump(ast.parse(change.applied(source))) != ast.dump(ast.parse(source)), change


def test_every_room_has_its_share() -> None:
    """But not the tests that ship, nor the rows of facts."""
    mutants = picked(60, None, 1)
    rooms = {path.parent.name for path in (SOURCES / "turnout").glob("*/__init__.py")} | {"."}
    assert {mutant.room for mutant in mutants} == rooms - {"contract_tests"}
    assert all(mutant.change.scope for mutant in picked(20, "facts", 1))


def test_the_same_seed_picks_the_same() -> None:
    assert picked(5, "guard", 1) == picked(5, "guard", 1) != picked(5, "guard", 2)
    assert {mutant.room for mutant in picked(5, "guard", 1)} == {"guard"}


def file(name: str, fixtures: frozenset[int] = frozenset(), **calls: set[int]) -> MeasuredFile:
    tests = [MeasuredTest(f"{name}::{test}", 1.0, frozenset(called)) for test, called in calls.items()]
    return MeasuredFile(name, tests, fixtures)


def test_the_tests_that_call_a_function_are_run_those_of_its_room_first() -> None:
    far = file("tests/e2e/test_a.py", one={1}, two={2})
    near = file("tests/core/test_b.py", three={1, 2, 3}, four={3})
    through_fixtures = file("tests/e2e/test_c.py", frozenset({1}), five=set(), six=set())
    first, second = selection([far, near, through_fixtures], frozenset({1}), "core", 60)
    assert first == ["tests/core/test_b.py::three"]
    assert {name.partition("::")[2] for name in second} == {"one", "five", "six"}


def test_a_function_that_no_test_is_known_to_call_meets_those_of_its_room() -> None:
    files = [file("tests/core/test_a.py", one={1}), file("tests/e2e/test_b.py", two={1})]
    assert selection(files, frozenset({9}), "core", 60) == [["tests/core/test_a.py::one"]]


def test_when_there_is_no_time_for_all_each_file_gives_some() -> None:
    many = file("tests/core/test_a.py", one={1}, two={1}, three={1})
    first, _ = selection([many, file("tests/core/test_b.py", four={1})], frozenset({1}), "core", 4)
    assert {name.partition("::")[2] for name in first} == {"one", "four"}


def test_a_survivor_meets_all_of_its_room_and_what_there_was_no_time_for() -> None:
    near = file("tests/core/test_a.py", one={1}, two={2})
    far = file("tests/e2e/test_b.py", three={1}, four={1}, five={2})
    tried = [["tests/core/test_a.py::one"], ["tests/e2e/test_b.py::three"]]
    names = remainder([near, far], frozenset({1}), "core", 60, tried)
    assert sorted(names) == ["tests/core/test_a.py::two", "tests/e2e/test_b.py::four"]


def test_a_change_is_shown_with_its_line() -> None:
    path = SOURCES / "turnout/core/usage.py"
    change = next(change for change in changes(path.read_bytes()) if change.scope == "Usage.total")
    mutant = Mutant("core", path, change)
    assert mutant.place == f"src/turnout/core/usage.py:{change.line}"
    assert "-        return self.input + self.output" in mutant.diff()


def test_the_table_adds_up() -> None:
    counts = Counter({("core", "caught"): 3, ("core", "survived"): 1, ("guard", "timeout"): 1, ("guard", "caught"): 1})
    assert [row.split() for row in table(counts).splitlines()] == [
        ["room", "caught", "survived", "timeout"],
        ["core", "3", "1", "0"],
        ["guard", "1", "0", "1"],
        ["all", "4", "1", "1"],
    ]
