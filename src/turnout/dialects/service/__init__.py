"""The service APIs: those of the systems that Turnout takes the place of, plain JSON over HTTP (docs/dialects.md).

*orchestration* is ``/api/models/…``, *model service* ``/v1/llm/…``, *task* ``/infer``. Their lists of models, and the
models made through them, are the control plane's.
"""

from .dialect import ModelService, Orchestration, Task

DIALECTS = (Orchestration(), ModelService(), Task())
