"""The prefetch window follows the speed at which attempts have started recently."""

from math import inf

from tocsin.dispatch.prefetch import PrefetchWindow


def ticks(window: PrefetchWindow, count: int) -> None:
    for _ in range(count):
        window.advance_tick()


def test_a_key_that_has_just_become_busy_is_not_limited() -> None:
    window = PrefetchWindow()
    assert window.max_waiting("alice") == inf
    ticks(window, 10)
    window.mark_busy("alice")
    assert window.max_waiting("alice") == inf
    ticks(window, 1)
    assert window.max_waiting("alice") == inf
    ticks(window, 1)
    assert window.max_waiting("alice") == 0


def test_as_many_may_wait_as_have_started_in_the_last_two_ticks() -> None:
    window = PrefetchWindow()
    window.mark_busy("alice")
    ticks(window, 5)
    for _ in range(3):
        window.count_start("alice")
    window.count_start("bob")
    assert window.max_waiting("alice") == 3
    ticks(window, 1)
    window.count_start("alice")
    assert window.max_waiting("alice") == 4
    ticks(window, 1)
    assert window.max_waiting("alice") == 1
    ticks(window, 1)
    assert window.max_waiting("alice") == 0


def test_a_busy_key_stays_known_until_it_is_idle() -> None:
    window = PrefetchWindow()
    window.mark_busy("alice")
    ticks(window, 5)
    window.mark_busy("alice")  # it was busy all along
    assert window.max_waiting("alice") == 0
    window.mark_idle("alice")
    window.mark_busy("alice")
    assert window.max_waiting("alice") == inf
    window.mark_idle("bob")  # which never was busy
