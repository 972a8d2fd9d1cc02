"""The canonical conversation: pure data, and pure functions over it. Nothing here waits, reads or sends."""

from .attempt import AttemptEnd, AttemptStart, Outcome
from .deployment import Defaults, Deployment, Retries, Timeouts, Traits
from .events import (
    Delta,
    Failure,
    Finish,
    FinishReason,
    PartEnd,
    PartStart,
    Relayed,
    Start,
    StreamEvent,
    UsageSoFar,
)
from .fold import Answer, Choice, fold, unfold
from .framing import LineFramer, SSEFramer
from .messages import (
    Audio,
    Extensions,
    File,
    Image,
    Message,
    Part,
    RedactedThinking,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from .model import Key, Model
from .money import Price, per_token, usd
from .request import ChatRequest, Output, Reasoning, Sampling, Tool, ToolChoice, WireBody
from .secret import Secret
from .support import HARMLESS, Support, refuse_unsupported
from .usage import Usage
from .wire import WireRequest

__all__ = [
    "HARMLESS",
    "Answer",
    "AttemptEnd",
    "AttemptStart",
    "Audio",
    "ChatRequest",
    "Choice",
    "Defaults",
    "Delta",
    "Deployment",
    "Extensions",
    "Failure",
    "File",
    "Finish",
    "FinishReason",
    "Image",
    "Key",
    "LineFramer",
    "Message",
    "Model",
    "Outcome",
    "Output",
    "Part",
    "PartEnd",
    "PartStart",
    "Price",
    "Reasoning",
    "RedactedThinking",
    "Refusal",
    "Relayed",
    "Retries",
    "Role",
    "SSEFramer",
    "Sampling",
    "Secret",
    "Start",
    "StreamEvent",
    "Support",
    "Text",
    "Thinking",
    "Timeouts",
    "Tool",
    "ToolCall",
    "ToolChoice",
    "ToolResult",
    "Traits",
    "Usage",
    "UsageSoFar",
    "WireBody",
    "WireRequest",
    "fold",
    "per_token",
    "refuse_unsupported",
    "unfold",
    "usd",
]
