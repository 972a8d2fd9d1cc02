"""What each vendor says when a prompt is longer than the model's context.

OpenAI: https://github.com/BerriAI/litellm/blob/main/litellm/litellm_core_utils/exception_mapping_utils.py, its
Responses: https://github.com/anomalyco/opencode/issues/6071, Anthropic:
https://platform.claude.com/docs/en/build-with-claude/context-windows, Gemini:
https://github.com/google-gemini/gemini-cli/issues/8499, llama.cpp: https://github.com/ggml-org/llama.cpp/pull/16486,
vLLM: https://github.com/vllm-project/vllm/issues/20409, Ollama: https://github.com/ollama/ollama/issues/14186.
"""

from __future__ import annotations

from .refused import Refused

_CODE = "context_length_exceeded"


def too_long(wire: str) -> Refused:
    """The refusal of the vendor with that name of a wire; OpenAI's for every vendor without words of its own."""
    vendor, _, beside = wire.partition("-")
    match vendor:
        case "anthropic":
            return Refused(400, "prompt is too long: 212345 tokens > 200000 maximum")
        case "gemini":
            words = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)."
            return Refused(400, words)
        case "ollama":
            return Refused(400, "the input length exceeds the context length")
        case "llamacpp":
            words = "request (40000 tokens) exceeds the available context size (32768 tokens), try increasing it"
            return Refused(400, words)
        case "vllm":
            words = (
                "This model's maximum context length is 32768 tokens. However, you requested 40000 tokens in the "
                "messages, Please reduce the length of the messages."
            )
            return Refused(400, words)
        case _ if beside in ("responses", "compact"):
            words = "Your input exceeds the context window of this model. Please adjust your input and try again."
            return Refused(400, words, param="input", code=_CODE)
        case _:
            words = (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 "
                "tokens. Please reduce the length of the messages."
            )
            return Refused(400, words, param="messages", code=_CODE)
