"""A provider simulator that speaks the vendors' real wires, with scripted faults: ``turnout simulate``.

OpenAI (chat, responses, completions, embeddings, images, audio; Azure's paths too), Anthropic, Gemini, Ollama,
llama.cpp and vLLM, all on one port:

    async with simulator.start() as simulated:
        client = AsyncOpenAI(base_url=f"{simulated.url}/v1", api_key="any")

``script.py`` has the language of faults and latencies, ``answer.py`` says what is answered and how tokens are counted,
and ``GET /__simulator/attempts`` (``log.py``) shows what was seen and would have been billed, ``?model=NAME`` of one
model only; ``DELETE`` clears it. ``GET /__simulator/requests`` shows what the last requests said, word for word.

Its wires are written from the vendors' documents alone. It imports nothing else of Turnout, so that the two can't
share a mistake.
"""

from .log import Attempt, fingerprint
from .server import Simulator, run, serve, start

__all__ = ["Attempt", "Simulator", "fingerprint", "run", "serve", "start"]
