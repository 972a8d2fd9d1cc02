"""The folder and the control process, which the processes of one service on one host share."""

from .control import Control, LocalControl
from .folder import HostFolder, new_host_folder, remove_orphans
from .remote import RemoteControl
from .served import ServedControl, control_listener
from .state import ControlState, control_state
from .subjects import Handler, Handlers, Subject

__all__ = [
    "Control",
    "ControlState",
    "Handler",
    "Handlers",
    "HostFolder",
    "LocalControl",
    "RemoteControl",
    "ServedControl",
    "Subject",
    "control_listener",
    "control_state",
    "new_host_folder",
    "remove_orphans",
]
