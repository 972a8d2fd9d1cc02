"""What a reply says of a model that its provider has switched off, or will."""

from __future__ import annotations

import structlog

from turnout.catalog.facts import lifecycle_of
from turnout.core import Deployment

_log = structlog.get_logger(__name__)


class Notices:
    """The reply says it every time, the log once for each model."""

    def __init__(self) -> None:
        self._logged: set[tuple[str, str]] = set()

    def of(self, deployment: Deployment) -> str:
        """Empty for a model that nothing is planned for."""
        provider, model = deployment.provider, deployment.model
        notice = lifecycle_of(provider, model).notice(model)
        if notice and (provider, model) not in self._logged:
            self._logged.add((provider, model))
            _log.warning("a model goes", provider=provider, model=model, notice=notice)
        return notice
