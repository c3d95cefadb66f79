"""Timers call at their times, and replace those of the same name."""

import asyncio
from datetime import timedelta

from tocsin import clock
from tocsin.workflows.engine.timers import Timers

SOON = timedelta(milliseconds=5)


async def test_a_timer_replaces_the_one_of_its_name() -> None:
    called: list[str] = []
    timers = Timers()
    timers.set("a", clock.now() + SOON, lambda: called.append("first"))
    timers.set("a", clock.now() + SOON, lambda: called.append("second"))
    timers.set("b", clock.now() - SOON, lambda: called.append("past"))
    await asyncio.sleep(0.2)
    assert called == ["past", "second"]


async def test_none_and_what_is_far_off_are_not_set() -> None:
    called: list[str] = []
    timers = Timers()
    timers.set("a", clock.now() + SOON, lambda: called.append("replaced"))
    timers.set("a", None, lambda: called.append("none"))
    timers.set("b", clock.now() + 10 * SOON, lambda: called.append("far"), within=SOON.total_seconds())
    timers.set("c", clock.now() + SOON, lambda: called.append("cancelled"))
    timers.cancel_all()
    await asyncio.sleep(0.2)
    assert called == []
