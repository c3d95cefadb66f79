"""Reading of response bodies, decoded and up to a limit."""

import asyncio

import aiohttp

from tocsin.outbound.content_codings import BodyDecoder, DecodingError, make_body_decoder
from tocsin.outbound.protocol import read_unread_bytes
from tocsin.outbound.responses import decode_body


async def read_body(response: aiohttp.ClientResponse, body: bytearray, limit: int) -> bool:
    """Append at most `limit` bytes to `body`, and return whether there were more.

    Raises aiohttp.ClientError, OSError or Undecodable; `body` then holds what was received until then.
    """
    content, headers = response.content, response.headers
    if "Content-Encoding" in headers or "Transfer-Encoding" in headers:
        codings = headers.getall("Content-Encoding", ()), headers.getall("Transfer-Encoding", ())
        if (decoding := make_body_decoder(*codings, limit)) is not None:
            return await _read_coded(response, body, limit, decoding)
    try:
        while not content.at_eof():
            body += await content.readany()
            if _cut(body, limit):
                return True
    except aiohttp.ClientPayloadError:
        body += read_unread_bytes(content)
        _cut(body, limit)
        raise
    return False


async def _read_coded(response: aiohttp.ClientResponse, body: bytearray, limit: int, decoding: BodyDecoder) -> bool:
    is_longer = await _decode(response.content, body, limit, decoding)
    content_type = response.headers.get("Content-Type")
    if decoding.has_ignored_coding and "\ufffd" in decode_body(bytes(body), content_type, whole=not is_longer):
        body.clear()
        raise DecodingError("has an unknown content coding, and is not text")
    return is_longer


async def _decode(content: aiohttp.StreamReader, body: bytearray, limit: int, decoding: BodyDecoder) -> bool:
    while not content.at_eof():
        for piece in decoding.decode(await content.readany()):
            body += piece
            if _cut(body, limit):
                return True
            await asyncio.sleep(0)  # a small response can take long to decode
        if decoding.exceeded:
            return True
    decoding.finish()
    return False


def _cut(body: bytearray, limit: int) -> bool:
    is_longer = len(body) > limit
    del body[limit:]
    return is_longer
