"""The email job against a real SMTP server: allowed recipients, delivery, failures and retries."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.harness import SECRETS, file_storage_for
from tests.harness import make_settings as quota_settings
from tests.outbound.smtp import Inbox, mail_server, smtp_settings
from tocsin import clock
from tocsin.compute.pool import ProcessPool
from tocsin.documents import Database, ErrorKind, User
from tocsin.documents.file_bucket import OpenFile
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.jobs.base import JobContext, Outcome, SaveContext
from tocsin.jobs.file_storage import FileStorage
from tocsin.outbound.http_client import OwnerHttpClient
from tocsin.outbound.mail_limits import RecipientLimits
from tocsin.outbound.mail_transport import make_mail_transport
from tocsin.outbound.owner_mail import OwnerMailTransport
from tocsin.outbound.recipient_rules import RecipientRules
from tocsin.quotas import QuotaLimits, UsageMeter
from tocsin.quotas.metered_mail import MeteredMailTransport

UNUSED: Any = None
DUE = datetime(2027, 1, 1, tzinfo=UTC)
MAIL = {"to": "alice@example.com", "subject": "Result", "body": "It is 5.\n"}


@pytest.fixture
async def alice(database: Database) -> User:
    user = User(
        id="alice", email="alice@example.com", password="", is_admin=False, is_active=True, created_at=clock.now()
    )
    await user.insert()
    return user


COMPUTE = ProcessPool(1)
NO_FILES = FileStorage(UNUSED, UNUSED, UNUSED).for_run("alice", "alice/t1:7")


async def attempt(
    port: int,
    given: dict[str, Any],
    recipients: str = "owner",
    files: Any = NO_FILES,
    limits: RecipientLimits = RecipientLimits(),  # noqa: B008  # frozen
    confirms: bool = False,
    meter: UsageMeter | None = None,
) -> Outcome:
    """Prepare the parameters and make one attempt."""
    job, settings = registry.get_job("email"), smtp_settings(port)
    stored = job.prepare(given, SaveContext("alice", SECRETS))
    client: OwnerHttpClient = None  # type: ignore[assignment]  # mails need none
    db = User.get_pymongo_collection().database
    database = Database(db.client, db, "", db.name)
    own = OwnerMailTransport(make_mail_transport(settings), database, limits, "alice", confirms=confirms)
    mail = MeteredMailTransport(lambda _: own, meter or UsageMeter(), "alice")
    context = JobContext("alice/t1:7", "alice", DUE, 1, 5.0, SECRETS, client, COMPUTE, mail, files, UNUSED, recipients)
    return await job.run_attempt(stored, context)


async def test_so_many_mails_a_day_and_no_more(alice: User) -> None:
    inbox, meter = Inbox(), UsageMeter(QuotaLimits(quota_settings(quota_mails_per_day=1)))
    async with mail_server(inbox) as port:
        assert (await attempt(port, MAIL, meter=meter)).error is None
        refused = await attempt(port, MAIL, meter=meter)
    assert len(inbox.mails) == 1
    assert refused.error is not None
    assert (refused.error.kind, refused.error.retryable) == (ErrorKind.MAIL, False)
    assert "MAILS_PER_DAY is used up" in refused.error.message


async def test_a_mail_arrives_with_its_attachments(alice: User) -> None:
    files = [
        {"name": "a.json", "json": {"n": [1, "é"]}},
        {"name": "b.txt", "text": "text"},
        {"name": "c.bin", "contentType": "application/pdf", "base64": "AAEC"},
    ]
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcome = await attempt(port, {**MAIL, "attachments": files})
        again = await attempt(port, {**MAIL, "attachments": files})
    assert (outcome.error, again.error) == (None, None)
    assert outcome.result == {"recipients": ["alice@example.com"], "subject": "Result", "attachments": 3}
    mail = inbox.mails[0]
    body = mail.get_body()
    assert body is not None
    assert (mail["subject"], body.get_content().replace("\r\n", "\n")) == ("Result", "It is 5.\n")
    found = {
        part.get_filename(): (part.get_content_type(), part.get_payload(decode=True))
        for part in mail.iter_attachments()
    }
    assert found["b.txt"] == ("text/plain", b"text")
    assert found["c.bin"] == ("application/pdf", b"\x00\x01\x02")
    assert found["a.json"][0] == "application/json"
    assert inbox.mails[0]["message-id"] == inbox.mails[1]["message-id"]


async def test_a_kept_file_is_attached_and_another_owners_is_not(alice: User, database: Database) -> None:
    storage = file_storage_for(database)
    mine = await storage.for_run("alice", "alice/t1:6").save("report.csv", "text/csv; charset=utf-8", b"a,b\r\n1,2\r\n")
    other = await storage.for_run("bob", "bob/t1:1").save("secret.csv", "text/csv", b"x")
    inbox = Inbox()
    async with mail_server(inbox) as port:
        files = storage.for_run("alice", "alice/t1:7")
        sent = await attempt(port, {**MAIL, "attachments": [{"fileId": mine.file_id}]}, files=files)
        refused = await attempt(port, {**MAIL, "attachments": [{"fileId": other.file_id}]}, files=files)
    assert sent.error is None
    (part,) = inbox.mails[0].iter_attachments()
    assert (part.get_filename(), part.get_content_type()) == ("report.csv", "text/csv")
    assert part.get_payload(decode=True) == b"a,b\r\n1,2\r\n"
    assert refused.error is not None
    assert "There is no file" in refused.error.message
    assert len(inbox.mails) == 1


async def test_large_attachments_are_encoded_in_a_process(
    alice: User, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage, content = file_storage_for(database), bytes(range(256)) * 4 * 1024
    kept = await storage.for_run("alice", "alice/t1:6").save("a.bin", "application/octet-stream", content)
    monkeypatch.setattr("tocsin.outbound.mail_message.compose_message", None)  # of this process
    inbox, files = Inbox(), storage.for_run("alice", "alice/t1:7")
    async with mail_server(inbox) as port:
        outcome = await attempt(port, {**MAIL, "attachments": [{"fileId": kept.file_id}]}, files=files)
    assert outcome.error is None
    (part,) = inbox.mails[0].iter_attachments()
    assert part.get_payload(decode=True) == content


async def test_attachments_that_are_too_large_are_not_even_read(
    alice: User, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = file_storage_for(database)
    kept = await storage.for_run("alice", "alice/t1:6").save(
        "a.bin", "application/octet-stream", bytes(3 * 1024 * 1024)
    )
    files = storage.for_run("alice", "alice/t1:7")
    outcome = await attempt(9, {**MAIL, "attachments": [{"fileId": kept.file_id}] * 2}, files=files)
    assert outcome.error is not None
    assert outcome.error.message == "The file 'a.bin' has 3145728 bytes; at most 2097152 are allowed here."
    monkeypatch.setattr(OpenFile, "read", None)
    again = await attempt(
        9, {**MAIL, "attachments": [{"text": "x" * 2_500_000, "name": "x"}, {"fileId": kept.file_id}]}, files=files
    )
    assert again.error is not None
    assert "at most 2742880 are allowed here" in again.error.message


@pytest.mark.parametrize(
    ("recipients", "to", "may"),
    [
        ("owner", "ALICE@example.com", True),
        ("owner", "bob@example.com", False),
        ("owner,example.com", "bob@example.com", True),
        ("example.com", "eve@example.com.evil.test", False),
        ("bob@example.com", "bob@example.com", True),
        ("bob@example.com", "alice@example.com", False),
        ("bob@Bücher.de", "bob@xn--bcher-kva.de", True),
        ("xn--bcher-kva.de", "bob@BÜCHER.de", True),
        ("any", "who@ever.test", True),
        ("", "alice@example.com", False),
    ],
)
async def test_only_those_are_written_to_whom_the_setting_allows(
    alice: User, recipients: str, to: str, may: bool
) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcome = await attempt(port, {**MAIL, "to": to}, recipients)
    assert (outcome.error is None, len(inbox.mails)) == (may, int(may))


@pytest.mark.parametrize(("kind", "place"), [("email", "to"), ("report", "recipients")])
def test_whom_the_setting_forbids_is_refused_when_it_is_saved(kind: str, place: str) -> None:
    given: dict[str, Any] = MAIL if kind == "email" else {"title": "t", "format": "CSV", "data": []}
    saving = SaveContext("alice", SECRETS, recipient_rules=RecipientRules("owner,example.org", "alice@example.com"))
    addresses = ["alice@example.com", "bob@example.org", "eve@example.net"]
    with pytest.raises(InvalidInput) as caught:
        registry.prepare_params(kind, {**given, place: addresses}, saving)
    assert (caught.value.path, caught.value.message) == (
        (place, "2"),
        "Your jobs may not send mail to eve@example.net. "
        "This server lets your jobs send mail only to owner,example.org. The operator sets TOCSIN_EMAIL_RECIPIENTS.",
    )
    assert registry.prepare_params(kind, {**given, place: addresses[:2]}, saving)[place] == addresses[:2]


async def test_jobs_of_an_unconfirmed_owner_send_nothing(alice: User, database: Database) -> None:
    """Not even to allowed recipients: otherwise mails with a chosen text could go to a stranger's address."""
    await database.users.update_one({"_id": "alice"}, {"$set": {"email_confirmed": False}})
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcomes = [await attempt(port, {**MAIL, "to": to}, "any", confirms=True) for to in (MAIL["to"], "b@c.test")]
    for outcome in outcomes:
        assert outcome.error is not None
        assert outcome.error.message == "Your email address is not confirmed, so your jobs send no mail."
        assert "requestEmailConfirmation" in (outcome.error.hint or "")
        assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.MAIL, False)
    assert inbox.mails == []
    assert [mail["status"] async for mail in database.deliveries.find({})] == ["SUPPRESSED"] * 2


async def test_jobs_leave_room_for_notices_in_the_mails_of_a_day(alice: User, database: Database) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcomes = [await attempt(port, MAIL, limits=RecipientLimits(4, 1)) for _ in range(5)]
    assert [outcome.error is None for outcome in outcomes] == [True] * 3 + [False] * 2
    error = outcomes[-1].error
    assert error is not None
    assert error.message == "alice@example.com has received 3 mails in 24 hours, which is the limit."
    assert "TOCSIN_MAILS_PER_RECIPIENT" in (error.hint or "")
    assert len(inbox.mails) == 3


async def test_a_look_alike_of_an_address_is_mailed_as_the_address_that_was_judged(alice: User) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        for to in ("\uff41lice@example.com", "\u24d0lice@example.com", "alice\uff20example.com"):
            assert (await attempt(port, {**MAIL, "to": to})).error is None
        with pytest.raises(InvalidInput, match="invisible characters"):
            await attempt(port, {**MAIL, "to": "al\ufe0fice@example.com"})
    assert inbox.recipients == ["alice@example.com"] * 3


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"to": []}, ("to",), "to must have at least 1 entry; it has 0."),
        ({"subject": ""}, ("subject",), "subject must have at least 1 character; it has 0."),
        ({"subject": "x" * 301}, ("subject",), "subject must have at most 300 characters; it has 301."),
        (
            {"to": "nobody"},
            ("to", "0"),
            "'nobody' is not an email address such as name@example.com: An email address must have an @-sign.",
        ),
        (
            {"to": ["alice@example.com", "a@b@c"]},
            ("to", "1"),
            "'a@b@c' is not an email address such as name@example.com: "
            "The part after the @-sign contains invalid characters: '@'.",
        ),
        (
            {"to": "a@b.test\r\nBcc: c@d.test"},
            ("to", "0"),
            "'a@b.test\\r\\nBcc: c@d.test' is not an email address such as name@example.com: "
            "The part after the @-sign contains invalid characters: ':', '@', SPACE, U+000A, U+000D.",
        ),
        ({"subject": None}, ("subject",), "subject must be a string."),
        (
            {"attachments": [{"name": "x"}]},
            ("attachments", "0"),
            "The attachment x must have exactly one of text, json, base64 and fileId.",
        ),
        ({"bodi": "x"}, ("bodi",), "There is no bodi here. Did you mean body?"),
    ],
)
def test_wrong_parameters_are_refused_when_they_are_saved(
    change: dict[str, Any], path: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        registry.get_job("email").prepare({**MAIL, **change}, SaveContext("alice", SECRETS))
    assert (caught.value.path, caught.value.message) == (path, message)


async def test_the_same_address_in_several_spellings_gets_one_mail(alice: User) -> None:
    given = ["alice@example.com", "alice@EXAMPLE.com", "bob@xn--bcher-kva.de", "bob@BÜCHER.de", "alice@example.com "]
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcome = await attempt(port, {**MAIL, "to": given}, "any")
    assert outcome.result == {
        "recipients": ["alice@example.com", "bob@bücher.de"],
        "subject": "Result",
        "attachments": 0,
    }
    assert len(inbox.mails) == 2


async def test_an_address_that_was_stored_when_less_was_checked_fails_with_its_reason(alice: User) -> None:
    job = registry.get_job("email")
    stored = {**job.prepare(MAIL, SaveContext("alice", SECRETS)), "to": ["a@b@c"]}
    outcome = await job.run_attempt(stored, UNUSED)
    assert outcome.error is not None
    assert (outcome.error.kind, outcome.error.retryable) == (ErrorKind.BAD_PARAMS, False)
    assert outcome.error.message.startswith("'a@b@c' is not an email address")
    assert outcome.error.hint == "Correct to.0 of the job."


def test_a_wrong_address_beside_an_expression_is_a_fault_of_the_workflow() -> None:
    faults = registry.get_job("email").find_faults({**MAIL, "to": ["${{ inputs.to }}", "a@b@c"]})
    assert [path for path, _ in faults] == [("to", 1)]
    assert registry.get_job("email").find_faults({**MAIL, "to": "${{ inputs.to }}"}) == []
