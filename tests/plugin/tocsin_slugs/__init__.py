"""The job `slug`, which makes a URL slug of a title."""

import re
from typing import Annotated

from pydantic import Field

from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel, report_progress


class SlugParams(ParamsModel):
    """The title, and the maximum length of the slug in characters."""

    title: str
    longest: Annotated[int, Field(ge=1, le=200)] = 60


class SlugJob(Job[SlugParams]):
    """Makes a slug. Result: `{"slug": …}`. Fails for a title without letters or digits."""

    kind = "slug"
    Params = SlugParams

    async def perform(self, params: SlugParams, context: JobContext) -> Outcome:
        """Make the slug in another process, as CPU-bound jobs do."""
        context.progress(0, 2, "Reading the title")
        slug = await context.compute(slug_of, params.title, params.longest)
        if not slug:
            return Outcome.failed(f"{params.title!r} has no letter and no digit.", "Give it another title.")
        return Outcome(result={"slug": slug})


def slug_of(title: str, longest: int) -> str:
    """Return the words in lower case, joined by hyphens."""
    report_progress(1, 2, "Joining the words")
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:longest].strip("-")
