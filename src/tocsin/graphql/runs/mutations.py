"""Mutations of single runs."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import Run as RunDocument
from tocsin.documents import RunStatus
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.errors import collect_user_errors
from tocsin.graphql.idempotency import find_earlier_result, take_idempotency_key
from tocsin.graphql.node import RUN, load_node
from tocsin.graphql.payloads import Payload, payload
from tocsin.graphql.runs.types import Run
from tocsin.graphql.tasks.inputs import idempotency_key_field
from tocsin.tasks import ownership
from tocsin.tasks import runs as task_runs


@strawberry.input(description="Input of `retryRun`.")
class RetryRunInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the run.")
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="Input of `cancelRun`.")
class CancelRunInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the run.")


@payload
class RetryRunPayload(Payload):
    run: Run | None = strawberry.field(description="The run after the change; null if there are user errors.")


@payload
class CancelRunPayload(Payload):
    run: Run | None = strawberry.field(description="The run after the change; null if there are user errors.")


@strawberry.type
class RunMutations:
    @strawberry.mutation(
        description=(
            "Retry a run that failed, was missed, skipped or cancelled. The same run is queued again with all its "
            "retries and the current settings of its task."
        )
    )
    async def retry_run(self, info: Info, input: Annotated[RetryRunInput, INPUT_ARGUMENT]) -> RetryRunPayload:
        owner = await access.require_owner(info)
        run, errors = await collect_user_errors(_retry(info.context.services, owner, input))
        return RetryRunPayload(run=run and await load_node(info, RUN, owner, run.id), user_errors=errors)

    @strawberry.mutation(
        description=(
            "Cancel a run: no further attempt is made. An attempt in progress is aborted shortly after, so the result "
            "may still show the run as RUNNING."
        )
    )
    async def cancel_run(self, info: Info, input: Annotated[CancelRunInput, INPUT_ARGUMENT]) -> CancelRunPayload:
        owner = await access.require_owner(info)
        run, errors = await collect_user_errors(_cancel(info.context.services, owner, input))
        return CancelRunPayload(run=run and await load_node(info, RUN, owner, run.id), user_errors=errors)


async def _retry(services: Services, owner: str, input: RetryRunInput) -> RunDocument:
    run_id = ids.require_id("Run", input.id, "id")
    key = take_idempotency_key(services, owner, "retryRun", input)
    if await find_earlier_result(services, key) is None:
        await ownership.require_run(owner, run_id)
        services.quotas.consume_run(owner)
    run = await task_runs.retry_run(services.database, owner, run_id, clock.now(), key)
    services.wakeups.runs_queued()
    return run


async def _cancel(services: Services, owner: str, input: CancelRunInput) -> RunDocument:
    run_id = ids.require_id("Run", input.id, "id")
    run = await task_runs.cancel_run(services.database, owner, run_id, clock.now())
    if run.status is RunStatus.RUNNING:
        services.wakeups.cancel_requested(run_id)
    services.wakeups.runs_queued()  # another run may wait for this one to settle
    return run
