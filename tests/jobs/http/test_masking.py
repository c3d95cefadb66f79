"""Nothing is left of a secret that a target echoes, in any encoding.

Contexts consist of digits and secrets contain none, so that the masked part is known exactly.
"""

import base64
import html
import json
import re
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.jobs.http.masking import MIN_SECRET_LENGTH, SecretMasker

# All characters of headers, also of other scripts, except the star, which could make a mask look like a secret.
SECRET_LETTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cs", "Nd", "No", "Nl"], exclude_characters="* \u2028\u2029"
)
SECRETS = st.text(SECRET_LETTERS, min_size=MIN_SECRET_LENGTH, max_size=40).filter(lambda text: text == text.strip())
CONTEXTS = st.text("0123456789", max_size=20)
ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "json": lambda text: json.dumps(text)[1:-1],
    "json, not only ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "json, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json, all but letters": lambda text: re.sub(
        "[^A-Za-z._~-]", lambda match: "".join(f"\\u{unit:04X}" for unit in _utf16(match[0])), text
    ),
    "html": html.escape,
    "html, numbers": lambda text: "".join(f"&#{ord(letter)};" if letter in "<>&\"'/=`+" else letter for letter in text),
    "percent": quote,
    "percent, all": lambda text: re.sub("%..", lambda match: match[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    "latin-1": lambda text: text.encode().decode("latin-1"),
}
ENCODERS = st.sampled_from(list(ENCODINGS.values()))


def _utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2]) for at in range(0, len(raw), 2)]


def mask(text: str, secret: str, *, cut: bool = False) -> str:
    return SecretMasker([("X-Secret", secret)]).mask(text, cut=cut)


@given(SECRETS, ENCODERS, CONTEXTS, CONTEXTS)
def test_a_secret_is_masked_in_any_encoding_and_nothing_else(
    secret: str, encode: Callable[[str], str], before: str, after: str
) -> None:
    # An escape ends at a character that cannot belong to it.
    assert mask(f"{before}<{encode(secret)}>{after}", secret) == f"{before}<***>{after}"


@pytest.mark.parametrize("secret", ["gr\u00fcn-geheim", "\u00fc\u00f6\u00e4\u00df"])
def test_a_secret_in_latin_1_is_masked_that_was_read_as_utf_8(secret: str) -> None:
    echoed = secret.encode("latin-1").decode(errors="replace")
    assert mask(f"1<{echoed}>2", secret) == "1<***>2"


TWICE = ["json", "html", "percent"]
OUTER = st.sampled_from([str, *(ENCODINGS[name] for name in TWICE)])


@given(SECRETS, st.sampled_from(TWICE), st.sampled_from(TWICE), CONTEXTS, CONTEXTS)
def test_a_secret_is_masked_that_is_encoded_twice(secret: str, inner: str, outer: str, before: str, after: str) -> None:
    twice = ENCODINGS[outer](ENCODINGS[inner](secret))
    assert mask(f"{before}<{twice}>{after}", secret) == f"{before}<***>{after}"


@given(SECRETS, st.binary(max_size=10), st.binary(max_size=10), st.sampled_from([b"+/", b"-_"]))
def test_a_secret_is_masked_within_anything_in_base64(
    secret: str, before: bytes, after: bytes, alphabet: bytes
) -> None:
    encoded = base64.b64encode(before + secret.encode() + after, alphabet).decode()
    left = mask(encoded, secret)
    assert "***" in left
    # At both ends, one base64 character also encodes bits of its neighbour.
    assert len(left) - len("***") <= len(encoded) - len(secret.encode()) * 8 // 6 + 2


@given(SECRETS, ENCODERS, OUTER, CONTEXTS, st.data())
def test_a_secret_that_the_limit_cuts_is_masked(
    secret: str, inner: Callable[[str], str], outer: Callable[[str], str], before: str, data: st.DataObject
) -> None:
    def encode(text: str) -> str:
        return outer(inner(text))

    kept = data.draw(st.integers(MIN_SECRET_LENGTH, len(secret)), label="letters kept")
    at = data.draw(st.integers(len(encode(secret[:kept])), len(encode(secret))), label="cut")
    assert mask(f"{before}<{encode(secret)[:at]}", secret, cut=True) == f"{before}<***"


@given(SECRETS, CONTEXTS)
def test_the_end_of_a_whole_body_is_left_as_it_is(secret: str, before: str) -> None:
    beginning = before + secret[:-1]
    assert mask(beginning, secret) == beginning


@given(st.text(), st.lists(SECRETS, max_size=4), st.booleans())
def test_no_secret_is_left_of_many(text: str, secrets: list[str], cut: bool) -> None:
    shuffled = text.join(["", *secrets, *secrets, ""])
    left = SecretMasker([(f"X-{number}", secret) for number, secret in enumerate(secrets)]).mask(shuffled, cut=cut)
    assert not any(secret in left for secret in secrets)


@given(st.text('\\u0041x"&#4;%lt', max_size=60), st.text('\\u0041x"&#4;%lt', min_size=4, max_size=8), st.booleans())
def test_bodies_full_of_halves_of_escapes_do_no_harm(text: str, secret: str, cut: bool) -> None:
    left = mask(text, secret, cut=cut)
    assert secret not in left
    if secret not in text and not set("\\&%") & set(text) and not cut:
        assert left == text


BASIC = base64.b64encode(b"bob:correct horse").decode()


@pytest.mark.parametrize(
    ("name", "value", "echo", "left"),
    [
        ("Authorization", "Bearer t0ken", '{"token": "t0ken"}', '{"token": "***"}'),
        ("authorization", "Bearer t0ken", "Bearer t0ken", "Bearer ***"),
        ("Proxy-Authorization", "Token t0ken", "t0ken", "***"),
        ("Authorization", "Bearer abc", "abc, Bearer abc", "abc, ***"),
        ("Authorization", f"Basic {BASIC}", f"Basic {BASIC}", "Basic ***"),
        ("Authorization", f"Basic {BASIC}", "user bob, password correct+horse", "user bob, password ***"),
        ("Authorization", f"Basic {BASIC}", "bob:correct%20horse", "bob:***"),
        ("Authorization", "Basic c2tfbGl2ZTo=", "key sk_live", "key ***"),  # sk_live: without a password
        ("Authorization", "Basic not-base64", "not-base64", "***"),
        ("Cookie", 'a=1; sid=s3cret; q="qu0ted"', '{"sid": "s3cret", "q": "qu0ted", "a": 1}',
         '{"sid": "***", "q": "***", "a": 1}'),
        ("X-Hook", "two words", "two+words, two%20words, two words", "***, ***, ***"),
        ("X-Pin", "123", "123", "123"),
        ("X-Pin", "1234", "12345 x1234", "***5 x***"),
    ],
)  # fmt: skip
def test_the_parts_of_a_header_are_masked_too(name: str, value: str, echo: str, left: str) -> None:
    assert SecretMasker([(name, value)]).mask(echo) == left


def test_without_secrets_there_is_no_masker() -> None:
    assert not SecretMasker([])
    assert not SecretMasker([("X-Pin", "123")])
    assert SecretMasker([]).mask("anything", cut=True) == "anything"


def test_what_is_full_of_secrets_is_masked_whole() -> None:
    assert mask("abcd." * 10_001 + "end", "abcd") == "***"


@pytest.mark.parametrize("unit", ["\\n", "%41x", "&amp;", "\\\\\\\\", "a", "a%2Ba", "secret+"])
def test_no_body_takes_long(unit: str) -> None:
    """The time is linear in the body, even if target and owner choose the worst case together."""
    secrets = [("X-1", "secret+/" * 100), ("X-2", "a+" * 400 + "/"), ("X-3", "\\" * 500), ("X-4", "&amp;" * 100)]
    body = ("secret" + unit * 70_000)[:65_536]
    begun = time.process_time()
    SecretMasker(secrets).mask(body, cut=True)
    assert time.process_time() - begun < 2
