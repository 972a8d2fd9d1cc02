"""LangChain, by the chat model of each vendor's package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from pydantic import BaseModel

from .session import SYSTEM, TRAIN, WEATHER, serve, told


class Where(BaseModel):
    """A place."""

    city: str
    days: int


@tool
def weather(city: str) -> str:
    """Tells the weather."""
    return WEATHER


@tool
def train(city: str) -> str:
    """Finds a train."""
    return TRAIN


TOLD = told()
TOOLS: dict[str, Any] = {"weather": weather, "train": train}


def openai(**more: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(model=TOLD.model, base_url=f"{TOLD.url}/v1", api_key=TOLD.key, **more)


def responses() -> Any:
    return openai(use_responses_api=True)


def anthropic() -> Any:
    from langchain_anthropic import ChatAnthropic

    return ChatAnthropic(model=TOLD.model, base_url=TOLD.url, api_key=TOLD.key)


def google() -> Any:
    from langchain_google_genai import ChatGoogleGenerativeAI

    return ChatGoogleGenerativeAI(model=TOLD.model, base_url=TOLD.url, google_api_key=TOLD.key)


def ollama() -> Any:
    from langchain_ollama import ChatOllama

    headers = {"headers": {"Authorization": f"Bearer {TOLD.key}"}}
    return ChatOllama(model=TOLD.model, base_url=TOLD.url, client_kwargs=headers)


WAYS: dict[str, Callable[[], Any]] = {
    "openai": openai,
    "responses": responses,
    "anthropic": anthropic,
    "google": google,
    "ollama": ollama,
}
MODEL = WAYS[TOLD.way]()


def messages(prompt: str) -> list[Any]:
    return [SystemMessage(SYSTEM), HumanMessage(prompt)]


def text(prompt: str) -> object:
    return MODEL.invoke(messages(prompt)).text


def stream(prompt: str) -> object:
    return "".join(str(chunk.text) for chunk in MODEL.stream(messages(prompt)))


def tools(prompt: str) -> object:
    """Streamed, as LangChain's agents are."""
    model, said = MODEL.bind_tools([*TOOLS.values()]), messages(prompt)
    for _ in range(3):
        reply: AIMessageChunk | None = None
        for chunk in model.stream(said):
            reply = chunk if reply is None else reply + chunk
        if reply is None or not reply.tool_calls:
            return reply.text if reply else ""
        results = [ToolMessage(TOOLS[c["name"]].invoke(c["args"]), tool_call_id=c["id"]) for c in reply.tool_calls]
        said += [reply, *results]
    return "it calls tools without end"


def image(prompt: str) -> object:
    picture = {"type": "image", "base64": TOLD.picture_base64, "mime_type": "image/png"}
    return MODEL.invoke([HumanMessage([{"type": "text", "text": prompt}, picture])]).text


def structured(prompt: str) -> object:
    """By each of its methods. Both have to say the same."""
    kept = [MODEL.with_structured_output(Where, method=m).invoke(prompt) for m in ("function_calling", "json_schema")]
    return kept[0] if kept[0] == kept[1] else f"different: {kept}"


serve({"text": text, "stream": stream, "tool": tools, "parallel": tools, "image": image, "structured": structured})
