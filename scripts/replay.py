"""``python -m scripts.replay FOLDER``: replays recordings of real replies (``tests/wire/recordings.py``).

Each is relayed, and has to stay byte for byte; each is translated into every dialect, and its text, thoughts, calls and
arguments have to be there.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.wire.recordings import Recording, recordings
from tests.wire.replaying import relay_faults, translation_faults
from turnout.errors import UpstreamBroken


def main(arguments: list[str]) -> int:
    replayed: Counter[str] = Counter()
    faults = 0
    for recording in recordings(Path(arguments[0])):
        replayed[recording.wire] += 1
        for fault in _faults(recording):
            faults += 1
            print(f"{recording.name}: {fault}")
    print(f"{replayed.total()} recordings ({dict(replayed)}), {faults} faults")
    return 1 if faults or not replayed else 0


def _faults(recording: Recording) -> list[str]:
    try:
        return [*relay_faults(recording), *translation_faults(recording)]
    except UpstreamBroken as error:
        return [f"broken: {error}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
