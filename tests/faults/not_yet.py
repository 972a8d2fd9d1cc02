"""The tests of this folder that fail until a promise is kept: who keeps it deletes its rows.

Each key is the id of a test. A row that passes by now fails (``xfail(strict=True)``).
"""

from __future__ import annotations

NOT_YET: dict[str, str] = {}
