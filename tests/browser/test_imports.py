"""Files brought in by hand: dropped, seen on the map, brought in, taken back, corrected and dropped again."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, WebSocketRoute, expect

from geo.crs import wgs84_to_gcj02
from tests.browser.desk import Desk

ACCENT, OTHERWISE = "#0B6E99", "#C75A00"
COUNT = "SELECT count(*) FROM {} WHERE community_id = (SELECT id FROM community WHERE code = 'D')"


@pytest.fixture
def administrator(window: BrowserContext, server: str) -> Iterator[None]:
    """The administrator of community D at the desk; whoever comes after signs in as somebody else."""
    page = window.new_page()
    Desk(page, server, "").sign_in("d-admin")
    page.close()
    yield
    window.clear_cookies()


def drop(desk: Desk, *files: Path) -> None:
    """Drop files on the page."""
    desk.page.goto(f"{desk.server}/imports?community=D")
    desk.page.locator(".st-key-import_drop input[type=file]").set_input_files([str(file) for file in files])


def find_button(desk: Desk, name: str) -> Locator:
    return desk.page.get_by_role("button", name=name, exact=True)


def count(desk: Desk, table: str) -> int:
    ((found,),) = desk.query(COUNT.format(table))
    return int(found)


def write_buildings(desk: Desk, path: Path) -> Path:
    """Write the community's first buildings as a map service would: in GCJ-02, without saying so."""
    rows = desk.query(
        "SELECT code, name, floors, ST_AsText(geom) FROM building"
        " WHERE community_id = (SELECT id FROM community WHERE code = 'D') ORDER BY id LIMIT 40"
    )
    features = [
        {
            "type": "Feature",
            "properties": {
                "楼栋编号": code if at else "新-1",
                "楼栋名称": name if at else "新楼",
                "层数": floors + (at == 1),
            },
            "geometry": shapely.geometry.mapping(shapely.transform(shapely.from_wkt(wkt), wgs84_to_gcj02)),
        }
        for at, (code, name, floors, wkt) in enumerate(rows)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_a_file_is_seen_over_what_is_known_brought_in_and_taken_back(
    administrator: None, desk: Desk, tmp_path: Path
) -> None:
    before = count(desk, "building")
    drop(desk, write_buildings(desk, tmp_path / "楼栋.geojson"))
    proposed = desk.page.get_by_role("radio", name="按 GCJ-02（高德、腾讯、奥维）")
    expect(proposed).to_be_checked()
    desk.wait_until_drawn()
    assert desk.count_colour(ACCENT) > 300, "where the file lies as it is taken"
    assert desk.count_colour(OTHERWISE) > 300, "and where it would lie as WGS-84"
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= 1366
    desk.page.screenshot(path=tmp_path / "look.png")

    find_button(desk, "预览").click()
    counts = desk.page.locator(".import-counts")
    expect(counts).to_contain_text("1 新增")
    expect(counts).to_contain_text("1 更新")
    assert count(desk, "building") == before
    expect(counts).to_contain_text("38 不变")
    desk.page.screenshot(path=tmp_path / "preview.png")

    find_button(desk, "入库").click()
    expect(desk.page.get_by_text("已入库")).to_be_visible()
    assert count(desk, "building") == before + 1
    desk.page.locator('[class*="st-key-import_done_"] button').click()
    find_button(desk, "撤销这一批").last.click()
    expect(desk.page.get_by_text("删除 1 条，1 条恢复原样")).to_be_visible()
    assert count(desk, "building") == before


def test_refused_rows_are_taken_away_corrected_and_dropped_again(
    administrator: None, desk: Desk, tmp_path: Path
) -> None:
    shops = tmp_path / "商户.csv"
    shops.write_text("商户编号,商户名称,加入日期\nT1,甲店,2026-05-01\nT2,乙店,五月初\n", encoding="utf-8")
    drop(desk, shops)
    find_button(desk, "预览").click()
    expect(desk.page.locator(".import-table")).to_contain_text("“五月初”不是能识别的日期")
    with desk.page.expect_download() as download:
        find_button(desk, "下载拒收行").click()
    refused = tmp_path / download.value.suggested_filename
    download.value.save_as(refused)
    find_button(desk, "放弃").click()

    book = load_workbook(refused)
    sheet = book.active
    assert sheet is not None
    (header, *rows) = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert len(rows) == 1
    assert rows[0][-1] == "加入日期: “五月初”不是能识别的日期", "the reason stands in the last column"
    sheet.cell(2, header.index("加入日期") + 1, "2026-05-02")
    book.save(refused)
    drop(desk, refused)
    find_button(desk, "预览").click()
    expect(desk.page.locator(".import-counts")).to_contain_text("1 新增")
    expect(desk.page.locator(".import-counts")).to_contain_text("0 拒收")
    find_button(desk, "放弃").click()
    expect(desk.page.locator(".st-key-import_drop")).to_be_visible()


def test_however_many_files_wait_the_way_to_drop_more_is_in_sight(
    administrator: None, desk: Desk, tmp_path: Path
) -> None:
    files = [tmp_path / f"{place}商户登记表汇总.csv" for place in "东南西北中上下左右"]
    for file in files:
        file.write_text("商户编号,商户名称\nT1,甲店\n", encoding="utf-8")
    drop(desk, *files)
    expect(find_button(desk, "预览")).to_be_visible()
    queue = desk.page.locator(".st-key-import_queue").get_by_role("radio")
    expect(queue).to_have_count(10)
    for pill in queue.all():
        box = pill.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1366
    desk.page.set_viewport_size({"width": 390, "height": 844})
    queue.last.scroll_into_view_if_needed()
    first = queue.first.bounding_box()
    assert first is not None
    assert first["x"] >= 0, "it stays where it is while the others are scrolled"
    desk.page.screenshot(path=tmp_path / "queue.png")
    for _ in files:
        find_button(desk, "放弃").click()
        expect(desk.page.locator(".st-key-import_drop")).to_be_visible()
        if queue.count() > 1:
            queue.last.click()
            expect(find_button(desk, "放弃")).to_be_visible()


def test_on_a_phone_a_thumb_hits_each_coordinate_system(
    administrator: None, desk: Desk, tmp_path: Path
) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    drop(desk, write_buildings(desk, tmp_path / "楼栋.geojson"))
    systems = desk.page.locator(".st-key-import_datum [role=radiogroup] label")
    expect(systems.first).to_be_visible()
    for system in systems.all():
        box = system.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    unchosen = desk.page.locator(".st-key-import_datum [role=radiogroup] label:has(input:not(:checked))")
    box = unchosen.first.bounding_box()
    assert box is not None
    mark = desk.page.screenshot(clip={"x": box["x"], "y": box["y"], "width": 18, "height": box["height"]})
    assert np.asarray(Image.open(io.BytesIO(mark)).convert("L")).min() < 150, "its circle can be seen"
    desk.page.screenshot(path=tmp_path / "phone.png")
    find_button(desk, "放弃").click()
    expect(desk.page.locator(".st-key-import_drop")).to_be_visible()


def test_while_the_server_is_away_the_page_says_so_in_the_readers_language(
    administrator: None, window: BrowserContext, server: str
) -> None:
    page = window.new_page()
    lines: list[WebSocketRoute] = []

    def lead_through(line: WebSocketRoute) -> None:
        line.connect_to_server()
        lines.append(line)

    page.route_web_socket(re.compile("_stcore/stream"), lead_through)
    page.goto(f"{server}/imports?community=D&lang=zh")
    expect(page.locator(".st-key-import_drop")).to_be_visible()
    page.route("**/_stcore/**", lambda route: route.abort())
    lines[-1].close()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    words = "[...document.querySelectorAll('[role=dialog] :is(h2, h2 + div > div)')]"
    told = page.evaluate(f"{words}.map(each => getComputedStyle(each, '::after').content)")
    assert "连不上服务器" in told[0]
    assert "自动继续" in told[1]
    sizes = page.evaluate(f"{words}.map(each => getComputedStyle(each).fontSize)")
    assert sizes == ["0px", "0px"], "Streamlit's words are not seen"
    page.close()
