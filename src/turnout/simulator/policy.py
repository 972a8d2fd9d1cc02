"""What each vendor says when its content policy forbids a prompt.

OpenAI: https://github.com/openai/codex/issues/7250 (the body: https://github.com/alan-turing-institute/t0-1/issues/69),
Azure: https://github.com/openai/openai-python/issues/331, Anthropic:
https://github.com/anthropics/claude-code/issues/6195. Gemini answers such a prompt with an empty reply, and the engines
have no such policy.
"""

from __future__ import annotations

from .refused import Refused


def blocked(wire: str) -> Refused:
    """The refusal of the vendor with that name of a wire. A vendor without one refuses the script."""
    match wire.partition("-")[0]:
        case "openai" | "compatible":
            words = (
                "Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again "
                "with a different prompt: https://platform.openai.com/docs/guides/reasoning#advice-on-prompting"
            )
            return Refused(400, words, code="invalid_prompt")
        case "azure":
            words = (
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
                "Please modify your prompt and retry. To learn more about our content filtering policies please read "
                "our documentation: https://go.microsoft.com/fwlink/?linkid=2198766"
            )
            return Refused(400, words, param="prompt", code="content_filter")
        case "anthropic":
            return Refused(400, "Output blocked by content filtering policy")
        case vendor:
            return Refused(400, f"The simulator knows no error of a content policy of '{vendor}'.")
