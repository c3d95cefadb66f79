"""The GraphQL API: types and resolvers, joined in `schema.py`. Decisions are made in the layers below."""

from tocsin.graphql import enums  # first: enums must be described before a type uses one
from tocsin.graphql.context import Context, Services
from tocsin.graphql.runs import enums as run_enums
from tocsin.graphql.tasks import enums as task_enums
from tocsin.graphql.workflows import enums as workflow_enums

__all__ = ["Context", "Services", "enums", "run_enums", "task_enums", "workflow_enums"]
