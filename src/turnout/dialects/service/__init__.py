"""The service APIs of the systems that Turnout replaces: plain JSON over HTTP (docs/dialects.md).

*orchestration* is ``/api/models/…``, *model service* ``/v1/llm/…``, *task* ``/infer``. The routes that list or create
models belong to the control plane.
"""

from .dialect import ModelService, Orchestration, Task

DIALECTS = (Orchestration(), ModelService(), Task())
