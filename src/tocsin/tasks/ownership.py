"""Access to tasks and runs through their owner. Unknown ones and those of other users look the same."""

from tocsin.documents import Hold, Run, Task, owner_of
from tocsin.errors import NotFound


async def find_task(owner: str, task_id: str) -> Task | None:
    """Return the owner's task, or None."""
    if owner_of(task_id) != owner:
        return None
    task = await Task.get(task_id)
    return None if task is None or task.hold is Hold.DELETED else task


async def find_run(owner: str, run_id: str) -> Run | None:
    """Return the owner's run, or None."""
    return await Run.get(run_id) if owner_of(run_id) == owner else None


async def require_task(owner: str, task_id: str) -> Task:
    """Return the owner's task. Raises NotFound."""
    task = await find_task(owner, task_id)
    if task is None:
        raise NotFound("You have no task with this id.", "id")
    return task


async def require_run(owner: str, run_id: str) -> Run:
    """Return the owner's run. Raises NotFound."""
    run = await find_run(owner, run_id)
    if run is None:
        raise NotFound("You have no run with this id.", "id")
    return run
