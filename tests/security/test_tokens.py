"""Only tokens that this installation signed, for this use, and that are in their time, are read."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tocsin import clock
from tocsin.errors import Unauthenticated
from tocsin.security.tokens import LEEWAY, AccessTokens

SECRET = "s" * 40
TOKENS = AccessTokens(SECRET, timedelta(hours=1))


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token, with changes; None leaves one out."""
    now = int(clock.now().timestamp())
    good = {"sub": "alice", "iat": now, "exp": now + 60, "jti": "1", "iss": "tocsin", "aud": "tocsin"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm)


def part(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def seconds(offset: float) -> int:
    return int(clock.now().timestamp() + offset)


def test_an_issued_token_is_read() -> None:
    now = clock.now()
    token, expires_at = TOKENS.issue("alice", now)
    found = TOKENS.read(token)
    assert found.user_id == "alice"
    assert found.expires_at == expires_at
    assert expires_at.tzinfo is UTC
    assert timedelta(0) <= now + timedelta(hours=1) - expires_at < timedelta(seconds=1)
    assert jwt.get_unverified_header(token)["alg"] == "HS256"
    assert jwt.decode(token, options={"verify_signature": False}).keys() == claims().keys()


def test_no_two_tokens_are_alike() -> None:
    now = clock.now()
    assert TOKENS.issue("alice", now)[0] != TOKENS.issue("alice", now)[0]


def test_the_table_below_differs_from_a_good_token_in_one_thing_each() -> None:
    assert TOKENS.read(signed()).user_id == "alice"


BAD: dict[str, Callable[[], str]] = {
    "unsigned": lambda: jwt.encode(claims(), "", "none"),
    "unsigned, spelt otherwise": lambda: part('{"alg":"None"}') + "." + part(json.dumps(claims())) + ".",
    "signature cut off": lambda: signed().rpartition(".")[0] + ".",
    "another key": lambda: signed(key="t" * 40),
    "another algorithm": lambda: signed(key=SECRET * 2, algorithm="HS512"),
    "right key, another algorithm": lambda: jwt.encode(claims(), SECRET * 2, "HS384"),
    "another's claims": lambda: ".".join(
        [signed().split(".")[0], part(json.dumps(claims(sub="bob"))), signed().split(".")[2]]
    ),
    "another audience": lambda: signed(aud="others"),
    "another issuer": lambda: signed(iss="others"),
    "not yet issued": lambda: signed(iat=seconds(60)),
    "subject is a number": lambda: signed(sub=7),
    "no subject": lambda: signed(sub=None),
    "no time of issue": lambda: signed(iat=None),
    "no end": lambda: signed(exp=None),
    "no id": lambda: signed(jti=None),
    "no issuer": lambda: signed(iss=None),
    "no audience": lambda: signed(aud=None),
    "an end that is no time": lambda: signed(exp="soon"),
    "empty": lambda: "",
    "no token": lambda: "hello",
    "three dots": lambda: "...",
    "not Unicode": lambda: "\ud800.a.b",
    "not base64": lambda: "é.é.é",
    "header nested deeply": lambda: f"{part('[' * 1400)}.e30.e30",
    "huge": lambda: f"{part('[' * 1_000_000)}.e30.e30",
    "critical extension": lambda: jwt.encode(claims(), SECRET, headers={"crit": ["x"], "x": 1}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        TOKENS.read(BAD[name]())


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(Unauthenticated, match="expired"):
        TOKENS.read(signed(iat=seconds(-99), exp=seconds(-LEEWAY.total_seconds() - 2)))


def test_an_expired_token_of_another_key_is_just_invalid() -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        TOKENS.read(signed(key="t" * 40, exp=seconds(-60)))


def test_clocks_may_differ_a_little() -> None:
    assert TOKENS.read(signed(exp=seconds(-1))).user_id == "alice"
    assert TOKENS.read(signed(iat=seconds(3))).user_id == "alice"


def test_issue_takes_any_zone() -> None:
    now = datetime.now(UTC).astimezone()
    assert TOKENS.issue("alice", now)[1].tzinfo is UTC
