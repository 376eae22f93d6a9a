"""``/photos/{id}``: a photo of a case, for those who may read its words; ``?size=thumbnail``: at most 400 px.

A browser keeps a photo for itself, and asks each time whether it may still show it.
"""

import re
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from dashboard.routes.replies import DataEndpoint, Reply, matches_tag
from geo.errors import InputRefused, NotFound
from geo.store.photos import ShownPhoto, load_photo

_SIZES: Final = {"": False, "size=full": False, "size=thumbnail": True}
_LARGEST_ID: Final = 2**63 - 1


def routes() -> list[BaseRoute]:
    """Return the route of photos, to stand behind whatever says who asks."""
    return [Route("/photos/{photo_id}", DataEndpoint("photos", _answer))]


async def _answer(scope: Scope) -> Reply:
    photo_id, is_thumbnail = _read_request(scope["path_params"]["photo_id"], scope["query_string"])
    photo = await run_in_threadpool(load_photo, photo_id, thumbnail=is_thumbnail)
    tag = f"{photo.sha256[:32]}{'-t' if is_thumbnail else ''}"
    if matches_tag(scope, tag):
        return Reply(304, _make_headers(tag), b"")
    return Reply(200, [*_make_headers(tag), *_describe(photo)], photo.content)


def _read_request(written_id: str, query: bytes) -> tuple[int, bool]:
    if not re.fullmatch(r"\d{1,19}", written_id, re.ASCII) or int(written_id) > _LARGEST_ID:
        msg = "there is no photo at this address: ask for /photos/NUMBER"
        raise NotFound(msg)
    asked = "&".join(f"{key}={value}" for key, value in parse_qsl(query.decode("latin-1")))
    if asked not in _SIZES:
        msg = "a photo is asked for with size=thumbnail or without"
        raise InputRefused(msg)
    return int(written_id), _SIZES[asked]


def _make_headers(tag: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"cache-control", b"private, no-cache"),
        (b"etag", b'"%s"' % tag.encode()),
        (b"vary", b"Cookie"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
    ]


def _describe(photo: ShownPhoto) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", photo.media_type.encode()),
        (b"content-length", b"%d" % len(photo.content)),
        (b"content-disposition", b"inline"),
    ]
