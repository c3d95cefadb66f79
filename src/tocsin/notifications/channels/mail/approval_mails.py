"""The mail that asks a person for a decision, or reminds them. Pure."""

from tocsin.documents import to_global_id
from tocsin.notifications.channels.base import Message
from tocsin.notifications.channels.mail.layout import PAGE_PLACEHOLDER, format_mail, format_time
from tocsin.notifications.events import ApprovalRequested
from tocsin.notifications.excerpts import truncate
from tocsin.outbound.mail_text import to_single_line

_MAX_MESSAGE = 2_000


def approval_requested_mail(event: ApprovalRequested) -> Message:
    """Return the mail about a step that waits for a decision."""
    waits = "is still waiting" if event.is_reminder else "is waiting"
    text = format_mail(
        f"the workflow step {event.name} {waits} for your decision.",
        [
            *([("Message:", truncate(to_single_line(event.message), _MAX_MESSAGE))] if event.message else []),
            ("Waiting since:", format_time(event.at)),
            *([("Decide until:", format_time(event.decide_until))] if event.decide_until else []),
            ("Workflow run:", to_global_id("WorkflowRun", event.run or "")),
            ("Decide here:", PAGE_PLACEHOLDER),
        ],
        "The page opens with the mutation decideApproval filled in: true completes the step, false fails it.",
    )
    return Message(f"{event.name} is waiting for your decision", text)
