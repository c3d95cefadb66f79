"""Reading of a small form that a browser or a mail program posts: urlencoded, or in several parts (RFC 7578)."""

from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from strawberry.http.parse_content_type import parse_content_type

from tocsin.web.error_responses import RequestRefused
from tocsin.web.request_parsing import LimitedRequest

_LIMIT = 4_096
"""Bytes of a form."""
_URLENCODED, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_MAX_FIELDS = 20


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, of each the first value. Raises RequestRefused."""
    given = request.headers.get("content-type", "")
    content_type, _ = parse_content_type(given)
    if content_type not in (_URLENCODED, _MULTIPART):
        raise RequestRefused(415, f"Send the form as {_URLENCODED} or {_MULTIPART}.")
    try:
        body = await LimitedRequest(request, _LIMIT).get_body()
        fields = _parse_urlencoded(body) if content_type == _URLENCODED else _parse_multipart(given, body)
    except ValueError:
        raise RequestRefused(400, "The form cannot be read.") from None
    except ClientDisconnect:
        raise RequestRefused(400, "The connection was closed before the form was complete.") from None
    return dict(reversed(fields))


def _parse_urlencoded(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)


def _parse_multipart(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Return the fields of the parts. The parser of mails reads the same format, and refuses nothing."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body)
    return [(_name_of(part), _text_of(part)) for part in list(message.iter_parts())[:_MAX_FIELDS]]


def _name_of(part: MIMEPart) -> str:
    return str(part.get_param("name", "", header="content-disposition"))


def _text_of(part: MIMEPart) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace").strip("\r\n") if isinstance(content, bytes) else ""
