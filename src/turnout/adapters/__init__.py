"""Objects of earlier systems' interfaces as providers of Turnout, a file each (docs/plugins.md).

``register`` one in a program of one's own, or put it into ``PROVIDERS`` of a package's plug-in.
"""

from turnout.providers import register

from .base_model import BaseModel, BaseModelProvider
from .capability import ModelCapability, capabilities_of
from .model_provider import ModelProvider, ModelProviderAdapter
from .model_worker import ModelWorker, ModelWorkerProvider

__all__ = [
    "BaseModel",
    "BaseModelProvider",
    "ModelCapability",
    "ModelProvider",
    "ModelProviderAdapter",
    "ModelWorker",
    "ModelWorkerProvider",
    "capabilities_of",
    "register",
]
