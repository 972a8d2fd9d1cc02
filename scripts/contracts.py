"""A contract for import-linter that lists what a room may import. Its own contracts list what a room may not import.

So a room may not import a new dependency until the contract names it. The standard library is always allowed.
"""

from __future__ import annotations

import sys
from typing import cast

import grimp
from importlinter import Contract, ContractCheck, fields, output


class MayImport(Contract):
    """``room`` is a module or a package; the modules in it may import each other.

    An ``allowed`` name is only that module; with ``.**`` after it, also the modules inside.
    """

    type_name = "may_import"

    room = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField(), required=False, default=[])

    def check(self, graph: grimp.ImportGraph, verbose: bool) -> ContractCheck:
        room = str(self.room)
        broken = [
            (importer, imported, detail["line_number"])
            for importer in sorted({room} | graph.find_descendants(room))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._may(imported)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        unused = self._unused(graph)
        return ContractCheck(kept=not broken and not unused, metadata={"broken": broken, "unused": unused})

    def _unused(self, graph: grimp.ImportGraph) -> list[str]:
        """The allowed names that nothing in the room imports: a contract says what holds."""
        room = str(self.room)
        imported = {
            name
            for importer in {room} | graph.find_descendants(room)
            for name in graph.find_modules_directly_imported_by(importer)
        }
        allowed = cast("list[str]", self.allowed)
        return [name for name in allowed if not any(_allows(name, module) for module in imported)]

    def _may(self, imported: str) -> bool:
        if imported.split(".")[0] in sys.stdlib_module_names or _inside(imported, str(self.room)):
            return True
        return any(_allows(name, imported) for name in cast("list[str]", self.allowed))

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} (line {line}) may not import {imported}.")
        for name in check.metadata["unused"]:
            output.print_error(f"{self.room} may import {name}, and does not: take the line out.")


def _allows(name: str, imported: str) -> bool:
    return _inside(imported, name.removesuffix(".**")) if name.endswith(".**") else imported == name


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
