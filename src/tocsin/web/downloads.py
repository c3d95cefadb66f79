"""`GET /files/{token}`: the download of a file by a signed link. Anyone who has the link can read the file.

A link ends when it expires or when the owner's account is deactivated, even if the account is activated again.
"""

import math
from collections.abc import Callable
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from tocsin import clock
from tocsin.documents import User, owner_of
from tocsin.documents.file_bucket import StoredFile
from tocsin.errors import RateLimited
from tocsin.graphql.context import Services
from tocsin.jobs.file_storage import DOWNLOAD_PATH
from tocsin.security.file_links import FileLink, LinkExpired, LinkInvalid
from tocsin.security.gcra import network_key
from tocsin.web.error_responses import error_response

_COST = 500.0
_BYTES_PER_POINT = 1_000
"""The cost of a download to its network address: as much as a refused request, and a point per 1,000 bytes."""
_NOT_FOUND_MESSAGE = "There is no such file. The link may be incomplete."
_GONE_MESSAGE = "The file of this link is no longer stored."
_EXPIRED_MESSAGE = "This link has expired. The owner of the file gets a new link from its run."


def downloads_router(services: Callable[[], Services]) -> APIRouter:
    """Return the route of downloads."""
    router = APIRouter(include_in_schema=False)

    async def download(token: str, request: Request) -> Response:
        files = services().files
        try:
            link = files.links.read(token, clock.now())
        except LinkExpired:
            return error_response(410, _EXPIRED_MESSAGE)
        except LinkInvalid:
            return error_response(404, _NOT_FOUND_MESSAGE)
        found = await files.store.open(link.file_id) if await _is_valid(link) else None
        if found is None:
            return error_response(410, _GONE_MESSAGE)
        headers = _response_headers(found.info)
        try:
            await services().rates.spend_points(_address(request), _COST + found.info.size / _BYTES_PER_POINT)
        except RateLimited as refused:
            return error_response(429, refused.message, {"Retry-After": str(math.ceil(refused.retry_after))})
        if request.method == "HEAD":
            return Response(None, 200, headers, found.info.content_type)
        return StreamingResponse(found.iter_chunks(), 200, headers, found.info.content_type)

    router.add_api_route(f"{DOWNLOAD_PATH}{{token}}", download, methods=["GET", "HEAD"])
    return router


def _address(request: Request) -> str:
    return network_key(request.client.host if request.client else "")


async def _is_valid(link: FileLink) -> bool:
    """Tell whether the file's owner is active, and has not been deactivated since the link was created."""
    owner = await User.get(owner_of(link.file_id))
    if owner is None or not owner.is_active:
        return False
    return owner.deactivated_at is None or link.issued_at > owner.deactivated_at


def _response_headers(file: StoredFile) -> dict[str, str]:
    return {
        "Content-Length": str(file.size),
        "Content-Disposition": content_disposition(file.name),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def content_disposition(name: str) -> str:
    """Return a Content-Disposition header with this file name (RFC 6266) and an ASCII fallback for old browsers."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
