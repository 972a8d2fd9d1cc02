"""What the vendors refuse, each rule in its vendor's own words and with its source.

Every wire names its table of rules (``openai_chat.py``, ``anthropic.py``, …) in ``Wire.rules``. A rule looks at a
request and says how the vendor refuses it, or None. The first refusal is the answer. A new rule is a function, a row of
the table, and a case in ``tests/simulator/rules/``.

Rules of a model need its facts, which ``models.py`` has by the vendors' own names. The simulator's names
(``sim-…``) have none, so those rules let them pass. Nothing here is shared with Turnout's own facts: the simulator is
to notice when they are wrong.
"""

from .asked import Asked, Refusal, Rule, first_refusal, read_asked

__all__ = ["Asked", "Refusal", "Rule", "first_refusal", "read_asked"]
