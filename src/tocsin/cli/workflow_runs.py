"""`tocsin workflows run`: start a workflow, wait for its run and print the result."""

import asyncio
import json
from datetime import timedelta
from typing import Annotated, Any

import typer

from tocsin import accounts, clock, config
from tocsin.cli.runner import load_keyring, run_with_database
from tocsin.documents import OPEN_WORKFLOW_RUN_STATUSES, Database, WorkflowRun, WorkflowRunStatus, to_global_id
from tocsin.documents.workers import find_living_workers
from tocsin.errors import TocsinError
from tocsin.json_values import parse_json
from tocsin.quotas import Quotas
from tocsin.workflows import starting
from tocsin.workflows.versions import VersionCache

_POLL_SECONDS = 0.2
_UNSERVED_LIMIT = timedelta(minutes=1)
_NOT_SERVED = (
    "No server is running on this database. Start `tocsin serve` first, or use --no-wait to queue the workflow run "
    "until a server is started."
)


def run_workflow(
    email: Annotated[str, typer.Argument(help="The owner's email address.", show_default=False)],
    name: Annotated[str, typer.Argument(help="The workflow's name.", show_default=False)],
    inputs_json: Annotated[str, typer.Option("--input", help="The inputs, as a JSON object.")] = "{}",
    wait: Annotated[bool, typer.Option(help="Wait until it ends, and print the result.")] = True,
    timeout: Annotated[float | None, typer.Option(min=0.1, help="Maximum seconds to wait. Default: no limit.")] = None,
) -> None:
    """Run a workflow on the running server. The exit code is 1 if it does not complete."""
    inputs = _parse_inputs(inputs_json)

    async def work(database: Database) -> WorkflowRun:
        user, settings = await accounts.require_user_by_email(email), config.load_settings()
        versions = VersionCache(database, (await load_keyring(database, settings)).secrets, settings)
        await starting.validate_inputs(database, versions, user.id, name, inputs)
        if wait and not await _is_served(database):
            raise TocsinError(_NOT_SERVED)
        quotas = await Quotas.for_owner(database, settings, user.id)
        quotas.consume_run(user.id)
        await quotas.flush_usage()
        started = await starting.start_workflow(database, versions, user.id, name, inputs, clock.now())
        return await _wait_for_run(database, started, timeout) if wait else started

    ended = run_with_database(work)
    if not wait:
        typer.echo(to_global_id("WorkflowRun", ended.id))
        return
    typer.echo(json.dumps(_result_as_json(ended), indent=2, ensure_ascii=False))
    if ended.status is not WorkflowRunStatus.COMPLETED:
        raise typer.Exit(1)


def _parse_inputs(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError as error:
        raise typer.BadParameter(f"--input is not valid JSON: {error}") from None


async def _wait_for_run(database: Database, started: WorkflowRun, seconds: float | None) -> WorkflowRun:
    """Wait until a server has executed the run, and return it. Raises TocsinError after `seconds`."""
    run_id = to_global_id("WorkflowRun", started.id)
    typer.echo(f"Waiting for {run_id}, which is executed by a server.", err=True)
    served_at = clock.now()
    try:
        async with asyncio.timeout(seconds):
            while (found := await WorkflowRun.get(started.id)) and found.status in OPEN_WORKFLOW_RUN_STATUSES:
                if await _is_served(database):
                    served_at = clock.now()
                elif clock.now() - served_at > _UNSERVED_LIMIT:
                    message = f"No server has been running for a minute. {run_id} continues when one is started."
                    raise TocsinError(message)
                await asyncio.sleep(_POLL_SECONDS)
            return found or started
    except TimeoutError:
        raise TocsinError(
            f"The run has not ended within {seconds:g} seconds. {run_id} continues; you can cancel it."
        ) from None
    except asyncio.CancelledError:
        typer.echo(f"Stopped waiting. {run_id} continues; you can cancel it.", err=True)
        raise


async def _is_served(database: Database) -> bool:
    """Tell whether a server is running on this database."""
    return bool(await find_living_workers(database.db, clock.now()))


def _result_as_json(run: WorkflowRun) -> dict[str, object]:
    steps = {key: state["status"] for key, state in run.steps.items()}
    result = None if run.output is None else json.loads(run.output)
    return {"status": run.status.value, "result": result, "error": run.error, "steps": steps}
