"""Events as mails. Pure."""

from typing import assert_never

from tocsin.notifications.channels.base import Content
from tocsin.notifications.channels.mail import account_mails, quota_mails, task_mails, workflow_mails
from tocsin.notifications.events import (
    ApprovalRequest,
    Event,
    EventKind,
    PasswordChange,
    QuotasMet,
    SecretLink,
    TaskFailure,
    TokenReuse,
    WorkflowFailure,
    WorkflowStepFailure,
)

_LINK_MAILS = {
    EventKind.PASSWORD_RESET: account_mails.write_password_reset,
    EventKind.EMAIL_CONFIRMATION: account_mails.write_email_confirmation,
    EventKind.INVITATION: account_mails.write_invitation,
}


def render(event: Event) -> Content:
    """Write the event as a mail. Placeholders stand for the address of its page and for a secret link."""
    match event.data:
        case TaskFailure():
            return task_mails.write_task_failure(event.data)
        case WorkflowStepFailure():
            return workflow_mails.write_step_failure(event.data)
        case WorkflowFailure():
            return workflow_mails.write_workflow_failure(event.data)
        case ApprovalRequest():
            return workflow_mails.write_approval_request(event.data)
        case QuotasMet():
            return quota_mails.write_quotas_met(event.data)
        case SecretLink():
            return _LINK_MAILS[event.kind](event.data)
        case TokenReuse():
            return account_mails.write_token_reuse(event.data)
        case PasswordChange():
            return account_mails.write_password_change(event.data)
        case _:
            assert_never(event.data)
