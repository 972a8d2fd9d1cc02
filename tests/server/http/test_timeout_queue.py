"""Items that wait too long are removed, the oldest first."""

from __future__ import annotations

from turnout.server.http.timeout_queue import TimeoutQueue


def test_items_whose_time_is_over_are_removed() -> None:
    expired: list[str] = []
    queue = TimeoutQueue[str](10.0, expired.append)
    queue.add("a", 0.0)
    queue.add("b", 1.0)
    queue.add("c", 5.0)
    queue.expire(9.9)
    assert expired == []
    queue.expire(11.0)
    assert expired == ["a", "b"]
    assert (len(queue), "a" in queue, "c" in queue) == (1, False, True)
    queue.expire(100.0)
    assert expired == ["a", "b", "c"]


def test_an_item_that_is_added_again_keeps_its_deadline() -> None:
    expired: list[str] = []
    queue = TimeoutQueue[str](10.0, expired.append)
    queue.add("a", 0.0)
    queue.add("a", 9.0)
    queue.expire(10.0)
    assert expired == ["a"]


def test_a_discarded_item_does_not_time_out() -> None:
    expired: list[str] = []
    queue = TimeoutQueue[str](10.0, expired.append)
    queue.add("a", 0.0)
    queue.add("b", 0.0)
    assert queue.oldest() == "a"
    queue.discard("a")
    queue.discard("a")
    assert queue.oldest() == "b"
    queue.expire(10.0)
    assert (expired, queue.oldest()) == (["b"], None)
