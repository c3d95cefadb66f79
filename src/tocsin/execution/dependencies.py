"""The dependencies that a process gives to the attempts that it makes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tocsin.compute.pool import ProcessPool
from tocsin.compute.progress import ignore_progress
from tocsin.dispatch.retry_decision import RetryDecider
from tocsin.documents import RunDocument, Trigger
from tocsin.jobs.base import Compute, JobContext, TellProgress
from tocsin.jobs.file_storage import FileStorage
from tocsin.jobs.http.callbacks import CALLBACK_PATH, expects_callback
from tocsin.jobs.reports.run_history import RunsQuery
from tocsin.named_secrets.store import OpenSecrets, open_none
from tocsin.outbound.http_client import HttpClient
from tocsin.outbound.mail_transport import MailTransport
from tocsin.outbound.reachability import Reachability
from tocsin.quotas.meter import UsageMeter
from tocsin.quotas.metered_mail import MeteredMailTransport
from tocsin.security.callback_tokens import CallbackTokens
from tocsin.security.secret_box import SecretBox
from tocsin.statistics.meter import StatisticsMeter


@dataclass(frozen=True, slots=True)
class WorkerDependencies:
    """The dependencies of attempts.

    `default_timeout` returns the default timeout of a kind of job in seconds, `mail_for_owner` the mail transport for
    the jobs of an owner. `waiting_for_compute` contains the ids of the runs whose attempts wait for `compute`.
    `make_url` makes a URL of a path on this server. `reachability` tells whether this process is cut off from the
    network. `statistics` counts the ends of runs. `open_secrets` opens named secrets of an owner.
    """

    http: HttpClient
    secrets: SecretBox
    retry_decider: RetryDecider
    default_timeout: Callable[[str], float]
    mail_for_owner: Callable[[str], MailTransport]
    files: FileStorage
    runs: RunsQuery
    meter: UsageMeter
    callback_tokens: CallbackTokens
    make_url: Callable[[str], str]
    email_recipients: str = "owner"
    compute: Compute = field(default_factory=ProcessPool)
    waiting_for_compute: set[str] = field(default_factory=set)
    reachability: Reachability = field(default_factory=Reachability)
    statistics: StatisticsMeter = field(default_factory=StatisticsMeter)
    open_secrets: OpenSecrets = open_none

    def job_context(self, run: RunDocument, progress: TellProgress = ignore_progress) -> JobContext:
        """Return the context in which the job of a claimed run makes its latest attempt, and tells its `progress`."""
        owner = run["owner"]
        return JobContext(
            run_id=run["_id"],
            owner=owner,
            due_at=run["due_at"],
            attempt=len(run["attempts"]),
            timeout=run["timeout"] or self.default_timeout(run["job"]["kind"]),
            secrets=self.secrets,
            http=self.http.for_owner(owner, run.get("host")),
            compute=self.compute,
            mail=MeteredMailTransport(self.mail_for_owner, self.meter, owner),
            files=self.files.for_run(owner, run["_id"]),
            run_history=self.runs,
            recipient_policy=self.email_recipients,
            is_step=run["trigger"] == Trigger.WORKFLOW,
            awaiting_compute=self.waiting_for_compute,
            callback_url=self._callback_url(run) if expects_callback(run["job"]) else None,
            progress=progress,
            open_secrets=self.open_secrets,
        )

    def _callback_url(self, run: RunDocument) -> str:
        token = self.callback_tokens.sign(run["_id"], run["attempts"][-1]["number"])
        return self.make_url(CALLBACK_PATH + token)
