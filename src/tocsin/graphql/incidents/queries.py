"""Queries of incidents."""

from typing import Annotated

import strawberry

from tocsin.documents.paging import PageArguments
from tocsin.graphql import access, ids
from tocsin.graphql.connections import Connection, PagedField, connect
from tocsin.graphql.context import Info
from tocsin.graphql.incidents.enums import IncidentStatus
from tocsin.graphql.incidents.types import Incident, to_incident
from tocsin.graphql.node import INCIDENT, load_node
from tocsin.notifications.incidents.listing import query_incidents


@strawberry.type
class IncidentQueries:
    @strawberry.field(
        description="Your incidents, the one that opened last first. They are kept as long as the history of runs.",
        extensions=[PagedField()],
    )
    async def incidents(
        self,
        info: Info,
        page: PageArguments,
        status: Annotated[
            IncidentStatus | None, strawberry.argument(description="Return only incidents with this status.")
        ] = strawberry.UNSET,
    ) -> Connection[Incident]:
        user, database = await access.require_user(info), info.context.services.database
        is_open = status is IncidentStatus.OPEN if isinstance(status, IncidentStatus) else None
        return await connect(query_incidents(database, user, is_open=is_open), page, to_incident)

    @strawberry.field(description="Fetch one of your incidents; null if you have no incident with this ID.")
    async def incident(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global ID of the incident.")],
    ) -> Incident | None:
        owner, incident_id = await access.require_owner(info), ids.decode_as("Incident", id, "id")
        return None if incident_id is None else await load_node(info, INCIDENT, owner, incident_id)
