"""What a file is: its bytes, packing, encoding and format, told by its content and never by its name."""

import codecs
import contextlib
import dataclasses
import gzip
import hashlib
import io
import shutil
import tempfile
import zlib
from pathlib import Path

from counterweight.errors import InputError

SEPARATED, JSON_LINES, JSON_ARRAY, PARQUET = "separated text", "JSON Lines", "JSON array", "Parquet"
ENCODINGS = {
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252 (Latin-1)",
    "latin-1": "Latin-1",
}
CHUNK = 1 << 20
PLAIN = bytes(range(128))
# Of copies beside the build file, which a load that was killed leaves there.
COPY_PREFIX = ".load-"


@dataclasses.dataclass(frozen=True)
class File:
    """A file that was read to its end."""

    path: Path
    kind: str
    is_gzip: bool
    sha256: str
    byte_count: int
    encoding: str | None
    line_count: int
    has_mixed_newlines: bool
    # nothing ends the last line
    is_open: bool

    def open(self):
        return _open(self.path, self.is_gzip)


def look_at(path):
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file in it, or a pattern. Nothing was loaded.")
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    through = _read_through(path, is_gzip)
    if through["byte_count"] == 0:
        raise InputError(f"{path}: the file is empty. Export it again, or leave it out. Nothing was loaded.")
    is_utf8, last = through.pop("is_utf8"), through.pop("last")
    with _open(path, is_gzip) as file:
        if file.read(4) == b"PAR1":
            return File(path, PARQUET, is_gzip, encoding=None, **through)
    encoding = "utf-8-sig" if is_utf8 else _encoding(path, is_gzip)
    first = _first_character(path, is_gzip, encoding)
    if not first:
        raise InputError(f"{path}: the file holds no column names, only blanks. Export it again. Nothing was loaded.")
    kind = {"{": JSON_LINES, "[": JSON_ARRAY}.get(first, SEPARATED)
    # DuckDB takes an array that ends after a comma for a whole one
    if kind == JSON_ARRAY and last != b"]":
        raise InputError(
            f"{path}: the JSON array is not closed: the file is truncated. Export it again. Nothing was loaded."
        )
    return File(path, kind, is_gzip, encoding=encoding, **through)


@contextlib.contextmanager
def readable(file, folder):
    """(path, compression) of the file as DuckDB reads it; a copy, if it needs one, lives as long as the reading."""
    as_it_is = file.encoding == "utf-8-sig" and not file.has_mixed_newlines
    if as_it_is or (file.kind == PARQUET and not file.is_gzip):
        yield file.path, "gzip" if file.is_gzip else "uncompressed"
        return
    # beside the build file, which holds the same rows, and not in a folder that others may read
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(prefix=COPY_PREFIX, dir=folder) as copy:
        if file.kind == PARQUET:
            with file.open() as packed:
                shutil.copyfileobj(packed, copy, CHUNK)
        else:
            _copy_as_utf8(file, copy)
        copy.flush()
        yield Path(copy.name), "uncompressed"


def _copy_as_utf8(file, copy):
    writer = codecs.getwriter("utf-8")(copy)
    newline = None if file.has_mixed_newlines else ""
    try:
        with file.open() as binary, io.TextIOWrapper(binary, encoding=file.encoding, newline=newline) as text:
            shutil.copyfileobj(text, writer, CHUNK)
    except UnicodeError:
        raise InputError(
            f"{file.path}: it is not {ENCODINGS[file.encoding]} to its end; it may be truncated. "
            "Export it again. Nothing was loaded."
        ) from None


def _open(path, is_gzip):
    return gzip.open(path, "rb") if is_gzip else path.open("rb")


def _read_through(path, is_gzip):
    """SHA-256, length and lines of the content, unpacked (the same export is the same file plain or gzipped), whether
    it is UTF-8, whether its lines end in two ways, and its last byte that is no blank."""
    digest = hashlib.sha256()
    length = lines = returns = all_returns = not_plain = 0
    has_quotes = False
    previous = last = b"\n"
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8 = True
    try:
        with _open(path, is_gzip) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                # UTF-16 of plain letters is valid UTF-8 with a zero byte behind each
                is_utf8 = is_utf8 and _decodes(decoder, chunk) and not (length == 0 and b"\0" in chunk[:4])
                length += len(chunk)
                not_plain += 0 if chunk.isascii() else len(chunk.translate(None, PLAIN))
                lines += chunk.count(b"\n")
                all_returns += chunk.count(b"\r")
                has_quotes = has_quotes or b'"' in chunk
                returns += chunk.count(b"\r\n") + (previous == b"\r" and chunk.startswith(b"\n"))
                # UTF-16 ends its lines with a zero byte behind the line feed, or before it
                previous = chunk.rstrip(b"\0")[-1:] or previous
                last = chunk.rstrip(b"\0 \t\r\n")[-1:] or last
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error.__class__.__name__}: the file is truncated or damaged). "
            "Copy or export it again. Nothing was loaded."
        ) from None
    begun = decoder.getstate()[0]
    if is_utf8 and begun and not_plain > len(begun):
        raise InputError(
            f"{path}: it ends in the middle of a letter: the file is truncated. Copy or export it again. "
            "Nothing was loaded."
        )
    return {
        "sha256": digest.hexdigest(),
        "byte_count": length,
        "line_count": lines + (previous != b"\n"),
        # a carriage return alone ends a line as well, unless it may stand in a quoted text
        "has_mixed_newlines": 0 < returns < lines or (all_returns > returns and not has_quotes),
        "is_open": previous != b"\n",
        "is_utf8": is_utf8 and _decodes(decoder, b"", final=True),
        "last": last,
    }


def _decodes(decoder, chunk, final=False):
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _encoding(path, is_gzip):
    """Encoding of a text that is not UTF-8: UTF-16 by its byte-order mark or zero bytes, else what Windows writes, else
    Latin-1, which any bytes are."""
    with _open(path, is_gzip) as file:
        start = file.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in start:
            return "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
        decoder = codecs.getincrementaldecoder("cp1252")()
        if _decodes(decoder, start) and all(_decodes(decoder, chunk) for chunk in iter(lambda: file.read(CHUNK), b"")):
            return "cp1252"
    return "latin-1"


def _first_character(path, is_gzip, encoding):
    """The first character that is no blank, or an empty text."""
    with _open(path, is_gzip) as file, io.TextIOWrapper(file, encoding=encoding, errors="replace") as text:
        while part := text.read(4096):
            if part := part.lstrip():
                return part[0]
    return ""
