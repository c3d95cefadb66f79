"""The output type of public links."""

from datetime import datetime

import strawberry

from tocsin.documents import PublicLinkDocument, PublicLinkKind
from tocsin.graphql import ids
from tocsin.graphql.context import Info, Services
from tocsin.public_links.paths import badge_path, status_path, trigger_path


@strawberry.type(
    description="A link of a task or workflow that works without an account, until it is revoked or gets a new URL."
)
class PublicLink:
    document: strawberry.Private[PublicLinkDocument]
    id: strawberry.ID = strawberry.field(description="Global ID of the link, for `revokePublicLink`. Not its token.")
    kind: PublicLinkKind = strawberry.field(description="What it is for.")
    title: str | None = strawberry.field(
        description="Title of the badge and the status page; null for the name of the task or workflow."
    )
    request_input: str | None = strawberry.field(
        description="Input of the workflow that gets the whole request; null if the body has the inputs."
    )
    hint: str = strawberry.field(description="Last four characters of its token, to recognize it by.")
    created_at: datetime = strawberry.field(description="Time at which it was created.")
    issued_at: datetime = strawberry.field(description="Time at which it got its present URL.")
    last_used_at: datetime | None = strawberry.field(
        description="Time at which its present URL last started a run, to the minute; null if it never did."
    )

    @strawberry.field(
        description="URL of the status page. Null for a trigger, whose URL is a secret and told only when it is new."
    )
    def url(self, info: Info) -> str | None:
        services = info.context.services
        return make_url(services, self.document) if self.kind is PublicLinkKind.STATUS else None

    @strawberry.field(description="URL of the badge, an SVG image; null for a trigger.")
    def badge_url(self, info: Info) -> str | None:
        services = info.context.services
        if self.kind is not PublicLinkKind.STATUS:
            return None
        return services.settings.page_url(badge_path(_sign(services, self.document)))


def to_public_link(link: PublicLinkDocument) -> PublicLink:
    """Convert a stored link."""
    return PublicLink(
        document=link,
        id=strawberry.ID(ids.encode_id("PublicLink", link["_id"])),
        kind=PublicLinkKind(link["kind"]),
        title=link.get("title"),
        request_input=link.get("request_input"),
        hint=link["hint"],
        created_at=link["created_at"],
        issued_at=link["issued_at"],
        last_used_at=link.get("last_used_at"),
    )


def make_url(services: Services, link: PublicLinkDocument) -> str:
    """Return the URL of a link: that of the status page, or the secret one of a trigger."""
    make_path = status_path if link["kind"] == PublicLinkKind.STATUS else trigger_path
    return services.settings.page_url(make_path(_sign(services, link)))


def _sign(services: Services, link: PublicLinkDocument) -> str:
    return services.public_links.sign(link["kind"], link["serial"])
