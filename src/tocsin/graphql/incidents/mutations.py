"""Mutations of incidents."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.incidents.types import Incident, to_incident
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.notifications.incidents.acknowledgement import acknowledge_incident


@strawberry.input(description="Input of `acknowledgeIncident`.")
class AcknowledgeIncidentInput:
    id: strawberry.ID = strawberry.field(description="Global ID of the incident.")


@payload
class AcknowledgeIncidentPayload(Payload):
    incident: Incident | None = strawberry.field(
        description="The acknowledged incident; null if there are user errors."
    )


@strawberry.type
class IncidentMutations:
    @mutation(
        description=(
            "Acknowledge an incident: you look after it, so there are no more reminders, also if it comes again within "
            "an hour of its end. You are still told when a run fails for good, and when it is over. The first "
            "acknowledgement counts, so the mutation can be repeated."
        )
    )
    async def acknowledge_incident(
        self, info: Info, input: Annotated[AcknowledgeIncidentInput, INPUT_ARGUMENT]
    ) -> AcknowledgeIncidentPayload:
        owner, database = await access.require_owner(info), info.context.services.database
        incident_id = ids.require_id("Incident", input.id, "id")
        found = await acknowledge_incident(database, owner, incident_id, clock.now())
        return AcknowledgeIncidentPayload(incident=to_incident(found))
