"""The features that a provider can express, as data. ``turnout.fitting`` fits requests to them."""

from __future__ import annotations

import msgspec


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """``knobs`` are the sampling fields that are sent; all others are left out. ``ignores`` are other fields that are
    left out (docs/providers.md): ``user``, ``metadata``, ``name``, ``detail``, ``strict``, ``taskType``, and
    ``logprobs`` and ``top_logprobs`` where an answer without them will do. Every field that is left out is named.

    ``namespace`` is the extensions' namespace that this provider understands.
    ``image_url_schemes`` are those of the addresses that it fetches itself. A provider that needs the type of an image
    beside its address has ``image_url_endings``: the endings of a path from which the type is known.
    ``file_url_types`` are the media types of files that it fetches itself, None for every type; an address needs one of
    ``image_url_schemes``. ``video``: it takes videos.
    ``user_length`` is the most characters of ``user``. ``developer``: it knows the role of that name.
    ``single_calls``: it can be told to call one tool at a time. ``schema_calls``: one tool can be called even by a
    model that calls none itself. ``result_media``: a tool's result may have images and files. ``result_errors``: it can
    be told that a tool failed. ``thoughts``: it takes the model's own thoughts back. ``web_search`` are the fields of
    ``WebSearch`` that its own search takes, and ``tool_choice`` if it can be told to search; None where it doesn't
    search. ``service_tiers``: it has tiers of service. ``answer_images``: an assistant's message may have images.
    ``answers_by_call``: a tool that has to be called can stand for the schema of the answer. ``closed_schemas``: it
    takes no schema with objects whose fields have no names. ``signs_thoughts``: its thoughts are signed, so that nobody
    else can go on with one. ``json_word``: JSON without a schema has to be asked for in
    the messages, too.
    """

    namespace: str
    knobs: frozenset[str]
    ignores: frozenset[str] = frozenset()
    image_urls: bool = True
    image_url_schemes: frozenset[str] = frozenset({"http", "https"})
    image_url_endings: frozenset[str] | None = None
    image_data: bool = True
    audio: bool = False
    files: bool = False
    file_url_types: frozenset[str] | None = frozenset()
    video: bool = False
    tools: bool = True
    json: bool = True
    json_schema: bool = True
    reasoning: bool = True
    choices: bool = False  # n > 1
    stop: bool = True
    user_length: int | None = None
    developer: bool = False
    single_calls: bool = True
    schema_calls: bool = False
    result_media: bool = True
    result_errors: bool = True
    thoughts: bool = True
    web_search: frozenset[str] | None = None
    service_tiers: bool = False
    answer_images: bool = False
    answers_by_call: bool = False
    closed_schemas: bool = False
    signs_thoughts: bool = False
    json_word: bool = False
