"""The pages for browsers, built from `web/` by `scripts/build-web`.

They are read at start and served from memory. Only files in the build's manifest are served, so no path can reach
another file. Pages load nothing from other servers, which their Content-Security-Policy enforces.
"""

import asyncio
import gzip
import hashlib
import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tocsin.errors import StartupError

STATIC_DIRECTORY = Path(__file__).parent / "static"
MANIFEST_FILE = "manifest.json"
LICENCES_FILE = "assets/licences.md"
_FIRST_PAGE = "index"
"""The page that is served at `/`."""
_NONCE = "{{nonce}}"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
}
_METHODS = ["GET", "HEAD"]
# The editor creates style sheets at run time, with the page's nonce, and uses data: images.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_IMMUTABLE = "public, max-age=31536000, immutable"  # for names that change with their content


@dataclass
class _File:
    """A file that pages load. It is compressed when it is first requested with gzip."""

    body: bytes
    media_type: str
    headers: dict[str, str]
    compressed: bytes | None = None

    async def gzip(self) -> bytes:
        if self.compressed is None:
            self.compressed = await asyncio.to_thread(gzip.compress, self.body, 6, mtime=0)
        return self.compressed


def pages_router() -> APIRouter:
    """Return the routes of the pages and their files. Raises StartupError."""
    manifest = _read_manifest()
    router = APIRouter(include_in_schema=False)
    for source in (name for name, chunk in manifest.items() if chunk.get("isEntry") and name.endswith(".html")):
        name = PurePosixPath(source).stem
        _add_page(router, "/" if name == _FIRST_PAGE else f"/{name}", _read_static(source).decode())
    _add_files(router, {name: _load_file(name) for name in {*_asset_names(manifest), LICENCES_FILE}})
    return router


def _add_page(router: APIRouter, path: str, html: str) -> None:
    async def page() -> Response:
        nonce = secrets.token_urlsafe(16)
        headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _CONTENT_SECURITY_POLICY.format(nonce=nonce)}
        return Response(html.replace(_NONCE, nonce), 200, headers, "text/html; charset=utf-8")

    router.add_api_route(path, page, methods=_METHODS)


def _add_files(router: APIRouter, files: dict[str, _File]) -> None:
    async def file(name: str, request: Request) -> Response:
        found = files.get(f"assets/{name}")
        if found is None:
            raise HTTPException(404)
        if found.headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(None, 304, found.headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(found.body, 200, found.headers, found.media_type)
        headers = {**found.headers, "Content-Encoding": "gzip"}
        return Response(await found.gzip(), 200, headers, found.media_type)

    router.add_api_route("/assets/{name}", file, methods=_METHODS)


def _read_manifest() -> dict[str, dict[str, Any]]:
    """Return the build's manifest (https://vite.dev/guide/backend-integration). Raises StartupError."""
    manifest: dict[str, dict[str, Any]] = json.loads(_read_static(MANIFEST_FILE))
    return manifest


def _asset_names(manifest: dict[str, dict[str, Any]]) -> Iterator[str]:
    for chunk in manifest.values():
        yield from (chunk["file"], *chunk.get("css", ()), *chunk.get("assets", ()))


def _load_file(name: str) -> _File:
    body = _read_static(name)
    caching = "no-cache" if name == LICENCES_FILE else _IMMUTABLE
    # Weak, because the compressed body has different bytes.
    tag = f'W/"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {"Cache-Control": caching, "ETag": tag, "Vary": "Accept-Encoding"}
    return _File(body, _MEDIA_TYPES[PurePosixPath(name).suffix], headers)


def _read_static(name: str) -> bytes:
    try:
        return (STATIC_DIRECTORY / name).read_bytes()
    except OSError as error:
        raise StartupError(
            f"The page file {STATIC_DIRECTORY / name} cannot be read: {error.strerror or error}. "
            "Reinstall Tocsin, or build the pages with scripts/build-web."
        ) from error
