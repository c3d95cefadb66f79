"""The job `slug`: a title as it may stand in a URL."""

import re
from typing import Annotated

from pydantic import Field

from tocsin.jobs.base import Job, JobContext, Outcome, ParamsModel


class SlugParams(ParamsModel):
    """The title, and how long the slug may be, in characters."""

    title: str
    longest: Annotated[int, Field(ge=1, le=200)] = 60


class SlugJob(Job[SlugParams]):
    """Result: `{"slug": …}`. A title without letters and digits has none."""

    kind = "slug"
    Params = SlugParams

    async def perform(self, params: SlugParams, context: JobContext) -> Outcome:
        """Make the slug, in another process as work does that takes long."""
        slug = await context.compute(slug_of, params.title, params.longest)
        if not slug:
            return Outcome.failed(f"{params.title!r} has no letter and no digit.", "Give it another title.")
        return Outcome(result={"slug": slug})


def slug_of(title: str, longest: int) -> str:
    """Small letters and digits, with hyphens between the words."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:longest].strip("-")
