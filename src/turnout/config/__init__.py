"""The configuration: the file, the environment and the command line, read and checked, as typed settings.

``docs/configuration.md`` lists all keys. ``turnout.catalog`` makes models and keys from the settings.
"""

from .addresses import is_loopback, why_not_listening
from .allowance_settings import AllowanceSettings
from .environment import ADMIN_VARIABLE, CommandLine
from .price_settings import PriceSettings
from .schema import json_schema
from .settings import LimitSettings, MediaSettings, ServerSettings, Settings, TimeoutSettings
from .token_settings import JwtSettings, algorithms_of
from .validation import examine

__all__ = [
    "ADMIN_VARIABLE",
    "AllowanceSettings",
    "CommandLine",
    "JwtSettings",
    "LimitSettings",
    "MediaSettings",
    "PriceSettings",
    "ServerSettings",
    "Settings",
    "TimeoutSettings",
    "algorithms_of",
    "examine",
    "is_loopback",
    "json_schema",
    "why_not_listening",
]
