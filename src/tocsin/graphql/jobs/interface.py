"""The interface that all kinds of jobs implement."""

import strawberry


@strawberry.interface(description="The work that a task or a workflow step performs.")
class Job:
    kind: str = strawberry.field(description="Kind of the job, such as `http`.")
