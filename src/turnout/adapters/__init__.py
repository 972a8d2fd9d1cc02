"""Makes providers of Turnout from objects with interfaces of earlier systems, a file for each (docs/plugins.md).

A program ``register``s one. A package's plug-in puts it into its ``PROVIDERS``.
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
