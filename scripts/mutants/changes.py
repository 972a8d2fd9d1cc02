"""Small changes that break a source. Each replaces one piece of text with another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

_OPPOSITE: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
}
_LOGS = ("_log", "logging", "logger")
_LARGE = 100  # one more than such a bound is as good as the bound
_TYPES = ("TypeVar", "ParamSpec", "NewType")
_SETTINGS = ("__slots__", "__all__", "__match_args__")


class Change(NamedTuple):
    """``start`` and ``end`` are byte offsets in the source; ``scope`` is the qualified name of the function, or ""."""

    line: int
    scope: str
    start: int
    end: int
    text: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


def changes(source: bytes) -> list[Change]:
    """All changes of a source. Annotations, docstrings, logging and ``__repr__`` have none."""
    finder = _Finder(source)
    finder.visit(ast.parse(source))
    return finder.changes


class _Finder(ast.NodeVisitor):
    def __init__(self, source: bytes) -> None:
        self.changes: list[Change] = []
        self._scope: list[str] = []
        self._functions = 0
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def _offer(self, node: ast.expr | ast.stmt, text: str) -> None:
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        scope = ".".join(self._scope) if self._functions else ""
        self.changes.append(Change(node.lineno, scope, start, end, text))

    def _offer_node(self, node: ast.expr, instead: ast.expr) -> None:
        self._offer(node, f"({ast.unparse(instead)})")

    # --- what is left alone --------------------------------------------------------------------------

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:  # the visitor's own name
        """The places inside one are wrong before Python 3.12."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """Skips a node that has only an annotation."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        with self._inside(node.name):
            for statement in node.body:
                self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name == "__repr__":
            return
        with self._inside(node.name):
            self._functions += 1
            self.visit(node.args)
            for statement in node.body:
                self.visit(statement)
            self._functions -= 1

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    @contextmanager
    def _inside(self, name: str) -> Iterator[None]:
        """A function inside a function is part of the outer one."""
        outer = self._scope
        if not self._functions:
            self._scope = [*outer, name]
        yield
        self._scope = outer

    # --- statements ----------------------------------------------------------------------------------

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(call, ast.Constant) or (isinstance(call, ast.Call) and _is_logging(call)):
            return
        self._offer(node, "pass")
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id in _SETTINGS:
            return
        if isinstance(target, ast.Attribute | ast.Subscript) and "__init__" not in self._scope:
            self._offer(node, "pass")
        self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._offer(node, "pass")
        self.visit(node.value)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            self._offer(node, "pass")
            return
        if not (isinstance(node.value, ast.Constant) and node.value.value in (None, True, False)):
            self._offer(node, "return None")
        self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._offer(node, "pass")
        self.generic_visit(node)

    def visit_Break(self, node: ast.Break) -> None:
        self._offer(node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self._offer(node, "pass")

    def visit_If(self, node: ast.If) -> None:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return
        self._negate(node.test)
        self.generic_visit(node)

    # --- expressions ---------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        if not (isinstance(node.func, ast.Name) and node.func.id in _TYPES):
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def _negate(self, test: ast.expr) -> None:
        if not isinstance(test, ast.Compare | ast.UnaryOp):  # those have changes of their own
            self._offer_node(test, ast.UnaryOp(ast.Not(), test))

    def visit_Compare(self, node: ast.Compare) -> None:
        for at, operator in enumerate(node.ops):
            for other in _OPPOSITE[type(operator)]:
                operators = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                self._offer_node(node, ast.Compare(node.left, operators, node.comparators))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        self._offer_node(node, ast.BoolOp(other, node.values))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._offer_node(node, node.operand)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        other = _ARITHMETIC.get(type(node.op))
        if other is not None and not (_is_text(node.left) or _is_text(node.right)):
            self._offer_node(node, ast.BinOp(node.left, other(), node.right))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._offer(node, repr(not value))
        elif isinstance(value, int | float):
            self._offer(node, repr(value // 2 if value > _LARGE else value + 1))
        elif isinstance(value, str) and value.split() == [value]:  # the wording of a sentence changes no decision
            self._offer(node, repr(f"{value}x"))
        elif isinstance(value, bytes) and value.split() == [value]:
            self._offer(node, repr(value + b"x"))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


def _is_logging(call: ast.Call) -> bool:
    function = call.func
    return isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in _LOGS
