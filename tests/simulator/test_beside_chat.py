"""The vendors' own SDKs call everything besides chat: completions, embeddings, pictures, audio, counts."""

from __future__ import annotations

import base64
from typing import Any

import ollama
import pytest
from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from openai import AsyncAzureOpenAI, AsyncOpenAI, BadRequestError

from tests.simulator.raw import ask
from turnout.simulator import Simulator

PREFIXES = {
    "openai": "/v1",
    "azure": "/openai/v1",
    "vllm": "/vllm/v1",
    "llamacpp": "/llamacpp/v1",
    "compatible": "/compatible/v1",
}


@pytest.fixture(params=PREFIXES)
def client(request: pytest.FixtureRequest, simulated: Simulator) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=simulated.url + PREFIXES[request.param], api_key="key", max_retries=0)


@pytest.fixture
def plain(simulated: Simulator) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=f"{simulated.url}/v1", api_key="key", max_retries=0)


@pytest.fixture
def google(simulated: Simulator) -> Any:
    return genai.Client(api_key="key", http_options=types.HttpOptions(base_url=simulated.url)).aio.models


async def test_a_completion_answers_its_prompt(client: AsyncOpenAI) -> None:
    reply = await client.completions.create(model="sim", prompt="one two", max_tokens=99, n=2, logprobs=2)
    assert [choice.text for choice in reply.choices] == ["You said: one two"] * 2
    logprobs = reply.choices[0].logprobs
    assert logprobs
    assert (logprobs.tokens, logprobs.text_offset) == (["You", " said:", " one", " two"], [0, 3, 9, 13])
    assert reply.usage
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (2, 8)


async def test_a_completion_streams_word_by_word(client: AsyncOpenAI) -> None:
    stream = await client.completions.create(
        model="sim", prompt="one two", max_tokens=3, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert [choice.text for chunk in chunks for choice in chunk.choices] == ["You", " said:", " one", ""]
    assert chunks[-2].choices[0].finish_reason == "length"
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens == 3


async def test_a_completions_stream_ends_as_openais_do(simulated: Simulator) -> None:
    reply = await ask(f"{simulated.url}/v1/completions", {"model": "sim", "prompt": "one", "stream": True})
    assert reply.body.endswith(b'"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')


async def test_embeddings_are_the_same_in_both_encodings(client: AsyncOpenAI) -> None:
    """The SDK itself asks for base64, and unpacks it."""
    packed = await client.embeddings.create(model="sim", input=["one two", "three"], dimensions=40)
    plain = await client.embeddings.create(
        model="sim", input=["one two", "three"], dimensions=40, encoding_format="float"
    )
    assert [row.embedding for row in packed.data] == [row.embedding for row in plain.data]
    assert [(row.index, len(row.embedding)) for row in plain.data] == [(0, 40), (1, 40)]
    assert plain.data[0].embedding != plain.data[1].embedding
    assert (plain.usage.prompt_tokens, plain.usage.total_tokens) == (3, 3)


async def test_embeddings_of_token_ids_count_them(plain: AsyncOpenAI) -> None:
    reply = await plain.embeddings.create(model="sim", input=[[1, 2, 3], [4]])
    assert (len(reply.data), reply.usage.prompt_tokens) == (2, 4)


async def test_azure_names_the_deployment_in_the_path(simulated: Simulator) -> None:
    azure = AsyncAzureOpenAI(azure_endpoint=simulated.url, api_version="2024-10-21", api_key="key", max_retries=0)
    assert (await azure.embeddings.create(model="sim", input="one")).model == "sim"


FORM = (
    b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\nRIFF\r\n'
    b'--x\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\nPNG\r\n'
    b'--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nred\r\n--x--\r\n'
)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("completions", {"prompt": "one"}),
        ("embeddings", {"input": "one"}),
        ("images/generations", {"prompt": "one"}),
        ("images/edits", FORM),
        ("audio/transcriptions", FORM),
        ("audio/translations", FORM),
        ("audio/speech", {"input": "one", "voice": "alloy"}),
    ],
)
async def test_the_deployment_in_azures_path_is_the_model(fresh: Simulator, path: str, body: Any) -> None:
    header = {"content-type": "multipart/form-data; boundary=x"} if body is FORM else {}
    reply = await ask(f"{fresh.url}/openai/deployments/mine/{path}?api-version=2024-10-21", body, header)
    assert (reply.status, [attempt.model for attempt in fresh.attempts]) == (200, ["mine"])


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_a_completion_may_repeat_its_prompt(simulated: Simulator, stream: bool) -> None:
    body = {"model": "sim", "prompt": "one", "echo": True, "stream": stream}
    reply = await ask(f"{simulated.url}/v1/completions", body)
    answers = reply.events if stream else [reply.json]
    assert "".join(choice["text"] for answer in answers for choice in answer["choices"]) == "oneYou said: one"


async def test_pictures_have_the_size_that_was_asked_for(plain: AsyncOpenAI) -> None:
    reply = await plain.images.generate(model="gpt-image-1", prompt="A red train", n=2, size="1024x1536")
    assert reply.data
    pictures = [base64.b64decode(picture.b64_json or "") for picture in reply.data]
    assert [picture[16:24] for picture in pictures] == [b"\0\0\4\0\0\0\6\0"] * 2
    assert pictures[0] != pictures[1]
    assert reply.usage
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (3, 200)


@pytest.mark.parametrize("size", ["4097x64", "64x4097", "64", "large"])
async def test_a_picture_has_a_size_within_bounds(plain: AsyncOpenAI, size: Any) -> None:
    assert (await plain.images.generate(model="gpt-image-1", prompt="A train", size="64x4096")).data
    with pytest.raises(BadRequestError, match=f"Invalid size '{size}'") as raised:
        await plain.images.generate(model="gpt-image-1", prompt="A train", size=size)
    assert raised.value.param == "size"


async def test_older_models_give_addresses(plain: AsyncOpenAI) -> None:
    reply = await plain.images.generate(model="dall-e-3", prompt="A red train")
    assert [(picture.url, picture.revised_prompt) for picture in reply.data or ()] == [
        ("https://pictures.example/0.png", "A red train")
    ]


async def test_pictures_stream_with_a_partial_one(plain: AsyncOpenAI) -> None:
    stream = await plain.images.generate(model="gpt-image-1", prompt="A train", stream=True, partial_images=1)
    assert [event.type async for event in stream] == [
        "image_generation.partial_image",
        "image_generation.completed",
    ]


async def test_an_edit_counts_its_pictures(plain: AsyncOpenAI) -> None:
    images: Any = [("a.png", b"--one--\r\n", "image/png"), ("b.png", b"two", "image/png")]
    reply = await plain.images.edit(model="gpt-image-1", prompt="Make it red", image=images, mask=b"mask")
    assert reply.usage
    assert reply.usage.input_tokens_details.image_tokens == 300


@pytest.mark.parametrize("wished", ["json", "text", "srt", "vtt", "verbose_json"])
async def test_a_transcript_comes_in_every_format(plain: AsyncOpenAI, wished: Any) -> None:
    reply: Any = await plain.audio.transcriptions.create(
        model="whisper-1", file=("a.wav", b"RIFF\r\n--sound--\r\n"), response_format=wished
    )
    text = reply if isinstance(reply, str) else reply.text
    assert "I heard 17 bytes of a.wav." in text
    if wished == "verbose_json":
        assert (reply.duration, reply.language, reply.segments[0].end) == (1.5, "english", 1.5)


async def test_a_transcript_streams(plain: AsyncOpenAI) -> None:
    stream = await plain.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", b"123"), stream=True)
    events: list[Any] = [event async for event in stream]
    assert "".join(event.delta for event in events[:-1]) == events[-1].text == "I heard 3 bytes of a.wav."
    assert events[-1].usage.total_tokens == 106


async def test_translations_are_english(plain: AsyncOpenAI) -> None:
    with pytest.warns(DeprecationWarning, match="deprecated"):  # the SDK's, which still has it
        reply: Any = await plain.audio.translations.create(
            model="whisper-1", file=("a.wav", b"123"), response_format="verbose_json"
        )
    assert (reply.text, reply.language) == ("I heard 3 bytes of a.wav.", "english")


async def test_speech_is_a_recording(plain: AsyncOpenAI) -> None:
    reply = await plain.audio.speech.create(model="tts-1", voice="alloy", input="All aboard", response_format="wav")
    assert (reply.content, reply.response.headers["content-type"]) == (b"WAV\0All aboard", "audio/wav")


async def test_a_broken_form_is_refused(simulated: Simulator) -> None:
    reply = await ask(f"{simulated.url}/v1/audio/transcriptions", b"no form", {"content-type": "text/plain"})
    assert (reply.status, "multipart/form-data" in reply.json["error"]["message"]) == (400, True)


@pytest.mark.parametrize(
    ("field", "fields"),
    [("file", b'name="model"\r\n\r\nwhisper-1'), ("response_format", b'name="response_format"\r\n\r\npdf')],
)
async def test_a_form_without_what_it_needs_is_refused(simulated: Simulator, field: str, fields: bytes) -> None:
    file = b"" if field == "file" else b'--x\r\ncontent-disposition: form-data; name="file"\r\n\r\nRIFF\r\n'
    form = file + b"--x\r\ncontent-disposition: form-data; " + fields + b"\r\n--x--\r\n"
    header = {"content-type": "multipart/form-data; boundary=x"}
    reply = await ask(f"{simulated.url}/v1/audio/transcriptions", form, header)
    assert (reply.status, reply.json["error"]["param"]) == (400, field)


async def test_anthropic_counts_tokens(simulated: Simulator) -> None:
    client = AsyncAnthropic(base_url=simulated.url, api_key="key", max_retries=0)
    counted = await client.messages.count_tokens(
        model="sim", system="Be brief.", messages=[{"role": "user", "content": "one two three"}]
    )
    assert counted.input_tokens == 5


async def test_gemini_counts_tokens(google: Any) -> None:
    assert (await google.count_tokens(model="sim", contents="one two three")).total_tokens == 3


async def test_gemini_embeds(google: Any, simulated: Simulator) -> None:
    config = types.EmbedContentConfig(output_dimensionality=4, task_type="RETRIEVAL_QUERY")
    reply = await google.embed_content(model="sim", contents=["one", "two"], config=config)
    assert [len(embedding.values) for embedding in reply.embeddings] == [4, 4]
    single = await ask(f"{simulated.url}/v1beta/models/sim:embedContent", {"content": {"parts": [{"text": "one"}]}})
    assert single.json["embedding"]["values"][:4] == reply.embeddings[0].values


async def test_ollama_embeds_and_tells_of_its_models(simulated: Simulator) -> None:
    client = ollama.AsyncClient(host=simulated.url)
    new = await client.embed("sim", ["one", "two"], dimensions=4)
    old = await client.embeddings("sim", "one")
    assert list(old.embedding[:4]) == list(new.embeddings[0])
    assert new.prompt_eval_count == 2
    assert (await client.show("sim")).modelinfo == {"general.architecture": "sim", "sim.context_length": 32_768}
    assert [model.name for model in (await client.ps()).models] == ["sim:latest"]


@pytest.mark.parametrize("stream", [False, True], ids=["unary", "stream"])
async def test_ollama_generates(simulated: Simulator, stream: bool) -> None:
    client = ollama.AsyncClient(host=simulated.url)
    request: dict[str, Any] = {"model": "sim", "prompt": "one two", "system": "Be brief.", "stream": stream}
    result = await client.generate(**request, logprobs=True)
    replies = [piece async for piece in result] if stream else [result]
    assert "".join(piece.response for piece in replies) == "You said: one two"
    assert [logprob.token for piece in replies for logprob in piece.logprobs or ()] == ["You", " said:", " one", " two"]
    assert (replies[-1].prompt_eval_count, replies[-1].eval_count, replies[-1].context) == (4, 4, [1, 2, 3])


async def test_what_writes_no_text_has_no_tokens_out(fresh: Simulator) -> None:
    client = AsyncOpenAI(base_url=f"{fresh.url}/v1", api_key="sk-1", max_retries=0)
    await client.embeddings.create(model="sim", input="one two")
    assert [(seen.tokens_in, seen.tokens_out) for seen in fresh.attempts] == [(2, 0)]


async def test_what_a_request_said_can_be_read(fresh: Simulator) -> None:
    client = AsyncOpenAI(base_url=f"{fresh.url}/v1", api_key="sk-never-to-be-seen", max_retries=0)
    await client.embeddings.create(model="sim-id-a", input="one", extra_headers={"x-mine": "yes"})
    await client.embeddings.create(model="sim-id-b", input="two")
    seen = (await ask(f"{fresh.url}/__simulator/requests?model=sim-id-a")).json
    assert [(record["path"], record["headers"]["x-mine"], '"input":"one"' in record["body"]) for record in seen] == [
        ("/v1/embeddings", "yes", True)
    ]
    assert "sk-never" not in str(seen)


async def test_errors_are_the_vendors_own(plain: AsyncOpenAI) -> None:
    with pytest.raises(BadRequestError, match="empty array"):
        await plain.embeddings.create(model="sim", input=[])
