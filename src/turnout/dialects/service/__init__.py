"""The service APIs: plain JSON over HTTP, as the systems had it that Turnout replaces (docs/dialects.md).

*orchestration* is ``/api/models/…``, *model service* ``/v1/llm/…``, *task* ``/infer``. The routes that list or create
models belong to the control plane.
"""

from .dialect import ModelService, Orchestration, Task

DIALECTS = (Orchestration(), ModelService(), Task())
