"""Mutations of single runs."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import RunStatus
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.node import RUN, load_node
from tocsin.graphql.payloads import Payload, mutation, payload
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
    @mutation(
        description=(
            "Retry a run that failed, was missed, skipped or cancelled. The same run is queued again with all its "
            "retries and the current settings of its task."
        )
    )
    async def retry_run(self, info: Info, input: Annotated[RetryRunInput, INPUT_ARGUMENT]) -> RetryRunPayload:
        owner, services = await access.require_owner(info), info.context.services
        run_id = ids.require_id("Run", input.id, "id")
        key, earlier = await begin_idempotent_call(info, owner, input)
        if earlier is None:
            await ownership.require_run(owner, run_id)
            services.quotas.consume_run(owner)
        await task_runs.retry_run(services.database, owner, run_id, clock.now(), key)
        services.wakeups.runs_queued()
        return RetryRunPayload(run=await load_node(info, RUN, owner, run_id))

    @mutation(
        description=(
            "Cancel a run: no further attempt is made. An attempt in progress is aborted shortly after, so the result "
            "may still show the run as RUNNING."
        )
    )
    async def cancel_run(self, info: Info, input: Annotated[CancelRunInput, INPUT_ARGUMENT]) -> CancelRunPayload:
        owner, services = await access.require_owner(info), info.context.services
        run_id = ids.require_id("Run", input.id, "id")
        run = await task_runs.cancel_run(services.database, owner, run_id, clock.now())
        if run.status is RunStatus.RUNNING:
            services.wakeups.cancel_requested(run_id)
        services.wakeups.runs_queued()  # another run may wait for this one to settle
        return CancelRunPayload(run=await load_node(info, RUN, owner, run_id))
