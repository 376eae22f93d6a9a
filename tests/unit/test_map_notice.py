"""A map says under which number it was approved, and else that it is a sketch; no map says neither."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import dashboard
from dashboard.i18n import LANGUAGES, Text
from dashboard.models.heat_export import write_watermark
from dashboard.models.heat_page import HeatPage
from dashboard.models.map_notice import write_map_notice
from geo.errors import ConfigurationError
from geo.settings import get_settings

NUMBER = "GS(2024)0650号"


@pytest.fixture
def approved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_MAP_APPROVAL_NUMBER", NUMBER)
    get_settings.cache_clear()


@pytest.fixture(autouse=True)
def _forget() -> None:
    get_settings.cache_clear()


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_number_it_is_a_sketch(language: str) -> None:
    text = Text(language)
    assert write_map_notice(text) == text("map.notice")


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_a_number_it_says_the_number_and_no_longer_that_it_is_a_sketch(
    language: str, approved: None
) -> None:
    text = Text(language)
    assert NUMBER in write_map_notice(text)
    assert text("map.notice") not in write_map_notice(text)
    # Community and grid lines are nobody's survey, whatever lies under them.
    assert {"zh": "工作边界", "en": "working boundaries"}[language] in write_map_notice(text)


@pytest.mark.parametrize("number", ["桂S(2025)12号", "国审字（2023）第02563号", "GS京〔2022〕1061号"])
def test_numbers_as_they_are_given(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_MAP_APPROVAL_NUMBER", number)
    get_settings.cache_clear()
    assert number in write_map_notice(Text("zh"))


@pytest.mark.parametrize("number", ["<b>GS</b>", "x", "GS\n2024", "审" * 60])
def test_what_can_be_no_number_is_refused(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_MAP_APPROVAL_NUMBER", number)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match="WANGGE_MAP_APPROVAL_NUMBER"):
        get_settings()


def test_a_table_of_cells_says_it_under_its_rows(approved: None) -> None:
    text = Text("zh")
    page = HeatPage((), "热力", [], (), "", "", {}, is_empty=False)
    told = write_watermark("王", page, datetime(2026, 6, 1, tzinfo=UTC), text)
    assert write_map_notice(text) in told.values()


def test_no_page_or_sheet_writes_the_notice_past_the_setting() -> None:
    folder = Path(dashboard.__file__).parent
    past = [
        source.name
        for source in folder.rglob("*.py")
        if "node_modules" not in source.parts
        and source.name != "map_notice.py"
        and re.search(r"[\"']map\.notice[\"']", source.read_text(encoding="utf-8"))
    ]
    assert past == []
