"""The mutation that tries a job before it is saved."""

from datetime import datetime, timedelta
from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts import Identity, audit
from tocsin.documents import AuditAction, JobDocument, new_id
from tocsin.errors import InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.callers import Caller
from tocsin.graphql.context import Info, Services
from tocsin.graphql.jobs.http import Header
from tocsin.graphql.jobs.known_secrets import load_known_secrets
from tocsin.graphql.jobs.types import JobInput, parse_job
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.runs.attempts import AttemptRequest, AttemptTimings, RunError, to_headers, to_request, to_timings
from tocsin.jobs.base import Outcome
from tocsin.jobs.http.callbacks import CALLBACK_PATH, expects_callback
from tocsin.jobs.http.trials import MAX_TRIAL_SECONDS, Trial, name_target, try_call
from tocsin.named_secrets.store import NamedSecrets
from tocsin.tasks import ownership
from tocsin.tasks.setting_checks import check_timeout

_MAX_AT_ONCE = 2
_LONGEST = timedelta(seconds=MAX_TRIAL_SECONDS)


@strawberry.input(description="Input of `tryJob`.")
class TryJobInput:
    job: JobInput = strawberry.field(description="Job to try. Its kind must be `http`: others store or send something.")
    timeout: timedelta | None = strawberry.field(
        default=strawberry.UNSET,
        description=f"Timeout, at most `PT{MAX_TRIAL_SECONDS:g}S`: a longer one is cut. Default: that of the server.",
    )
    task_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Global ID of your task that `job` is for. Absent secrets are then those of the task, by the rules of "
            "`updateTask`: only for the same target server."
        ),
    )


@strawberry.type(description="What a job did when it was tried. It is not stored.")
class JobTrial:
    outcome: strawberry.Private[Outcome]
    started_at: datetime = strawberry.field(description="Time at which it started.")
    duration_ms: int = strawberry.field(description="Duration in milliseconds.")
    timeout: timedelta = strawberry.field(description="Timeout that applied.")

    @strawberry.field(description="Request that was sent; null if none was.")
    def request(self) -> AttemptRequest | None:
        return to_request(self.outcome.request)

    @strawberry.field(description="HTTP status of the response; null without a response.")
    def status_code(self) -> int | None:
        return self.outcome.status_code

    @strawberry.field(
        description="Headers of the response in their original order, at most 16 kB, with cookies replaced by `***`."
    )
    def response_headers(self) -> list[Header]:
        return to_headers(self.outcome.response_headers)

    @strawberry.field(
        description="Response body as text, as much as would be stored of an attempt; null if there was none."
    )
    def response_body(self) -> str | None:
        return self.outcome.response_body

    @strawberry.field(description="True if the response was longer than that.")
    def response_truncated(self) -> bool:
        return self.outcome.response_truncated

    @strawberry.field(description="Number of redirects followed.")
    def redirects(self) -> int:
        return self.outcome.redirects

    @strawberry.field(description="Breakdown of the duration; null if nothing was sent.")
    def timings(self) -> AttemptTimings | None:
        return to_timings(self.outcome.timings)

    @strawberry.field(description="Error with which an attempt would have failed; null if it would have succeeded.")
    def error(self) -> RunError | None:
        error = self.outcome.error
        return None if error is None else RunError(kind=error.kind, message=error.message, hint=error.hint)


@payload
class TryJobPayload(Payload):
    trial: JobTrial | None = strawberry.field(description="What the job did; null if there are user errors.")


@strawberry.type
class TrialMutations:
    @mutation(
        description=(
            "Perform a job once, now, and wait for its answer, without saving anything. It counts as a run in your "
            "quotas, and as a call in the limits of its target. You can try 20 jobs a minute, and "
            f"{_MAX_AT_ONCE} at once."
        )
    )
    async def try_job(self, info: Info, input: Annotated[TryJobInput, INPUT_ARGUMENT]) -> TryJobPayload:
        who, services = await access.require_reader(info), info.context.services
        job = await _parse_job(services, who, input)
        trial = _make_trial(services, who.user.id, job, _find_timeout(services, input))
        caller = Caller(who.user.id, is_user=True)
        services.slots.acquire("trials", caller, _MAX_AT_ONCE)  # first: one that is refused counts nowhere
        try:
            await services.rates.count_trial(who.user.id)
            services.quotas.consume_run(who.user.id)
            await audit.record(
                AuditAction.JOB_TRIED, access.audit_actor(info, who), who.user, detail=name_target(job["params"])
            )
            outcome = await try_call(job["params"], trial)
        finally:
            services.slots.release("trials", caller)
        took = (clock.now() - trial.due_at) / timedelta(milliseconds=1)
        found = JobTrial(
            outcome=outcome,
            started_at=trial.due_at,
            duration_ms=max(0, round(took)),
            timeout=timedelta(seconds=trial.timeout),
        )
        return TryJobPayload(trial=found)


async def _parse_job(services: Services, who: Identity, input: TryJobInput) -> JobDocument:
    """Return the stored form of the job, with the secrets that it keeps. Raises InvalidInput, NotFound."""
    previous = None
    if input.task_id:
        task_id = ids.require_id("Task", input.task_id, "taskId")
        task = await ownership.find_task(who.user.id, task_id)
        if task is None:
            raise NotFound("You have no task with this id.", "taskId")
        previous = task.job
    known_secrets = await load_known_secrets(services, who.user.id, [input.job])
    job = parse_job(input.job, services, who.user, known_secrets, previous)
    if job["kind"] != "http":
        raise InvalidInput(
            f"A job of the kind {job['kind']} cannot be tried. Save the task, and run it by hand.", "job"
        )
    return job


def _find_timeout(services: Services, input: TryJobInput) -> float:
    """Return the timeout in seconds. Raises InvalidInput."""
    settings = services.settings
    wanted = input.timeout.total_seconds() if input.timeout else None
    check_timeout(wanted)
    chosen = settings.default_timeout("http") if wanted is None else wanted
    return min(chosen, MAX_TRIAL_SECONDS, settings.execution_timeout * 0.8)  # the mutation ends with an answer


def _make_trial(services: Services, owner: str, job: JobDocument, timeout: float) -> Trial:
    run_id, url = new_id(owner), None
    if expects_callback(job):
        url = services.settings.page_url(CALLBACK_PATH + services.callbacks.tokens.sign(run_id, 1))
    opener = NamedSecrets(services.database, services.secrets).open
    client = services.http.for_owner(owner)
    return Trial(run_id, owner, clock.now(), timeout, services.secrets, client, url, open_secrets=opener)
