"""The memory is bounded by bytes, and by time."""

from __future__ import annotations

from turnout.cache import Labels, MemoryStore, Purge

LABELS = Labels("fast", "alice", ("night",))


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def there(store: MemoryStore, *numbers: int) -> list[int]:
    return [number for number in numbers if store.get([key(number)])[0] is not None]


def test_what_nobody_has_asked_for_the_longest_goes_first() -> None:
    store = MemoryStore(20_000)
    for number in range(10):
        store.put(key(number), bytes(1500), LABELS, 60)
    assert there(store, 0) == [0]  # asked for: it is the newest now
    store.put(key(10), bytes(1500), LABELS, 60)
    assert there(store, *range(11)) == [0, *range(2, 11)]
    assert store.sizes().entries == 10
    assert 15_000 < (store.sizes().bytes or 0) <= 20_000


def test_one_answer_does_not_drive_out_all_others() -> None:
    store = MemoryStore(20_000)
    store.put(key(1), bytes(1000), LABELS, 60)
    store.put(key(2), bytes(15_000), LABELS, 60)
    assert there(store, 1, 2) == [1]


def test_an_answer_is_kept_for_its_time() -> None:
    now = 0.0
    store = MemoryStore(20_000, clock=lambda: now)
    store.put(key(1), b"x", LABELS, 5)
    now = 4.9
    assert there(store, 1) == [1]
    now = 5.0
    assert there(store, 1) == []
    assert store.sizes() == (0, 0)


async def test_a_purge_takes_what_all_filters_fit() -> None:
    store = MemoryStore(1_000_000)
    for number, labels in enumerate([LABELS, Labels("fast", "bob"), Labels("slow", "alice", ("night", "day"))]):
        store.put(key(number), b"x", labels, 60)
    assert await store.purge(Purge(model="fast", tag="day")) == 0
    assert await store.purge(Purge(tag="day")) == 1
    assert await store.purge(Purge(model="fast", key="bob")) == 1
    assert there(store, 0, 1, 2) == [0]
    assert await store.purge(Purge()) == 1
    assert store.sizes() == (0, 0)
