"""Photos on disk, named by the hash of what is in them.

A photo is taken for what its content is, not for its name; it is written anew, so that nothing rides along:
no place, no device, no time, no second file behind the picture.
"""

import hashlib
import io
import os
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from geo.errors import InputRefused, NotFound, UnreadableFile
from geo.settings import get_settings
from geo.store.engine import connect, load_queries

MOST_PHOTOS: Final = 9
MOST_BYTES: Final = 10 * 1024 * 1024
MOST_PIXELS: Final = 40_000_000
_THUMBNAIL_PX: Final = 400
_NAME_LENGTH: Final = hashlib.sha256().digest_size * 2
# Larger than any screen; a photo of 40 megapixels is kept at this size.
_LONGEST_SIDE_PX: Final = 2560
_FORMATS: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
_SAVING: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 85, "optimize": True},
    "PNG": {"optimize": True},
    "WEBP": {"quality": 85, "method": 4},
}


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo on disk."""

    sha256: str
    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """The content of a photo, and its hash for caches."""

    content: bytes
    media_type: str
    sha256: str


def keep_photos(contents: Sequence[bytes]) -> tuple[KeptPhoto, ...]:
    """Keep photos, each as :func:`keep_photo` does.

    Raises:
        InputRefused: there are too many, or one is not to be taken.
    """
    if len(contents) > MOST_PHOTOS:
        msg = f"{len(contents)} photos are too many: choose the {MOST_PHOTOS} that show most"
        raise InputRefused(msg)
    return tuple(keep_photo(content) for content in contents)


def keep_photo(content: bytes) -> KeptPhoto:
    """Write a photo anew and keep it; the same picture sent twice is one file.

    Args:
        content: a file as it was sent: JPEG, PNG or WebP, at most 10 MB and 40 megapixels.

    Raises:
        InputRefused: it is something else, too large, or damaged.
    """
    if len(content) > MOST_BYTES:
        msg = f"the photo has {len(content) / 2**20:,.0f} MB: send one of at most {MOST_BYTES // 2**20} MB"
        raise InputRefused(msg)
    picture, kind = _read(content)
    rewritten = io.BytesIO()
    # Only pixels are handed on: EXIF, comments, profiles and further frames stay behind.
    picture.save(rewritten, kind, **_SAVING[kind])
    clean = rewritten.getvalue()
    digest = hashlib.sha256(clean).hexdigest()
    _write(_locate(digest), clean)
    return KeptPhoto(digest, _FORMATS[kind], picture.width, picture.height)


def load_photo(photo_id: int, *, thumbnail: bool = False) -> ShownPhoto:
    """Return a photo that whoever acts may see.

    Args:
        photo_id: of the photo.
        thumbnail: at most 400 px wide and high, as JPEG.

    Raises:
        NotFound: it is not there, or not to be seen.
    """
    with connect() as connection:
        row = load_queries("incidents").get_photo(connection, photo_id=photo_id)
    if row is None:
        msg = f"there is no photo {photo_id} that you can see"
        raise NotFound(msg)
    digest, media_type = row
    if thumbnail:
        return ShownPhoto(_load_thumbnail(digest), "image/jpeg", digest)
    return ShownPhoto(read_photo(digest), media_type, digest)


def read_photo(digest: str) -> bytes:
    """Return the content of a photo by its hash, for those who have been told it.

    Raises:
        NotFound: it is no longer on disk.
    """
    try:
        return _locate(digest).read_bytes()
    except FileNotFoundError as gone:
        msg = "a photo is no longer on disk: restore the folder of photos from a backup"
        raise NotFound(msg) from gone


def _read(content: bytes) -> tuple[Image.Image, str]:
    """Return the picture upright, and what kind of file it came in."""
    refusal = "this file is not a photo that can be read: send a JPEG, PNG or WebP"
    try:
        with warnings.catch_warnings():
            # Size is judged below, before anything is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=tuple(_FORMATS))
            if picture.width * picture.height > MOST_PIXELS:
                msg = (
                    f"the photo has {picture.width * picture.height / 1e6:,.0f} megapixels: "
                    f"send one of at most {MOST_PIXELS // 1_000_000}"
                )
                raise InputRefused(msg)
            # Phones write several pictures into one JPEG (MPO): the first is the photo.
            kind = "JPEG" if picture.format == "MPO" else str(picture.format)
            # A large JPEG is unpacked at about the size it is kept in.
            picture.draft(None, (_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
            picture.load()
            upright = ImageOps.exif_transpose(picture)
    except Image.DecompressionBombError as bomb:
        msg = f"the photo is too large: send one of at most {MOST_PIXELS // 1_000_000} megapixels"
        raise InputRefused(msg) from bomb
    except (OSError, SyntaxError, ValueError, EOFError) as damage:
        raise InputRefused(refusal) from damage
    upright.thumbnail((_LONGEST_SIDE_PX, _LONGEST_SIDE_PX))
    has_alpha = kind != "JPEG" and ("A" in upright.getbands() or "transparency" in upright.info)
    clean = upright.convert("RGBA" if has_alpha else "RGB")
    clean.info = {}
    return clean, kind


def _load_thumbnail(digest: str) -> bytes:
    place = _locate(digest).with_suffix(".thumbnail.jpg")
    if not place.exists():
        with Image.open(io.BytesIO(read_photo(digest))) as picture:
            small = picture.convert("RGB")
            small.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
            rewritten = io.BytesIO()
            small.save(rewritten, "JPEG", quality=80)
        _write(place, rewritten.getvalue())
    return place.read_bytes()


def copy_photos(source: Path, target: Path) -> int:
    """Copy the photos of one folder that another has not; return how many the other has then.

    Photos never change under their name, so that a copy is brought up to date by what is new.

    Raises:
        UnreadableFile: a folder cannot be read or written.
    """
    try:
        for photo in _list_photos(source):
            copy = target / photo.relative_to(source)
            if not copy.exists():
                _write(copy, photo.read_bytes())
        return len(_list_photos(target))
    except OSError as failure:
        msg = f"the photos cannot be copied to {target} ({failure.strerror}): see that there is room for them"
        raise UnreadableFile(msg) from failure


def _list_photos(folder: Path) -> list[Path]:
    # Nothing else has so long a name: neither a thumbnail nor what was left half written.
    return [file for file in folder.glob("??/*") if len(file.name) == _NAME_LENGTH]


def find_folder() -> Path:
    """Return the folder of the installation's photos; it is there once there are any."""
    return get_settings().data_dir / "photos"


def _locate(digest: str) -> Path:
    return find_folder() / digest[:2] / digest


def _write(place: Path, content: bytes) -> None:
    """Write a file whole or not at all; one that is there already stays."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, part = tempfile.mkstemp(dir=place.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(part).replace(place)
