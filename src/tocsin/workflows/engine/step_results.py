"""Loading of the step results that expressions reference, as JSON texts."""

from collections.abc import Collection, Mapping

from tocsin.documents import Database
from tocsin.workflows.engine.evaluation import ResultText
from tocsin.workflows.engine.scope import MAX_RESULTS_LENGTH, ResultsTooLarge
from tocsin.workflows.engine.states import StepRunRef, WorkflowState

_BATCH = 16
"""Number of results per database batch: each may be a mebibyte."""


async def load_results(
    database: Database, state: WorkflowState, keys: Collection[str], loaded: Mapping[str, ResultText | ResultsTooLarge]
) -> dict[str, ResultText | ResultsTooLarge]:
    """Load the results of these steps; ResultsTooLarge for each if they are too large together with those `loaded`."""
    refs = {key: _find_refs(key, state) for key in keys}
    ids = [ref.run_id(state.id) for several in refs.values() for ref in several]
    texts: dict[str, str | None] = {}
    room = MAX_RESULTS_LENGTH - _count_characters(loaded)
    async for run in database.runs.find({"_id": {"$in": ids}}, {"result": 1}).batch_size(_BATCH):
        texts[run["_id"]] = run["result"]
        room -= len(run["result"] or "")
        if room < 0:
            return dict.fromkeys(keys, ResultsTooLarge())
    found: dict[str, ResultText | ResultsTooLarge] = {}
    for key, several in refs.items():
        values = [texts.get(ref.run_id(state.id)) for ref in several]
        found[key] = values if state.steps[key].items is not None else values[0]
    return found


def _count_characters(found: Mapping[str, ResultText | ResultsTooLarge]) -> int:
    several = (texts if isinstance(texts, list) else [texts] for texts in found.values())
    return sum(len(text) for texts in several for text in texts if isinstance(text, str))


def _find_refs(key: str, state: WorkflowState) -> list[StepRunRef]:
    items = state.steps[key].items
    return [StepRunRef(key)] if items is None else [StepRunRef(key, index) for index in range(len(items))]
