"""What all kinds of work have in common in the API."""

import strawberry


@strawberry.interface(description="The work that a task or a step does.")
class Job:
    kind: str = strawberry.field(description="The kind of work, such as `http`.")
