"""Fits a request to a provider on another wire than the client's: three ways of dealing with what has no word there.

- A hint is left out, and named (``hints.py``).
- What can be said in another way is said in that way (``results.py``, ``roles.py``, ``users.py``, …).
- What would make the answer mean something else is refused (``meaning.py``).

A relayed request isn't fitted: its provider's ``build`` changes single fields of it. One whose answer needs another
form isn't relayed (``is_form_taken``). A provider's own rules, such as those for thinking, are in its ``build``, too.
"""

from .answers import AnswerAsText, is_form_taken
from .first_call import FirstCallOnly
from .rules import Fitted, fit
from .unread import unread_fields

__all__ = ["AnswerAsText", "FirstCallOnly", "Fitted", "fit", "is_form_taken", "unread_fields"]
