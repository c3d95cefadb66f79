"""The progress of runs, steps, tasks and workflow runs."""

import strawberry

from tocsin.documents import RunDocument, RunStatus, public_status

_DESCRIPTION = (
    "How far something is: a workflow run in steps, a step with `forEach` in items, and a run in the parts that its "
    "job tells."
)


@strawberry.type(description=_DESCRIPTION)
class Progress:
    done: int = strawberry.field(description="Number of steps, items or parts that have ended, from 0 to `all`.")
    all: int = strawberry.field(description="Number of steps, items or parts in total.")
    text: str | None = strawberry.field(
        default=None, description="What is being done, as the job tells it, at most 200 characters; null otherwise."
    )


def to_run_progress(run: RunDocument) -> Progress | None:
    """Return what the job of the attempt in progress has told; None if it has told nothing."""
    told = run.get("progress")
    if told is None or told["fence"] != run["fence"] or public_status(run) is not RunStatus.RUNNING:
        return None
    return Progress(done=told["done"], all=told["all"], text=told["text"])
