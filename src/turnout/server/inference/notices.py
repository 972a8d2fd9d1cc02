"""Warnings for replies of a model that its provider has switched off, or will switch off."""

from __future__ import annotations

import time

import structlog

from turnout.core import Deployment
from turnout.facts import lifecycle_of

_log = structlog.get_logger(__name__)
_SECONDS = 3600.0
_MOST = 10_000  # models: a client may ask for any of a provider's


class Notices:
    """Every reply has the warning, the log has it once for each model. It depends on the day, so it is kept an hour."""

    def __init__(self) -> None:
        self._logged: set[tuple[str, str]] = set()
        self._known: dict[tuple[str, str], str] = {}
        self._known_until = 0.0

    def of(self, deployment: Deployment) -> str:
        """The warning; empty for a model that stays."""
        now = time.monotonic()
        if now > self._known_until or len(self._known) > _MOST:
            self._known, self._known_until = {}, now + _SECONDS
        name = (deployment.provider, deployment.model)
        notice = self._known.get(name)
        if notice is None:
            notice = self._known[name] = self._look_up(*name)
        return notice

    def _look_up(self, provider: str, model: str) -> str:
        notice = lifecycle_of(provider, model).notice(model)
        if notice and (provider, model) not in self._logged:
            self._logged.add((provider, model))
            _log.warning("a model goes", provider=provider, model=model, notice=notice)
        return notice
