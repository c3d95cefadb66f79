"""The validation of workflows that are being written."""

import strawberry

from tocsin import clock
from tocsin.documents import User
from tocsin.graphql.context import Services
from tocsin.jobs.registry import RegisteredJobs
from tocsin.named_secrets.store import list_known_secrets
from tocsin.outbound.guard import ConnectionRules
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.workflows.language.offloaded_validation import validate_yaml
from tocsin.workflows.language.source import Fault, WorkflowInvalid


@strawberry.type(description="An error in the definition of a workflow.")
class WorkflowError:
    message: str = strawberry.field(description="Human-readable explanation. The wording may change.")
    path: list[str] = strawberry.field(description="Path to the invalid part; empty for the whole definition.")
    line: int | None = strawberry.field(description="Line of the part in the text, from 1; null if it has none.")
    column: int | None = strawberry.field(description="Column of the part in its line, from 1; null if it has none.")


async def load_registered_jobs(services: Services, owner: User) -> RegisteredJobs:
    """Return the jobs that steps can have, with the rules for what this owner may reach, and their secrets."""
    recipients = RecipientRules(services.settings.email_recipients, owner.email)
    secrets = await list_known_secrets(services.database, owner.id)
    return RegisteredJobs(ConnectionRules.from_settings(services.settings), recipients, secrets)


async def find_workflow_errors(services: Services, owner: User, yaml: str) -> list[WorkflowError]:
    """Return all errors in the text of a workflow."""
    try:
        catalog = await load_registered_jobs(services, owner)
        await validate_yaml(yaml, clock.now(), catalog, services.compute, owner.id)
    except WorkflowInvalid as invalid:
        return [_to_workflow_error(fault) for fault in invalid.faults]
    return []


def _to_workflow_error(fault: Fault) -> WorkflowError:
    return WorkflowError(
        message=fault.message, path=[str(part) for part in fault.path], line=fault.line, column=fault.column
    )
