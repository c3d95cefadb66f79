"""Notifications that ask a person for a decision, and remind them."""

from collections.abc import Collection

from tocsin import clock
from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.accounts.emails import normalise_email
from tocsin.documents import Database, StepDocument, StepStatus, User, WorkflowRunDocument
from tocsin.errors import InvalidInput
from tocsin.notifications.deliveries import notify
from tocsin.notifications.run_events import ApprovalRequested
from tocsin.workflows.approval_limits import select_told_requests
from tocsin.workflows.engine.states import StepState, WorkflowState

ADMINS = "admins"
_MAX_REQUESTS = 200
"""Maximum number of requests sent at once to someone who has just accepted them."""


class ApprovalMails:
    """Enqueues requests for a decision. Their ids are deterministic, so that none is sent twice."""

    def __init__(self, database: Database, rules: ApprovalRequestRules = ApprovalRequestRules()) -> None:  # noqa: B008  # frozen
        self._database, self._rules = database, rules

    async def enqueue_notifications(self, document: WorkflowRunDocument, state: WorkflowState) -> None:
        """Enqueue the requests of steps that have begun to ask.

        Call it before the change itself is written, so that none is lost in a crash.
        """
        asking = find_new_requests(document, state)
        events = [event for key in asking for event in await self._find_requests(key, state)]
        await self._notify(document["owner"], events)

    async def enqueue_for_decider(self, person: User, owner_email: str) -> None:
        """Notify someone who has just accepted requests from this owner, for the steps that already wait for them."""
        owner = await User.find_one({"email": owner_email})
        if owner is None or not self._rules.can_be_asked(person, owner):
            return
        waiting = self._database.workflow_runs.find({"owner": owner.id, "open": True}).limit(_MAX_REQUESTS)
        events: list[ApprovalRequested] = []
        async for document in waiting:
            state = WorkflowState.from_document(document)
            for key, step_state in state.steps.items():
                if not _is_waiting(step_state):
                    continue
                if person.id in {decider.id for decider in await find_deciders(step_state.asks or "")}:
                    events.append(_build_request(state, key, person))
        await self._notify(owner.id, events[:_MAX_REQUESTS])

    async def _notify(self, owner: str, requests: list[ApprovalRequested]) -> None:
        """Notify the deciders of requests of this owner, as far as the limit allows."""
        if requests:
            await notify(self._database, await select_told_requests(self._database, owner, requests, clock.now()))

    async def _find_requests(self, key: str, state: WorkflowState) -> list[ApprovalRequested]:
        """Return the requests of a step, only to those who accept requests from the workflow's owner."""
        owner = await User.get(state.document["owner"])
        if owner is None:
            return []
        deciders = await find_deciders(state.steps[key].asks or "")
        return [_build_request(state, key, user) for user in deciders if self._rules.can_be_asked(user, owner)]


async def find_deciders(asks: str) -> list[User]:
    """Return the active users who may decide: the one with this address, or all administrators."""
    return (await find_all_deciders([asks]))[asks]


async def find_all_deciders(several: Collection[str]) -> dict[str, list[User]]:
    """Return the active users who may decide, by what names them: an address, or all administrators."""
    addresses = {asks: _normalise(asks) for asks in several if asks != ADMINS}
    wanted = {address for address in addresses.values() if address is not None}
    users = await User.find({"email": {"$in": list(wanted)}}).to_list() if wanted else []
    found = {asks: [user for user in users if user.is_active and user.email == addresses[asks]] for asks in addresses}
    if ADMINS in several:
        found[ADMINS] = await User.find({"is_admin": True, "is_active": True}).to_list()
    return found


def may_decide(user: User, asks: str) -> bool:
    """Return whether an active user is one of those who may decide."""
    return user.is_admin if asks == ADMINS else user.email == _normalise(asks)


def _normalise(asks: str) -> str | None:
    try:
        return normalise_email(asks)
    except InvalidInput:  # an expression returned it
        return None


def find_new_requests(document: WorkflowRunDocument, state: WorkflowState) -> list[str]:
    """Return the keys of the steps that ask someone in this state, and did not in the document."""
    return [key for key, after in state.steps.items() if _has_new_request(document["steps"][key], after)]


def _has_new_request(before: StepDocument, state: StepState) -> bool:
    same = before["status"] == StepStatus.WAITING and before.get("reminders", 0) == state.reminders
    return _is_waiting(state) and not same


def _is_waiting(state: StepState) -> bool:
    return state.status is StepStatus.WAITING and state.asks is not None


def _build_request(state: WorkflowState, key: str, user: User) -> ApprovalRequested:
    return ApprovalRequested.from_step(state.document, key, user.id, state.steps[key].to_document())
