"""Kinds of jobs can be added by other packages: shown with a tiny one that is installed next to the server."""

import os
from pathlib import Path
from typing import Any

from tests.acceptance.server import Server, run_server
from tests.harness import wait_until

PLUGIN = Path(__file__).parent.parent / "plugin"
REFUSED: list[tuple[str, Any, str, str]] = [
    ("slug", {}, "job.custom.params.title", "title is missing."),
    ("slug", {"titel": "a", "title": "b"}, "job.custom.params.titel", "There is no titel here. Did you mean title?"),
    (
        "slug",
        {"title": "a", "longest": 0},
        "job.custom.params.longest",
        "longest must be at least 1; it is 0.",
    ),
    ("slug", ["a"], "job.custom.params", "params must be an object of names and values."),
    ("slugg", {}, "job.custom.type", "There is no job 'slugg' on this server. Did you mean slug?"),
    ("x", {}, "job.custom.type", "There is no job 'x' on this server. There are: countryLookup, email, http,"),
    ("http", {"url": "nowhere"}, "job.custom.params.url", "The url cannot be called. "),
]
CREATE = """mutation($type: String!, $params: JSON!) {
  createTask(input: {name: "t", job: {custom: {type: $type, params: $params}}, schedule: {now: true}}) {
    task { id job { kind ... on CustomJob { params } } } userErrors { field message }
  }
}"""
RUN = "query($id: ID!) { task(id: $id) { lastRun { status result error { kind message hint } } } }"


def install(directory: Path, entry_point: str) -> dict[str, str]:
    """Install the package into a directory and return the environment of a server that finds it there."""
    site = directory / "site-packages"
    (distribution := site / "tocsin_slugs-1.0.dist-info").mkdir(parents=True)
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: tocsin-slugs\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text(f"[tocsin.jobs]\n{entry_point}\n")
    (site / "tocsin_slugs").symlink_to(PLUGIN / "tocsin_slugs")
    return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}


async def settled(server: Server, params: dict[str, Any]) -> dict[str, Any]:
    """Create a task with these parameters and return its run once it has ended."""
    created = (await server.query(CREATE, {"type": "slug", "params": params}))["createTask"]
    assert created["userErrors"] == []

    async def ended() -> dict[str, Any] | None:
        run: dict[str, Any] | None = (await server.query(RUN, {"id": created["task"]["id"]}))["task"]["lastRun"]
        return run if run and run["status"] in {"COMPLETED", "FAILED"} else None

    run: dict[str, Any] = await wait_until(ended)
    return run


async def test_a_package_adds_a_job(tmp_path: Path) -> None:
    async with run_server(tmp_path, **install(tmp_path, "slug = tocsin_slugs:SlugJob")) as server:
        await server.sign_up("maker@example.com")
        assert await settled(server, {"title": "Hello, World!"}) == {
            "status": "COMPLETED",
            "result": {"slug": "hello-world"},
            "error": None,
        }
        assert await settled(server, {"title": "?!"}) == {
            "status": "FAILED",
            "result": None,
            "error": {
                "kind": "JOB",
                "message": "'?!' has no letter and no digit.",
                "hint": "Give it another title.",
            },
        }
        for kind, params, field, message in REFUSED:
            created = (await server.query(CREATE, {"type": kind, "params": params}))["createTask"]
            (fault,) = created["userErrors"]
            assert (created["task"], ".".join(fault["field"])) == (None, field)
            assert fault["message"].startswith(message)


async def test_a_job_that_cannot_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    server = Server(tmp_path, **install(tmp_path, "slug = tocsin_slugs:slug_of"))
    (line,) = await server.refused()
    assert "The job 'slug' of the package tocsin-slugs cannot be" in line
