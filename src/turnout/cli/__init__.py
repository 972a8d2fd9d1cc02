"""The command line. Each command has a module."""

from .main import main

__all__ = ["main"]
