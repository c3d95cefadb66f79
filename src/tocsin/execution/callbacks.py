"""Callbacks of targets: each settles its run, or is noted for the attempt that is still waiting for the response."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from pymongo import UpdateOne

from tocsin import telemetry
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import CallbackDocument, Database, RunChanges, RunDocument, RunStatus, Trigger, is_unavailable
from tocsin.documents.updates import all_of, change_when, has_value
from tocsin.execution.callback_settlement import Settlement, decide_settlement, find_received
from tocsin.execution.completer import REPORTED_TO_WORKFLOWS
from tocsin.execution.completion import callback_received
from tocsin.jobs.http.callback_messages import SentCall, mask_callback_message
from tocsin.jobs.http.callbacks import MAX_MESSAGE_LENGTH, OfferedCallback
from tocsin.named_secrets.store import OpenSecrets, open_none
from tocsin.quotas.meter import UsageMeter
from tocsin.security.callback_tokens import CallbackToken, CallbackTokens
from tocsin.security.secret_box import SecretBox
from tocsin.tasks import activity_log, run_effects
from tocsin.tasks.deferred_writes import write_deferred
from tocsin.tasks.failure_pauses import complete_pauses
from tocsin.wakeups import Signal, Wakeups

_REQUEUED = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})
MAX_TRIES = 10
"""Tries to record a callback while the state of its run changes. Each change brings the run closer to its end."""
log = telemetry.get_logger(__name__)


class CallbackVerdict(Enum):
    """What becomes of a callback. RECEIVED: it counts, or did before. CONTRADICTORY: another status came before."""

    RECEIVED = "RECEIVED"
    CONTRADICTORY = "CONTRADICTORY"
    NOT_EXPECTED = "NOT_EXPECTED"


@dataclass(frozen=True, slots=True)
class CallbackAnswer:
    """The answer to a callback: the verdict, and the callback that the attempt received first, if any."""

    verdict: CallbackVerdict
    received: CallbackDocument | None = None


NOT_EXPECTED = CallbackAnswer(CallbackVerdict.NOT_EXPECTED)


class CallbackSettler:
    """Settles runs whose callback has come, or is overdue, with the effects of any end of a run.

    `step_run_stored` is sent with the run of a step that has ended or waits for a retry.
    """

    def __init__(
        self,
        database: Database,
        decider: RetryDecider,
        wakeups: Wakeups,
        meter: UsageMeter,
        step_run_stored: Signal[[RunDocument]],
    ) -> None:
        self._database, self._decider, self._wakeups, self._meter = database, decider, wakeups, meter
        self._step_run_stored = step_run_stored
        self._unfinished: list[list[Settlement]] = []

    async def settle(self, runs: Iterable[RunDocument], now: datetime) -> int:
        """Settle those of these WAITING runs, given as stored, that need not wait. Return how many were, by this call.

        What another process has settled meanwhile is left to it.
        """
        settlements = [one for run in runs if (one := self._decide(run, now)) is not None]
        if not settlements:
            return 0
        try:
            await self._database.runs.bulk_write([one.build_update() for one in settlements], ordered=False)
            return await self._finish(settlements)
        except BaseException:  # they may be stored all the same
            self._unfinished.append(settlements)
            raise

    async def finish_interrupted(self) -> None:
        """Apply the effects of settlements that are stored, but were interrupted by a failure of the database."""
        while self._unfinished:
            try:
                await self._finish(self._unfinished[0])
            except Exception as error:
                if is_unavailable(error):
                    raise
                log.exception("the effects of callbacks cannot be applied; the next start repairs the tasks")
            self._unfinished.pop(0)

    async def _finish(self, settlements: list[Settlement]) -> int:
        """Apply the effects of those of these settlements that are stored, and return their number."""
        ids = [one.run["_id"] for one in settlements]
        found = await self._database.runs.find({"_id": {"$in": ids}}).to_list()
        documents = {run["_id"]: run for run in found}
        stored = [
            (one, document)
            for one in settlements
            if (document := documents.get(one.run["_id"])) is not None and one.is_stored_in(document)
        ]
        await self._apply_effects(stored)
        return len(stored)

    def _decide(self, run: RunDocument, now: datetime) -> Settlement | None:
        return decide_settlement(run, now, self._decider, random.random())  # noqa: S311  jitter, not a secret

    async def _apply_effects(self, stored: Sequence[tuple[Settlement, RunDocument]]) -> None:
        runs = [document for one, document in stored if document["fence"] == one.run["fence"]]
        self._database.changes.runs_moved(runs)
        for run in runs:
            if run["trigger"] == Trigger.WORKFLOW and run["status"] in REPORTED_TO_WORKFLOWS:
                self._step_run_stored(run)
        requeued = [one.settled_run() for one, document in stored if document["status"] in _REQUEUED]
        await run_effects.record_alerts(self._database, requeued)
        if await run_effects.apply_effects(self._database, runs):
            self._wakeups.runs_queued()
        await complete_pauses(self._database, runs)
        for run in runs:
            if run["status"] == RunStatus.RETRY:
                self._wakeups.task_due(run.get("retry_at"))
        activity_log.log_run_outcomes(runs)
        for one, _ in stored:
            _count(one, self._meter)


def _count(settlement: Settlement, meter: UsageMeter) -> None:
    """Count an attempt that has ended, and the message that came with its callback."""
    run, attempt = settlement.run, settlement.attempt
    seconds = (attempt["finished_at"] - attempt["started_at"]).total_seconds()
    telemetry.count_attempt(run["job"]["kind"], attempt["outcome"], seconds)
    callback = attempt.get("callback")
    if callback is not None and callback["message"]:
        meter.add_bytes(run["owner"], len(callback["message"].encode()))


class CallbackReceiver:
    """Receives the callbacks of targets. `tokens` reads the tokens of their URLs.

    `secrets` and `open_secrets` open what is masked.
    """

    def __init__(
        self,
        database: Database,
        settler: CallbackSettler,
        tokens: CallbackTokens,
        secrets: SecretBox,
        open_secrets: OpenSecrets = open_none,
    ) -> None:
        self._database, self._settler, self.tokens = database, settler, tokens
        self._secrets, self._open_secrets = secrets, open_secrets

    async def receive(self, token: CallbackToken, callback: CallbackDocument) -> CallbackAnswer:
        """Settle the run of this attempt by its callback. The first callback counts; a repetition gets the same answer.

        One that comes before the response of its target is noted, and settles the run when the response is stored.
        """
        for _ in range(MAX_TRIES):
            run = await self._find_run(token.run_id)
            if run is None:
                return NOT_EXPECTED
            if (received := find_received(run, token.attempt)) is not None:
                is_same = received["status"] == callback["status"]
                verdict = CallbackVerdict.RECEIVED if is_same else CallbackVerdict.CONTRADICTORY
                return CallbackAnswer(verdict, received)
            if not _is_expected(run, token.attempt):
                return NOT_EXPECTED
            masked = await self._mask(run, token, callback)
            if await self._record(run, masked):
                return CallbackAnswer(CallbackVerdict.RECEIVED, masked)
        return NOT_EXPECTED

    async def _find_run(self, run_id: str) -> RunDocument | None:
        """Return the run. One that is deferred is written first, so that the callback can be noted in it."""
        if (deferred := self._database.deferred.get(run_id)) is not None:
            await write_deferred(self._database, [deferred])
        return await self._database.runs.find_one({"_id": run_id})

    async def _mask(self, run: RunDocument, token: CallbackToken, callback: CallbackDocument) -> CallbackDocument:
        """Return the callback without secrets of the call: its target got them, and may quote the request."""
        message = callback["message"]
        if message is None:
            return callback
        url = OfferedCallback(self.tokens.sign(token.run_id, token.attempt))
        is_cut = len(message) >= MAX_MESSAGE_LENGTH
        call = SentCall(run["job"], run["owner"], run["attempts"][-1]["started_at"], url.secret)
        masked = await mask_callback_message(message, call, self._secrets, self._open_secrets, cut=is_cut)
        return {**callback, "message": masked}

    async def _record(self, run: RunDocument, callback: CallbackDocument) -> bool:
        """Settle a waiting run, or note the callback in a running one. Return whether the run was still the same."""
        if run["status"] == RunStatus.WAITING:
            return await self._settler.settle([{**run, "callback": callback}], callback["received_at"]) > 0
        unchanged = all_of(
            has_value("status", RunStatus.RUNNING),
            has_value("fence", run["fence"]),
            {"$not": [callback_received(callback["attempt"])]},
        )
        update = UpdateOne({"_id": run["_id"]}, [change_when(unchanged, RunChanges(callback=callback))])
        return (await self._database.runs.bulk_write([update])).modified_count > 0


def _is_expected(run: RunDocument, attempt: int) -> bool:
    """Return whether this attempt of the run is under way, so that its target may call back."""
    latest = run["attempts"][-1] if run["attempts"] else None
    is_latest = latest is not None and latest["number"] == attempt
    return is_latest and run["status"] in (RunStatus.RUNNING, RunStatus.WAITING)
