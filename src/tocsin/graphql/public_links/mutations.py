"""Mutations of public links.

Who gets the URL of a status must be allowed to read: whoever has the URL can.
"""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts import Identity, audit
from tocsin.documents import AuditAction, PublicLinkDocument, PublicLinkKind, RawDocument, new_id
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info, Services
from tocsin.graphql.idempotency import begin_idempotent_call
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.public_links.inputs import CreatePublicLinkInput, PublicLinkIdInput, UpdatePublicLinkInput
from tocsin.graphql.public_links.types import PublicLink, make_url, to_public_link
from tocsin.public_links import store
from tocsin.public_links.triggering import check_request_input
from tocsin.tasks import idempotency

_SUBJECT_TYPES = ("Task", "Workflow")
_URL = "Its URL. Keep that of a trigger: it is not shown again. Null if there are user errors."


@payload
class CreatePublicLinkPayload(Payload):
    public_link: PublicLink | None = strawberry.field(description="The new link; null if there are user errors.")
    url: str | None = strawberry.field(description=_URL)


@payload
class UpdatePublicLinkPayload(Payload):
    public_link: PublicLink | None = strawberry.field(
        description="The link after the change; null if there are user errors."
    )


@payload
class RotatePublicLinkPayload(Payload):
    public_link: PublicLink | None = strawberry.field(
        description="The link after the change; null if there are user errors."
    )
    url: str | None = strawberry.field(description=_URL)


@payload
class RevokePublicLinkPayload(Payload):
    revoked_public_link_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the revoked link; null if there are user errors."
    )


@strawberry.type
class PublicLinkMutations:
    @mutation(
        description=(
            "Create a link of a task or workflow that works without an account: to its badge and status page, or to "
            "start it. A task or workflow can have 10 links, which end with it."
        )
    )
    async def create_public_link(
        self, info: Info, input: Annotated[CreatePublicLinkInput, INPUT_ARGUMENT]
    ) -> CreatePublicLinkPayload:
        who, services = await _require_creator(info, input.kind), info.context.services
        key, earlier = await begin_idempotent_call(info, who.user.id, input)
        if earlier is not None:
            return _created(services, await _find_created(services, who.user.id, earlier["thing"]))
        draft = await _parse_draft(services, who.user.id, input)
        services.quotas.require_storage(who.user.id)
        await store.check_room(services.database, draft.subject)
        now = clock.now()

        async def create(link_id: str) -> None:
            await store.create_link(services.database, services.public_links, link_id, draft, now)

        link_id = await idempotency.create_once(services.database, key, new_id(who.user.id), now, create)
        link = await _find_created(services, who.user.id, link_id)
        await _record(info, who, AuditAction.PUBLIC_LINK_CREATED, link)
        return _created(services, link)

    @mutation(description="Change the title of a public link, or the input that gets requests. Its URL stays.")
    async def update_public_link(
        self, info: Info, input: Annotated[UpdatePublicLinkInput, INPUT_ARGUMENT]
    ) -> UpdatePublicLinkPayload:
        services = info.context.services
        who, link = await _require_link(info, input.id)
        changed = await store.change_link(services.database, link, await _parse_changes(services, link, input))
        services.public_statuses.forget(changed["serial"])
        await _record(info, who, AuditAction.PUBLIC_LINK_CHANGED, changed)
        return UpdatePublicLinkPayload(public_link=to_public_link(changed))

    @mutation(description="Give a public link a new URL. The former one stops working.")
    async def rotate_public_link(
        self, info: Info, input: Annotated[PublicLinkIdInput, INPUT_ARGUMENT]
    ) -> RotatePublicLinkPayload:
        services = info.context.services
        who, before = await _require_link(info, input.id)
        link = await store.rotate_link(services.database, services.public_links, before, clock.now())
        services.public_statuses.forget(before["serial"])
        await _record(info, who, AuditAction.PUBLIC_LINK_ROTATED, link)
        return RotatePublicLinkPayload(public_link=to_public_link(link), url=make_url(services, link))

    @mutation(description="Revoke a public link for good: its URL stops working.")
    async def revoke_public_link(
        self, info: Info, input: Annotated[PublicLinkIdInput, INPUT_ARGUMENT]
    ) -> RevokePublicLinkPayload:
        who, services = await access.require_identity(info), info.context.services
        link_id = ids.require_id("PublicLink", input.id, "id")
        link = await store.revoke_link(services.database, who.user.id, link_id)
        services.public_statuses.forget(link["serial"])
        await _record(info, who, AuditAction.PUBLIC_LINK_REVOKED, link)
        return RevokePublicLinkPayload(revoked_public_link_id=input.id)


async def _require_creator(info: Info, kind: PublicLinkKind) -> Identity:
    """Return the caller, who gets the URL of a link of this kind. Raises Unauthenticated, Forbidden."""
    if kind is PublicLinkKind.STATUS:
        return await access.require_reader(info)
    return await access.require_identity(info)


async def _require_link(info: Info, global_id: strawberry.ID) -> tuple[Identity, PublicLinkDocument]:
    """Return the caller and a link of theirs. Raises Unauthenticated, Forbidden, InvalidInput, NotFound."""
    who = await access.require_identity(info)
    link_id = ids.require_id("PublicLink", global_id, "id")
    link = await store.find_link(info.context.services.database, who.user.id, link_id)
    return await _require_creator(info, PublicLinkKind(link["kind"])), link


async def _parse_draft(services: Services, owner: str, input: CreatePublicLinkInput) -> store.LinkDraft:
    """Return the link, not stored yet. Raises InvalidInput, NotFound, Conflict."""
    if not services.settings.public_links:
        raise Conflict("The operator of this installation has switched public links off.", "kind")
    type_name, subject = ids.decode_id(input.subject_id, "subjectId")
    found = await services.loaders.load(type_name, owner, subject) if type_name in _SUBJECT_TYPES else None
    if found is None:
        raise NotFound("You have no task or workflow with this id.", "subjectId")
    title = store.parse_title(input.title or None)
    request_input = input.request_input or None
    if request_input is not None:
        await _check_request_input(services, input.kind, type_name, found, request_input)
    return store.LinkDraft(input.kind, type_name, subject, title, request_input)


async def _parse_changes(
    services: Services, link: PublicLinkDocument, input: UpdatePublicLinkInput
) -> store.LinkChanges:
    """Return what is given. Raises InvalidInput, NotFound."""
    changes = store.LinkChanges()
    if input.title is not strawberry.UNSET:
        changes["title"] = store.parse_title(input.title)
    if input.request_input is not strawberry.UNSET:
        changes["request_input"] = input.request_input or None
    if input.request_input:
        found = await services.loaders.load(link["subject_type"], link["owner"], link["subject"])
        if found is None:
            raise NotFound("The task or workflow of this link was deleted.", "id")
        kind, type_name = PublicLinkKind(link["kind"]), link["subject_type"]
        await _check_request_input(services, kind, type_name, found, input.request_input)
    return changes


async def _check_request_input(
    services: Services, kind: PublicLinkKind, type_name: str, found: RawDocument, name: str
) -> None:
    if kind is not PublicLinkKind.TRIGGER or type_name != "Workflow":
        raise InvalidInput("requestInput is for triggers of workflows only.", "requestInput")
    version = await services.versions.get(found["_id"], found["version"])
    check_request_input(version.definition, name)


async def _find_created(services: Services, owner: str, link_id: str) -> PublicLinkDocument:
    """Return the link of a call with an idempotency key. Raises Conflict if it was revoked, or its secret replaced."""
    try:
        link = await store.find_link(services.database, owner, link_id)
    except NotFound:
        raise idempotency.deleted_result("public link") from None
    if link["kind"] == PublicLinkKind.TRIGGER and link["issued_at"] != link["created_at"]:
        message = "The link that was created with this idempotencyKey has a new URL since, which is not told again."
        raise Conflict(message, "idempotencyKey")
    return link


def _created(services: Services, link: PublicLinkDocument) -> CreatePublicLinkPayload:
    return CreatePublicLinkPayload(public_link=to_public_link(link), url=make_url(services, link))


async def _record(info: Info, who: Identity, action: AuditAction, link: PublicLinkDocument) -> None:
    """Add an entry to the audit log: a link gives access."""
    detail = store.describe_link(link)
    await audit.record(action, access.audit_actor(info, who), who.user, detail=detail)
