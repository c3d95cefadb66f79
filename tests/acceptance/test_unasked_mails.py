"""A user signs up with someone else's address and tries to send them mail, with a real mail server."""

from pathlib import Path
from typing import Any

from tests.acceptance.server import Server, run_server
from tests.harness import TargetServer, wait_until
from tests.outbound.smtp import Inbox, mail_server

CREATE = "mutation($i: CreateTaskInput!) { createTask(input: $i) { task { id } userErrors { message } } }"
RUNS = "{ runs { nodes { taskName status error { message hint } } } }"
STRANGER = "stranger@example.com"


async def create(server: Server, name: str, job: dict[str, Any]) -> None:
    schedule = {"schedule": {"now": True}, "retry": {"maxRetries": 0}}
    answer = await server.query(CREATE, {"i": {"name": name, "job": job, **schedule}})
    assert answer["createTask"]["userErrors"] == []


async def failed(server: Server) -> dict[str, Any]:
    """Return the errors of the runs by task once two have failed."""

    async def both() -> dict[str, Any] | None:
        runs = (await server.query(RUNS))["runs"]["nodes"]
        ended = {run["taskName"]: run["error"] for run in runs if run["status"] == "FAILED"}
        return ended if len(ended) == 2 else None

    found: dict[str, Any] = await wait_until(both, 30)
    return found


async def test_a_stranger_whose_address_was_typed_gets_one_mail_without_chosen_text(
    tmp_path: Path, target: TargetServer
) -> None:
    target.script = [500]
    inbox = Inbox()
    async with mail_server(inbox) as port:
        smtp = {"TOCSIN_SMTP_HOST": "127.0.0.1", "TOCSIN_SMTP_PORT": str(port), "TOCSIN_SMTP_TLS": "none"}
        async with run_server(tmp_path, **smtp) as server:
            await server.sign_up(STRANGER)
            await create(server, "spam", {"email": {"to": [STRANGER], "subject": "Buy", "body": "Buy this."}})
            await create(server, "fails", {"http": {"url": target.url}})
            errors = await failed(server)
            assert errors["spam"]["message"] == "Your email address is not confirmed, so your jobs send no mail."
            assert "requestEmailConfirmation" in errors["spam"]["hint"]

            async def told() -> bool:
                mails = await server.run_command("mails", "list")
                return mails.count("SUPPRESSED") == 3 and mails.count("DELIVERED") == 1

            await wait_until(told, 30)  # the job's mail and the notifications of both tasks
    assert [mail["Subject"] for mail in inbox.mails] == ["Confirm your email address"]
