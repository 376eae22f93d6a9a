"""Stored text inside Markdown: what marks it up, and what Streamlit replaces although it is escaped."""

import pytest

from dashboard.widgets.markdown import escape, write_table

JOINER = "\u2060"


@pytest.mark.parametrize(
    "typed", ["**粗**", "$x^2$", ":red[急]", "<b>", "[a](b)", "`c`", "# 1", "a|b", "&lt;"]
)
def test_every_mark_is_escaped(typed: str) -> None:
    shown = escape(typed)
    assert shown.replace("\\", "") == typed
    assert all(shown[at - 1] == "\\" for at, letter in enumerate(shown) if letter in "*$:[]<>`#|&()_")


@pytest.mark.parametrize(
    "typed", [":material/home:", ":streamlit:", "a -> b", "<-", "<->", "1 -- 2", ">= 3", "~="]
)
def test_what_is_replaced_after_reading_is_parted_where_nobody_sees_it(typed: str) -> None:
    shown = escape(typed)
    assert JOINER in shown
    assert shown.replace("\\", "").replace(JOINER, "") == typed


def test_ordinary_words_are_left_whole() -> None:
    assert escape("3栋 张三：已办") == "3栋 张三：已办"
    assert JOINER not in escape("10:32 a-b :smile:")


def test_text_stays_in_its_line_and_its_cell() -> None:
    assert escape("一\n\n# 二") == "一 \\# 二"
    assert write_table([("地址", "3|4栋")]).splitlines()[-1] == "| :gray[地址] | 3\\|4栋 |"
