"""The mark of what Turnout has sealed for one provider (``turnout/dialects/sealed.py``).

No vendor's own state has it.
"""

from __future__ import annotations

from typing import Final

SEAL: Final = "turnout-1."
