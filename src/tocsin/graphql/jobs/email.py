"""Input and output types of the `email` job."""

import strawberry

from tocsin.documents import JobDocument
from tocsin.graphql.jobs.interface import Job
from tocsin.graphql.scalars import JSON


@strawberry.type(description="A mail to send.")
class EmailJob(Job):
    to: list[str] = strawberry.field(description="Addresses of the recipients.")
    subject: str = strawberry.field(description="Subject of the mail.")
    body: JSON | None = (
        strawberry.field(  # the type that the field has in other jobs, so that one query reads it of all
            description="Plain text of the mail: a string."
        )
    )
    text: str = strawberry.field(description="Plain text of the mail.", deprecation_reason="Use `body`.")
    attachments: JSON = strawberry.field(description="Attachments: a list of objects, as in the input.")


@strawberry.input(description="A plain text mail to send.")
class EmailJobInput:
    to: list[str] = strawberry.field(
        description="Addresses of the recipients, 1 to 20, among those that this server allows jobs to write to."
    )
    subject: str = strawberry.field(description="Subject of the mail, 1 to 300 characters.")
    body: str = strawberry.field(description="Plain text of the mail.")
    attachments: JSON | None = strawberry.field(
        default=strawberry.UNSET,
        description="At most 10 objects with `name`, `contentType` and one of `text`, `json`, `base64` and `fileId`.",
    )


def to_email_job(job: JobDocument) -> EmailJob:
    """Convert a stored `email` job."""
    params = job["params"]
    files = params.get("attachments", [])
    body = params["body"]
    return EmailJob(
        kind=job["kind"], to=params["to"], subject=params["subject"], body=body, text=body, attachments=files
    )
