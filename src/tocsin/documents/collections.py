"""All models: one Beanie document for each collection."""

from beanie import Document

from tocsin.documents.account_models import ApiToken, AuditEntry, Link, Session, User
from tocsin.documents.change_models import ChangeBatch
from tocsin.documents.channel_models import NotificationChannel
from tocsin.documents.claim_models import ClaimRecord
from tocsin.documents.delivery_models import Delivery, MailCount
from tocsin.documents.history_models import DeletedTask, History
from tocsin.documents.incident_models import Alert, Incident
from tocsin.documents.key_models import StoredKey
from tocsin.documents.limit_models import IdempotencyKey, NameLock, OwnerUsage, RateBucket
from tocsin.documents.mail_address_models import MailAddress
from tocsin.documents.models import ResponseBody, Run, Task, Worker
from tocsin.documents.network_models import NetworkFailure, NetworkState
from tocsin.documents.notification_models import Notification
from tocsin.documents.preference_models import NotificationPreferences
from tocsin.documents.public_link_models import PublicLink
from tocsin.documents.queue_models import Circuit, Permit, Queue
from tocsin.documents.replay_models import Replay
from tocsin.documents.secret_models import NamedSecret
from tocsin.documents.statistics_models import RunStatistics
from tocsin.documents.workflow_models import PendingApproval, UntoldEnd, Workflow, WorkflowRun, WorkflowVersion

MODELS: list[type[Document]] = [
    User, Session, ApiToken, Link, AuditEntry, Task, Run, ResponseBody, Worker, IdempotencyKey, Delivery, StoredKey,
    RateBucket, MailCount, Workflow, WorkflowVersion, WorkflowRun, Queue, Circuit, Permit, Replay, OwnerUsage,
    NetworkState, NetworkFailure, ChangeBatch, ClaimRecord, Alert, Incident, Notification, NotificationChannel,
    NotificationPreferences, MailAddress, DeletedTask, History, UntoldEnd,
    RunStatistics, PendingApproval, NamedSecret, PublicLink, NameLock,
]  # fmt: skip
