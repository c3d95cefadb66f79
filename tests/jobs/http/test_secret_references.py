"""References to named secrets in jobs that are saved: checked on their field, and stored as they are shown."""

from typing import Any

import pytest

from tests.jobs.http.test_job import BOX
from tocsin.errors import InvalidInput
from tocsin.jobs import registry
from tocsin.jobs.base import SaveContext
from tocsin.jobs.http.secret_references import UNBOUND
from tocsin.jobs.http.trials import name_target
from tocsin.named_secrets.references import make_secret_marker, mark_references
from tocsin.outbound.host_patterns import SecretHosts

URL = "https://hooks.example.com/"
SLACK = "${{ secrets.slack }}"
KNOWN = {name: SecretHosts(name, ["*.example.com", "x.example"]) for name in ("slack", "tok")}


def save(previous: Any = None, kind: str = "http", **given: Any) -> Any:
    saving = SaveContext("alice", BOX, previous=previous, known_secrets=KNOWN)
    return registry.prepare_params(kind, {"url": URL, **given} if kind == "http" else given, saving)


@pytest.mark.parametrize(
    "url",
    [
        SLACK, "${{secrets.SLACK}}", f"{SLACK}/more?x=1", f"https://hooks.example.com/{SLACK}",
        f"https://{SLACK}.example.com/", f"https://{SLACK}/x", f"https://hooks.example.com/?a={SLACK}&b={SLACK}",
    ],
)  # fmt: skip
def test_a_url_may_have_references_or_be_one(url: str) -> None:
    stored = save(url=url)
    assert stored["url"] == url.replace("{{ ", "{{").replace(" }}", "}}")
    assert stored["named_secrets"] == {"ids": ["alice/slack"]}


@pytest.mark.parametrize(
    "url", [f"ftp://{SLACK}", f"https://a b/{SLACK}", f"x{SLACK}", f"https://u:{SLACK}@example.com/"]
)
def test_a_url_that_no_value_makes_valid_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be called") as caught:
        save(url=url)
    assert caught.value.path == ("url",)


def test_references_in_headers_are_shown_unless_they_are_said_to_be_secret() -> None:
    headers = {"Authorization": f"Bearer {SLACK}", "X-Key": SLACK, "Cookie": "a=b"}
    stored = save(headers=headers, secretHeaders=["X-Key"])
    assert stored["headers"] == [{"name": "Authorization", "value": f"Bearer {SLACK}"}]
    assert {one["name"] for one in stored["secret_headers"]} == {"X-Key", "Cookie"}
    assert stored["named_secrets"] == {"ids": ["alice/slack"]}
    assert "named_secrets" not in save(headers={"Cookie": "a=b"}, body={"a": "${{ other.x }}"})


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "https://x.example/${{ secrets.gone }}"}, ("url",)),
        ({"headers": {"X-A": "${{ secrets.gone }}"}}, ("headers", "X-A")),
        ({"headers": {"Cookie": "${{ secrets.gone }}"}, "secretHeaders": ["Cookie"]}, ("headers", "Cookie")),
        ({"token": "${{ secrets.gone }}"}, ("token",)),
        ({"method": "POST", "body": {"a": ["${{ secrets.gone }}"]}}, ("body",)),
        ({"method": "POST", "body": {"${{ secrets.gone }}": 1}}, ("body",)),
        ({"method": "POST", "bodyText": "${{ secrets.gone }}"}, ("bodyText",)),
        ({"method": "POST", "bodyForm": {"a": "${{ secrets.gone }}"}}, ("bodyForm", "a")),
    ],
)
def test_an_unknown_secret_is_named_at_its_field(given: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match=r"You have no secret gone\. Create it with setSecret") as caught:
        save(**given)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": f"https://example.org/{SLACK}"}, ("url",)),
        ({"url": f"https://example.com/?a={SLACK}"}, ("url",)),
        ({"url": "http://EXAMPLE.org:8080/", "headers": {"X-A": SLACK}}, ("headers", "X-A")),
        ({"url": "https://example.org", "token": SLACK}, ("token",)),
        ({"url": f"https://example.org/{SLACK}", "method": "POST", "bodyForm": {"a": SLACK}}, ("url",)),
    ],
)
def test_a_secret_that_may_not_be_sent_to_the_host_is_named_at_its_field(given: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(
        InvalidInput, match=r"slack may be sent to \*\.example\.com, x\.example only, not to exam"
    ) as caught:
        save(**given)
    assert caught.value.path == path
    found = registry.RegisteredJobs(secrets=KNOWN).check("http", given)
    assert (path, caught.value.message) in found


@pytest.mark.parametrize(
    "url",
    [
        SLACK,
        f"https://{SLACK}/",
        f"https://{SLACK}.example.org/",
        "https://${{ inputs.host }}/",
        "https://a${{ item }}",
    ],
)
def test_a_host_that_the_url_does_not_name_is_checked_when_it_is_called(url: str) -> None:
    assert registry.RegisteredJobs(secrets=KNOWN).check("http", {"url": url, "headers": {"X-A": SLACK}}) == []


@pytest.mark.parametrize("text", ["${{ secrets }}", "${{ secrets.a-b }}", "${{ secrets.slack || 'x' }}"])
def test_a_reference_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"referenced as \$\{\{ secrets.name \}\}") as caught:
        save(method="POST", bodyText=text)
    assert caught.value.path == ("bodyText",)
    with pytest.raises(InvalidInput, match=r"referenced as \$\{\{ secrets.name \}\}"):  # not: it contains a space
        save(url=f"https://x.example/{text}")


def test_the_number_of_references_is_limited() -> None:
    assert save(method="POST", bodyText=SLACK * 20)
    with pytest.raises(InvalidInput, match="20 times at most"):
        save(method="POST", bodyText=SLACK * 21)


@pytest.mark.parametrize("url", [SLACK, f"https://{SLACK}/", f"https://hooks.example.com{SLACK}/"])
@pytest.mark.parametrize("secret", [{"token": "plain-token"}, {"headers": {"Cookie": "a=plain"}}])
def test_a_sealed_value_is_not_sent_where_a_secret_decides(url: str, secret: Any) -> None:
    """Otherwise, who may set secrets but not see the token could have it sent to a server of theirs."""
    with pytest.raises(InvalidInput, match="bound to none"):
        save(url=url, **secret)
    kept: Any = {"headers": {"Cookie": None}} if "headers" in secret else {}
    with pytest.raises(InvalidInput, match="bound to none"):
        save(save(**secret), url=url, **kept)
    given = {"url": url, **secret}
    assert [message for _, message in registry.RegisteredJobs().check("http", given)] == [UNBOUND]
    assert save(url=url, token="${{ secrets.tok }}", headers={"Cookie": "a=${{ secrets.tok }}"})
    assert save(url=f"https://hooks.example.com/{SLACK}", **secret)


def test_kept_secrets_keep_their_references() -> None:
    before = save(token="${{ secrets.tok }}")
    after = save(before, method="POST")
    assert (after["token"], after["named_secrets"]) == (before["token"], {"ids": ["alice/tok"]})
    assert "named_secrets" not in save(save(token="plain-token"))


def test_a_step_finds_its_markers_only() -> None:
    marker = make_secret_marker()
    saving = SaveContext("alice", BOX, secret_marker=marker)
    given = mark_references({"url": SLACK, "headers": {"Authorization": f"Bearer {SLACK}"}}, marker)
    stored = registry.prepare_params("http", given, saving)
    assert stored["named_secrets"] == {"marker": marker}
    assert stored["secret_headers"] == []
    assert "named_secrets" not in registry.prepare_params("http", {"url": f"{URL}${{{{secrets.x}}}}"}, saving)


def test_other_jobs_have_no_secrets() -> None:
    with pytest.raises(InvalidInput, match="http jobs only") as caught:
        save(kind="email", to=["a@example.com"], subject="x", body=f"see {SLACK}")
    assert caught.value.path == ("body",)


def test_the_audit_log_names_a_secret_target_by_its_reference() -> None:
    assert name_target(save(url=SLACK)) == "GET ${{secrets.slack}}"
    assert name_target(save(url=f"{URL}{SLACK}")) == "GET https://hooks.example.com"
