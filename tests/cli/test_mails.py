"""`tocsin mails`."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pymongo.synchronous.database import Database as SyncDatabase
from typer.testing import CliRunner, Result

from tocsin import clock
from tocsin.cli.mails import app
from tocsin.documents import to_global_id


@pytest.fixture
def mails(stored: SyncDatabase[Any]) -> None:
    """Store three mails, queued an hour apart: delivered, queued, and without a recipient."""
    stored["users"].insert_one({"_id": "u1", "email": "alice@example.com", "is_active": True})
    stored["deliveries"].insert_many(
        [
            mail(1, status="DELIVERED", tries=1, delivered_at=clock.now()),
            mail(2, tries=2, last_error="the mail server is away"),
            mail(3, status="FAILED", tries=1, owner="u2", last_error="no recipient"),
        ]
    )


def mail(number: int, **others: Any) -> Any:
    at = clock.now() - timedelta(hours=4 - number)
    return {
        "_id": f"u1/t{number}:0:began", "owner": "u1", "kind": "BEGAN_FAILING", "run": f"u1/t{number}:1",
        "subject": f"Subject {number}", "text": f"Hello {number}\n", "status": "QUEUED", "queued_at": at,
        "next_try_at": at, "lease_until": None, "tries": 0, "last_error": None, "delivered_at": None, **others,
    }  # fmt: skip


@pytest.fixture
def others(stored: SyncDatabase[Any]) -> None:
    """Store a mail that a job sent, one about a workflow run with a link to it, and an invitation."""
    stored["users"].insert_one({"_id": "u1", "email": "alice@example.com", "is_active": True})
    text = "Hello {page}\n\nOpen:            {page}\n"
    job = {"kind": "JOB", "to": "bob@example.org", "status": "DELIVERED", "attachments": ["a.txt", "b.pdf"]}
    invitation = {"kind": "INVITATION", "owner": "", "to": "carol@example.org", "run": None}
    stored["deliveries"].insert_many(
        [
            mail(1, run="u1/w2-1795338000000:send", **job),
            mail(2, run="u1/w2-1795338000000", text=text, link="/playground?query=x", kind="FAILED_FOR_GOOD"),
            mail(3, **invitation),
        ]
    )


def tocsin_mails(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def done(*arguments: str) -> str:
    result = tocsin_mails(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list_shows_the_newest_first(mails: None) -> None:
    lines = done("list").splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert [line.split()[2] for line in lines] == ["FAILED", "QUEUED", "DELIVERED"]
    assert [line.split()[3] for line in lines] == ["-", "alice@example.com", "alice@example.com"]
    assert lines[0].endswith("Subject 3")
    assert len(done("list", "--limit", "2").splitlines()) == 2


def test_list_as_json(mails: None) -> None:
    last, waiting, delivered = json.loads(done("list", "--json"))
    assert (last["number"], last["id"], last["to"], last["text"]) == (1, "u1/t3:0:began", None, "Hello 3\n")
    assert (waiting["status"], waiting["lastError"]) == ("QUEUED", "the mail server is away")
    assert waiting["nextTryAt"] == waiting["queuedAt"]
    assert delivered["deliveredAt"] is not None
    assert delivered["nextTryAt"] is None


@pytest.mark.parametrize("which", ["2", "u1/t2:0:began"])
def test_show_takes_a_number_or_an_id(mails: None, which: str) -> None:
    headers, _, text = done("show", which).partition("\n\n")
    assert text == "Hello 2\n"
    lines = headers.splitlines()
    assert lines[:3] == ["Id: u1/t2:0:began", "To: alice@example.com", "Subject: Subject 2"]
    assert lines[3:5] == ["Kind: BEGAN_FAILING", f"Run: {to_global_id('Run', 'u1/t2:1')}"]
    assert "Status: QUEUED" in lines
    assert "Last error: the mail server is away" in lines
    assert not any(line.startswith("Delivered") for line in lines)


def test_list_shows_the_mails_of_jobs_with_their_kinds_and_recipients(others: None) -> None:
    found = [line.split()[2:5] for line in done("list").splitlines()]
    assert found == [
        ["QUEUED", "carol@example.org", "INVITATION"],
        ["QUEUED", "alice@example.com", "FAILED_FOR_GOOD"],
        ["DELIVERED", "bob@example.org", "JOB"],
    ]
    _, about_workflow, job = json.loads(done("list", "--json"))
    assert job["run"] == to_global_id("Run", "u1/w2-1795338000000:send")
    assert job["attachments"] == ["a.txt", "b.pdf"]
    assert about_workflow["run"] == to_global_id("WorkflowRun", "u1/w2-1795338000000")


def test_show_takes_the_mail_of_a_job_and_gives_links_their_address(
    others: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Attachments: a.txt, b.pdf\n" in done("show", "3")
    monkeypatch.setenv("TOCSIN_PUBLIC_URL", "https://tocsin.example.com/")
    text = done("show", "2").partition("\n\n")[2]
    assert text == "Hello {page}\n\nOpen:            https://tocsin.example.com/playground?query=x\n"


@pytest.mark.parametrize("which", ["4", "0", "99999", "u1/none"])
def test_a_missing_mail_is_one_sentence_and_exit_code_1(mails: None, which: str) -> None:
    result = tocsin_mails("show", which)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("There is no mail ")
    assert result.stderr.count("\n") == 1


def test_no_mails(stored: SyncDatabase[Any]) -> None:
    assert done("list") == "There are no mails.\n"
    assert json.loads(done("list", "--json")) == []


def test_texts_of_users_give_the_terminal_no_commands(stored: SyncDatabase[Any]) -> None:
    stored["users"].insert_one({"_id": "u1", "email": "alice@example.com", "is_active": True})
    stored["deliveries"].insert_one(
        mail(
            1,
            kind="JOB",
            to="bob@example.org",
            subject="\x1b[2Jgone\x9b1m \u202eexe",
            text="a\x1b]0;b\x07\n\n c\r\nd\n",
        )
    )
    listed, shown = done("list"), done("show", "1")
    assert listed.endswith("JOB   [2Jgone 1m exe\n")
    assert "Subject:  [2Jgone 1m exe\n" in shown
    assert shown.endswith("\n\na ]0;b \n\n c \nd\n")
