"""OpenAI's Responses over real sockets, through its SDK, to every provider."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import msgspec
import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response, ResponseReasoningItem, ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from tests.e2e.backends import COUNTING, ECHO, EVERY, REMOTE, SIMULATOR, WIRES, Backend
from tests.e2e.stage import TEAM_KEY, Stage, faulty
from tests.simulator.raw import ask as ask_raw
from tests.support.aimock import case
from tests.support.sdks import PNG, Question, Tool
from tests.support.sdks import openai as chat_sdk
from tests.support.sdks.responses import ask, body, outputs, reply_of, respond

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
WHOLE = TypeAdapter(Response)
CITY = Tool("weather", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
CLOCK = Tool("clock", {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]})
UNICODE = 'Zoë 👩🏽‍🚀 東京 مرحبا \u2028 \\ "quoted" <tag> \u00a0 end'
TRANSLATED = tuple(backend for backend in SIMULATOR if backend.provider not in ("openai", "azure", "azure-v1", "vllm"))
wires = pytest.mark.parametrize("provider", WIRES)


@pytest.fixture
async def sdk(stage: Stage) -> AsyncOpenAI:
    return chat_sdk.client(stage.turnout.openai_url, TEAM_KEY)


def question(backend: Backend, prompt: str, **more: Any) -> Question:
    return Question(prompt=prompt, model=backend.model, **more)


# --- a long conversation -----------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_a_conversation_that_was_made_short_goes_on(sdk: AsyncOpenAI, backend: Backend) -> None:
    """OpenAI and Azure do it themselves. Any other model writes a summary."""
    said: Any = [{"role": "user", "content": "one two"}, {"role": "assistant", "content": "three"}]
    raw = await sdk.responses.with_raw_response.compact(model=backend.model, input=said)
    short = json.loads(raw.content)
    assert [item["type"] for item in short["output"]] == ["message", "compaction"]
    assert short["usage"]["input_tokens"] > 0
    going_on: Any = [*short["output"], {"role": "user", "content": "four"}]
    reply = await sdk.responses.create(model=backend.model, input=going_on, store=False)
    assert reply.output_text.startswith("You said: ")
    assert reply.output_text.endswith("four")  # Anthropic's turns of one role are one


# --- one exchange ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", EVERY)
@pytest.mark.parametrize("case_name", ["text", "unicode"])
async def test_text_arrives_whole(sdk: AsyncOpenAI, backend: Backend, case_name: str, stream: bool) -> None:
    reply = await ask(sdk, question(backend, case(case_name).prompt), stream=stream)
    assert (reply.text, reply.finish, reply.calls) == (backend.says(case_name), "stop", ())


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_unicode_survives_both_ways(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    reply = await ask(sdk, question(backend, UNICODE), stream=stream)
    assert reply.text == f"You said: {UNICODE}"


@pytest.mark.parametrize("backend", [backend for backend in COUNTING if backend.upstream != "aimock"])
async def test_usage_is_the_providers(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    reply = await ask(sdk, question(backend, case("usage").prompt), stream=stream)
    assert (reply.input_tokens, reply.output_tokens) == backend.usage("usage")


@pytest.mark.parametrize("backend", REMOTE)
async def test_parallel_calls_stay_apart(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    prompt = case("tools_parallel").prompt if backend.upstream == "aimock" else "Please use all tools."
    tools = (Tool("book_trip"), Tool("check_calendar")) if backend.upstream == "aimock" else (CITY, CLOCK)
    reply = await ask(sdk, question(backend, prompt, tools=tools), stream=stream)
    assert reply.finish == "tool_calls"
    assert len({call.id for call in reply.calls}) == len(reply.calls)
    if backend.upstream == "aimock":
        wanted = [(c["name"], json.loads(c["arguments"])) for c in case("tools_parallel").response["toolCalls"]]
    else:
        wanted = [("weather", {"city": "city 1"}), ("clock", {"zone": "zone 2"})]
    assert [(call.name, call.arguments) for call in reply.calls] == wanted


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_results_of_calls_are_sent_back(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    request = question(backend, "Please use all tools.", tools=(CITY, CLOCK))
    first = await ask(sdk, request, stream=stream)
    again = question(backend, request.prompt, tools=request.tools, calls=first.calls, results=("sunny", "noon"))
    assert (await ask(sdk, again, stream=stream)).text == "The tools said: sunny; noon"


@pytest.mark.parametrize("backend", TRANSLATED)
async def test_codexs_tools_come_and_go_in_their_own_form(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    """Two turns. The helper of a stream puts the items together by their events."""
    schema = CITY.schema
    request = body(question(backend, "Please use all tools.")) | {
        "tools": [
            {"type": "custom", "name": "apply_patch", "description": "Edits files."},
            {
                "type": "namespace",
                "name": "agents",
                "description": "Helpers.",
                "tools": [{"type": "function", "name": "close", "parameters": schema, "strict": False}],
            },
            {"type": "shell"},
        ]
    }
    patch, close, shell = items = [item.to_dict() for item in (await respond(sdk, request, stream=stream)).output]
    assert (patch["type"], patch["name"]) == ("custom_tool_call", "apply_patch")
    assert isinstance(patch["input"], str)
    assert (close["type"], close["name"], close["namespace"]) == ("function_call", "close", "agents")
    assert shell["type"] == "shell_call"
    request["input"] += [
        *items,
        {"type": "custom_tool_call_output", "call_id": patch["call_id"], "output": "patched"},
        {"type": "function_call_output", "call_id": close["call_id"], "output": "closed"},
        {"type": "shell_call_output", "call_id": shell["call_id"], "output": []},
    ]
    answer = await respond(sdk, request, stream=stream)
    assert answer.output_text == "The tools said: patched; closed; []"


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_images_are_seen(sdk: AsyncOpenAI, backend: Backend) -> None:
    reply = await ask(sdk, question(backend, "Look.", image=PNG), stream=False)
    assert re.search(r"I saw 1 image: \d+ bytes\.", reply.text)


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_a_limit_makes_it_incomplete(sdk: AsyncOpenAI, backend: Backend, stream: bool) -> None:
    request = body(question(backend, "one two three four five " * 4, max_tokens=16))
    response = await respond(sdk, request, stream=stream)
    assert response.status == "incomplete"
    assert response.incomplete_details
    assert response.incomplete_details.reason == "max_output_tokens"


class Weather(BaseModel):
    city: str
    degrees: int


@pytest.mark.parametrize("backend", SIMULATOR)
async def test_structured_output_is_parsed(sdk: AsyncOpenAI, backend: Backend) -> None:
    response = await sdk.responses.parse(model=backend.model, input="The weather?", text_format=Weather)
    assert response.output_parsed == Weather(city="city 1", degrees=1)


@wires
async def test_reasoning_comes_as_a_summary(sdk: AsyncOpenAI, provider: str, stream: bool) -> None:
    request = body(Question(prompt="Hm?", model=faulty(provider, "thinking"), max_tokens=4000))
    reply = reply_of(await respond(sdk, request | {"reasoning": {"effort": "low"}}, stream=stream))
    assert reply.thinking == "The user wrote 1 words. I answer with them."
    assert reply.text == "You said: Hm?"


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
async def test_signed_thoughts_and_calls_go_back_to_their_provider(
    sdk: AsyncOpenAI, provider: str, stream: bool
) -> None:
    """The simulator refuses thoughts and calls whose signature isn't its own."""
    model = faulty(provider, "thinking")
    request = body(Question(prompt="Please use a tool.", model=model, tools=(CITY,), max_tokens=4000))
    request |= {"reasoning": {"effort": "low"}, "store": False}
    first = await respond(sdk, request, stream=stream)
    calls = reply_of(first).calls
    assert calls
    assert any(isinstance(item, ResponseReasoningItem) and item.encrypted_content for item in first.output)
    output = [item.model_dump(exclude_none=True) for item in first.output]
    request["input"] = [*request["input"], *output, *outputs(calls, ("sunny",) * len(calls))]
    assert reply_of(await respond(sdk, request, stream=stream)).text == "The tools said: sunny"


# --- the wire ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [ECHO, *SIMULATOR])
@pytest.mark.parametrize("prompt", ["Hello.", "Please use all tools."])
async def test_every_event_is_one_that_the_sdk_knows(stage: Stage, backend: Backend, prompt: str) -> None:
    request = body(question(backend, prompt, tools=() if backend is ECHO else (CITY, CLOCK)))
    reply = await stage.post("/v1/responses", request | {"stream": True})
    assert reply.status == 200
    events = [json.loads(data) for data in re.findall(r"^data: (.*)$", reply.body.decode(), re.MULTILINE)]
    for event in events:
        EVENT.validate_python(event, strict=True)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    names = re.findall(r"^event: (.*)$", reply.body.decode(), re.MULTILINE)
    assert names == [event["type"] for event in events]
    assert (names[0], names[-1]) == ("response.created", "response.completed")


@pytest.mark.parametrize("backend", TRANSLATED)
async def test_a_whole_response_has_the_form_of_openais(stage: Stage, backend: Backend) -> None:
    reply = await stage.post("/v1/responses", {"model": backend.model, "input": "Hi.", "metadata": {"a": "b"}})
    response = WHOLE.validate_python(reply.json)
    assert (response.status, response.output_text, response.metadata) == ("completed", "You said: Hi.", {"a": "b"})


@pytest.mark.parametrize("provider", ["openai", "azure", "azure-v1", "vllm"])
@pytest.mark.parametrize("prompt", ["Hello there.", "Please use all tools."])
async def test_on_the_same_wire_nothing_changes(stage: Stage, provider: str, prompt: str, stream: bool) -> None:
    """Byte for byte, but for what the simulator makes anew for every answer."""
    backend = Backend("simulator", provider)
    request = body(question(backend, prompt, tools=(CITY, CLOCK))) | {"stream": stream, "temperature": 0.5}
    turned = await stage.post("/v1/responses", request)
    paths = {"openai": "/v1", "vllm": "/vllm/v1", "azure": "/openai/v1", "azure-v1": "/openai/v1"}
    direct = await raw_post(f"{stage.simulator.root}{paths[provider]}/responses", request | {"model": "sim"})
    assert plain(turned.body) == plain(direct)


@pytest.mark.parametrize("provider", ["openai", "azure-v1", "vllm"])
@pytest.mark.parametrize("name", ["text", "unicode", "tools_parallel", "tool_big_number", "reasoning", "finish_length"])
async def test_aimock_says_the_same(stage: Stage, sdk: AsyncOpenAI, provider: str, name: str, stream: bool) -> None:
    backend = Backend("aimock", provider)
    request = question(backend, case(name).prompt, tools=(Tool("book_trip"),) if name.startswith("tool") else ())
    address = f"{stage.aimock.root}/openai/v1" if provider == "azure-v1" else f"{stage.aimock.root}/v1"
    direct = Question(**msgspec.structs.asdict(request) | {"model": "gpt-4o-mini"})
    answered, turned = await asyncio.gather(
        ask(chat_sdk.client(address), direct, stream=stream), ask(sdk, request, stream=stream)
    )
    assert turned == answered
    assert [(call.id, call.text) for call in turned.calls] == [(call.id, call.text) for call in answered.calls]


async def seen(stage: Stage, model: str) -> list[Any]:
    """The bodies that the simulator was sent for a model that ``faulty`` named."""
    reply = await ask_raw(f"{stage.simulator.root}/__simulator/requests?model={model.partition('/')[2]}")
    return [json.loads(request["body"]) for request in json.loads(reply.body)]


async def raw_post(url: str, asked: dict[str, Any]) -> bytes:
    headers = {"authorization": "Bearer sk-x", "api-key": "sk-x", "content-type": "application/json"}
    return (await ask_raw(url, asked, headers)).body


def plain(data: bytes) -> bytes:
    return re.sub(rb'sim\d{8,}|"(?:created|completed)_at":\d+', b"*", data)


@pytest.mark.parametrize(("provider", "status"), [("vllm", 200), ("openai", 400)])
async def test_fields_that_nobody_knows_yet_reach_the_provider(stage: Stage, provider: str, status: int) -> None:
    """vLLM ignores them. OpenAI refuses them in its own words."""
    model = faulty(provider, "")
    request = {"model": model, "input": "Hi.", "from_the_future": {"deep": [None, 1.50]}, "temperature": 0.1}
    reply = await stage.post("/v1/responses", request)
    assert reply.status == status
    assert status == 200 or reply.json["error"]["param"] == "from_the_future"
    (sent,) = await seen(stage, model)
    assert sent == request | {"model": model.partition("/")[2]}


# --- errors ------------------------------------------------------------------------------------------------


@wires
@pytest.mark.parametrize("status", [400, 429, 500])
async def test_an_error_is_the_sdks_own(sdk: AsyncOpenAI, provider: str, status: int, stream: bool) -> None:
    kinds = {400: openai.BadRequestError, 429: openai.RateLimitError, 500: openai.InternalServerError}
    with pytest.raises(kinds[status]):
        await respond(sdk, {"model": faulty(provider, f"status-{status}"), "input": "Hi."}, stream=stream)


@wires
@pytest.mark.parametrize("fault", ["cut-stream", "cut-event", "reset", "end", "bad-chunk", "error"])
async def test_a_stream_that_breaks_off_says_so(stage: Stage, provider: str, fault: str) -> None:
    request = {"model": faulty(provider, f"{fault}-after-3"), "input": "one two three four five six", "stream": True}
    reply = await stage.post("/v1/responses", request)
    events = [json.loads(data) for data in re.findall(r"^data: (.*)$", reply.body.decode(), re.MULTILINE)]
    kinds = [event["type"] for event in events]
    assert (
        "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta") == "You said: one"
    )
    assert "response.completed" not in kinds
    assert "error" in kinds
    (error,) = [event for event in events if event["type"] == "error"]
    EVENT.validate_python(error)
    if provider != "openai":
        assert kinds[-1] == "response.failed"
        assert WHOLE.validate_python(events[-1]["response"]).status == "failed"
    (attempt,) = (await stage.story(reply.headers["x-request-id"]))["attempts"]
    assert (attempt["outcome"], attempt["finish"]) == ("cut", None)


@wires
async def test_the_sdk_raises_when_a_stream_breaks_off(sdk: AsyncOpenAI, provider: str) -> None:
    with pytest.raises(openai.APIError):
        await respond(
            sdk, {"model": faulty(provider, "cut-stream-after-3"), "input": "one two three four"}, stream=True
        )


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tool_choice": {"type": "web_search"}}, "tool_choice.type"),
        ({"input": [{"role": "user", "content": "x"}, {"type": "computer_call", "id": "c"}]}, "input[1].type"),
        ({"input": [{"type": "item_reference", "id": "msg_zz"}]}, "input[0].type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_fields_that_only_openai_has_are_refused_elsewhere_by_name(
    stage: Stage, fields: dict[str, Any], named: str
) -> None:
    reply = await stage.post("/v1/responses", {"model": "simulator-anthropic", "input": "Hi."} | fields)
    assert reply.status == 400
    assert reply.json["error"]["param"] == named


async def test_a_tool_that_openai_runs_is_left_out_and_named(stage: Stage) -> None:
    asked = {"model": "simulator-anthropic", "input": "Hi.", "tools": [{"type": "file_search"}]}
    reply = await stage.post("/v1/responses", asked)
    assert (reply.status, reply.headers["x-turnout-dropped"]) == (200, "tools[0].type")


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
async def test_a_request_that_is_a_search_is_one_there_too(stage: Stage, provider: str) -> None:
    asked = {"model": f"simulator-{provider}", "input": "Hi.", "tools": [{"type": "web_search"}]}
    reply = await stage.post("/v1/responses", asked)
    assert reply.status == 200
    assert "x-turnout-dropped" not in reply.headers


async def test_how_a_long_conversation_is_cut_is_a_hint(stage: Stage) -> None:
    asked = {"model": "simulator-anthropic", "input": "Hi.", "truncation": "auto"}
    reply = await stage.post("/v1/responses", asked)
    assert (reply.status, reply.headers["x-turnout-dropped"]) == (200, "truncation")


def test_the_synchronous_sdk_works_too(stage: Stage) -> None:
    sdk = OpenAI(base_url=stage.turnout.openai_url, api_key=TEAM_KEY, max_retries=0)
    assert sdk.responses.create(model="simulator-gemini", input="Hi.").output_text == "You said: Hi."
    with sdk.responses.stream(model="simulator-anthropic", input="Hi.") as events:
        assert events.get_final_response().output_text == "You said: Hi."
