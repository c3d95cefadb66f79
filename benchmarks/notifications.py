"""Notifications (q): what they cost a burst: rounds with them and without take turns, of successes and of failures."""

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks import target
from benchmarks.load import Result, first_due, run_load
from benchmarks.process import OWNERS, Process, in_fresh_process, listening, owner, tocsin
from benchmarks.receivers import Receivers, receiving
from benchmarks.table import Row, middle, text
from tocsin import clock
from tocsin.documents import DeliveryStatus, User, new_id
from tocsin.notifications.channel_changes import ChannelDraft, create_channel, validate_draft
from tocsin.notifications.delivery_worker import DeliveryWorker
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.outbound.guard import ConnectionRules
from tocsin.tasks import run_effects

GOAL = "<= 5"
FAILING_SHARE = 0.05
_TELL_SECONDS = 120.0
_SETTINGS: dict[str, Any] = {
    "smtp_host": "127.0.0.1",
    "smtp_tls": "none",
    "quota_mails_per_day": 0,
    "mails_per_recipient": 10_000,
    "circuit_failures": 0,
    "lease_seconds": 120,
}


@dataclass(frozen=True, slots=True)
class Load:
    """So many of the tasks at once call a `path` that fails, each for itself or all as one incident of their owner."""

    name: str
    path: str = ""
    share: float = 0.0
    is_one_incident: bool = False


LOADS = (
    Load("all succeed"),
    Load("5 % fail by 503, as an incident of each owner", target.BROKEN, FAILING_SHARE, is_one_incident=True),
    Load("5 % fail by 404, each an incident", target.MISSING, FAILING_SHARE),
)


@dataclass(frozen=True, slots=True)
class Told:
    """The result of a burst, the deliveries of its failures, and the seconds from its due time to the last of them."""

    result: Result
    deliveries: int
    after: float


async def run_burst(url: str, load: Load, tasks: int, receivers: Receivers, *, is_on: bool) -> Told:
    """Run a burst with notifications, by mail and webhook, or without."""
    if not is_on:
        _leave_out_notifications()
    async with tocsin(smtp_port=receivers.smtp_port, **_SETTINGS) as process, listening(process) as listeners:
        await _sign_up(process, receivers)
        urls = [f"{url}{load.path}" if _fails(number, load) else url for number in range(tasks)]
        due, failures = first_due(tasks), sum(_fails(number, load) for number in range(tasks))
        result, _ = await run_load(process, listeners, urls, [due] * tasks, failures)
        expected = 2 * (min(OWNERS, failures) if load.is_one_incident else failures) if is_on else 0
        await _until_delivered(process, expected)
        return Told(result, expected, time.time() - due.timestamp())


def _fails(number: int, load: Load) -> bool:
    """Tell whether the task with this number fails. So does one of each owner, of every so many of theirs."""
    return load.share > 0 and number // OWNERS % round(1 / load.share) == 0


def _leave_out_notifications() -> None:
    """Change the program of this process: runs record no alerts, and nobody looks for incidents or deliveries."""

    async def do_nothing(*_: Any) -> None:
        pass

    run_effects.record_alerts = do_nothing  # type: ignore[assignment]
    IncidentKeeper.start = lambda _: None  # type: ignore[assignment, method-assign]
    DeliveryWorker.start = do_nothing  # type: ignore[assignment, method-assign]


async def _sign_up(process: Process, receivers: Receivers) -> None:
    """Create the owners, with a confirmed address and a channel each."""
    database, secrets, now = process.runtime.database, process.runtime.process.secrets, clock.now()
    rules = ConnectionRules.from_settings(process.runtime.settings)
    draft = ChannelDraft("webhook", {"url": receivers.webhook_url}, "Webhook")
    for number in range(OWNERS):
        name = owner(number)
        await User(
            id=name, email=f"{name}@example.com", password="-", email_confirmed=True, created_at=now
        ).insert()  # fmt: skip
        await create_channel(database, secrets, new_id(name), draft, validate_draft(draft, rules), now)


async def _until_delivered(process: Process, expected: int) -> None:
    deliveries = process.runtime.database.deliveries
    try:
        async with asyncio.timeout(_TELL_SECONDS):
            while await deliveries.count_documents({"status": DeliveryStatus.DELIVERED}) < expected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        found = Counter([(each["kind"], each["status"], each["last_error"]) async for each in deliveries.find({})])
        raise RuntimeError(f"of {expected} deliveries, these were made: {found}") from None


def measure(rounds: int = 5, tasks: int = 2000, loads: tuple[Load, ...] = LOADS) -> list[Row]:
    """Return the medians of the rounds of each load, and of what notifications added to each round."""
    rows: list[Row] = []
    with target.running() as url, receiving() as receivers:
        for load in loads:
            run = partial(run_burst, url, load, tasks, receivers)
            pairs = [_run_pair(run, number) for number in range(rounds)]
            rows += make_rows(load, tasks, pairs)
            print(text(rows[-9:]), flush=True)
    return rows


def _run_pair(run: Callable[..., Coroutine[Any, Any, Told]], number: int) -> tuple[Told, Told]:
    """Return the results with notifications and without. Which comes first alternates."""
    results = {is_on: in_fresh_process(run, is_on=is_on) for is_on in ((True, False) if number % 2 else (False, True))}
    rates = [f"{one.result.runs / one.result.recorded:,.0f}" for one in (results[True], results[False])]
    print(f"(q) round {number + 1}: {rates[0]} recorded runs/s, {rates[1]} without notifications", flush=True)
    return results[True], results[False]


def make_rows(load: Load, tasks: int, pairs: list[tuple[Told, Told]]) -> list[Row]:
    """Return the rows of a load, of which each pair is a round with notifications and one without."""

    def both(figure: Callable[[Result], float]) -> list[tuple[float, float]]:
        return [(figure(on.result), figure(off.result)) for on, off in pairs]

    recorded, ended = both(lambda one: one.runs / one.recorded), both(lambda one: one.runs / one.took)
    app, database = (
        both(lambda one: one.app_cpu / one.runs * 1000),
        both(lambda one: one.database_cpu / one.runs * 1000),
    )
    return [
        Row(f"(q) {tasks:,} at once, {load.name}: runs/s", middle([on for on, _ in ended])),
        Row("    recorded runs/s", middle([on for on, _ in recorded])),
        Row("    without notifications, recorded runs/s", middle([off for _, off in recorded])),
        Row("    slower by, %: runs/s", middle([(off / on - 1) * 100 for on, off in ended])),
        Row("    slower by, %: recorded runs/s", middle([(off / on - 1) * 100 for on, off in recorded]), GOAL),
        Row("    more CPU of the app, %", middle([(on / off - 1) * 100 for on, off in app])),
        Row("    more CPU of the database, %", middle([(on / off - 1) * 100 for on, off in database])),
        Row("    deliveries", middle([on.deliveries for on, _ in pairs])),
        Row("    the last one after, s", middle([on.after for on, _ in pairs])),
    ]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notifications", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--load", type=int, choices=range(len(LOADS)), help="measure only this load")
    options = parser.parse_args()
    loads = LOADS if options.load is None else (LOADS[options.load],)
    print(text(measure(options.rounds, options.tasks, loads)))


if __name__ == "__main__":
    main()
