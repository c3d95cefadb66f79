"""Loading of the step results that expressions reference, as JSON texts."""

from collections.abc import Collection, Mapping

from tocsin.documents import Database
from tocsin.workflows.engine.evaluation import ResultText
from tocsin.workflows.engine.scope import ResultsTooLarge
from tocsin.workflows.engine.states import StepRunRef, WorkflowState

_BATCH = 16
"""Number of results per database batch: each may be a mebibyte."""


async def load_results(
    database: Database, flow: WorkflowState, keys: Collection[str], room: int
) -> dict[str, ResultText | ResultsTooLarge]:
    """Load the results of these steps; TooLarge for each if they exceed `room`, in characters."""
    works = {key: _works(key, flow) for key in keys}
    ids = [work.run_id(flow.id) for several in works.values() for work in several]
    texts: dict[str, str | None] = {}
    async for run in database.runs.find({"_id": {"$in": ids}}, {"result": 1}).batch_size(_BATCH):
        texts[run["_id"]] = run["result"]
        room -= len(run["result"] or "")
        if room < 0:
            return dict.fromkeys(keys, ResultsTooLarge())
    found: dict[str, ResultText | ResultsTooLarge] = {}
    for key, several in works.items():
        values = [texts.get(work.run_id(flow.id)) for work in several]
        found[key] = values if flow.steps[key].items is not None else values[0]
    return found


def count_characters(found: Mapping[str, ResultText | ResultsTooLarge]) -> int:
    """Return the total length of the results in characters."""
    several = (texts if isinstance(texts, list) else [texts] for texts in found.values())
    return sum(len(text) for texts in several for text in texts if isinstance(text, str))


def _works(key: str, flow: WorkflowState) -> list[StepRunRef]:
    items = flow.steps[key].items
    return [StepRunRef(key)] if items is None else [StepRunRef(key, index) for index in range(len(items))]
