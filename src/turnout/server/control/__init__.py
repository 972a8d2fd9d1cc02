"""The control plane: everything that isn't inference. ``Gate`` is the one way in; ``NEEDS`` says what a route needs."""

from .app import control_app
from .errors import dialect_of
from .gate import Gate
from .needs import NEEDS
from .table import Table

__all__ = ["NEEDS", "Gate", "Table", "control_app", "dialect_of"]
