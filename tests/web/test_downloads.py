"""Downloads by link: for anyone who has the link, while it is valid."""

from datetime import timedelta

import pytest
from pymongo.errors import AutoReconnect, OperationFailure

from tests.graphql.conftest import Api
from tocsin import clock
from tocsin.accounts import COMMAND_LINE, activate_user, deactivate_user
from tocsin.errors import DatabaseUnavailable
from tocsin.jobs.file_storage import DOWNLOAD_PATH, FileRef
from tocsin.security.file_links import FileLink, FileLinks
from tocsin.security.opaque_tokens import derive_hmac
from tocsin.web.downloads import content_disposition

CONTENT = b"%PDF-" + bytes(600_000)


async def save(api: Api) -> FileRef:
    owner = api.alice.user.id if api.alice.user else ""
    return await api.services.files.for_run(owner, f"{owner}/t:1").save("Grüße.pdf", "application/pdf", CONTENT)


def path(ref: FileRef) -> str:
    return ref.url[ref.url.index(DOWNLOAD_PATH) :]


async def test_a_link_gives_the_file_as_a_download(api: Api) -> None:
    ref = await save(api)
    answer = await api.nobody.http.get(path(ref))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "application/pdf"
    assert (
        answer.headers["content-disposition"]
        == "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.pdf"
    )
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("cache-control") == ["no-store"]


async def test_downloads_are_limited_by_address(api: Api) -> None:
    ref = await save(api)
    await api.services.rates.spend_points("127.0.0.1", api.services.settings.cost_limit - 1_200)
    assert (await api.nobody.http.get(path(ref))).status_code == 200
    refused = await api.nobody.http.get(path(ref))
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
    assert int(refused.headers["retry-after"]) >= 1


async def test_head_has_the_headers_of_get(api: Api) -> None:
    answer = await api.nobody.http.head(path(await save(api)))
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert "filename*=" in answer.headers["content-disposition"]


@pytest.mark.parametrize("change", ["signature", "file", "time", "issue", "former", "cut", "empty", "letters"])
async def test_a_link_that_was_changed_is_no_link(api: Api, change: str) -> None:
    token = path(await save(api)).removeprefix(DOWNLOAD_PATH)
    file_id, expires, issued, signature = token.split(".")
    other, _ = api.services.files.links.sign("bob/1", clock.now())
    changed = {
        "signature": f"{file_id}.{expires}.{issued}.{'0' * len(signature)}",
        "file": f"{other.split('.')[0]}.{expires}.{issued}.{signature}",
        "time": f"{file_id}.{int(expires) + 1}.{issued}.{signature}",
        "issue": f"{file_id}.{expires}.{int(issued) + 1}.{signature}",
        "former": f"{file_id}.{expires}.{signature}",
        "cut": token[:-1],
        "empty": ".",
        "letters": "%C3%BC.%F0%9F%98%80.x",
    }
    answer = await api.nobody.http.get(DOWNLOAD_PATH + changed[change])
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_an_expired_link_and_a_forgotten_file_are_gone(api: Api) -> None:
    ref = await save(api)
    links = api.services.files.links
    old, _ = links.sign(ref.file_id, clock.now() - timedelta(hours=2))
    expired = await api.nobody.http.get(DOWNLOAD_PATH + old)
    await api.services.files.store.delete(ref.file_id)
    forgotten = await api.nobody.http.get(path(ref))
    assert (expired.status_code, forgotten.status_code) == (410, 410)
    assert "expired" in expired.json()["errors"][0]["message"]


async def test_links_end_with_the_account_of_their_owner(api: Api) -> None:
    assert api.alice.user is not None
    alice, before = api.alice.user, path(await save(api))
    said = before.removeprefix(DOWNLOAD_PATH).rsplit(".", 2)[0]
    former = f"{said}.{derive_hmac(bytes(32), 'file link', said)}"  # the form of links before they had a time of issue
    assert (await api.nobody.http.get(DOWNLOAD_PATH + former)).status_code == 200

    async def answers(*links: str) -> list[int]:
        return [(await api.nobody.http.get(link)).status_code for link in links]

    await deactivate_user(api.database, alice, COMMAND_LINE)
    assert await answers(before, DOWNLOAD_PATH + former) == [410, 410]
    assert (await api.nobody.http.head(before)).status_code == 410
    await activate_user(alice, COMMAND_LINE)
    assert await answers(before, DOWNLOAD_PATH + former, path(await save(api))) == [410, 410, 200]
    after = path(await save(api))
    await api.database.users.delete_one({"_id": alice.id})
    assert await answers(before, after) == [410, 410]


async def test_other_methods_are_refused(api: Api) -> None:
    answer = await api.nobody.http.post(path(await save(api)))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_former_key_still_reads_its_links_and_an_unknown_one_does_not() -> None:
    now, hour = clock.now(), timedelta(hours=1)
    old, new = b"o" * 32, b"n" * 32
    token, until = FileLinks((old,), hour).sign("alice/1", now)
    assert FileLinks((new, old), hour).read(token, now) == FileLink("alice/1", now)
    assert until - now <= hour


def test_a_name_cannot_end_its_header() -> None:
    assert (
        content_disposition('a"\r\nX: y.pdf')
        == "attachment; filename=\"a___X: y.pdf\"; filename*=UTF-8''a%22%0D%0AX%3A%20y.pdf"
    )


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (AutoReconnect("connection closed"), 503, "UNAVAILABLE"),
        (
            OperationFailure('WtError { code: -31804, message: "WT_PANIC: WiredTiger library panic" }', 1),
            503,
            "UNAVAILABLE",
        ),
        (DatabaseUnavailable("the database does not answer"), 503, "UNAVAILABLE"),
    ],
    ids=str,
)
async def test_a_download_without_a_database_is_503(
    api: Api, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    link = path(await save(api))

    async def fail(_: str) -> None:
        raise error

    monkeypatch.setattr(api.services.files.store, "open", fail)
    answer = await api.nobody.http.get(link)
    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == code
