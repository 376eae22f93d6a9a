"""What has no place, in a browser: the spot is shown on the map, and the case is there."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from playwright.sync_api import expect

from tests.browser.desk import Desk

ADDRESS = "河边垃圾房旁"


@pytest.fixture
def waiting(demo_url: str) -> Iterator[int]:
    """A case of the demo that nobody could place; it goes as it came."""
    with closing(psycopg2.connect(demo_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incident (community_id, category_code, source, reported_at, address) "
            "SELECT id, 'E402', 'phone', now() - interval '1 day', %s FROM community WHERE code = 'D' "
            "RETURNING id",
            (ADDRESS,),
        )
        ((case,),) = cursor.fetchall()
        connection.commit()
        yield case
        cursor.execute("DELETE FROM incident WHERE id = %s", (case,))
        cursor.execute("DELETE FROM place_alias")
        connection.commit()


@pytest.mark.usefixtures("secretary")
def test_a_spot_on_the_map_places_a_case(desk: Desk, demo_url: str, waiting: int) -> None:
    page = desk.page
    page.goto(f"{desk.server}/unplaced?community=D")
    line = page.locator('[class*="st-key-unplaced_line_"]').filter(has_text=ADDRESS)
    line.get_by_role("button", name="另选楼栋或在图上指").click()
    frame = page.frame_locator('iframe[title^="streamlit_folium"]')
    ground = frame.locator(".leaflet-overlay-pane canvas")
    expect(ground).to_be_visible()
    frame.locator(".leaflet-container").click()
    place = line.get_by_role("button", name="就在图上这一点")
    expect(place).to_be_enabled()
    place.click()
    expect(page.get_by_text("已安放 1 件")).to_be_visible()
    expect(line).to_have_count(0)
    with closing(psycopg2.connect(demo_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.geocode_quality, ST_Covers(c.geom, i.geom) FROM incident AS i "
            "JOIN community AS c ON c.id = i.community_id WHERE i.id = %s",
            (waiting,),
        )
        assert cursor.fetchall() == [("manual", True)]
