"""Reads what a provider said in an error, of whatever form: proxies and gateways answer on every wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from turnout.core import Failure
from turnout.core.printable import printable_body
from turnout.errors import ProviderWords

from .error_kinds import DAILY, STATUS_OF, kind_of

NO_REASON: Final = "The provider reported an error."

_ANY = msgspec.json.Decoder()
_MESSAGES = ("message", "msg", "detail", "error_description", "error_message", "Message", "status_msg", "title")
"""The names of the member with the words: OpenAI's and Google's, FastAPI's, OAuth's, AWS's, MiniMax's, RFC 9457's."""

_CODES = ("code", "type", "status", "reason", "status_code", "error_code")
_FINE = frozenset({"0", "200", "ok", "success"})  # codes that say that nothing is wrong
_TAG = re.compile(r"<(script|style|head)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_DEEPEST = 4  # objects inside each other, of which the innermost has the words
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


def words_in(body: bytes, form: str, status: int) -> ProviderWords:
    """The words of an error reply. ``form`` is the wire's own form of error. A body without words gives none.

    In a reply of status 200 only what can't be an answer counts: it may hold private texts.
    """
    value = _decoded(body)
    if value is None:
        is_told = status >= 300 or _is_page(body)
        return _classified(ProviderWords(message=_page_text(body) if is_told else "", form=form), (), status)
    if status < 300 and not _says_an_error(value):
        return ProviderWords(form=form)
    return words_of(_error_in(value), form, status)


def failure_in(body: bytes, form: str) -> Failure | None:
    """The event for a body or an event that says an error in place of an answer; None for all that may be an answer."""
    error = error_in(body)
    return None if error is None else failure_of(error, form)


def error_in(body: bytes) -> Any:
    """The decoded error in such a body: the object that has the words, or the text in its place."""
    value = _decoded(body)
    return _error_in(value) if _says_an_error(value) else None


def words_of(error: Any, form: str, status: int = 0) -> ProviderWords:
    """The words of the decoded error object, or of the text in its place. ``status`` is the reply's, 0 if it had none.

    What another provider said behind this one (OpenRouter's ``metadata.raw``) counts for the kind, too.
    """
    if not isinstance(error, dict):
        return _classified(ProviderWords(message=_text(error), form=form), (), status)
    message = next((text for name in _MESSAGES if (text := _text(error.get(name)))), "")
    codes = _codes(error, form)
    named = error.get("code", error.get("status_code"))
    words = ProviderWords(
        message=message,
        code=codes[0] if codes else None,
        status=named if isinstance(named, int) and 400 <= named <= 599 else None,
        form=form,
        error=msgspec.json.encode(error).decode(),
        wait=_wait(error),
        tokens=_whole(error.get("n_prompt_tokens")),  # llama.cpp
        limit=_whole(error.get("n_ctx")),
    )
    metadata = error.get("metadata")
    return _classified(words, codes, status, _text(metadata.get("raw")) if isinstance(metadata, dict) else "")


def failure_of(error: Any, form: str, statuses: Mapping[str, int] | None = None) -> Failure:
    """The event for an error inside an answer of status 200. ``statuses`` are those of the wire's codes."""
    words = words_of(error, form)
    codes = _codes(error, form) if statuses and isinstance(error, dict) else ()
    named = next((statuses[code] for code in codes if code in statuses), None) if statuses else None
    status = named or words.status or STATUS_OF.get(words.kind, 502)
    return Failure(words.message or NO_REASON, words.code, status, words)


def _classified(words: ProviderWords, codes: tuple[str, ...], status: int, inner: str = "") -> ProviderWords:
    kind, tokens, limit = kind_of(codes, f"{words.message} {inner}", status or words.status or 0)
    if kind == "rate_limit" and words.form == "gemini" and DAILY.search(words.error):
        kind = "quota"
    return replace(words, kind=kind, tokens=tokens or words.tokens, limit=limit or words.limit)


def _decoded(body: bytes) -> Any:
    """None for what isn't JSON with members or items, or text. Of server-sent events the first one's data counts."""
    text = body.decode(errors="replace")
    if text.lstrip().startswith(("event:", "data:")):
        text = next((line[5:] for line in text.splitlines() if line.startswith("data:")), "")
    try:
        value = _ANY.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if isinstance(value, dict | list | str) else None


def _error_in(value: Any) -> Any:
    """The object that has the words, or the text in its place."""
    names: tuple[str, ...] = ("error", "errors", "base_resp")
    for _ in range(_DEEPEST):
        if isinstance(value, list):
            value = value[0] if value else ""
            continue
        inner = next((value[name] for name in names if value.get(name)), None) if isinstance(value, dict) else None
        if inner is None or isinstance(inner, bool):
            break
        if isinstance(inner, str):
            return {"message": inner, **value} if len(value) > 1 else inner
        value, names = inner, ("error",)
    return value


def _says_an_error(value: Any) -> bool:
    """MiniMax has ``base_resp`` in every reply; others a code and words at the top, without anything else."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return False
    if value.get("error") or value.get("errors"):
        return True
    base = value.get("base_resp")
    if isinstance(base, dict) and base.get("status_code") not in (0, None):
        return not value.get("choices")
    known = {"code", "data", "detail", "message", "msg", "object", "param", "request_id", "status", "success", "type"}
    codes = _codes(value, "")
    return (
        value.keys() <= known
        and not value.get("data")
        and any(isinstance(value.get(name), str | list) for name in _MESSAGES)
        and any(code.lower() not in _FINE for code in codes)
    )


def _codes(error: dict[str, Any], form: str) -> tuple[str, ...]:
    """Its codes, the wire's own first: Google's ``status``, Anthropic's ``details.error_code``, else the ``code``."""
    outer = [error.get(name) for name in _CODES]
    inner: list[Any] = []
    details = error.get("details")
    for detail in [error.get("innererror"), *(details if isinstance(details, list) else [details])]:
        if isinstance(detail, dict):
            inner += [detail.get("error_code"), detail.get("reason"), detail.get("code")]
    if form == "gemini":
        outer.insert(0, error.get("status"))
    found = inner + outer if form == "anthropic" else outer + inner
    return tuple([str(code) for code in found if isinstance(code, str | int) and not isinstance(code, bool)])


def _wait(error: dict[str, Any]) -> float | None:
    """The seconds of Google's ``RetryInfo``."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and (found := _SECONDS.fullmatch(delay)):
            return float(found[1])
    return None


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _text(value: Any) -> str:
    """Words of any form: a text, a list of them, FastAPI's list of wrong fields."""
    if isinstance(value, list):
        return "; ".join([text for item in value if (text := _text(item))])
    if isinstance(value, dict):
        place = value.get("loc")
        words = _text(value.get("msg") or value.get("message"))
        if words and isinstance(place, list):
            return f"{'.'.join(map(str, place))}: {words}"
        return words or msgspec.json.encode(value).decode()
    return value if isinstance(value, str) else "" if value is None else str(value)


def _is_page(body: bytes) -> bool:
    return body.lstrip()[:1] == b"<"


def _page_text(body: bytes) -> str:
    """The text of a proxy's page, or of what is no JSON."""
    if not _is_page(body):
        return printable_body(body)
    text = body.decode(errors="replace")
    title = _TITLE.search(text)
    words = [title[1] if title else "", _TAG.sub(" ", text)]
    return " ".join(dict.fromkeys([line for part in words if (line := " ".join(part.split()))]))[:500]
