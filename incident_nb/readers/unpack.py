"""gzip and zstd unpacked piece by piece, no further than a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import zstandard

from incident_nb.errors import SourceError
from incident_nb.readers import limits

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
DAMAGE = (zlib.error, zstandard.ZstdError)
_IN, _OUT = 64 * limits.KIB, limits.MIB


class Unpacker:
    """The pieces of a compressed file. `cut_off`, known after the last one, says whether its end is missing.

    Raises SourceError when it unpacks to more than `most` bytes or to very many times its own size, and one of `DAMAGE`
    where it is damaged.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.cut_off = False
        self._file, self._path = file, path
        self._size = path.stat().st_size
        self._done = 0

    def pieces(self) -> Iterator[bytes]:
        """Its content in pieces of about a megabyte."""
        head = self._file.read(4)
        self._file.seek(0)
        yield from self._gzip() if head.startswith(GZIP) else self._zstd()

    def check(self, piece: bytes, most: int) -> None:
        """Counts a piece. Raises SourceError when that makes too much."""
        self._done += len(piece)
        if self._done > most:
            raise SourceError(
                f"{self._path} unpacks to more than {limits.amount(most)}, the limit for compressed files. Unpack it "
                "with gunzip or unzstd and read the unpacked file: that has no limit."
            )
        if self._done > max(limits.RATIO_FROM, limits.RATIO * self._file.tell()):  # what was read so far
            raise SourceError(
                f"{self._path} unpacks to more than {limits.RATIO} times its size, which no n8n export does. If you trust "
                "it, unpack it with gunzip or unzstd and read the unpacked file."
            )

    def _gzip(self) -> Iterator[bytes]:
        unpacker = zlib.decompressobj(31)
        while packed := self._file.read(_IN):
            while packed:
                if unpacker.eof:  # another member follows; zeros may fill up the end
                    packed = packed.lstrip(b"\0")
                    if not packed:
                        break
                    unpacker = zlib.decompressobj(31)
                piece = unpacker.decompress(packed, _OUT)
                yield piece
                packed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
        while piece := unpacker.decompress(b"", _OUT) if not unpacker.eof else b"":
            yield piece
        self.cut_off = not unpacker.eof

    def _zstd(self) -> Iterator[bytes]:
        unpacker = zstandard.ZstdDecompressor(max_window_size=limits.ZSTD_WINDOW)
        with unpacker.stream_reader(self._file, read_across_frames=True, closefd=False) as reader:
            while piece := reader.read(_OUT):
                yield piece
        self._file.seek(0)
        self.cut_off = not _whole_frames(self._file, self._size)


def _whole_frames(file: BinaryIO, size: int) -> bool:
    """Whether a file of zstd frames ends where its last frame does, which the library does not tell."""
    place = 0
    while place < size:
        file.seek(place)
        head = file.read(18)
        if head[1:4] == b"\x2a\x4d\x18" and head[:1] >= b"\x50":  # a frame to be passed over
            place += 8 + int.from_bytes(head[4:8], "little")
            continue
        try:
            place += zstandard.frame_header_size(head)
            checked = zstandard.get_frame_parameters(head).has_checksum
        except zstandard.ZstdError:
            return False
        last = False
        while not last:
            file.seek(place)
            block = file.read(3)
            if len(block) < 3:
                return False
            word = int.from_bytes(block, "little")
            last, kind, length = bool(word & 1), word >> 1 & 3, word >> 3
            place += 3 + (1 if kind == 1 else length)  # kind 1: one byte, repeated
        place += 4 * checked
    return place == size
