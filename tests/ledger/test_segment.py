"""Reading a journal's file in pieces, while it may be written to."""

from __future__ import annotations

from pathlib import Path

from turnout.ledger.segment import READ_BYTES, read_lines


def test_half_a_line_is_left_until_its_end_has_come(tmp_path: Path) -> None:
    path = tmp_path / "1.log"
    path.write_bytes(b"=[1]\n=[2")
    assert read_lines(path, 0) == ([b"=[1]"], 5)
    assert read_lines(path, 5) == ([], 5)
    with path.open("ab") as file:
        file.write(b"]\n")
    assert read_lines(path, 5) == ([b"=[2]"], 10)


def test_a_line_longer_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "1.log"
    long = b"=" + b"x" * (2 * READ_BYTES)
    path.write_bytes(long + b"\n+[]\n")
    lines, offset = read_lines(path, 0)
    assert lines == [long]
    assert read_lines(path, offset)[0] == [b"+[]"]


def test_the_pieces_together_are_the_file(tmp_path: Path) -> None:
    path = tmp_path / "1.log"
    written = [b"=" + bytes([97 + number % 26]) * (number * 37 % 900) for number in range(5000)]
    path.write_bytes(b"".join(line + b"\n" for line in written))
    lines: list[bytes] = []
    offset = pieces = 0
    while (piece := read_lines(path, offset))[0]:
        lines += piece[0]
        offset = piece[1]
        pieces += 1
    assert lines == written
    assert pieces > 2
