"""The oldest wires: llama.cpp's ``/completion`` and vLLM's ``/generate``."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from msgspec import Raw, structs

from tests.support.whole_requests import read_whole
from turnout.core import (
    Answer,
    ChatRequest,
    Choice,
    Delta,
    Finish,
    Logprobs,
    Message,
    Output,
    PartEnd,
    PartStart,
    Refusal,
    Relayed,
    Sampling,
    Start,
    StreamEvent,
    Text,
    Thinking,
    TokenLogprob,
    Usage,
    UsageSoFar,
)
from turnout.dialects import ReplyContext, endpoint_at, registry
from turnout.errors import InvalidRequest, UnknownModel, UpstreamBroken

CONTEXT = ReplyContext(request_id="req_1", model="fast", created=1)
COMPLETION, GENERATE = endpoint_at("/completion"), endpoint_at("/generate")
TURNS = "\n\nHuman: Hi.\n\nAssistant:"
EVENTS: tuple[StreamEvent, ...] = (
    Start("", "m"),
    PartStart(0, Thinking("Hm.")),
    Delta(0, "!"),
    PartEnd(0),
    PartStart(1, Text("Zo")),
    Delta(1, "ë"),
    PartEnd(1),
    PartStart(2, Refusal("No.")),
    PartEnd(2),
    Finish("stop", "x"),
    UsageSoFar(Usage(input=7, output=3, cached_input=2)),
)


def parse(endpoint: Any, **fields: Any) -> ChatRequest:
    request: ChatRequest = read_whole(endpoint, json.dumps({"prompt": "hi", **fields}).encode())
    return request


both = pytest.mark.parametrize("endpoint", [COMPLETION, GENERATE], ids=["llamacpp", "vllm"])


# --- what both have in common ------------------------------------------------------------------------


@both
def test_a_prompt_and_nothing_else(endpoint: Any) -> None:
    """Clients send no model: the server was started with one."""
    request = parse(endpoint)
    assert (request.model, request.messages) == ("", (Message("user", (Text("hi"),)),))
    assert (request.stream, request.max_output, request.stop, request.n) == (False, None, (), 1)
    assert (request.sampling, request.extensions) == (Sampling(), None)
    assert request.raw is not None
    assert request.raw.fields == {"prompt": Raw(b'"hi"')}


@both
def test_turns_in_a_prompt_are_understood(endpoint: Any) -> None:
    assert parse(endpoint, prompt=TURNS).messages == (Message("user", (Text("Hi."),)),)


@both
def test_settings_that_all_wires_have(endpoint: Any) -> None:
    sampling = Sampling(temperature=0.1, top_p=0.2, top_k=3, seed=4, presence_penalty=0.5, frequency_penalty=0.6)
    sent = {name: value for name, value in structs.asdict(sampling).items() if value is not None}
    limit = "n_predict" if endpoint is COMPLETION else "max_tokens"
    request = parse(endpoint, **sent, **{limit: 9}, stop=["x", "y"], stream=True, model="fast")
    assert request.sampling == sampling
    assert (request.max_output, request.stop, request.stream, request.model) == (9, ("x", "y"), True, "fast")
    assert parse(endpoint, stop="x").stop == ("x",)


@both
@pytest.mark.parametrize(
    ("fields", "param"),
    [({"prompt": None}, "prompt"), ({"temperature": "hot"}, "temperature"), ({"stop": 5}, "stop")],
    ids=["prompt", "temperature", "stop"],
)
def test_what_is_wrong_is_named(endpoint: Any, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse(endpoint, **fields)
    assert refused.value.param == param


@both
def test_a_number_out_of_bounds_in_an_unknown_field_is_named(endpoint: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_whole(endpoint, b'{"prompt":"hi","min_p":1e999}')
    assert (refused.value.param or "").startswith("min_p")


@both
def test_a_relayed_stream_passes(endpoint: Any) -> None:
    renderer = endpoint.renderer(parse(endpoint, stream=True), CONTEXT)
    assert renderer.feed([Relayed(b"data: {}\n\n"), Finish("stop", "x")]) + renderer.close() == b"data: {}\n\n"


@both
def test_an_error_has_its_status_and_words(endpoint: Any) -> None:
    dialect = registry()["llamacpp" if endpoint is COMPLETION else "vllm"]
    reply = json.loads(dialect.error(UnknownModel("x"), "r"))
    reply = reply.get("error", reply)
    assert (reply["code"], reply["reason"], reply["param"]) == (404, "model_not_found", "model")
    renderer = endpoint.renderer(parse(endpoint, stream=True), CONTEXT)
    assert b"Gone." in renderer.fail(UpstreamBroken("Gone."))


# --- llama.cpp ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({"n_predict": -1}, {"max_output": None}),
        ({"n_predict": 0}, {"max_output": 0}),
        ({"seed": -1}, {"sampling": Sampling()}),
        ({"n_probs": 0}, {"sampling": Sampling()}),
        ({"n_probs": 2}, {"sampling": Sampling(logprobs=True, top_logprobs=2)}),
        ({"json_schema": {}}, {"output": Output("json")}),
        ({"json_schema": {"type": "object"}}, {"output": Output("json_schema", Raw(b'{"type": "object"}'))}),
        ({"json_schema": None}, {"output": Output()}),
        ({"prompt": {"prompt_string": "hi"}}, {"extensions": None, "messages": (Message("user", (Text("hi"),)),)}),
    ],
    ids=["no_limit", "no_token", "no_seed", "no_probs", "probs", "json", "schema", "no_schema", "prompt_object"],
)
def test_llamacpps_own_words(sent: dict[str, Any], read: dict[str, Any]) -> None:
    request = parse(COMPLETION, **sent)
    assert {name: getattr(request, name) for name in read} == read


@pytest.mark.parametrize("prompt", [[1, 2], ["a", "b"], ["a", 5], {"prompt_string": "x", "multimodal_data": ["aGk="]}])
def test_prompts_that_only_llamacpp_can_read_are_kept(prompt: Any) -> None:
    request = parse(COMPLETION, prompt=prompt)
    assert request.messages == ()
    assert request.extensions == {"llamacpp": {"prompt": Raw(json.dumps(prompt).encode())}}


@pytest.mark.parametrize(
    ("field", "needed"),
    [
        ("dry_allowed_length", "dry_multiplier"),
        ("dry_base", "dry_multiplier"),
        ("dry_penalty_last_n", "dry_multiplier"),
        ("dry_sequence_breakers", "dry_multiplier"),
        ("dynatemp_exponent", "dynatemp_range"),
        ("mirostat_eta", "mirostat"),
        ("mirostat_tau", "mirostat"),
        ("repeat_last_n", "repeat_penalty"),
        ("xtc_threshold", "xtc_probability"),
    ],
)
def test_a_field_of_llamacpp_counts_only_with_the_field_that_it_belongs_to(field: str, needed: str) -> None:
    assert not (parse(COMPLETION, **{field: 3}).extensions or {}).get("llamacpp")
    assert (parse(COMPLETION, **{field: 3, needed: 2}).extensions or {})["llamacpp"].keys() == {field, needed}


def test_samplers_that_are_off_say_nothing_and_the_others_are_kept() -> None:
    """llama.cpp's old web page sends these values for fields that its user didn't change."""
    page = {"mirostat": 0, "mirostat_tau": 5, "mirostat_eta": 0.1, "tfs_z": 1, "typical_p": 1, "grammar": "",
            "repeat_penalty": 1.0, "repeat_last_n": 256, "image_data": [], "min_p": 0, "logit_bias": []}  # fmt: skip
    assert parse(COMPLETION, **page).extensions is None
    on = parse(COMPLETION, **page | {"mirostat": 2, "grammar": 'root ::= "x"', "lora": None, "new": 5})
    assert on.extensions is not None
    assert on.extensions["llamacpp"].keys() == {"mirostat", "mirostat_tau", "mirostat_eta", "grammar", "new"}


def test_what_concerns_llamacpps_memory_does_no_harm_elsewhere() -> None:
    sent = {"cache_prompt": True, "id_slot": -1, "slot_id": -1, "n_keep": 5, "timings_per_token": True}
    request = parse(COMPLETION, **sent)
    assert request.extensions is not None
    assert request.extensions["llamacpp"].keys() == sent.keys()


def test_llamacpps_stream() -> None:
    renderer = COMPLETION.renderer(parse(COMPLETION, stream=True), CONTEXT)
    body = b"".join(renderer.feed([event]) for event in EVENTS) + renderer.close()
    assert renderer.media_type == "text/event-stream"
    frames = [json.loads(frame.removeprefix(b"data: ")) for frame in body.split(b"\n\n")[:-1]]
    piece: dict[str, Any] = {"index": 0, "tokens": [], "stop": False}
    assert frames[:-1] == [{**piece, "content": text} for text in ("Zo", "ë", "No.")]
    last = frames[-1]
    assert (last["content"], last["stop"], last["stop_type"]) == ("", True, "eos")
    assert (last["tokens_evaluated"], last["tokens_predicted"], last["tokens_cached"]) == (7, 3, 2)


def test_llamacpps_whole_reply() -> None:
    received = ReplyContext(request_id="r", model="fast", created=1, received=time.perf_counter() - 1)
    answer = Answer(
        model="m",
        choices=(Choice(0, (Thinking("Hm."), Text("Zo"), Text("ë")), Finish("stop", "x", stop_sequence="END")),),
        usage=Usage(input=7, output=3),
    )
    reply = json.loads(COMPLETION.body(parse(COMPLETION), answer, received))
    timings = reply.pop("timings")
    assert reply == {
        "index": 0,
        "content": "Zoë",
        "tokens": [],
        "stop": True,
        "model": "m",
        "tokens_predicted": 3,
        "tokens_evaluated": 7,
        "truncated": False,
        "stop_type": "word",
        "stopping_word": "END",
        "tokens_cached": 0,
    }
    assert 1000 < timings["predicted_ms"] < 60_000
    assert 0 < timings["predicted_per_second"] < 3
    assert (timings["prompt_n"], timings["predicted_n"]) == (7, 3)


def test_llamacpps_timings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream tells when the answer began, too; what isn't known is left out."""
    received, counts = structs.replace(CONTEXT, received=100.0), {"cache_n": 2, "prompt_n": 7, "predicted_n": 8}
    usage, ends = Usage(input=7, output=8, cached_input=2), Finish("stop", "x")
    whole = Answer(choices=(Choice(0, (Text("Zo"),), ends),), usage=usage)

    def timings_of_stream(context: ReplyContext, *more: StreamEvent) -> dict[str, float]:
        renderer = COMPLETION.renderer(parse(COMPLETION, stream=True), context)
        for second, event in ((101.0, PartStart(0, Text(""))), (102.0, Delta(0, "Zo")), (103.0, Delta(0, "ë"))):
            monkeypatch.setattr(time, "perf_counter", lambda now=second: now)
            renderer.feed([event])
        renderer.feed([ends, *more])
        monkeypatch.setattr(time, "perf_counter", lambda: 106.0)
        timings: dict[str, float] = json.loads(renderer.close().removeprefix(b"data: "))["timings"]
        return timings

    def timings_of_whole(context: ReplyContext) -> dict[str, float]:
        timings: dict[str, float] = json.loads(COMPLETION.body(parse(COMPLETION), whole, context))["timings"]
        return timings

    times = {"prompt_ms": 2000.0, "predicted_ms": 4000.0}
    assert timings_of_stream(received, UsageSoFar(usage)) == {**counts, **times, "predicted_per_second": 2.0}
    assert timings_of_stream(received) == times
    assert timings_of_stream(CONTEXT, UsageSoFar(usage)) == timings_of_whole(CONTEXT) == counts
    assert timings_of_whole(received) == {**counts, "predicted_ms": 6000.0, "predicted_per_second": 8 / 6}


@pytest.mark.parametrize(
    ("finish", "word"),
    [(Finish("length", "x"), "limit"), (Finish("content_filter", "x"), "content_filter"), (None, "none")],
    ids=["length", "filter", "cut"],
)
def test_why_llamacpp_stopped(finish: Finish | None, word: str) -> None:
    answer = Answer(choices=(Choice(0, (Text("x"),), finish),))
    assert json.loads(COMPLETION.body(parse(COMPLETION), answer, CONTEXT))["stop_type"] == word


def test_llamacpps_probabilities() -> None:
    token = TokenLogprob("Y", -0.5, (TokenLogprob("N", -1.5, (), (78,)),))
    expected = {
        "token": "Y",
        "logprob": -0.5,
        "bytes": [89],
        "top_logprobs": [{"token": "N", "logprob": -1.5, "bytes": [78]}],
    }
    answer = Answer(choices=(Choice(0, (Text("Y"),), Finish("stop", "x"), (token,)),))
    assert json.loads(COMPLETION.body(parse(COMPLETION), answer, CONTEXT))["completion_probabilities"] == [expected]
    renderer = COMPLETION.renderer(parse(COMPLETION, stream=True), CONTEXT)
    renderer.feed([Start(), Logprobs((token,)), Logprobs((token,))])
    first = json.loads(renderer.feed([PartStart(0, Text("YY"))]).removeprefix(b"data: "))
    second = json.loads(renderer.feed([Delta(0, "!")]).removeprefix(b"data: "))
    assert (first["completion_probabilities"], "completion_probabilities" in second) == ([expected, expected], False)


# --- vLLM --------------------------------------------------------------------------------------------


def test_vllm_says_the_prompt_before_the_answer() -> None:
    request = parse(GENERATE, prompt=TURNS, n=2)
    assert request.n == 2
    choices = (Choice(0, (Text("A"), Thinking("x"), Text("B")), None), Choice(1, (Refusal("C"),), None))
    reply = json.loads(GENERATE.body(request, Answer(choices=choices), CONTEXT))
    assert reply == {"text": [f"{TURNS}AB", f"{TURNS}C"]}


def test_vllms_stream_says_all_of_it_with_every_line() -> None:
    request = parse(GENERATE, stream=True, n=2)
    renderer = GENERATE.renderer(request, CONTEXT)
    pieces = [
        renderer.feed([Start(), PartStart(0, Thinking("Hm.")), PartStart(1, Text(""))]),
        renderer.feed([Delta(0, "!"), Delta(1, "A")]),
        renderer.feed([PartStart(0, Text("B"), 1), Delta(1, "C"), Delta(0, "D", 1)]),
        renderer.feed([PartEnd(1), Finish("stop", "x"), UsageSoFar(Usage())]) + renderer.close(),
    ]
    assert pieces == [b"", b'{"text":["hiA","hi"]}\n', b'{"text":["hiAC","hiBD"]}\n', b""]


def test_vllms_settings_that_say_nothing_and_those_that_do() -> None:
    off = {"use_beam_search": False, "ignore_eos": False, "repetition_penalty": 1.0, "min_p": 0.0, "logprobs": None}
    assert parse(GENERATE, **off, top_k=-1).extensions is None
    assert parse(GENERATE, top_k=-1).sampling == Sampling()
    assert parse(GENERATE, **off | {"use_beam_search": True, "best_of": 2}).extensions == {
        "vllm": {"use_beam_search": Raw(b"true"), "best_of": Raw(b"2")}
    }
