"""What a person does at the dashboard, and where things are on the map; knows nothing of how it is drawn."""

import io
import math
import re
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import psycopg2
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FloatRect, Locator, Page, expect

# How soon a page answers is measured elsewhere; beside other tests, a machine may be slow.
PATIENCE_MS: Final = 60_000
_MAP = '[data-testid="stDeckGlJsonChart"]'
_EQUATOR_M = 40_075_016.686


def open_window(browser: Browser, **options: Any) -> BrowserContext:
    """Open a window of a browser that has nothing of the others, and patience."""
    window = browser.new_context(**options)
    window.set_default_timeout(PATIENCE_MS)
    return window


@dataclass(frozen=True)
class Spot:
    """A place of the demo by its anchor, EPSG:4490 degrees."""

    id: int
    name: str
    longitude: float
    latitude: float


class Desk:
    """One browser window.

    Attributes:
        page: the window.
        server: address of the dashboard.
    """

    def __init__(self, page: Page, server: str, database_url: str) -> None:
        self.page = page
        self.server = server
        self._database_url = database_url

    def sign_in(self, login: str, *, post: str = "") -> None:
        """Sign in as a demo account, in place of whoever was signed in; ``post`` where it has several."""
        self.page.context.clear_cookies()
        self.page.goto(f"{self.server}/login?next=/map")
        self.page.locator(f'button[value="{login}"]').click()
        if post:
            self.page.get_by_role("button", name=post).click()
        self.page.wait_for_url(f"{self.server}/map**")

    def open_map(self, **params: str) -> None:
        """Open the map page, of community D unless told, and wait until the map is drawn and at rest."""
        self.page.goto(f"{self.server}/map?{urlencode({'community': 'D'} | params)}")
        self.wait_until_drawn()

    def open_at(self, longitude: float, latitude: float, zoom: float = 18, **params: str) -> None:
        """Open the map page where it looks at a place."""
        self.open_map(at=f"{latitude:.5f}_{longitude:.5f}_{zoom:.2f}", **params)

    def wait_until_drawn(self) -> None:
        """Wait until the map has stopped changing and its frame tells the scale."""
        expect(self.page.locator(".map-scale")).not_to_be_empty()
        self._wait_for_server()
        before = self.read_pixels()
        for _ in range(60):
            self.page.wait_for_timeout(300)
            now = self.read_pixels()
            if before.shape == now.shape and np.array_equal(before, now) and len(np.unique(now)) > 20:
                return
            before = now
        msg = "the map never came to rest"
        raise AssertionError(msg)

    def wait_until(self, is_so: Callable[[], bool], told: str) -> None:
        """Wait for what the page itself cannot be asked to wait for.

        Raises:
            AssertionError: it never came to be; says what did not.
        """
        end_s = time.monotonic() + PATIENCE_MS / 1000
        while not is_so():
            assert time.monotonic() < end_s, told
            self.page.wait_for_timeout(200)

    def read_pixels(self) -> NDArray[np.uint8]:
        """Return the map as it is on the screen: rows, columns, red-green-blue."""
        picture = self.page.screenshot(clip=self._find_map())
        return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))

    def read_address(self) -> dict[str, str]:
        """Return the query parameters of the page."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.page.url).query).items()}

    def locate(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place is, in pixels from the map's top left corner, by the view in the address."""
        at_latitude, at_longitude, zoom = map(float, self.read_address()["at"].split("_"))
        box = self._find_map()
        world_px = 512 * 2**zoom
        x = (longitude - at_longitude) / 360 * world_px
        y = (_mercator(at_latitude) - _mercator(latitude)) / math.tau * world_px
        return box["width"] / 2 + x, box["height"] / 2 + y

    def metres_per_pixel(self) -> float:
        """Return what a pixel is on the ground, by the view in the address."""
        latitude, _, zoom = map(float, self.read_address()["at"].split("_"))
        return _EQUATOR_M * math.cos(math.radians(latitude)) / (512 * 2**zoom)

    def click_map(self, longitude: float, latitude: float, *, until: Locator) -> None:
        """Point at a place on the map and click it, again where that was not heard, until something is seen.

        A map that is busy drawing takes a press it comes to late for a drag.
        """
        for _ in range(4):
            self._wait_for_server()
            x, y = self.locate(longitude, latitude)
            box = self._find_map()
            self.page.mouse.move(box["x"] + x - 3, box["y"] + y)
            # The first drawing of what lies under the pointer is slow without a graphics card.
            self.page.wait_for_timeout(1500)
            self.page.mouse.click(box["x"] + x, box["y"] + y)
            with suppress(AssertionError):
                expect(until).to_be_visible(timeout=15_000)
                return
        expect(until).to_be_visible()

    def find_card(self, title: str) -> Locator:
        """Return the heading of a place's card."""
        return self.page.locator(".st-key-card h4", has_text=title)

    def count_colour(
        self, colour: str, *, around: Spot | None = None, reach_px: int = 60, tolerance: int = 12
    ) -> int:
        """Count the pixels of a colour on the map, or within reach of a place."""
        pixels = self.read_pixels().astype(int)
        if around:
            x, y = map(round, self.locate(around.longitude, around.latitude))
            pixels = pixels[max(y - reach_px, 0) : y + reach_px, max(x - reach_px, 0) : x + reach_px]
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        return int((np.abs(pixels - wanted).max(axis=2) <= tolerance).sum())

    def expect_card(self, title: str) -> None:
        """Wait for the card of a place."""
        expect(self.page.locator(".st-key-card h4")).to_have_text(re.compile(re.escape(title)))

    def read_card(self) -> str:
        """Return the text of the card."""
        return self.page.locator(".st-key-card").inner_text()

    def find_spot(self, table: str, where: str) -> Spot:
        """Return the first row of a table in community D that meets a condition."""
        return self.find_spots(table, where)[0]

    def find_spots(self, table: str, where: str) -> list[Spot]:
        """Return the rows of a table in community D that meet a condition, by id."""
        rows = self.query(
            f"SELECT id, name, ST_X(p), ST_Y(p) FROM {table}, ST_PointOnSurface(geom) AS p"
            f" WHERE community_id = (SELECT id FROM community WHERE code = 'D') AND ({where}) ORDER BY id"
        )
        return [Spot(*row) for row in rows]

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with closing(psycopg2.connect(self._database_url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()

    def _wait_for_server(self) -> None:
        """Wait until the page no longer says that it is at work."""
        expect(self.page.locator('[data-testid="stStatusWidget"]')).to_have_count(0)

    def _find_map(self) -> FloatRect:
        box = self.page.locator(f"{_MAP} canvas").first.bounding_box()
        assert box is not None
        return box


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
