"""What an owner does with single runs."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.documents import Run as RunDocument
from tocsin.documents import RunStatus
from tocsin.graphql import access, ids
from tocsin.graphql.context import Info, Services
from tocsin.graphql.errors import UserError, caught
from tocsin.graphql.repeating import earlier, key_of
from tocsin.graphql.run_types import Run, load_run
from tocsin.graphql.task_inputs import key_field
from tocsin.graphql.words import WHAT
from tocsin.tasks import owned, triggering


@strawberry.input(description="A run to retry.")
class RetryRunInput:
    id: strawberry.ID = strawberry.field(description="The run.")
    idempotency_key: str | None = key_field()


@strawberry.input(description="A run to cancel.")
class CancelRunInput:
    id: strawberry.ID = strawberry.field(description="The run.")


@strawberry.type(description="The answer to retryRun.")
class RetryRunPayload:
    run: Run | None = strawberry.field(description="The run as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type(description="The answer to cancelRun.")
class CancelRunPayload:
    run: Run | None = strawberry.field(description="The run as it is now; null if there are user errors.")
    user_errors: list[UserError] = strawberry.field(description="What was wrong with the input.")


@strawberry.type
class RunMutations:
    @strawberry.mutation(
        description=(
            "Try a run again that failed, was missed, skipped or cancelled: the same run, with all its retries"
            " and its task's present settings."
        )
    )
    async def retry_run(self, info: Info, input: Annotated[RetryRunInput, WHAT]) -> RetryRunPayload:
        owner = await access.owner(info)
        run, faults = await caught(_retry(info.context.services, owner, input))
        return RetryRunPayload(run=run and await load_run(info, owner, run.id), user_errors=faults)

    @strawberry.mutation(
        description="No further attempt. A running attempt is aborted; the answer may still show the run RUNNING."
    )
    async def cancel_run(self, info: Info, input: Annotated[CancelRunInput, WHAT]) -> CancelRunPayload:
        owner = await access.owner(info)
        run, faults = await caught(_cancel(info.context.services, owner, input))
        return CancelRunPayload(run=run and await load_run(info, owner, run.id), user_errors=faults)


async def _retry(services: Services, owner: str, given: RetryRunInput) -> RunDocument:
    run_id = ids.require("Run", given.id, "id")
    key = key_of(services, owner, "retryRun", given)
    if await earlier(services, key) is None:
        await owned.require_run(owner, run_id)
        services.quotas.take_run(owner)
    run = await triggering.retry(services.database, owner, run_id, clock.now(), key)
    services.on_queued()
    return run


async def _cancel(services: Services, owner: str, given: CancelRunInput) -> RunDocument:
    run_id = ids.require("Run", given.id, "id")
    run = await triggering.cancel(services.database, owner, run_id, clock.now())
    if run.status is RunStatus.RUNNING:
        services.on_cancel(run_id)
    services.on_queued()  # another run may have waited for this one
    return run
