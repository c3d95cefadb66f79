"""Inputs of the mutations of public links."""

import strawberry

from tocsin.documents import PublicLinkKind
from tocsin.graphql.tasks.inputs import idempotency_key_field


@strawberry.input(description="Input of `createPublicLink`.")
class CreatePublicLinkInput:
    subject_id: strawberry.ID = strawberry.field(description="Global ID of the task or workflow.")
    kind: PublicLinkKind = strawberry.field(description="What the link is for.")
    title: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "Title of the badge and the status page, at most 100 characters, which everyone with the link sees. "
            "Default: the name of the task or workflow."
        ),
    )
    request_input: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "For a trigger of a workflow: the name of an input, of the type `object` or `any`, that gets the whole "
            "request as `{contentType, query, headers, body}`. Default: the body is a JSON object of inputs."
        ),
    )
    idempotency_key: str | None = idempotency_key_field()


@strawberry.input(description="Input of `updatePublicLink`. What is absent is kept; null sets the default.")
class UpdatePublicLinkInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the public link.")
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description="Title of the badge and the status page, at most 100 characters."
    )
    request_input: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="For a trigger of a workflow: the name of an input, of the type `object` or `any`.",
    )


@strawberry.input(description="Input of mutations that take a public link.")
class PublicLinkIdInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the public link.")
