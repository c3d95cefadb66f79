"""Undoes the content codings of an answer (RFC 9110 section 8.4.1), a little at a time.

Tocsin asks for none, but servers send them all the same. A small answer can stand for an endless text, so no step makes
more than `PIECE` bytes, and whoever reads says when it is enough.
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

PIECE = 65_536
CODINGS_LIMIT = 5
MEMBERS_LIMIT = 4096
"""Members of gzip, and frames of zstd, in one answer: each wants a decoder of its own, however little it holds."""
_INPUT = 16_384  # bytes given to a decoder at once: what follows a member is copied
_OVERHEAD = 65_536  # by so many bytes a coded form may be longer than its text
_ZSTD_WINDOW_LOG = 23  # 8 MB: the most that RFC 9659 lets a sender use
# Registered codings that are not undone; names that are none (utf-8, none) are ignored, as browsers do.
_UNKNOWN = frozenset({"aes128gcm", "compress", "dcb", "dcz", "exi", "pack200-gzip", "x-compress"})


class Undecodable(Exception):
    """An answer whose coding is not known, or whose bytes are not what their coding says. The text is a predicate."""


class Stage(Protocol):
    """Undoes one coding. `decode` yields pieces of at most about PIECE bytes, empty ones too, and raises Undecodable;
    `is_complete` says whether the data may end here.
    """

    def decode(self, data: bytes) -> Iterator[bytes]: ...

    def is_complete(self) -> bool: ...


class Decoding:
    """The codings of one answer. More than `limit` bytes between two of them are not looked at: `exceeded` says so."""

    def __init__(self, codings: Sequence[str], limit: int) -> None:
        self.exceeded = False
        self._codings = codings
        undone = () if len(codings) > CODINGS_LIMIT else codings
        self._stages = [(coding, _STAGES[coding]()) for coding in reversed(undone) if coding in _STAGES]
        self._room = [limit + _OVERHEAD] * len(self._stages)
        self._begun = False

    @property
    def ignores_a_coding(self) -> bool:
        """Tell whether a coding's name is none, so that the bytes may be anything."""
        return len(self._stages) < len(self._codings)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Decode `data`, the next bytes of the answer, piece by piece. Raises Undecodable.

        Pieces may be empty: each is a moment at which others can go on.
        """
        if not self._begun:
            self._refuse_unknown()
            self._begun = True
        return self._decode(data, 0)

    def finish(self) -> None:
        """Say that the answer is complete. Raises Undecodable if the coded data is not."""
        for coding, stage in self._stages if self._begun else ():
            if not stage.is_complete():
                raise Undecodable(f"is cut off: its {coding} data has no end")

    def _decode(self, data: bytes, level: int) -> Iterator[bytes]:
        if level == len(self._stages):
            yield data
            return
        self._room[level] -= len(data)
        if self._room[level] < 0:
            self.exceeded = True
            return
        for piece in self._stages[level][1].decode(data):
            if not piece:  # to the next stage it is nothing, of which that makes no piece
                yield piece
            yield from self._decode(piece, level + 1)
            if self.exceeded:
                return

    def _refuse_unknown(self) -> None:
        if len(self._codings) > CODINGS_LIMIT:
            raise Undecodable(
                f"has {len(self._codings)} content codings, of which Tocsin undoes at most {CODINGS_LIMIT}"
            )
        for coding in self._codings:
            if coding in _UNKNOWN:
                raise Undecodable(f"has the content coding {coding}, which Tocsin cannot undo")


def decoding_of(content_encodings: Iterable[str], transfer_encodings: Iterable[str], limit: int) -> Decoding | None:
    """Return what undoes the codings that these headers name; None if there are none.

    They are named in the order in which they were applied. `limit` is how many bytes of text are wanted.
    """
    names = [*_names(content_encodings, "identity"), *_names(transfer_encodings, "chunked")]
    return Decoding(names, limit) if names else None


def _names(headers: Iterable[str], without: str) -> list[str]:
    names = [name.strip().lower() for header in headers for name in header.split(",")]
    return [name for name in names if name not in {"", without}]


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _INPUT):
        yield data[start : start + _INPUT]


class _Count:
    """Counts the parts that one coding's data is made of."""

    def __init__(self, coding: str) -> None:
        self._coding, self._parts = coding, 0

    def add(self) -> None:
        """Raises Undecodable for one too many."""
        self._parts += 1
        if self._parts > MEMBERS_LIMIT:
            raise Undecodable(f"has more than {MEMBERS_LIMIT:,} parts in its {self._coding} data")


class _Gzip:
    """gzip: one or more members. What follows them and is none is ignored, as by browsers and gzip itself."""

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
                raise Undecodable("says that it is gzip, but is not") from None
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
    """deflate: zlib's format, or without its frame, as some servers send it. What follows its end is ignored."""

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
                raise Undecodable("says that it is deflate, but is not") from None

    def is_complete(self) -> bool:
        return self._decoder is not None and bool(self._decoder.eof)


def _deflate_window(start: bytes) -> int:
    method, flags = start[0], start[1]
    has_frame = method & 0x0F == zlib.DEFLATED and method >> 4 <= 7 and (method * 256 + flags) % 31 == 0
    return zlib.MAX_WBITS if has_frame else -zlib.MAX_WBITS


def _inflate(decoder: Any, data: bytes) -> Iterator[bytes]:
    while True:
        piece = decoder.decompress(data, PIECE)
        yield piece
        data = decoder.unconsumed_tail
        if decoder.eof or (not data and len(piece) < PIECE):
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
            return bytes(self._decoder.process(data, output_buffer_limit=PIECE))
        except brotli.error:
            raise Undecodable("says that it is br, but is not") from None


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
            yield self._decoder.decompress(data, PIECE)
            while not self._decoder.eof and not self._decoder.needs_input:
                yield self._decoder.decompress(b"", PIECE)
        except zstd.ZstdError:
            raise Undecodable("says that it is zstd, but is not, or wants more than 8 MB to be decoded") from None

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
