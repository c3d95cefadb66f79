"""The schema, built once per process."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from tocsin.graphql.accounts.administration import AdministrationMutations
from tocsin.graphql.accounts.mutations import AccountMutations
from tocsin.graphql.accounts.tokens import TokenMutations
from tocsin.graphql.allowed_values import mark_one_of_inputs
from tocsin.graphql.dead_letters.mutations import DeadLetterMutations
from tocsin.graphql.incidents.mutations import IncidentMutations
from tocsin.graphql.jobs.types import JOB_TYPES
from tocsin.graphql.limits.extensions import DocumentExtension, ErrorExtension
from tocsin.graphql.limits.guarded_schema import GuardedExecutionContext, GuardedSchema
from tocsin.graphql.mutation_completion import complete_cancelled_mutations
from tocsin.graphql.notifications.delivery_mutations import NotificationDeliveryMutations
from tocsin.graphql.notifications.inbox_mutations import NotificationMutations
from tocsin.graphql.notifications.mail_addresses import MailAddressMutations
from tocsin.graphql.notifications.mutations import NotificationChannelMutations
from tocsin.graphql.notifications.preference_mutations import NotificationPreferencesMutations
from tocsin.graphql.plain_fields import unwrap_resolvers
from tocsin.graphql.public_links.mutations import PublicLinkMutations
from tocsin.graphql.queries import Query
from tocsin.graphql.queues.mutations import QueueMutations
from tocsin.graphql.runs.mutations import RunMutations
from tocsin.graphql.scalars import SCALARS
from tocsin.graphql.secrets.mutations import SecretMutations
from tocsin.graphql.subscriptions import Subscription
from tocsin.graphql.tasks.batches import TaskBatchMutations
from tocsin.graphql.tasks.bulk_mutations import BulkTaskMutations
from tocsin.graphql.tasks.mutations import TaskMutations
from tocsin.graphql.tasks.schedule import CronSchedule, IntervalSchedule, OnceSchedule
from tocsin.graphql.tasks.trials import TrialMutations
from tocsin.graphql.tasks.upserts import TaskUpsertMutations
from tocsin.graphql.workflows.mutations import WorkflowMutations


@strawberry.type(
    description="Operations that change data. Expected errors are returned as `userErrors` of the payload."
)
class Mutation(
    AccountMutations,
    TokenMutations,
    AdministrationMutations,
    TaskMutations,
    TaskBatchMutations,
    TrialMutations,
    TaskUpsertMutations,
    BulkTaskMutations,
    RunMutations,
    DeadLetterMutations,
    WorkflowMutations,
    QueueMutations,
    IncidentMutations,
    NotificationMutations,
    NotificationChannelMutations,
    NotificationDeliveryMutations,
    NotificationPreferencesMutations,
    MailAddressMutations,
    SecretMutations,
    PublicLinkMutations,
):
    pass


schema = GuardedSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*JOB_TYPES, OnceSchedule, IntervalSchedule, CronSchedule],
    extensions=[DocumentExtension, ErrorExtension],
    execution_context_class=GuardedExecutionContext,
    config=StrawberryConfig(scalar_map=SCALARS),
)
mark_one_of_inputs(schema._schema)
unwrap_resolvers(schema._schema)
complete_cancelled_mutations(schema._schema)
