"""Notes every attempt on disk, before it is sent and after it ended.

A note is one ``os.write`` to a file: the kernel has it then, and ``kill -9`` can't take it back. A power cut can: a
note isn't forced to the disk, which would cost a hundred times as much at least, and stop every request meanwhile.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from pathlib import Path

from turnout.core import AttemptEnd, AttemptStart
from turnout.telemetry import Condition

from .lines import ended_line, read_started, started_line
from .process_folder import ProcessFolder, new_process_folder
from .segment import Segment, create

SEGMENT_BYTES = 8 * 1024 * 1024
"""When a new file is begun. At 10,000 attempts under way it begins with 2 MB of them."""

HELD_BYTES = 4 * 1024 * 1024
"""What is kept in memory while the disk takes nothing: some 10,000 attempts."""

CONSEQUENCE = "Requests go on; their records are kept in memory until there is no more room for them."


class Journal:
    """One process's journal. ``begin`` and ``end`` never wait for anything but the kernel, and never raise.

    ``unsettled`` are the files that hold what isn't in the database yet, the last one being written to.
    ``ignored`` counts ends of attempts that aren't under way: a second end settles nothing.
    ``dropped`` counts the attempts that found room neither on disk nor in memory.
    """

    def __init__(self, root: Path, segment_bytes: int = SEGMENT_BYTES, held_bytes: int = HELD_BYTES) -> None:
        self.condition = Condition("The ledger's journal", CONSEQUENCE)
        self.unsettled: deque[Segment] = deque()
        self.ignored = 0
        self.dropped = 0
        self._root = root
        self._segment_bytes = segment_bytes
        self._held_bytes = held_bytes
        self._home: ProcessFolder | None = None
        self._fd = -1  # of the last segment; -1 while the disk takes nothing
        self._room = 0  # bytes until the next segment
        self._segments = 0
        self._under_way: dict[str, bytes] = {}  # the lines of attempts that haven't ended
        self._held: list[bytes] = []
        self._held_size = 0
        self.mend()

    def begin(self, start: AttemptStart) -> None:
        line = started_line(start)
        self._under_way[start.attempt_id] = line
        self._append(line)

    def end(self, end: AttemptEnd) -> None:
        started = self._under_way.pop(end.attempt_id, None)
        if started is None:
            self.ignored += 1
            return
        line = ended_line(started, end)
        if not self._append(line):
            self._hold(line)

    def in_flight(self) -> int:
        return len(self._under_way)

    def started(self, request_id: str) -> list[AttemptStart]:
        """The attempts of a request that haven't ended."""
        wanted = request_id.encode(errors="replace")
        lines = [line for line in self._under_way.values() if wanted in line]
        return [start for start in read_started(lines) if start is not None and start.request_id == request_id]

    def held(self) -> list[bytes]:
        """The lines of attempts that have ended and that the disk didn't take."""
        return list(self._held)

    def others(self) -> list[Path]:
        """The files of all other processes on this data directory."""
        mine = None if self._home is None else self._home.path
        return [path for path in self._root.glob("*/*.log") if path.parent != mine]

    def backlog(self) -> int:
        """Bytes on disk that aren't settled."""
        return sum(segment.size - segment.settled for segment in self.unsettled)

    def mend(self) -> None:
        """Tries to write again, if the last try failed."""
        if self._fd >= 0:
            return
        try:
            self._next_segment()
        except OSError as error:
            self.condition.broke(error)
        else:
            self.condition.works()

    def discard(self, segment: Segment) -> None:
        """Removes the oldest segment, which is settled."""
        segment.path.unlink(missing_ok=True)
        self.unsettled.remove(segment)

    def close(self) -> None:
        """Removes what is settled. Anything else stays for recovery, attempts that never ended among it.

        An attempt that ends later, or whose end the disk still refuses, is ``lost`` then.
        """
        self._close_file()
        if self._home is not None:
            if not (self.backlog() or self._under_way or self._held):
                self._home.remove()
            self._home.leave()

    def _append(self, line: bytes) -> bool:
        """Whether the kernel has the line."""
        if self._fd < 0:
            return False
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            return self._broke(error)
        self.unsettled[-1].size += written
        if written < len(line):
            return self._broke(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._room -= written
        if self._room < 0:
            self._roll()
        return True

    def _broke(self, error: OSError) -> bool:
        self.condition.broke(error)
        self._close_file()
        return False

    def _close_file(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _hold(self, line: bytes) -> None:
        if self._held_size + len(line) > self._held_bytes:
            self.dropped += 1
            return
        self._held.append(line)
        self._held_size += len(line)

    def _roll(self) -> None:
        try:
            self._next_segment()
        except OSError:  # too many open files, for one: the one we have is good for a while
            self._room = self._segment_bytes

    def _next_segment(self) -> None:
        """Begins a file with what is under way, so that the ones before it can go as soon as they are settled."""
        self._home = self._home or new_process_folder(self._root)
        content = b"".join([*self._under_way.values(), *self._held])
        self._segments += 1  # even if it can't be made: no name is tried twice
        path = self._home.segment(self._segments)
        fd = create(path, content)
        self._close_file()
        self._fd = fd
        self._room = self._segment_bytes
        self._held.clear()
        self._held_size = 0
        segment = Segment(path)
        segment.size = len(content)
        self.unsettled.append(segment)
