"""Only tokens are accepted that this installation signed, for this use, and that have not expired."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tocsin import clock
from tocsin.errors import Unauthenticated
from tocsin.security import access_tokens
from tocsin.security.access_tokens import LEEWAY, AccessTokens, SigningKey, UnknownSigningKey, derive_key_id

SECRET = "s" * 40
HOUR = timedelta(hours=1)
TOKENS = AccessTokens(SECRET, HOUR)
KID = derive_key_id(SECRET)
OLD, NEW = SigningKey("0" * 16, "o" * 40), SigningKey("1" * 16, "n" * 40)


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a valid token with changes, of which None removes one."""
    now = int(clock.now().timestamp())
    good = {"sub": "alice", "iat": now, "exp": now + 60, "jti": "1", "iss": "tocsin", "aud": "tocsin"}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(key: str = SECRET, algorithm: str = "HS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm, {"kid": KID, **(header or {})})


def with_header(text: str) -> str:
    """Return a token, signed with the right key, that is valid except for its header."""
    signing_input = f"{part(text)}.{signed().split('.')[1]}"
    digest = hmac.new(SECRET.encode(), signing_input.encode(), "sha256").digest()
    return f"{signing_input}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def part(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


def seconds(offset: float) -> int:
    return int(clock.now().timestamp() + offset)


def test_an_issued_token_is_read() -> None:
    now = clock.now()
    token, expires_at = TOKENS.issue("alice", now)
    found = TOKENS.verify_without_reload(token)
    assert found.user_id == "alice"
    assert found.expires_at == expires_at
    assert expires_at.tzinfo is UTC
    assert timedelta(0) <= now + timedelta(hours=1) - expires_at < timedelta(seconds=1)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": KID}
    said = jwt.decode(token, options={"verify_signature": False})
    assert said.keys() == claims(sid="").keys()
    assert found.token_id == said["jti"]
    assert found.session_id is None


def test_a_token_tells_its_session() -> None:
    assert TOKENS.verify_without_reload(TOKENS.issue("alice", clock.now(), "s1")[0]).session_id == "s1"


def test_no_two_tokens_are_alike() -> None:
    now = clock.now()
    assert TOKENS.issue("alice", now)[0] != TOKENS.issue("alice", now)[0]


def test_the_table_below_differs_from_a_good_token_in_one_thing_each() -> None:
    assert TOKENS.verify_without_reload(signed()).user_id == "alice"


def header(**changes: Any) -> str:
    """Return the header of a valid token with changes, of which None removes one."""
    good = {"alg": "HS256", "typ": "JWT", "kid": KID, **changes}
    return json.dumps({name: value for name, value in good.items() if value is not None})


def jws(payload: bytes, header: dict[str, Any] | None = None) -> str:
    """Sign any payload with the right key."""
    return jwt.api_jws.encode(payload, SECRET, "HS256", {"kid": KID, **(header or {})})


def test_a_header_made_by_hand_is_as_good() -> None:
    assert TOKENS.verify_without_reload(with_header(header())).user_id == "alice"
    assert TOKENS.verify_without_reload(jws(json.dumps(claims()).encode())).user_id == "alice"


def test_a_key_in_the_header_is_not_heeded() -> None:
    other = {"jwk": {"kty": "oct", "k": part("t" * 40)}, "jku": "https://evil.test/k", "x5u": "https://evil.test/k"}
    assert TOKENS.verify_without_reload(signed(header=other)).user_id == "alice"


BAD: dict[str, Callable[[], str]] = {
    "unsigned": lambda: signed("", "none"),
    "unsigned, spelt otherwise": lambda: part(header(alg="NonE")) + "." + part(json.dumps(claims())) + ".",
    "unsigned, its algorithm empty": lambda: part(header(alg="")) + "." + part(json.dumps(claims())) + ".",
    "unsigned, but with a signature": lambda: with_header(header(alg="none")),
    "signed as if the secret were a public key": lambda: with_header(header(alg="RS256")),
    "right but for the name of its algorithm": lambda: with_header(header(alg="HS512")),
    "algorithm in small letters": lambda: with_header(header(alg="hs256")),
    "no algorithm": lambda: with_header(header(alg=None)),
    "a list of algorithms": lambda: with_header(header(alg=["HS256", "none"])),
    "no kid": lambda: with_header(header(kid=None)),
    "another kid": lambda: signed(header={"kid": "0" * 16}),
    "kid of a file": lambda: with_header(header(kid="../../../dev/null")),
    "kid of a query": lambda: with_header(header(kid="' OR 1=1 --")),
    "kid of a document": lambda: with_header(header(kid={"$gt": ""})),
    "kid is a number": lambda: with_header(header(kid=7)),
    "kid is a list": lambda: with_header(header(kid=[KID])),
    "kid in capital letters": lambda: with_header(header(kid=KID.upper())),
    "kid with a line break": lambda: with_header(header(kid=KID + "\n")),
    "kid is long": lambda: with_header(header(kid="a" * 1000)),
    "kid is empty": lambda: with_header(header(kid="")),
    "a key of its own": lambda: signed("t" * 40, header={"jwk": {"kty": "oct", "k": part("t" * 40)}}),
    "a key from elsewhere": lambda: signed(
        "t" * 40, header={"jku": "https://evil.test/k", "x5u": "https://evil.test/k"}
    ),
    "a header that is a list": lambda: with_header("[]"),
    "a header that is a text": lambda: with_header('"HS256"'),
    "a token in a token": lambda: jws(signed().encode(), header={"cty": "JWT"}),
    "claims that are a list": lambda: jws(b"[]"),
    "claims that are no JSON": lambda: jws(b"\xff{"),
    "claims encoded otherwise": lambda: with_header(header(b64=False, crit=["b64"])),
    "signature cut off": lambda: signed().rpartition(".")[0] + ".",
    "another key": lambda: signed(key="t" * 40),
    "another algorithm": lambda: signed(key=SECRET * 2, algorithm="HS512"),
    "right key, a weaker use of it": lambda: signed(SECRET * 2, "HS384"),
    "another's claims": lambda: ".".join(
        [signed().split(".")[0], part(json.dumps(claims(sub="bob"))), signed().split(".")[2]]
    ),
    "another audience": lambda: signed(aud="others"),
    "several audiences": lambda: signed(aud=["tocsin", "others"]),
    "another issuer": lambda: signed(iss="others"),
    "issuer is a list": lambda: jws(json.dumps(claims(iss=["tocsin"])).encode()),
    "not yet issued": lambda: signed(iat=seconds(60)),
    "not good yet": lambda: signed(nbf=seconds(60)),
    "issued at no time": lambda: signed(iat="now"),
    "subject is a number": lambda: signed(sub=7),
    "session is a number": lambda: signed(sid=7),
    "id is a number": lambda: signed(jti=7),
    "no subject": lambda: signed(sub=None),
    "no time of issue": lambda: signed(iat=None),
    "no end": lambda: signed(exp=None),
    "no id": lambda: signed(jti=None),
    "no issuer": lambda: signed(iss=None),
    "no audience": lambda: signed(aud=None),
    "an end that is no time": lambda: signed(exp="soon"),
    "an end after all years": lambda: signed(exp=10**18),
    "an end that is infinite": lambda: jws(json.dumps(claims(exp=float("inf"))).encode()),
    "empty": lambda: "",
    "no token": lambda: "hello",
    "three dots": lambda: "...",
    "not Unicode": lambda: "\ud800.a.b",
    "not base64": lambda: "é.é.é",
    "header nested deeply": lambda: f"{part('[' * 1400)}.e30.e30",
    "claims nested deeply": lambda: jws(b'{"sub":' + b"[" * 1200),
    "huge": lambda: f"{part('[' * 1_000_000)}.e30.e30",
    "critical extension": lambda: signed(header={"crit": ["x"], "x": 1}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_token_is_refused(name: str) -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        TOKENS.verify_without_reload(BAD[name]())


def test_an_expired_token_is_told_apart() -> None:
    with pytest.raises(Unauthenticated, match="expired"):
        TOKENS.verify_without_reload(signed(iat=seconds(-99), exp=seconds(-LEEWAY.total_seconds() - 2)))


def test_an_expired_token_of_another_key_is_just_invalid() -> None:
    with pytest.raises(Unauthenticated, match="not valid"):
        TOKENS.verify_without_reload(signed(key="t" * 40, exp=seconds(-60)))


def test_clocks_may_differ_a_little() -> None:
    assert TOKENS.verify_without_reload(signed(exp=seconds(-1))).user_id == "alice"
    assert TOKENS.verify_without_reload(signed(iat=seconds(3))).user_id == "alice"


def test_issue_takes_any_zone() -> None:
    now = datetime.now(UTC).astimezone()
    assert TOKENS.issue("alice", now)[1].tzinfo is UTC


def test_several_keys_are_good_and_the_first_signs() -> None:
    tokens = AccessTokens(SECRET, HOUR)
    first, _ = tokens.issue("alice", clock.now())
    tokens.set_keys([OLD, SigningKey(KID, SECRET)])
    second, _ = tokens.issue("alice", clock.now())
    tokens.set_keys([NEW, OLD, SigningKey(KID, SECRET)])
    third, _ = tokens.issue("alice", clock.now())
    assert [jwt.get_unverified_header(token)["kid"] for token in (first, second, third)] == [KID, OLD.kid, NEW.kid]
    assert [tokens.verify_without_reload(token).user_id for token in (first, second, third)] == ["alice"] * 3


def test_a_key_does_not_vouch_for_another() -> None:
    tokens = AccessTokens(SECRET, HOUR)
    tokens.set_keys([NEW, OLD])
    forged = jwt.encode(claims(), OLD.secret, headers={"kid": NEW.kid})
    with pytest.raises(Unauthenticated, match="not valid"):
        tokens.verify_without_reload(forged)


def test_a_retired_key_is_good_until_its_time() -> None:
    tokens = AccessTokens(SECRET, HOUR)
    token, _ = tokens.issue("alice", clock.now())
    tokens.set_keys([NEW, SigningKey(KID, SECRET, retire_at=clock.now() + HOUR)])
    assert tokens.verify_without_reload(token).user_id == "alice"
    tokens.set_keys([NEW, SigningKey(KID, SECRET, retire_at=clock.now())])
    with pytest.raises(Unauthenticated, match="not valid") as caught:
        tokens.verify_without_reload(token)
    assert not isinstance(caught.value, UnknownSigningKey)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tokens whose signature was verified."""
    seen: list[str] = []
    decode = access_tokens._decode

    def recorded(token: str, secret: str) -> dict[str, Any]:
        seen.append(token)
        return decode(token, secret)

    monkeypatch.setattr(access_tokens, "_decode", recorded)
    return seen


def test_the_signature_of_a_token_is_verified_once(decoded: list[str]) -> None:
    tokens = AccessTokens(SECRET, HOUR)
    token, _ = tokens.issue("alice", clock.now())
    assert tokens.verify_without_reload(token) == tokens.verify_without_reload(token)
    assert len(decoded) == 1
    with pytest.raises(Unauthenticated):
        tokens.verify_without_reload(token + "A")
    with pytest.raises(Unauthenticated):
        tokens.verify_without_reload(token + "A")
    assert len(decoded) == 3


def test_the_time_of_a_known_token_is_checked_each_time(decoded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = AccessTokens(SECRET, HOUR)
    token, expires_at = tokens.issue("alice", clock.now())
    tokens.verify_without_reload(token)
    monkeypatch.setattr(clock, "now", lambda: expires_at + LEEWAY - clock.MILLISECOND)
    tokens.verify_without_reload(token)
    assert len(decoded) == 1
    monkeypatch.setattr(clock, "now", lambda: expires_at + LEEWAY)
    tokens.verify_without_reload(token)  # PyJWT, which refuses an expired one, reads the real clock
    assert len(decoded) == 2


def test_a_known_token_is_refused_when_its_key_is_gone_or_retires(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = AccessTokens(SECRET, HOUR)
    retire_at = clock.now() + HOUR / 2
    tokens.set_keys([SigningKey(KID, SECRET, retire_at), NEW])
    token, _ = tokens.issue("alice", clock.now())
    tokens.verify_without_reload(token)
    monkeypatch.setattr(clock, "now", lambda: retire_at)
    with pytest.raises(Unauthenticated, match="not valid"):
        tokens.verify_without_reload(token)
    monkeypatch.undo()
    tokens.verify_without_reload(token)
    tokens.set_keys([NEW])
    with pytest.raises(UnknownSigningKey):
        tokens.verify_without_reload(token)


def test_few_tokens_are_remembered(decoded: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_tokens, "_MAX_VERIFIED", 2)
    tokens = AccessTokens(SECRET, HOUR)
    issued = [tokens.issue("alice", clock.now())[0] for _ in range(3)]
    for token in (*issued, issued[2], issued[0]):
        tokens.verify_without_reload(token)
    assert decoded == [*issued, issued[0]]


async def test_an_unknown_key_is_looked_for() -> None:
    issuer, reader = AccessTokens(SECRET, HOUR), AccessTokens(SECRET, HOUR)
    issuer.set_keys([NEW])
    token, _ = issuer.issue("alice", clock.now())
    asked = []

    async def learn() -> None:
        asked.append(token)
        reader.set_keys([NEW])

    with pytest.raises(UnknownSigningKey):
        await reader.verify(token)
    reader.reload_keys = learn
    assert (await reader.verify(token)).user_id == "alice"
    assert (await reader.verify(token)).user_id == "alice"
    assert len(asked) == 1


@pytest.mark.parametrize("name", [name for name in BAD if name != "another kid"])
async def test_a_bad_token_sends_nobody_to_the_database(name: str) -> None:
    async def never() -> None:
        raise AssertionError("looked for a key")

    tokens = AccessTokens(SECRET, HOUR)
    tokens.reload_keys = never
    with pytest.raises(Unauthenticated, match="not valid"):
        await tokens.verify(BAD[name]())


def test_the_id_of_a_secret_is_the_same_everywhere_and_of_no_other() -> None:
    assert derive_key_id(SECRET) == "2cf6221c8f2eaebc" == KID
    assert derive_key_id(SECRET + "x") != KID
