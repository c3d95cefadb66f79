"""The document of statistics of runs. `run_documents` has the rules for these types."""

from datetime import datetime
from typing import NotRequired, TypedDict


class OutcomeDocument(TypedDict):
    """The outcome of a run `r`: its status `s`, when it was due (`d`) and ended (`e`), in milliseconds since 1970.

    `m` is the duration of its last attempt in milliseconds; null without one.
    """

    r: str
    s: str
    d: int
    e: int
    m: int | None


class RunStatisticsDocument(TypedDict):
    """Stored statistics. See `tocsin.documents.statistics_models.RunStatistics` for the fields."""

    _id: str
    owner: str
    ends_at: datetime
    expires_at: NotRequired[datetime | None]
    cells: NotRequired[dict[str, dict[str, dict[str, int]]]]
    outcomes: NotRequired[list[OutcomeDocument]]
