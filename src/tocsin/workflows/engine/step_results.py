"""Loading of the step results that expressions reference, as JSON texts."""

from collections.abc import Collection, Mapping

from tocsin.documents import Database
from tocsin.workflows.engine.evaluation import ResultText
from tocsin.workflows.engine.scope import TooLarge
from tocsin.workflows.engine.states import Flow, Work

_BATCH = 16
"""Number of results per database batch: each may be a mebibyte."""


async def load_results(
    database: Database, flow: Flow, keys: Collection[str], room: int
) -> dict[str, ResultText | TooLarge]:
    """Load the results of these steps; TooLarge for each if they exceed `room`, in characters."""
    works = {key: _works(key, flow) for key in keys}
    ids = [work.run_id(flow.id) for several in works.values() for work in several]
    texts: dict[str, str | None] = {}
    async for run in database.runs.find({"_id": {"$in": ids}}, {"result": 1}).batch_size(_BATCH):
        texts[run["_id"]] = run["result"]
        room -= len(run["result"] or "")
        if room < 0:
            return dict.fromkeys(keys, TooLarge())
    found: dict[str, ResultText | TooLarge] = {}
    for key, several in works.items():
        values = [texts.get(work.run_id(flow.id)) for work in several]
        found[key] = values if flow.steps[key].items is not None else values[0]
    return found


def size_of_results(found: Mapping[str, ResultText | TooLarge]) -> int:
    """Return the total length of the results in characters."""
    several = (texts if isinstance(texts, list) else [texts] for texts in found.values())
    return sum(len(text) for texts in several for text in texts if isinstance(text, str))


def _works(key: str, flow: Flow) -> list[Work]:
    items = flow.steps[key].items
    return [Work(key)] if items is None else [Work(key, index) for index in range(len(items))]
