"""What a reply used (https://ai.google.dev/api/generate-content#UsageMetadata).

The prompt's count includes cached tokens. The tokens of tools and of thoughts are apart.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from turnout.core import Usage, with_extra
from turnout.providers.usage import service_tier


class ModalityCount(Struct, rename="camel", gc=False):
    modality: str = ""
    token_count: int = 0


Counts = tuple[ModalityCount, ...] | None


class UsageMetadata(Struct, rename="camel"):
    """``traffic_type`` is Vertex AI's word for the tier."""

    prompt_token_count: int = 0
    cached_content_token_count: int = 0
    candidates_token_count: int = 0
    thoughts_token_count: int = 0
    tool_use_prompt_token_count: int = 0
    prompt_tokens_details: Counts = None
    candidates_tokens_details: Counts = None
    cache_tokens_details: Counts = None
    tool_use_prompt_tokens_details: Counts = None
    service_tier: str | None = None
    traffic_type: str | None = None

    def usage(self, searches: int = 0) -> Usage | None:
        """None while Gemini has counted nothing. ``searches`` are the queries that it sent to Google."""
        input_tokens = self.prompt_token_count + self.tool_use_prompt_token_count
        output_tokens = self.candidates_token_count + self.thoughts_token_count
        if not input_tokens and not output_tokens:
            return None
        usage = Usage(
            input=input_tokens,
            output=output_tokens,
            cached_input=self.cached_content_token_count,
            reasoning=self.thoughts_token_count,
        )
        if not (_is_text(self.prompt_tokens_details) and _is_text(self.candidates_tokens_details)):
            usage = self._with_media(usage)
        tier = service_tier(self.service_tier or self.traffic_type)
        return with_extra(usage, service_tier=tier, web_searches=searches) if tier or searches else usage

    def _with_media(self, usage: Usage) -> Usage:
        given = (*(self.prompt_tokens_details or ()), *(self.tool_use_prompt_tokens_details or ()))
        made, cached = self.candidates_tokens_details, self.cache_tokens_details
        usage = msgspec.structs.replace(
            usage,
            audio_input=_tokens("AUDIO", given),
            audio_output=_tokens("AUDIO", made),
            image_input=_tokens("IMAGE", given),
            image_output=_tokens("IMAGE", made),
        )
        return with_extra(
            usage,
            video_input=_tokens("VIDEO", given),
            video_output=_tokens("VIDEO", made),
            cached_audio=_tokens("AUDIO", cached),
            cached_image=_tokens("IMAGE", cached),
        )


def _is_text(counts: Counts) -> bool:
    return not counts or (len(counts) == 1 and counts[0].modality == "TEXT")


def _tokens(modality: str, counts: Counts) -> int:
    return sum(count.token_count for count in counts or () if count.modality == modality)


class _Grounding(Struct, rename="camel"):
    web_search_queries: list[str] | None = None


_GROUNDING: Final = msgspec.json.Decoder(_Grounding)


def searches_in(metadata: Raw) -> int:
    """How many queries of a candidate's grounding are billed. Empty ones aren't
    (https://ai.google.dev/gemini-api/docs/google-search#pricing).
    """
    try:
        queries = _GROUNDING.decode(metadata).web_search_queries
    except msgspec.ValidationError:
        return 0
    return sum(1 for query in queries or () if query)
