"""Contacts and buttons on mock pins, through gpiozero."""

import threading
from contextlib import closing
from time import monotonic

import pytest

from devices.errors import DeviceError
from devices.model import Sample
from tests.support.bench import Lab, driver_for, point_for
from tests.support.waiting import eventually

GATE, BUTTON = 17, 6


def test_a_gate_that_stands_open_at_start_is_told_so(lab: Lab) -> None:
    lab.bench.set_pin(GATE, True)
    _, told = lab.open("contact")
    assert told.values == ["open"]


def test_an_opening_with_bounces_is_told_once_and_within_a_third_of_a_second(lab: Lab) -> None:
    lab.bench.set_pin(GATE, False)
    _, told = lab.open("contact")
    lab.bench.set_pin(GATE, True, bounces=20)
    told.eventually("closed", "open", within=0.3)
    lab.bench.set_pin(GATE, False, bounces=20)
    told.eventually("closed", "open", "closed")


def test_edges_are_told_by_our_own_thread_and_never_in_a_pins_callback(lab: Lab) -> None:
    lab.bench.set_pin(GATE, False)
    _, told = lab.open("contact")
    told.threads.clear()
    lab.bench.set_pin(GATE, True)
    told.eventually("closed", "open")
    assert told.threads == {"pins"}


def test_a_normally_open_contact_is_calm_while_its_loop_is_open(lab: Lab) -> None:
    lab.bench.set_pin(GATE, True)
    _, told = lab.open("contact", normally_closed=False)
    lab.bench.set_pin(GATE, False)
    told.eventually("closed", "open")


def test_a_cut_wire_of_a_normally_closed_loop_reads_as_open(lab: Lab) -> None:
    _, told = lab.open("contact")
    assert told.values == ["open"], "nothing holds the pin down but its pull-up is on"


def test_an_edge_that_was_never_told_is_found_when_the_pin_is_read_again(lab: Lab) -> None:
    lab.bench.set_pin(GATE, False)
    driver, told = lab.open("contact")
    lab.bench.slip_past(GATE, True)
    assert [sample.value for sample in driver.sample()] == ["closed"]
    told.eventually("closed", "open")
    assert [sample.value for sample in driver.sample()] == ["open"]


def test_what_settled_while_nobody_could_look_is_told_late_and_not_passed_over(lab: Lab) -> None:
    lab.bench.set_pin(GATE, False)
    busy, over = threading.Event(), threading.Event()
    heard: list[object] = []

    def hear(sample: Sample) -> None:
        heard.append(sample.value)
        if sample.value == "open" and not over.is_set():
            busy.set()
            over.wait(5)

    driver = driver_for(point_for("contact", debounce_s=0.001, stable_s=0.001))
    driver.start(hear)
    with closing(driver):
        for level in (True, False, True):
            lab.bench.set_pin(GATE, level)
            busy.wait(5)
            moved = monotonic()
            eventually(lambda moved=moved: monotonic() - moved > 0.005)  # type: ignore[misc]
        over.set()
        eventually(lambda: heard == ["closed", "open", "closed", "open"])


def test_a_chattering_contact_says_so_and_goes_on(lab: Lab) -> None:
    lab.bench.set_pin(GATE, False)
    driver, told = lab.open("contact", debounce_s=0.001, stable_s=0.001, chatter_per_min=3)
    for n in range(1, 7):
        lab.bench.set_pin(GATE, n % 2 == 1)
        eventually(lambda n=n: len(told.values) == n + 1)  # type: ignore[misc]
    assert "GPIO17 chatters" in driver.health()


def test_a_button_is_pressed_and_released(lab: Lab) -> None:
    _, told = lab.open("button")
    lab.bench.set_pin(BUTTON, False, bounces=4)
    told.eventually("released", "pressed")
    lab.bench.set_pin(BUTTON, True, bounces=4)
    told.eventually("released", "pressed", "released")


def test_a_pin_in_use_is_named(lab: Lab) -> None:
    lab.open("contact")
    second = driver_for(point_for("contact"))
    with pytest.raises(DeviceError, match=r"GPIO17 cannot be used .*in use"):
        second.start(lambda sample: None)
    second.close()


def test_a_kind_without_two_states_is_refused(lab: Lab) -> None:
    from dataclasses import replace

    driver = driver_for(replace(point_for("contact"), kind="access"))
    with pytest.raises(DeviceError, match="access does not have two states"):
        driver.start(lambda sample: None)
