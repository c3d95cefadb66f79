"""The pages: only built files are served, with their policy and caching headers."""

import gzip
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.graphql.conftest import Api
from tocsin.errors import StartupError
from tocsin.web import pages

ROOT = Path(__file__).parent.parent.parent
WEB = ROOT / "web"
BUILT = {str(file.relative_to(pages.STATIC_DIRECTORY)) for file in pages.STATIC_DIRECTORY.rglob("*") if file.is_file()}
ASSETS = sorted(name for name in BUILT if name.startswith("assets/"))
PAGES = sorted(f"/{name.removesuffix('.html')}".replace("/index", "/") for name in BUILT if name.endswith(".html"))
_NAMED = re.compile(r'(?:src|href)="([^"]+)"')


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of an application that serves only the pages."""
    app = FastAPI()
    app.include_router(pages.pages_router())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tocsin", verify=False) as opened:
        yield opened


def test_there_are_the_pages_that_are_built() -> None:
    assert PAGES == ["/", "/account", "/playground"]


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_comes_under_its_policy_with_a_nonce_of_its_own(client: httpx.AsyncClient, path: str) -> None:
    first, second = await client.get(path), await client.get(path)

    nonces = [
        re.findall(r"'nonce-([\w-]{20,})'", page.headers["content-security-policy"])[0] for page in (first, second)
    ]
    assert nonces[0] != nonces[1]
    assert first.headers["content-security-policy"].replace(nonces[0], "N") == (
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-N'; img-src 'self' data:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert f'<meta property="csp-nonce" nonce="{nonces[0]}">' in first.text
    assert "{{" not in first.text
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", PAGES)
async def test_what_a_page_names_is_served_here(client: httpx.AsyncClient, path: str) -> None:
    named = _NAMED.findall((await client.get(path)).text)

    assert len(named) > 2
    for place in named:
        assert re.fullmatch(r"(\./assets/)?[\w.-]+|\./", place), place
        assert (await client.get(place)).status_code == 200, place


async def test_the_first_page_is_the_dashboard(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.status_code == 200
    assert "<title>Tocsin</title>" in answer.text


@pytest.mark.parametrize("name", ASSETS)
async def test_a_file_is_served_as_what_it_is(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/{name}", headers={"accept-encoding": "identity"})

    assert answer.content == (pages.STATIC_DIRECTORY / name).read_bytes()
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "md": "text/plain"}
    assert answer.headers["content-type"].startswith(types[name.rpartition(".")[2]])
    lasting = "no-cache" if name == pages.LICENCES_FILE else "public, max-age=31536000, immutable"
    assert answer.headers["cache-control"] == lasting


@pytest.mark.parametrize("name", ASSETS)
async def test_a_file_is_compressed_for_those_who_take_it(client: httpx.AsyncClient, name: str) -> None:
    for _ in range(2):  # the second from memory
        async with client.stream("GET", f"/{name}", headers={"accept-encoding": "br, gzip"}) as answer:
            raw = b"".join([chunk async for chunk in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert gzip.decompress(raw) == (pages.STATIC_DIRECTORY / name).read_bytes()


async def test_a_file_that_the_reader_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    name = pages.LICENCES_FILE
    known = (await client.get(f"/{name}")).headers["etag"]

    again = await client.get(f"/{name}", headers={"if-none-match": f'"another", {known}'})
    other = await client.get(f"/{name}", headers={"if-none-match": '"another"'})

    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", known)
    assert other.status_code == 200


@pytest.mark.parametrize("path", [*PAGES, f"/{ASSETS[0]}"])
async def test_heads_can_be_asked_for(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.head(path)).status_code == 200
    assert (await client.post(path)).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/assets/",
        "/assets/nothing.js",
        "/assets/manifest.json",
        "/assets/../manifest.json",
        "/assets/..%2fmanifest.json",
        "/assets/%2e%2e/%2e%2e/pages.py",
        "/assets/..%5cmanifest.json",
        "/assets/%2fetc%2fpasswd",
        "/assets/playground.html",
        "/manifest.json",
        "/playground.html",
        "/index",
        "/index.html",
        "/static/manifest.json",
    ],
)
async def test_no_other_file_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_pages_stand_behind_the_same_edge_as_the_api(api: Api) -> None:
    async with httpx.AsyncClient(base_url=api.url, verify=False) as client:
        page, missing = await client.get("/playground"), await client.get("/assets/nothing.js")

    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
    assert (page.headers["cache-control"], page.headers["x-content-type-options"]) == ("no-cache", "nosniff")
    assert (missing.status_code, missing.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")


def test_a_page_file_that_is_missing_is_said_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(pages.STATIC_DIRECTORY, tmp_path / "static")
    monkeypatch.setattr(pages, "STATIC_DIRECTORY", tmp_path / "static")
    (tmp_path / "static" / ASSETS[0]).unlink()

    with pytest.raises(StartupError, match=rf"{re.escape(ASSETS[0])} cannot be read: No such file.*scripts/build-web"):
        pages.pages_router()


# --- the build --------------------------------------------------------------------------------------------------------


def test_nothing_was_built_that_is_not_served() -> None:
    manifest = json.loads((pages.STATIC_DIRECTORY / pages.MANIFEST_FILE).read_text())
    listed = {
        name for chunk in manifest.values() for name in (chunk["file"], *chunk.get("css", ()), *chunk.get("assets", ()))
    }

    assert (
        listed | {name for name in manifest if name.endswith(".html")} | {pages.MANIFEST_FILE, pages.LICENCES_FILE}
        == BUILT
    )


def test_no_fonts_are_shipped() -> None:
    styles = "".join((pages.STATIC_DIRECTORY / name).read_text() for name in ASSETS if name.endswith(".css"))

    assert ".graphiql-container" in styles
    assert "@font-face" not in styles
    assert sum((pages.STATIC_DIRECTORY / name).stat().st_size for name in BUILT) < 2_800_000


def test_the_licences_of_what_is_bundled_are_there() -> None:
    licences = (pages.STATIC_DIRECTORY / pages.LICENCES_FILE).read_text()
    direct = json.loads((WEB / "package.json").read_text())["dependencies"]

    for name, version in direct.items():
        assert re.search(rf"\n## {name} - {re.escape(version)} \((MIT|ISC|BSD-3-Clause|Unlicense)\)\n", licences), name
    for name in ASSETS:
        if name.endswith(".js"):
            text = (pages.STATIC_DIRECTORY / name).read_text()
            assert f"/*! Licenses of the bundled packages: /{pages.LICENCES_FILE}" in text, name


def test_the_wheel_has_the_pages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"tocsin/web/static/{name}" for name in BUILT} <= names
    assert [name for name in names if not name.startswith("tocsin")] == []


@pytest.mark.parametrize("lock", [WEB, ROOT / "tests" / "node"], ids=lambda directory: directory.name)
def test_the_lock_names_hashes_and_no_place(lock: Path) -> None:
    packages = json.loads((lock / "package-lock.json").read_text())["packages"]
    del packages[""]

    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []
    assert all(package["version"] for package in packages.values())


def test_what_is_committed_is_what_is_built() -> None:
    if not (WEB / "node_modules" / ".tocsin").exists():
        pytest.skip("web/node_modules is missing; scripts/build-web --install makes it")
    done = subprocess.run([ROOT / "scripts" / "build-web", "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
