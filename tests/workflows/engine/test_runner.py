"""Workflow runs with the real database and real calls: crashes between all writes, decisions, cancel, resume."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.harness import Stack, TargetServer, make_settings, run_stack, wait_until
from tocsin import clock
from tocsin.accounts import COMMAND_LINE, deactivate_user
from tocsin.dead_letters import filter as dead_letter_filter
from tocsin.dead_letters.filter import DeadLetterFilter
from tocsin.documents import Database, User, WorkflowRun
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.keys import reencryption
from tocsin.maintenance.pruner import Pruner
from tocsin.security.secret_box import SecretBox
from tocsin.workflows import control, saving
from tocsin.workflows.engine.runner import WorkflowRunner
from tocsin.workflows.engine.scheduler import WorkflowScheduler
from tocsin.workflows.language.yaml_reader import WorkflowInvalid
from tocsin.workflows.versions import VersionCache

KID = "0123456789abcdef"


class Died(Exception):  # a crash, not an error
    """The process crashed here."""


class Mortal(WorkflowRunner):
    """A mover whose process crashes at the boundary with this number, counted over all of its writes."""

    left = 0

    def _pass(self) -> None:
        type(self).left -= 1
        if type(self).left == 0:
            raise Died

    async def _write(self, *args: Any) -> bool:
        self._pass()
        written = await super()._write(*args)
        self._pass()
        return written

    async def _make(self, *args: Any) -> None:
        await super()._make(*args)
        self._pass()

    async def _insert(self, *args: Any) -> set[int]:
        known = await super()._insert(*args)
        self._pass()
        return known


def step(key: str, url: str, **more: Any) -> dict[str, Any]:
    """Make a step that calls a URL, without retries."""
    return {"key": key, "job": "http", "params": {"url": url}, "retry": {"maxRetries": 0}, **more}


def workflow(*steps: dict[str, Any], **fields: Any) -> str:
    """Return its text: JSON is YAML."""
    return json.dumps({"name": "w", "steps": steps, **fields})


async def _user(name: str, *accepted: str, is_admin: bool = False) -> User:
    user = User(
        id=name, email=f"{name}@example.com", password="", is_admin=is_admin, is_active=True,
        accepts_requests_from=list(accepted), created_at=clock.now(),
    )  # fmt: skip
    await user.insert()
    return user


async def test_a_death_between_any_two_writes_is_mended(database: Database, target: TargetServer) -> None:
    """The first run crashes at the first boundary, the second at the second, until one completes without a crash."""
    url = target.url
    text = workflow(
        step("a", f"{url}/a", compensation={"job": "http", "params": {"url": f"{url}/undo"}}),
        step("each", f"{url}/each", forEach=[1, 2, 3]),
        {"key": "pause", "wait": "PT0.05S"},
        step("broken", f"{url}/broken", onFailure="compensate", params={"url": "http://192.0.2.1/"}),
    )
    async with run_stack(database, schedule=False, lease_seconds=1) as stack:
        await stack.save_workflow(text)
        deaths = 0
        while await _dies_once(stack, deaths + 1, target):
            deaths += 1
        assert deaths >= 12


async def _dies_once(stack: Stack, boundary: int, target: TargetServer) -> bool:
    target.calls.clear()
    run_id = await stack.execute("w")
    died = False
    Mortal.left = boundary
    mortal = Mortal(stack.database, stack.versions, stack.make_runner()._letters, stack.engine.transport, stack.wakeups)

    async def moved() -> bool:
        nonlocal died
        try:
            await (stack.make_runner() if died else mortal).advance(run_id)
        except Died:
            died = True
        run = await WorkflowRun.get(run_id)
        return run is not None and not run.open

    await wait_until(moved, 20)
    run = await WorkflowRun.get(run_id)
    assert run is not None
    assert (run.status.value, run.reason and run.reason.value) == ("FAILED", "COMPENSATED")
    assert sorted(call["path"] for call in target.calls) == ["/a", "/each", "/each", "/each", "/undo"]
    assert await stack.database.runs.count_documents({"task": run_id}) == 6
    return died


async def test_a_decision_is_made_by_whom_it_is_asked_and_once(database: Database, target: TargetServer) -> None:
    await asyncio.gather(_user("alice"), _user("bob", "alice@example.com"), _user("carol", is_admin=True))
    approval = {"by": "bob@example.com", "message": "Pay ${{ inputs.sum }}?"}
    text = workflow({"key": "ask", "approval": approval}, step("pay", f"{target.url}/pay"), inputs={"sum": {}})
    alice, bob, carol = [await User.get(name) for name in ("alice", "bob", "carol")]
    assert alice is not None
    assert bob is not None
    assert carol is not None
    async with run_stack(database) as stack:
        await stack.save_workflow(text)
        run_id = await stack.execute("w", {"sum": 5})
        stack.workflows.request_advance(run_id)

        async def mail() -> Any:
            return await database.deliveries.find_one({"kind": "APPROVAL"})

        letter = await wait_until(mail)
        assert letter["owner"] == "bob"
        assert "Pay 5?" in letter["text"]

        async def waits() -> bool:  # mails are written first
            found = await database.workflow_runs.find_one({"_id": run_id}) or {}
            return bool(found["steps"]["ask"]["status"] == "WAITING")

        await wait_until(waits)
        for person, error in ((carol, NotFound), (alice, Conflict)):
            with pytest.raises(error):
                await control.decide_approval(database, person, run_id, "ask", clock.now(), approved=True, comment="")
        await control.decide_approval(database, bob, run_id, "ask", clock.now(), approved=True, comment="fine")
        with pytest.raises(Conflict):
            await control.decide_approval(database, bob, run_id, "ask", clock.now(), approved=False, comment="")
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert run["steps"]["ask"]["decision"]["by"] == "bob@example.com"
        assert [call["path"] for call in target.calls] == ["/pay"]


async def test_a_no_fails_the_step(database: Database, target: TargetServer) -> None:
    admin = await _user("carol", is_admin=True)
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow({"key": "ask", "approval": {"by": "admins"}}, step("pay", target.url)))
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)

        async def waits() -> bool:
            run = await WorkflowRun.get(run_id)
            return run is not None and run.steps["ask"]["status"] == "WAITING"

        await wait_until(waits)
        await control.decide_approval(database, admin, run_id, "ask", clock.now(), approved=False, comment="too dear")
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert run["error"]["message"] == "carol@example.com rejected it: too dear"
        assert target.calls == []


async def test_cancel_aborts_what_runs(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        await stack.save_workflow(
            workflow(step("slow", f"{target.url}/wait", timeout="PT1M"), step("next", target.url))
        )
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)

        async def called() -> bool:
            return bool(target.calls)

        await wait_until(called)
        await control.cancel_workflow_run(database, "alice", run_id, clock.now())
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "CANCELLED")
        assert {key: state["status"] for key, state in run["steps"].items()} == {
            "slow": "CANCELLED",
            "next": "CANCELLED",
        }
        assert [run["status"] for run in await stack.runs(run_id)] == ["CANCELLED"]
        with pytest.raises(NotFound):
            await control.cancel_workflow_run(database, "bob", run_id, clock.now())


async def test_deactivating_a_user_cancels_his_workflow_runs(database: Database, target: TargetServer) -> None:
    user = await _user("alice")
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow({"key": "pause", "wait": {"duration": "PT1H"}}, step("next", target.url)))
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)
        await stack.wait_for_workflow_run(run_id, "RUNNING")
        await deactivate_user(database, user, COMMAND_LINE)
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "CANCELLED")
        assert {state["status"] for state in run["steps"].values()} == {"CANCELLED"}
        assert target.calls == []


async def test_resume_keeps_what_succeeded(database: Database, target: TargetServer) -> None:
    async with run_stack(database) as stack:
        inputs = {"path": {"type": "string"}}
        each = step("each", f"{target.url}/${{{{ item }}}}", forEach={"items": ["x", "y"], "concurrency": 1})
        last = step("last", f"{target.url}/${{{{ inputs.path }}}}/${{{{ length(steps.each.result) }}}}")
        await stack.save_workflow(workflow(step("first", f"{target.url}/first"), each, last, inputs=inputs))
        target.script = [200, 200, 500]
        run_id = await stack.execute("w", {"path": "old"})
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert run["steps"]["each"]["items"] == "CF"
        (letter,) = await dead_letter_filter.list_dead_letters(
            database, "alice", DeadLetterFilter(workflow="w"), clock.now(), None, 9
        )
        await dead_letter_filter.discard_runs(database, [letter["_id"]], clock.now())
        with pytest.raises(InvalidInput):
            await control.resume_workflow_run(database, stack.versions, "alice", run_id, {"path": 5}, clock.now())
        await control.resume_workflow_run(database, stack.versions, "alice", run_id, {"path": "new"}, clock.now())
        stack.workflows.request_advance(run_id)
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert [call["path"] for call in target.calls] == ["/first", "/x", "/y", "/y", "/new/2"]
        assert await database.runs.count_documents({"task": run_id}) == 4
        assert (await stack.run(letter["_id"]))["discarded_at"] is None
        with pytest.raises(Conflict):
            await control.resume_workflow_run(database, stack.versions, "alice", run_id, None, clock.now())


async def test_secrets_are_sealed_used_masked_and_kept(database: Database, target: TargetServer) -> None:
    params = {"url": target.url, "token": "s3cret-token", "headers": {"X-Api-Key": "other-s3cret"}}
    async with run_stack(database) as stack:
        first = await stack.save_workflow(workflow(step("a", "", params=params)))
        again = await stack.save_workflow(workflow(step("a", "", params=params)))
        assert (first["version"], again["version"]) == (1, 1)
        kept = {**params, "token": "***", "url": f"{target.url}/moved"}
        changed = await stack.save_workflow(workflow(step("a", "", params=kept)))
        assert changed["version"] == 2
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        await stack.wait_for_workflow_run(run_id, "COMPLETED")
        headers = target.calls[0]["headers"]
        assert (headers["Authorization"], headers["X-Api-Key"]) == ("Bearer s3cret-token", "other-s3cret")
        stored = [*await database.workflow_versions.find({}).to_list(), *await database.runs.find({}).to_list()]
        assert "s3cret" not in str(stored)
        with pytest.raises(WorkflowInvalid, match=r"steps\[0\]\.params\.token: .* there is none at b\.token"):
            await stack.save_workflow(workflow(step("b", "", params=kept)))


async def test_a_run_keeps_the_version_it_began_with(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("a", f"{target.url}/one")))
        run_id = await stack.execute("w")
        await stack.save_workflow(workflow(step("a", f"{target.url}/two"), step("b", target.url)))
        stack.workflows.start()
        run = await stack.wait_for_workflow_run(run_id, "COMPLETED")
        assert (run["version"], run["total"]) == (1, 1)
        assert [call["path"] for call in target.calls] == ["/one"]


async def test_a_schedule_makes_runs_and_a_deleted_workflow_makes_none(
    database: Database, target: TargetServer
) -> None:
    await _user("alice")
    async with run_stack(database) as stack:
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(step("a", target.url), schedule=every))
        stack.workflows.expect_due(saved["next_run_at"])

        async def ran() -> bool:
            return await database.workflow_runs.count_documents({"status": "COMPLETED"}) >= 2

        await wait_until(ran)
        await saving.delete_workflow(database, "alice", "w", clock.now())
        found = await database.workflow_runs.find({}).to_list()
        assert len({run["due_at"] for run in found}) == len(found)
        assert {run["trigger"] for run in found} == {"SCHEDULE"}
        assert (await database.workflows.find_one({"_id": saved["_id"]}) or {})["next_run_at"] is None


@pytest.mark.parametrize(("overlap", "second"), [("SKIP", "SKIPPED"), ("QUEUE", "PENDING"), ("ALLOW", "RUNNING")])
async def test_overlap(database: Database, target: TargetServer, overlap: str, second: str) -> None:
    await _user("alice")
    async with run_stack(database) as stack:
        slow = step("a", f"{target.url}/wait", timeout="PT1M")
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(slow, schedule=every, overlap=overlap))
        stack.workflows.expect_due(saved["next_run_at"])

        async def two() -> Any:
            found = await database.workflow_runs.find({}).sort("due_at", 1).to_list()
            return found if len(found) >= 2 and found[1]["status"] == second else None

        found = await wait_until(two)
        assert found[0]["status"] == "RUNNING"
        target.release.set()
        await stack.wait_for_workflow_run(found[0]["_id"], "COMPLETED")
        if overlap != "SKIP":
            await stack.wait_for_workflow_run(found[1]["_id"], "COMPLETED")


async def test_a_deactivated_users_due_times_pass_and_his_schedule_stays(
    database: Database, target: TargetServer
) -> None:
    user = await _user("alice")
    async with run_stack(database, schedule=False) as stack:
        every = {"every": {"interval": "PT1S"}}
        saved = await stack.save_workflow(workflow(step("a", target.url), schedule=every))
        firing = WorkflowScheduler(database, stack.versions)
        await database.users.update_one({"_id": user.id}, {"$set": {"is_active": False}})
        assert await firing.fire_due(saved["next_run_at"]) == []
        passed = await database.workflows.find_one({"_id": saved["_id"]}) or {}
        assert passed["next_run_at"] == saved["next_run_at"] + timedelta(seconds=1)
        await database.users.update_one({"_id": user.id}, {"$set": {"is_active": True}})
        assert len(await firing.fire_due(passed["next_run_at"])) == 1


async def test_secrets_are_sealed_anew_when_keys_rotate(database: Database, target: TargetServer) -> None:
    params = {"url": target.url, "token": "s3cret-token"}
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(step("a", "", params=params)))
    box = SecretBox(bytes(32))
    box.set_keys({KID: bytes([2]) * 32}, sealing=KID)
    tally = await reencryption.reencrypt_secrets(database, box)
    assert (tally.secrets, tally.unreadable) == (1, 0)
    version = await VersionCache(database, box, make_settings()).get(*await _newest(database))
    assert list(version.secrets.values()) == ["s3cret-token"]


async def test_a_secret_that_cannot_be_opened_fails_its_step(database: Database, target: TargetServer) -> None:
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow(step("a", "", params={"url": target.url, "token": "s3cret-token"})))
        place = {"secrets.all.0.sealed": SecretBox(b"x" * 32).seal("s3cret-token", "alice")}
        await database.workflow_versions.update_one({}, {"$set": place})
        stack.workflows.start()
        stack.workflows.request_advance(run_id := await stack.execute("w"))
        run = await stack.wait_for_workflow_run(run_id, "FAILED")
        assert "The secret at a.token cannot be decrypted" in run["error"]["message"]


async def _newest(database: Database) -> tuple[str, int]:
    saved = await database.workflows.find_one({}) or {}
    return saved["_id"], saved["version"]


async def test_old_workflow_runs_are_forgotten_open_ones_are_not(database: Database, target: TargetServer) -> None:
    await _user("alice")
    async with run_stack(database, schedule=False) as stack:
        await stack.save_workflow(workflow({"key": "ask", "approval": {"by": "admins"}}))
        ended, going = await stack.execute("w"), await stack.execute("w")
        await control.cancel_workflow_run(database, "alice", ended, clock.now())
        await stack.make_runner().advance(ended)
        later = clock.now() + timedelta(days=91)
        retention = Pruner(database, timedelta(days=90), timedelta(days=90))
        assert await retention.prune(later) == 1
        assert [run["_id"] for run in await database.workflow_runs.find({}).to_list()] == [going]
