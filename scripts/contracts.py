"""A contract for import-linter that says what a room may import, where its own kinds say what it may not.

So a new dependency is out of every room until it is let in by name. The standard library is always allowed.
"""

from __future__ import annotations

import sys
from typing import cast

import grimp
from importlinter import Contract, ContractCheck, fields, output


class MayImport(Contract):
    """``room`` is a module or a package; the modules in it may import each other.

    An ``allowed`` name is that module alone; with ``.**`` behind it, what is inside as well.
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
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def _may(self, imported: str) -> bool:
        if imported.split(".")[0] in sys.stdlib_module_names or _inside(imported, str(self.room)):
            return True
        return any(
            _inside(imported, name.removesuffix(".**")) if name.endswith(".**") else imported == name
            for name in cast("list[str]", self.allowed)
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} (line {line}) may not import {imported}.")


def _inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
