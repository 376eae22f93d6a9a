"""Third-party map assets, from the packages that npm installed by the lock file in ``dashboard/vendor``.

Only the folders named here can be reached. A URL carries the package's version, so that a browser may keep
the file for good.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from geo.errors import ConfigurationError

VENDOR_DIR: Final = Path(__file__).parents[1] / "vendor"
_SERVED_PACKAGES: Final = ("@loaders.gl/mvt", "jquery", "leaflet", "leaflet-draw", "maplibre-gl")


class _ImmutableFiles(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code < 400:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def vendor_url(package: str, file: str) -> str:
    """Return the address of a file in the ``dist`` folder of a vendored package."""
    return f"/vendor/{package}@{_read_versions()[package]}/{file}"


def verify_vendor() -> None:
    """Refuse to start without the map assets, or with others than the lock file's.

    Raises:
        ConfigurationError: a package is missing or of another version.
    """
    for package, version in _read_versions().items():
        manifest = VENDOR_DIR / "node_modules" / package / "package.json"
        found = (
            json.loads(manifest.read_text(encoding="utf-8"))["version"] if manifest.exists() else "missing"
        )
        if found != version:
            msg = f"the map asset {package} {version} is needed but {found}: run 'npm ci' in {VENDOR_DIR}"
            raise ConfigurationError(msg)


def routes() -> list[BaseRoute]:
    """Return ``/vendor/<package>@<version>/…`` for each served package; anything else below is not found."""
    mounts = [
        Mount(
            f"/vendor/{package}@{version}",
            app=_ImmutableFiles(directory=VENDOR_DIR / "node_modules" / package / "dist", check_dir=False),
        )
        for package, version in _read_versions().items()
    ]
    return [*mounts, Route("/vendor/{path:path}", _refuse)]


async def _refuse(_request: Request) -> Response:
    # Without this the address would fall through to Streamlit, which answers any address with its page.
    raise HTTPException(404)


@lru_cache
def _read_versions() -> dict[str, str]:
    manifest = json.loads((VENDOR_DIR / "package.json").read_text(encoding="utf-8"))
    return {package: manifest["dependencies"][package] for package in _SERVED_PACKAGES}
