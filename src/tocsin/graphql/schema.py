"""The schema, built once per process."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from tocsin.graphql.accounts import AccountMutations
from tocsin.graphql.administration import AdministrationMutations
from tocsin.graphql.choices import mark_one_of
from tocsin.graphql.dead_letters import DeadLetterMutations
from tocsin.graphql.extensions import Documents, Errors
from tocsin.graphql.guarding import DiscreetExecutor, GuardedSchema
from tocsin.graphql.job_types import JOB_TYPES
from tocsin.graphql.queries import Query
from tocsin.graphql.queues import QueueMutations
from tocsin.graphql.run_mutations import RunMutations
from tocsin.graphql.scalars import SCALARS
from tocsin.graphql.schedule_types import CronSchedule, IntervalSchedule, OnceSchedule
from tocsin.graphql.subscriptions import Subscription
from tocsin.graphql.task_batches import BatchMutations
from tocsin.graphql.task_mutations import TaskMutations
from tocsin.graphql.token_mutations import TokenMutations
from tocsin.graphql.workflow_mutations import WorkflowMutations


@strawberry.type(
    description="Operations that change data. Expected errors are returned as `userErrors` of the payload."
)
class Mutation(
    AccountMutations,
    TokenMutations,
    AdministrationMutations,
    TaskMutations,
    BatchMutations,
    RunMutations,
    DeadLetterMutations,
    WorkflowMutations,
    QueueMutations,
):
    pass


schema = GuardedSchema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*JOB_TYPES, OnceSchedule, IntervalSchedule, CronSchedule],
    extensions=[Documents, Errors],
    execution_context_class=DiscreetExecutor,
    config=StrawberryConfig(scalar_map=SCALARS),
)
mark_one_of(schema._schema)
