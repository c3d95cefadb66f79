"""Incremental decoding of content codings (RFC 9110 section 8.4.1).

Tocsin asks for none, but servers send them anyway. A small response can decode to an endless text, so no step yields
more than `CHUNK_SIZE` bytes, and the reader stops when it has enough.
"""

import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CHUNK_SIZE = 65_536
MAX_CODINGS = 5
MAX_MEMBERS = 4096
"""Gzip members or zstd frames in one response: each takes its own decoder, however little it holds."""
_INPUT = 16_384  # bytes passed to a decoder at once: the rest after a member is copied
_OVERHEAD = 65_536  # bytes by which coded data may exceed its text
_ZSTD_WINDOW_LOG = 23  # 8 MB: the maximum that RFC 9659 allows senders
# Registered codings without a decoder here. Names that are not codings (utf-8, none) are ignored, as in browsers.
_UNKNOWN = frozenset({"aes128gcm", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress"})


class DecodingError(Exception):
    """A response whose coding is unknown, or whose bytes do not match it. The text is a predicate."""


class Decoder(Protocol):
    """The decoder of one coding.

    `decode` yields pieces of about CHUNK_SIZE bytes at most, including empty ones, and raises DecodingError.
    `is_complete` tells whether the data may end here.
    """

    def decode(self, data: bytes) -> Iterator[bytes]: ...

    def is_complete(self) -> bool: ...


class BodyDecoder:
    """The decoders of one response. `exceeded` is set when more than `limit` bytes come out between two of them."""

    def __init__(self, codings: Sequence[str], limit: int) -> None:
        self.exceeded = False
        self._codings = codings
        undone = () if len(codings) > MAX_CODINGS else codings
        self._stages = [(coding, _STAGES[coding]()) for coding in reversed(undone) if coding in _STAGES]
        self._room = [limit + _OVERHEAD] * len(self._stages)
        self._begun = False

    @property
    def has_ignored_coding(self) -> bool:
        """Tell whether a name was ignored because it is not a coding, so that the bytes may be anything."""
        return len(self._stages) < len(self._codings)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Decode `data`, the next bytes of the response, piece by piece. Raises DecodingError.

        Pieces may be empty, to let other tasks run in between.
        """
        if not self._begun:
            self._refuse_unknown()
            self._begun = True
        return self._decode(data, 0)

    def finish(self) -> None:
        """End the response. Raises DecodingError if the coded data is incomplete."""
        for coding, stage in self._stages if self._begun else ():
            if not stage.is_complete():
                raise DecodingError(f"is cut off: its {coding} data has no end")

    def _decode(self, data: bytes, level: int) -> Iterator[bytes]:
        if level == len(self._stages):
            yield data
            return
        self._room[level] -= len(data)
        if self._room[level] < 0:
            self.exceeded = True
            return
        for piece in self._stages[level][1].decode(data):
            if not piece:  # the next stage would yield nothing for it
                yield piece
            yield from self._decode(piece, level + 1)
            if self.exceeded:
                return

    def _refuse_unknown(self) -> None:
        if len(self._codings) > MAX_CODINGS:
            raise DecodingError(f"has {len(self._codings)} content codings, but Tocsin decodes at most {MAX_CODINGS}")
        for coding in self._codings:
            if coding in _UNKNOWN:
                raise DecodingError(f"has the content coding {coding}, which Tocsin cannot decode")


def make_body_decoder(
    content_encodings: Iterable[str], transfer_encodings: Iterable[str], limit: int
) -> BodyDecoder | None:
    """Return the decoder for the codings that these headers name; None if there are none.

    Codings are listed in the order in which they were applied. `limit` is the number of bytes of text to read.
    """
    names = [*_names(content_encodings, "identity"), *_names(transfer_encodings, "chunked")]
    return BodyDecoder(names, limit) if names else None


def _names(headers: Iterable[str], without: str) -> list[str]:
    names = [name.strip().lower() for header in headers for name in header.split(",")]
    return [name for name in names if name not in {"", without}]


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _INPUT):
        yield data[start : start + _INPUT]


class _Count:
    """A limit on the parts of one coding's data."""

    def __init__(self, coding: str) -> None:
        self._coding, self._parts = coding, 0

    def add(self) -> None:
        """Count a part. Raises DecodingError above the limit."""
        self._parts += 1
        if self._parts > MAX_MEMBERS:
            raise DecodingError(f"has more than {MAX_MEMBERS:,} parts in its {self._coding} data")


class _Gzip:
    """gzip: one or more members. Other data after them is ignored, as by browsers and gzip itself."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._is_first = True
        self._has_output = False
        self._has_ended = False
        self._count = _Count("gzip")

    def decode(self, data: bytes) -> Iterator[bytes]:
        for given in _slices(data):
            rest = given
            while rest and not self._has_ended:
                yield from self._decode_member(rest)
                rest = self._next_member()

    def is_complete(self) -> bool:
        return self._has_ended or (not self._is_first and not self._has_output)

    def _decode_member(self, data: bytes) -> Iterator[bytes]:
        try:
            for piece in _inflate(self._decoder, data):
                self._has_output = self._has_output or bool(piece)
                yield piece
        except zlib.error:
            if self._is_first or self._has_output:
                raise DecodingError("is labelled gzip, but is not") from None
            self._has_ended = True

    def _next_member(self) -> bytes:
        if self._has_ended or not self._decoder.eof:
            return b""
        rest = self._decoder.unused_data
        self._count.add()
        self._decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        self._is_first = self._has_output = False
        return rest


class _Deflate:
    """deflate: the zlib format, or raw deflate, as some servers send it. Data after its end is ignored."""

    def __init__(self) -> None:
        self._decoder: Any = None
        self._start = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._decoder is None:
            self._start += data
            if len(self._start) < 2:
                return
            data, self._decoder = self._start, zlib.decompressobj(wbits=_deflate_window(self._start))
        for given in _slices(data):
            if self._decoder.eof:
                return
            try:
                yield from _inflate(self._decoder, given)
            except zlib.error:
                raise DecodingError("is labelled deflate, but is not") from None

    def is_complete(self) -> bool:
        return self._decoder is not None and bool(self._decoder.eof)


def _deflate_window(start: bytes) -> int:
    method, flags = start[0], start[1]
    has_frame = method & 0x0F == zlib.DEFLATED and method >> 4 <= 7 and (method * 256 + flags) % 31 == 0
    return zlib.MAX_WBITS if has_frame else -zlib.MAX_WBITS


def _inflate(decoder: Any, data: bytes) -> Iterator[bytes]:
    while True:
        piece = decoder.decompress(data, CHUNK_SIZE)
        yield piece
        data = decoder.unconsumed_tail
        if decoder.eof or (not data and len(piece) < CHUNK_SIZE):
            return


class _Brotli:
    """br (RFC 7932)."""

    def __init__(self) -> None:
        self._decoder = brotli.Decompressor()

    def decode(self, data: bytes) -> Iterator[bytes]:
        for given in _slices(data):
            piece = self._decode(given)
            while piece:
                yield piece
                piece = b"" if self._decoder.is_finished() else self._decode(b"")
            yield b""

    def is_complete(self) -> bool:
        return bool(self._decoder.is_finished())

    def _decode(self, data: bytes) -> bytes:
        try:
            return bytes(self._decoder.process(data, output_buffer_limit=CHUNK_SIZE))
        except brotli.error:
            raise DecodingError("is labelled br, but is not") from None


class _Zstd:
    """zstd (RFC 8878): one or more frames."""

    def __init__(self) -> None:
        self._decoder = _zstd_decoder()
        self._is_between = False
        self._count = _Count("zstd")

    def decode(self, data: bytes) -> Iterator[bytes]:
        for given in _slices(data):
            rest = given
            while rest:
                yield from self._decode_frame(rest)
                rest = self._next_frame()

    def is_complete(self) -> bool:
        return self._is_between

    def _decode_frame(self, data: bytes) -> Iterator[bytes]:
        self._is_between = False
        try:
            yield self._decoder.decompress(data, CHUNK_SIZE)
            while not self._decoder.eof and not self._decoder.needs_input:
                yield self._decoder.decompress(b"", CHUNK_SIZE)
        except zstd.ZstdError:
            raise DecodingError("is labelled zstd, but is not, or needs more than 8 MB to decode") from None

    def _next_frame(self) -> bytes:
        if not self._decoder.eof:
            return b""
        rest = self._decoder.unused_data
        self._count.add()
        self._decoder, self._is_between = _zstd_decoder(), True
        return rest


def _zstd_decoder() -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG})


_STAGES: dict[str, type[_Gzip] | type[_Deflate] | type[_Brotli] | type[_Zstd]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
