"""Live: a dictionary that is changed while others go through it."""

import threading

import pytest

from devices.live import Live


def test_going_through_it_is_not_disturbed_by_a_change() -> None:
    live = Live({n: n for n in range(1000)})
    stop = threading.Event()

    def change() -> None:
        size = 0
        while not stop.is_set():
            size = 1000 - size
            live.become({n: n for n in range(size)})

    changer = threading.Thread(target=change)
    changer.start()
    for _ in range(300):
        for look in (live.items, live.values, live.keys, lambda: list(live)):
            assert len(look()) in range(1001)
    stop.set()
    changer.join()


def test_what_was_taken_out_is_found_only_by_who_holds_its_key() -> None:
    live = Live({"a": 1, "b": 2})
    live.become({"b": 3, "c": 4})
    assert dict(live) == {"b": 3, "c": 4}
    assert live["a"] == 1
    assert "a" not in live and live.get("a") is None
    with pytest.raises(KeyError):
        live["never"]
