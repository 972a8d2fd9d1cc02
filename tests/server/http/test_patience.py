"""Who waits too long leaves, in the order of coming."""

from __future__ import annotations

from turnout.server.http.patience import Patience


def test_those_leave_whose_time_is_over() -> None:
    left: list[str] = []
    patience = Patience[str](10.0, left.append)
    patience.add("a", 0.0)
    patience.add("b", 1.0)
    patience.add("c", 5.0)
    patience.expire(9.9)
    assert left == []
    patience.expire(11.0)
    assert left == ["a", "b"]
    assert (len(patience), "a" in patience, "c" in patience) == (1, False, True)
    patience.expire(100.0)
    assert left == ["a", "b", "c"]


def test_who_is_in_it_already_keeps_its_deadline() -> None:
    left: list[str] = []
    patience = Patience[str](10.0, left.append)
    patience.add("a", 0.0)
    patience.add("a", 9.0)
    patience.expire(10.0)
    assert left == ["a"]


def test_who_was_discarded_does_not_leave() -> None:
    left: list[str] = []
    patience = Patience[str](10.0, left.append)
    patience.add("a", 0.0)
    patience.add("b", 0.0)
    assert patience.oldest() == "a"
    patience.discard("a")
    patience.discard("a")
    assert patience.oldest() == "b"
    patience.expire(10.0)
    assert (left, patience.oldest()) == (["b"], None)
