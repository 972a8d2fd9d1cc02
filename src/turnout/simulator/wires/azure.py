"""Azure OpenAI: OpenAI's wire on other paths
(https://learn.microsoft.com/azure/ai-services/openai/reference, https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle).

The model is the deployment in the path. A stream begins with a chunk of prompt filter results that has no choices, no
id and no model. Errors of Azure's gateway have only a code and a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from turnout.simulator.answer import Answer
from turnout.simulator.http import Request
from turnout.simulator.question import Question
from turnout.simulator.refused import Refused
from turnout.simulator.rules import azure
from turnout.simulator.wire import Frame, route, sse

from .openai import OpenAIChat, list_models

NO_FILTER_RESULTS = {
    name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")
}
PROMPT_FILTER = sse(
    {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": NO_FILTER_RESULTS}],
    }
)
CODES = {404: "DeploymentNotFound"}


class AzureChat(OpenAIChat):
    name = "azure"
    request_id_header = "apim-request-id"
    rules = azure.RULES

    def read(self, request: Request, path: Mapping[str, str]) -> Question:
        if "deployment" in path and "api-version" not in request.query:
            raise Refused(404, "Resource not found")
        return super().read(request, path)

    def stream(self, question: Question, answer: Answer) -> Iterator[Frame]:
        yield Frame(PROMPT_FILTER)
        yield from super().stream(question, answer)

    def error_object(self, refused: Refused) -> dict[str, Any]:
        if refused.status == 400:  # an error of the model, not of Azure's gateway
            return super().error_object(refused)
        return {"code": CODES.get(refused.status, str(refused.status)), "message": refused.message}


AZURE = AzureChat()

ROUTES = (
    route("POST", "/openai/deployments/(?P<deployment>[^/]+)/chat/completions", AZURE),
    route("POST", "/openai/v1/chat/completions", AZURE),
    route("GET", "/openai(/v1)?/models", AZURE, lambda *_: list_models("system")),
)
