"""A simulator of providers, which speaks the vendors' real wires and has scripted faults: ``turnout simulate``.

It serves OpenAI (chat, responses, completions, embeddings, images, audio; also on Azure's paths), Anthropic, Gemini,
Ollama, llama.cpp and vLLM, all on one port:

    async with simulator.start() as simulated:
        client = AsyncOpenAI(base_url=f"{simulated.url}/v1", api_key="any")

``script.py`` describes the language of faults and latencies, ``answer.py`` the answers and their count of tokens.
``GET /__simulator/attempts`` (``log.py``) shows the attempts and the tokens that they would cost, with ``?model=NAME``
those of one model; ``DELETE`` clears them. ``GET /__simulator/requests`` shows the last requests, word for word.

Its wires are written from the vendors' documents alone. It imports no other part of Turnout, so that the two can't
share a mistake.
"""

from .log import Attempt, fingerprint
from .server import Simulator, run, serve, start

__all__ = ["Attempt", "Simulator", "fingerprint", "run", "serve", "start"]
