"""Photos: pictures of people, drawn anew before they are kept; files named by what is in them.

What comes in is never kept itself: only the pixels are, as a new JPEG without a word about where,
when and with what it was taken.
"""

import hashlib
import io
import os
import re
import secrets
import struct
import warnings
import zlib
from pathlib import Path

from PIL import Image, ImageOps

from devices.errors import CampusError

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
"""A phone's camera has 12 to 50 million; more is no photo of a broken thing."""
LONGEST_SIDE = 1600
FORMATS = ("JPEG", "PNG", "WEBP")
NAME = re.compile(r"[0-9a-f]{64}")

_UNREADABLE = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, OverflowError,
    MemoryError, ZeroDivisionError, struct.error, zlib.error, Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)  # fmt: skip
"""What a decoder may say to bytes that were made to trouble it."""


class BadPhoto(CampusError, ValueError):
    """A picture that is not taken; says why and what to do."""


class Photos:
    """In a folder that no page serves by its path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, data: bytes) -> str:
        """The SHA-256 by which the picture is known from now on. Raises BadPhoto."""
        if not data:
            raise BadPhoto("照片是空的，请重新选择 (the photo is empty)")
        if len(data) > MOST_BYTES:
            raise BadPhoto(f"照片超过 {MOST_BYTES >> 20} MB，请选小一点的 (the photo is too large)")
        fresh = _drawn_anew(data)
        name = hashlib.sha256(fresh).hexdigest()
        path = self._path(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            made = path.with_name(f".{name}.{secrets.token_hex(4)}")
            with made.open("wb") as file:
                file.write(fresh)
                file.flush()
                os.fsync(file.fileno())
            made.replace(path)
        return name

    def read(self, name: str) -> bytes | None:
        """The JPEG of that name; None where there is none, or where it is not what it was."""
        if not NAME.fullmatch(name):
            return None
        try:
            data = self._path(name).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == name else None

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / f"{name}.jpg"


def _drawn_anew(data: bytes) -> bytes:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise BadPhoto(
                        f"照片超过 {MOST_PIXELS // 10_000} 万像素 (the photo has too many pixels)"
                    )
                picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
                upright = ImageOps.exif_transpose(picture)
                plain = upright.convert("RGB")
        plain.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
        bare = Image.new("RGB", plain.size)
        bare.paste(plain)
        out = io.BytesIO()
        bare.save(out, "JPEG", quality=82, optimize=True)
    except BadPhoto:
        raise
    except _UNREADABLE as error:
        raise BadPhoto(
            "这不是能用的照片，请用 JPEG、PNG 或 WebP (no usable JPEG, PNG or WebP)"
        ) from error
    return out.getvalue()
