"""Mails that ask a person for a decision, and remind them."""

from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.accounts.emails import normalise_email
from tocsin.clock import EPOCH
from tocsin.documents import Database, Doc, StepStatus, User
from tocsin.errors import InvalidInput
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import ApprovalRequest, Event, approval_requested
from tocsin.workflows.engine.states import StepState, WorkflowState

ADMINS = "admins"
_MAX_MAILED = 200
"""Maximum number of requests mailed at once to someone who has just accepted them."""


class ApprovalMails:
    """Enqueues approval mails. Their ids are deterministic, so that none is sent twice."""

    def __init__(self, database: Database, rules: ApprovalRequestRules = ApprovalRequestRules()) -> None:  # noqa: B008  # frozen
        self._database, self._rules = database, rules

    async def enqueue_mails(self, document: Doc, flow: WorkflowState) -> bool:
        """Enqueue the mails of steps that have begun to ask. Returns whether there are any.

        Call it before the change itself is written, so that none is lost in a crash.
        """
        asking = [key for key, state in flow.steps.items() if _has_new_request(document["steps"][key], state)]
        events = [one for key in asking for one in await self._mails_for(key, flow)]
        await notify(self._database, events)
        return bool(events)

    async def enqueue_for_decider(self, person: User, owner_email: str) -> None:
        """Mail someone who has just accepted requests from this owner, for the steps that already wait for them."""
        owner = await User.find_one({"email": owner_email})
        if owner is None or not self._rules.can_be_asked(person, owner):
            return
        waiting = self._database.workflow_runs.find({"owner": owner.id, "open": True}).limit(_MAX_MAILED)
        events: list[Event] = []
        async for document in waiting:
            flow = WorkflowState.from_document(document)
            for key, state in flow.steps.items():
                if _is_waiting(state) and person.id in {asked.id for asked in await find_deciders(state.asks or "")}:
                    events.append(_request_event(flow, key, state, person))
        await notify(self._database, events[:_MAX_MAILED])

    async def _mails_for(self, key: str, flow: WorkflowState) -> list[Event]:
        """Return the requests of a step, only to those who accept requests from the workflow's owner."""
        state, owner = flow.steps[key], await User.get(flow.document["owner"])
        people = [] if owner is None else await find_deciders(state.asks or "")
        return [
            _request_event(flow, key, state, user) for user in people if owner and self._rules.can_be_asked(user, owner)
        ]


async def find_deciders(asks: str) -> list[User]:
    """Return the active users who may decide: the one with this address, or all administrators."""
    if asks == ADMINS:
        return await User.find({"is_admin": True, "is_active": True}).to_list()
    try:
        return await User.find({"email": normalise_email(asks), "is_active": True}).to_list()
    except InvalidInput:  # an expression returned it
        return []


def _has_new_request(before: Doc, state: StepState) -> bool:
    same = before["status"] == StepStatus.WAITING.value and before.get("reminders", 0) == state.reminders
    return _is_waiting(state) and not same


def _is_waiting(state: StepState) -> bool:
    return state.status is StepStatus.WAITING and state.asks is not None


def _request_event(flow: WorkflowState, key: str, state: StepState, user: User) -> Event:
    request = ApprovalRequest(
        workflow_name=flow.document["name"],
        workflow_run_id=flow.id,
        step=key,
        message=state.message or "",
        since=state.started_at or EPOCH,
        until=state.wake_at,
        is_reminder=bool(state.reminders),
    )
    return approval_requested(request, state.round, state.reminders, user.id)
