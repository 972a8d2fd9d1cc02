"""Which deployments go on with an answer that was begun."""

from __future__ import annotations

from turnout.core import ChatRequest, Deployment, continues

_MOST = 4096


class Prefills:
    """What the catalog knows, without the deployments that have refused it since the start."""

    def __init__(self) -> None:
        self._refused: dict[tuple[str, str], None] = {}

    def takes(self, deployment: Deployment, request: ChatRequest) -> bool:
        return continues(deployment, request) and (deployment.id, deployment.base_url) not in self._refused

    def unlearn(self, deployment: Deployment) -> None:
        """``deployment`` has refused a prefill, whatever the catalog knows of it."""
        if len(self._refused) >= _MOST:
            del self._refused[next(iter(self._refused))]
        self._refused[deployment.id, deployment.base_url] = None
