"""The control plane: all routes but inference. Requests enter by ``Gate``; ``NEEDS`` has the key that a route needs."""

from .app import control_app
from .errors import dialect_of
from .gate import Gate
from .needs import NEEDS
from .table import Table, refuse_clashes

__all__ = ["NEEDS", "Gate", "Table", "control_app", "dialect_of", "refuse_clashes"]
