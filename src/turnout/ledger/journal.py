"""Writes every attempt to a file, before it is sent and after it ended.

Each time is one ``os.write``. The kernel then has the line, and ``kill -9`` can't lose it. A power cut can lose it:
forcing a line to the disk would cost a hundred times as much or more, and would stop every request meanwhile.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from pathlib import Path

from turnout.core import AttemptEnd, AttemptStart
from turnout.errors import Unrecorded
from turnout.telemetry import Condition

from .lines import ended_line, metered_line, read_started, started_line
from .process_folder import ProcessFolder, new_owner, new_process_folder
from .segment import Segment, create

SEGMENT_BYTES = 8 * 1024 * 1024
"""A file that is larger is followed by a new one. With 10,000 attempts under way, a new file begins with 2 MB."""

HELD_BYTES = 4 * 1024 * 1024
"""The most that is kept in memory while the disk takes nothing: some 10,000 attempts."""

CONSEQUENCE = "New requests are refused until it works; what is under way goes on, and its record is kept in memory."


class Journal:
    """One process's journal. ``begin`` and ``end`` wait for the kernel only. ``end`` never raises.

    ``unsettled`` are the files with lines that aren't in the database yet. The last one is open for writing.
    ``ignored`` counts the ends of attempts that aren't under way, for example a second end.
    ``dropped`` counts the attempts for which neither the disk nor the memory had room.
    ``owner`` is the name of the process's folder, also before there is one.
    """

    def __init__(
        self,
        root: Path,
        segment_bytes: int = SEGMENT_BYTES,
        held_bytes: int = HELD_BYTES,
        owner: str | None = None,
    ) -> None:
        self.condition = Condition("The ledger's journal", CONSEQUENCE)
        self.unsettled: deque[Segment] = deque()
        self.ignored = 0
        self.dropped = 0
        self.owner = owner or new_owner()
        self._root = root
        self._segment_bytes = segment_bytes
        self._held_bytes = held_bytes
        self._folder: ProcessFolder | None = None
        self._fd = -1  # the last segment's; -1 while the disk takes nothing
        self._bytes_left = 0  # until the next segment
        self._segments = 0
        self._under_way: dict[str, bytes] = {}  # the started lines of attempts that haven't ended, by attempt
        self._metered: dict[str, bytes] = {}  # the last metered lines of those that have one
        self._held: list[bytes] = []
        self._held_size = 0
        self.resume()

    def begin(self, start: AttemptStart) -> None:
        """Raises ``Unrecorded`` when the disk doesn't take it: whoever is killed now would leave no trace of it."""
        line = started_line(start)
        if not self._append(line):
            raise Unrecorded(
                f"Turnout can't record this request, so it wasn't sent: {self.condition.error}. "
                f"It goes on by itself once {self._root} can be written."
            )
        self._under_way[start.attempt_id] = line

    def meter(self, so_far: AttemptEnd) -> None:
        """What an attempt under way has used so far. It becomes its end if this process dies before that."""
        line = self._metered[so_far.attempt_id] = metered_line(so_far)
        self._append(line)

    def end(self, end: AttemptEnd) -> None:
        started = self._under_way.pop(end.attempt_id, None)
        if started is None:
            self.ignored += 1
            return
        self._metered.pop(end.attempt_id, None)
        line = ended_line(started, end)
        if not self._append(line):
            self._hold(line)

    def in_flight(self) -> int:
        return len(self._under_way)

    def started(self, request_id: str) -> list[AttemptStart]:
        """The attempts of a request that haven't ended."""
        encoded_id = request_id.encode(errors="replace")
        lines = [line for line in self._under_way.values() if encoded_id in line]
        return [start for start in read_started(lines) if start is not None and start.request_id == request_id]

    def held(self) -> list[bytes]:
        """The ended lines that the disk didn't take."""
        return list(self._held)

    def files_of_others(self) -> list[Path]:
        """The files of all other processes on this data directory."""
        own_folder = None if self._folder is None else self._folder.path
        return [path for path in self._root.glob("*/*.log") if path.parent != own_folder]

    def backlog(self) -> int:
        """Bytes on disk that aren't settled."""
        return sum(segment.size - segment.settled for segment in self.unsettled)

    def resume(self) -> None:
        """Tries to write again if the last write failed."""
        if self._fd >= 0:
            return
        try:
            self._next_segment()
        except OSError as error:
            self.condition.broke(error)
        else:
            self.condition.works()

    def discard(self, segment: Segment) -> None:
        """Removes a segment that is settled."""
        segment.path.unlink(missing_ok=True)
        self.unsettled.remove(segment)

    def close(self, *, is_told: bool = True) -> None:
        """Removes the folder if everything is settled, and whoever has to know of it was told. Else it stays for
        recovery.

        An attempt that is still under way becomes ``lost``. So does one whose end the disk still refuses.
        """
        self._close_file()
        if self._folder is not None:
            if is_told and not (self.backlog() or self._under_way or self._held):
                self._folder.remove()
            self._folder.unlock()

    def _append(self, line: bytes) -> bool:
        """Returns whether the kernel has the line."""
        if self._fd < 0:
            return False
        try:
            written = os.write(self._fd, line)
        except OSError as error:
            return self._stop_writing(error)
        self.unsettled[-1].size += written
        if written < len(line):
            return self._stop_writing(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._bytes_left -= written
        if self._bytes_left < 0:
            self._roll()
        return True

    def _stop_writing(self, error: OSError) -> bool:
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
        except OSError:  # for example too many open files: the present one is used for longer
            self._bytes_left = self._segment_bytes

    def _next_segment(self) -> None:
        """Begins a file with the attempts under way. So an older file can be removed as soon as it is settled."""
        self._folder = self._folder or new_process_folder(self._root, self.owner)
        content = b"".join([*self._under_way.values(), *self._metered.values(), *self._held])
        self._segments += 1  # also when the file can't be made: no name is tried twice
        path = self._folder.segment(self._segments)
        fd = create(path, content)
        self._close_file()
        self._fd = fd
        self._bytes_left = self._segment_bytes
        self._held.clear()
        self._held_size = 0
        segment = Segment(path)
        segment.size = len(content)
        self.unsettled.append(segment)
