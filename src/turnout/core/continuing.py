"""Going on with an answer that broke off: the next deployment gets the words that the client has as a prefill."""

from __future__ import annotations

from msgspec import structs

from .deployment import Deployment
from .forced_tool import forces_a_tool
from .messages import Message, Text
from .request import ChatRequest, whole_chat, with_messages


def continues(deployment: Deployment, request: ChatRequest) -> bool:
    """Whether ``deployment`` is known to go on with an answer to ``request`` that was begun.

    Not where the model would think first, has to call a tool, is held to a form, or gives several answers.
    """
    return (
        deployment.traits.continues is not None
        and not _thinks(deployment, request)
        and request.output.kind == "text"
        and request.n == 1
        and not forces_a_tool(request)
    )


def _thinks(deployment: Deployment, request: ChatRequest) -> bool:
    """Whether thinking was asked for. Of a model that always thinks, ``traits.continues`` is known in spite of it."""
    asked = request.reasoning is not None and request.reasoning.enabled
    return asked and deployment.traits.thinking not in ("never", "always")


def continued(request: ChatRequest, words: str) -> ChatRequest:
    """``request`` for the rest of an answer that begins with ``words``. It is translated to every provider.

    ``words`` should not end with a blank, which some refuse. They follow the client's own prefill, if it sent one.
    Raises ``Unreadable`` for a conversation that can't be read.
    """
    request = whole_chat(request)
    *before, last = request.messages or (Message("assistant", ()),)
    if last.role != "assistant":
        before, last = [*before, last], Message("assistant", ())
    own = "".join([part.text for part in last.parts if isinstance(part, Text)])
    others = [part for part in last.parts if not isinstance(part, Text)]
    prefill = structs.replace(last, parts=(*others, Text(own + words)))
    return structs.replace(with_messages(request, (*before, prefill)), prefilled=True)
