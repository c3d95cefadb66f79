"""Database connections, with collections as attributes."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import PyMongoError

from tocsin.documents.account_documents import (
    ApiTokenDocument,
    AuditEntryDocument,
    LinkDocument,
    SessionDocument,
    UserDocument,
)
from tocsin.documents.base import RawDocument
from tocsin.documents.change_documents import ChangeBatchDocument
from tocsin.documents.changes import ChangeLog
from tocsin.documents.channel_documents import NotificationChannelDocument
from tocsin.documents.deferred_runs import DeferredRuns
from tocsin.documents.delivery_documents import DeliveryDocument
from tocsin.documents.history_documents import DeletedTaskDocument, HistoryDocument
from tocsin.documents.incident_documents import AlertDocument, IncidentDocument
from tocsin.documents.key_documents import KeyDocument
from tocsin.documents.limit_documents import (
    IdempotencyDocument,
    MailCountDocument,
    NameLockDocument,
    OwnerUsageDocument,
    RateBucketDocument,
)
from tocsin.documents.mail_address_documents import MailAddressDocument
from tocsin.documents.network_documents import NetworkFailureDocument, NetworkStateDocument
from tocsin.documents.notification_documents import NotificationDocument
from tocsin.documents.open_alerts import OpenAlerts
from tocsin.documents.preference_documents import NotificationPreferencesDocument
from tocsin.documents.public_link_documents import PublicLinkDocument
from tocsin.documents.queue_documents import CircuitDocument, PermitDocument, QueueDocument, WorkerDocument
from tocsin.documents.replay_documents import ReplayDocument
from tocsin.documents.run_documents import ClaimRecordDocument, ResponseBodyDocument, RunDocument
from tocsin.documents.schema_version import INSTALLATION
from tocsin.documents.secret_documents import NamedSecretDocument
from tocsin.documents.statistics_documents import RunStatisticsDocument
from tocsin.documents.task_documents import TaskDocument
from tocsin.documents.updates import Expression
from tocsin.documents.workflow_documents import (
    PendingApprovalDocument,
    UntoldEndDocument,
    WorkflowDocument,
    WorkflowRunDocument,
    WorkflowVersionDocument,
)
from tocsin.errors import DatabaseUnavailable
from tocsin.fair_queue import FairSlots
from tocsin.wakeups import Signal

FILES_BUCKET = "files"
"""The GridFS bucket."""
_LONG_WORK = 2
"""Slices of long-running work that are processed at a time, so that the database has capacity for everything else."""


@dataclass(frozen=True)
class Database:
    """An open database. Collections are attributes. The scheduler's thread opens its own client with `uri` and `name`.

    Long-running work of one owner, such as deleting a task with hundreds of open runs, takes a slot for each slice.
    `deliveries_queued` is sent when this process has queued deliveries, with their owners, `alerts_changed` when it has
    changed alerts. They are not in `Wakeups`, because they are sent by code that has only a database, such as that of
    accounts. For the same reason, all code that changes tasks, runs or accesses records it in `changes`. `deferred` are
    the runs that this process writes later. `open_alerts` knows which tasks and workflows have an open alert.
    """

    client: AsyncMongoClient[Any]
    db: AsyncDatabase[Any]
    uri: str
    name: str
    fair_slots: FairSlots = field(default_factory=lambda: FairSlots(_LONG_WORK), compare=False, repr=False)
    deliveries_queued: Signal[[Collection[str]]] = field(default_factory=Signal, compare=False, repr=False)
    alerts_changed: Signal[[]] = field(default_factory=Signal, compare=False, repr=False)
    changes: ChangeLog = field(default_factory=ChangeLog, compare=False, repr=False)
    deferred: DeferredRuns = field(default_factory=DeferredRuns, compare=False, repr=False)
    open_alerts: OpenAlerts = field(default_factory=OpenAlerts, compare=False, repr=False)

    @property
    def users(self) -> AsyncCollection[UserDocument]:
        return self.db["users"]

    @property
    def sessions(self) -> AsyncCollection[SessionDocument]:
        return self.db["sessions"]

    @property
    def api_tokens(self) -> AsyncCollection[ApiTokenDocument]:
        return self.db["api_tokens"]

    @property
    def links(self) -> AsyncCollection[LinkDocument]:
        return self.db["links"]

    @property
    def audit_entries(self) -> AsyncCollection[AuditEntryDocument]:
        return self.db["audit_entries"]

    @property
    def tasks(self) -> AsyncCollection[TaskDocument]:
        return self.db["tasks"]

    @property
    def deleted_tasks(self) -> AsyncCollection[DeletedTaskDocument]:
        return self.db["deleted_tasks"]

    @property
    def histories(self) -> AsyncCollection[HistoryDocument]:
        return self.db["histories"]

    @property
    def runs(self) -> AsyncCollection[RunDocument]:
        return self.db["runs"]

    @property
    def run_statistics(self) -> AsyncCollection[RunStatisticsDocument]:
        return self.db["run_statistics"]

    @property
    def workflows(self) -> AsyncCollection[WorkflowDocument]:
        return self.db["workflows"]

    @property
    def workflow_versions(self) -> AsyncCollection[WorkflowVersionDocument]:
        return self.db["workflow_versions"]

    @property
    def workflow_runs(self) -> AsyncCollection[WorkflowRunDocument]:
        return self.db["workflow_runs"]

    @property
    def replays(self) -> AsyncCollection[ReplayDocument]:
        return self.db["replays"]

    @property
    def response_bodies(self) -> AsyncCollection[ResponseBodyDocument]:
        return self.db["response_bodies"]

    @property
    def workers(self) -> AsyncCollection[WorkerDocument]:
        return self.db["workers"]

    @property
    def deliveries(self) -> AsyncCollection[DeliveryDocument]:
        return self.db["deliveries"]

    @property
    def alerts(self) -> AsyncCollection[AlertDocument]:
        return self.db["alerts"]

    @property
    def incidents(self) -> AsyncCollection[IncidentDocument]:
        return self.db["incidents"]

    @property
    def notifications(self) -> AsyncCollection[NotificationDocument]:
        return self.db["notifications"]

    @property
    def notification_channels(self) -> AsyncCollection[NotificationChannelDocument]:
        return self.db["notification_channels"]

    @property
    def notification_preferences(self) -> AsyncCollection[NotificationPreferencesDocument]:
        return self.db["notification_preferences"]

    @property
    def mail_addresses(self) -> AsyncCollection[MailAddressDocument]:
        return self.db["mail_addresses"]

    @property
    def named_secrets(self) -> AsyncCollection[NamedSecretDocument]:
        return self.db["named_secrets"]

    @property
    def public_links(self) -> AsyncCollection[PublicLinkDocument]:
        return self.db["public_links"]

    @property
    def idempotency_keys(self) -> AsyncCollection[IdempotencyDocument]:
        return self.db["idempotency_keys"]

    @property
    def keys(self) -> AsyncCollection[KeyDocument]:
        return self.db["keys"]

    @property
    def queues(self) -> AsyncCollection[QueueDocument]:
        return self.db["queues"]

    @property
    def circuits(self) -> AsyncCollection[CircuitDocument]:
        return self.db["circuits"]

    @property
    def permits(self) -> AsyncCollection[PermitDocument]:
        return self.db["permits"]

    @property
    def pending_approvals(self) -> AsyncCollection[PendingApprovalDocument]:
        return self.db["pending_approvals"]

    @property
    def untold_ends(self) -> AsyncCollection[UntoldEndDocument]:
        return self.db["untold_ends"]

    @property
    def network_states(self) -> AsyncCollection[NetworkStateDocument]:
        return self.db["network_states"]

    @property
    def network_failures(self) -> AsyncCollection[NetworkFailureDocument]:
        return self.db["network_failures"]

    @property
    def rate_buckets(self) -> AsyncCollection[RateBucketDocument]:
        return self.db["rate_buckets"]

    @property
    def name_locks(self) -> AsyncCollection[NameLockDocument]:
        return self.db["name_locks"]

    @property
    def mail_counts(self) -> AsyncCollection[MailCountDocument]:
        return self.db["mail_counts"]

    @property
    def owner_usages(self) -> AsyncCollection[OwnerUsageDocument]:
        return self.db["owner_usages"]

    @property
    def claim_records(self) -> AsyncCollection[ClaimRecordDocument]:
        return self.db["claim_records"]

    @property
    def change_batches(self) -> AsyncCollection[ChangeBatchDocument]:
        return self.db["change_batches"]

    @property
    def installation(self) -> AsyncCollection[RawDocument]:
        return self.db[INSTALLATION]

    async def ping(self) -> None:
        """Check that the database responds. Raises DatabaseUnavailable."""
        try:
            await self.client.admin.command("ping")
        except PyMongoError as error:
            raise DatabaseUnavailable("the database does not answer") from error

    async def close(self) -> None:
        """Close the client. Stop what follows changes first."""
        await self.client.close()


async def aggregate(collection: AsyncCollection[Any], stages: list[Expression]) -> list[RawDocument]:
    """Return the results of an aggregation. They have the fields of its last stage, not those of stored documents."""
    return [row async for row in iterate_aggregate(collection, stages)]


async def iterate_aggregate(collection: AsyncCollection[Any], stages: list[Expression]) -> AsyncIterator[RawDocument]:
    """Yield the results of an aggregation one by one, where they may be too many for a list."""
    async with await collection.aggregate(stages) as rows:
        async for row in rows:
            yield row
