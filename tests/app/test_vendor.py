"""The map assets: only what a page needs, for good, and nothing beside it."""

import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboard.routes import vendor
from dashboard.routes.vendor import VENDOR_DIR, routes, vendor_url, verify_vendor
from geo.errors import ConfigurationError


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(Starlette(routes=routes())) as client:
        yield client


@pytest.mark.parametrize(
    ("package", "file", "kind"),
    [
        ("leaflet", "leaflet.js", "javascript"),
        ("leaflet", "leaflet.css", "text/css"),
        ("leaflet", "images/layers.png", "image/png"),
        ("leaflet-draw", "leaflet.draw.js", "javascript"),
        ("leaflet-draw", "images/spritesheet.svg", "image/svg+xml"),
        ("@loaders.gl/mvt", "mvt-worker.js", "javascript"),
        ("maplibre-gl", "maplibre-gl.mjs", "javascript"),
        ("maplibre-gl", "maplibre-gl-worker.mjs", "javascript"),
        ("maplibre-gl", "maplibre-gl.css", "text/css"),
    ],
)
def test_an_asset_is_served_for_good(client: TestClient, package: str, file: str, kind: str) -> None:
    answer = client.get(vendor_url(package, file))
    assert answer.status_code == 200
    assert kind in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert len(answer.content) > 100


@pytest.mark.parametrize(
    "path",
    [
        "/vendor/",
        "/vendor/package.json",
        "/vendor/leaflet/leaflet.js",
        "/vendor/leaflet@0.0.0/leaflet.js",
        vendor_url("leaflet", ""),
        vendor_url("leaflet", "missing.js"),
        vendor_url("leaflet", "../package.json"),
        vendor_url("leaflet", "%2e%2e/package.json"),
        vendor_url("leaflet", "..%2f..%2f..%2fpackage.json"),
        vendor_url("leaflet", "%2fetc%2fpasswd"),
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


def test_the_worker_is_of_the_version_streamlit_asks_for() -> None:
    # Streamlit's deck.gl refuses a worker of another version than the loader it has in it.
    assert "mvt@4.4.3/" in vendor_url("@loaders.gl/mvt", "mvt-worker.js")


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((VENDOR_DIR / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_installed_assets_are_accepted() -> None:
    verify_vendor()


def test_missing_assets_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor, "_SERVED_PACKAGES", ("leaflet", "no-such-package"))
    monkeypatch.setattr(vendor, "_read_versions", lambda: {"leaflet": "1.9.4", "no-such-package": "1.0.0"})
    with pytest.raises(
        ConfigurationError, match=r"no-such-package 1\.0\.0 is needed but missing: run 'npm ci'"
    ):
        verify_vendor()
