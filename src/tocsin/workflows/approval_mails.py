"""Mails that ask a person for a decision, and remind them."""

from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.accounts.emails import normalise_email
from tocsin.clock import EPOCH
from tocsin.documents import Database, Doc, StepDocument, StepStatus, User, WorkflowRunDocument, to_global_id
from tocsin.errors import InvalidInput
from tocsin.notifications import deliveries
from tocsin.notifications.channels.mail.layout import (
    PAGE_PLACEHOLDER,
    format_mail,
    format_time,
    new_delivery,
    to_single_line,
    truncate,
)
from tocsin.notifications.channels.mail.workflow_mails import APPROVAL_MAIL_KIND
from tocsin.notifications.pages import approval_page_path
from tocsin.workflows.engine.states import StepState, WorkflowState

ADMINS = "admins"
_MAX_MESSAGE_LENGTH = 2_000
_MAX_MAILED = 200
"""Maximum number of requests mailed at once to someone who has just accepted them."""


class ApprovalMails:
    """Enqueues approval mails. Their ids are deterministic, so that none is sent twice."""

    def __init__(self, database: Database, rules: ApprovalRequestRules = ApprovalRequestRules()) -> None:  # noqa: B008  # frozen
        self._database, self._rules = database, rules

    async def enqueue_mails(self, document: WorkflowRunDocument, state: WorkflowState) -> bool:
        """Enqueue the mails of steps that have begun to ask. Returns whether there are any.

        Call it before the change itself is written, so that none is lost in a crash.
        """
        asking = [key for key, after in state.steps.items() if _has_new_request(document["steps"][key], after)]
        mails = [mail for key in asking for mail in await self._mails_for(key, state)]
        if mails:
            await deliveries.enqueue_deliveries(self._database, mails)
        return bool(mails)

    async def enqueue_for_decider(self, person: User, owner_email: str) -> None:
        """Mail someone who has just accepted requests from this owner, for the steps that already wait for them."""
        owner = await User.find_one({"email": owner_email})
        if owner is None or not self._rules.can_be_asked(person, owner):
            return
        waiting = self._database.workflow_runs.find({"owner": owner.id, "open": True}).limit(_MAX_MAILED)
        mails: list[Doc] = []
        async for document in waiting:
            state = WorkflowState.from_document(document)
            for key, step_state in state.steps.items():
                if not _is_waiting(step_state):
                    continue
                if person.id in {decider.id for decider in await find_deciders(step_state.asks or "")}:
                    mails.append(_approval_mail(state, key, person))
        await deliveries.enqueue_deliveries(self._database, mails[:_MAX_MAILED])

    async def _mails_for(self, key: str, state: WorkflowState) -> list[Doc]:
        """Return the mails of a step, only to those who accept requests from the workflow's owner."""
        owner = await User.get(state.document["owner"])
        if owner is None:
            return []
        deciders = await find_deciders(state.steps[key].asks or "")
        return [_approval_mail(state, key, user) for user in deciders if self._rules.can_be_asked(user, owner)]


async def find_deciders(asks: str) -> list[User]:
    """Return the active users who may decide: the one with this address, or all administrators."""
    if asks == ADMINS:
        return await User.find({"is_admin": True, "is_active": True}).to_list()
    try:
        return await User.find({"email": normalise_email(asks), "is_active": True}).to_list()
    except InvalidInput:  # an expression returned it
        return []


def _has_new_request(before: StepDocument, state: StepState) -> bool:
    same = before["status"] == StepStatus.WAITING and before.get("reminders", 0) == state.reminders
    return _is_waiting(state) and not same


def _is_waiting(state: StepState) -> bool:
    return state.status is StepStatus.WAITING and state.asks is not None


def _approval_mail(state: WorkflowState, key: str, user: User) -> Doc:
    step_state = state.steps[key]
    message = truncate(to_single_line(step_state.message or ""), _MAX_MESSAGE_LENGTH)
    name = to_single_line(f"{state.document['name']} / {key}")
    again = "is still waiting" if step_state.reminders else "is waiting"
    text = format_mail(
        f"the workflow step {name} {again} for your decision.",
        [
            *([("Message:", message)] if message else []),
            ("Waiting since:", format_time(step_state.started_at or EPOCH)),
            *([("Decide until:", format_time(step_state.wake_at))] if step_state.wake_at else []),
            ("Workflow run:", to_global_id("WorkflowRun", state.id)),
            ("Decide here:", PAGE_PLACEHOLDER),
        ],
        "The page opens with the mutation decideApproval filled in: true completes the step, false fails it.",
    )
    request_id = f"{state.id}:{key}:{step_state.round}"
    return new_delivery(
        f"{request_id}:{step_state.reminders}:{user.id}",
        user.id,
        APPROVAL_MAIL_KIND,
        f"{name} is waiting for your decision",
        text,
        step_state.started_at or EPOCH,
        state.id,
        link=approval_page_path(state.id, key),
        about={
            "type": "Approval",
            "id": f"{request_id}:{user.id}",
            "incident": step_state.round,
            "stage": step_state.reminders,
        }
        | {"step": key},
    )
