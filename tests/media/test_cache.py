"""The cache is bounded by bytes and by age."""

from __future__ import annotations

from turnout.media.cache import BoundedCache


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_used_longest_ago_makes_room() -> None:
    cache: BoundedCache[str] = BoundedCache(800, 60)
    for name in range(8):
        cache.put(name, str(name), 100)
    assert cache.get(0) == "0"
    cache.put(8, "8", 100)
    assert [name for name in range(9) if cache.get(name) is not None] == [0, 2, 3, 4, 5, 6, 7, 8]


def test_what_is_put_again_counts_once() -> None:
    cache: BoundedCache[str] = BoundedCache(800, 60)
    for _ in range(20):
        cache.put("a", "a", 100)
    cache.put("b", "b", 100)
    assert (cache.get("a"), cache.get("b")) == ("a", "b")


def test_what_would_empty_it_is_not_kept() -> None:
    cache: BoundedCache[str] = BoundedCache(800, 60)
    cache.put("large", "large", 101)
    assert cache.get("large") is None


def test_what_is_old_is_forgotten() -> None:
    clock = Clock()
    cache: BoundedCache[str] = BoundedCache(800, 60, clock)
    cache.put("a", "a", 1)
    clock.now = 60
    assert cache.get("a") == "a"
    clock.now = 60.1
    assert cache.get("a") is None
