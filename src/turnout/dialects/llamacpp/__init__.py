"""llama.cpp's own wire. Its server had it before it had OpenAI's
(https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md).
"""

from .dialect import LlamaCpp

DIALECTS = (LlamaCpp(),)
