"""The root type `Query`."""

import strawberry

from tocsin.graphql import access, ids
from tocsin.graphql.accounts.audit_log import load_audit_entry
from tocsin.graphql.accounts.queries import AccountQueries, AdministrationQueries, TokenQueries
from tocsin.graphql.accounts.types import load_user
from tocsin.graphql.arguments import GlobalId
from tocsin.graphql.context import Info
from tocsin.graphql.dead_letters.queries import DeadLetterQueries
from tocsin.graphql.incidents.queries import IncidentQueries
from tocsin.graphql.node import Node, NodeType, load_node
from tocsin.graphql.notifications.inbox_queries import NotificationQueries
from tocsin.graphql.notifications.inbox_types import load_notification
from tocsin.graphql.notifications.mail_addresses import MailAddressQueries
from tocsin.graphql.notifications.preference_queries import NotificationPreferencesQueries
from tocsin.graphql.notifications.queries import NotificationChannelQueries
from tocsin.graphql.notifications.types import load_delivery
from tocsin.graphql.queues.queries import QueueQueries
from tocsin.graphql.runs.queries import RunQueries
from tocsin.graphql.runs.statistics import RunStatisticsQueries
from tocsin.graphql.secrets.queries import SecretQueries
from tocsin.graphql.system.queries import SystemQueries
from tocsin.graphql.tasks.queries import ScheduleQueries, TaskQueries
from tocsin.graphql.workflows.pending_approvals import PendingApprovalQueries
from tocsin.graphql.workflows.queries import WorkflowQueries

_ACCOUNT_LOADERS = {
    "User": load_user,
    "AuditEntry": load_audit_entry,
    "Notification": load_notification,
    "NotificationDelivery": load_delivery,
}
"""Loaders of the nodes whose ID does not tell their owner."""


@strawberry.type
class NodeQueries:
    @strawberry.field(description="Fetch an object by its global ID; null if it does not exist or is not yours.")
    async def node(self, info: Info, id: GlobalId) -> Node | None:
        owner = await access.require_owner(info)
        type_name, document_id = ids.decode_id(id, "id")
        if (load := _ACCOUNT_LOADERS.get(type_name)) is not None:
            return await load(info, owner, document_id)
        node_type: NodeType[Node] = NodeType(type_name)
        return await load_node(info, node_type, owner, document_id)


@strawberry.type(description="The queries of the API.")
class Query(
    AccountQueries,
    TokenQueries,
    AdministrationQueries,
    WorkflowQueries,
    PendingApprovalQueries,
    QueueQueries,
    DeadLetterQueries,
    IncidentQueries,
    NotificationQueries,
    NotificationChannelQueries,
    MailAddressQueries,
    NotificationPreferencesQueries,
    SecretQueries,
    NodeQueries,
    TaskQueries,
    RunQueries,
    RunStatisticsQueries,
    ScheduleQueries,
    SystemQueries,
):
    pass
