"""The heading of a case is the beginning of what was said, cut where people pause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.rules.titles import derive_title


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("麒麟花园3栋楼道里堆了好多纸箱子", "麒麟花园3栋楼道里堆了好多纸箱子"),
        ("3栋楼道堆了纸箱。麻烦物业来清理一下", "3栋楼道堆了纸箱"),
        ("您好！3栋楼道堆了纸箱！！麻烦清理", "您好！3栋楼道堆了纸箱"),
        ("报修\n3栋2单元的路灯坏了\n谢谢", "报修 3栋2单元的路灯坏了"),
        ("3栋2单元的路灯坏了，\n谢谢", "3栋2单元的路灯坏了"),
        ("漏水", "漏水"),
        ("！！！", "！！！"),
        (
            "小区后门到7栋那段路灯坏了快一个月了，晚上黑漆漆的，老人小孩都不敢出门散步",
            "小区后门到7栋那段路灯坏了快一个月了，晚上黑漆漆的…",
        ),
        ("一" * 30, "一" * 30),
        ("a" * 4000, "a" * 60 + "…"),
        ("一" * 31, "一" * 29 + "…"),
        (
            "The lift of building 3 is stuck again since this morning. Please come",
            "The lift of building 3 is…",
        ),
        ("Version 2.5 of the gate leaks. Come", "Version 2.5 of the gate leaks"),
    ],
)
def test_the_first_sentence_is_the_title(description: str, title: str) -> None:
    assert derive_title(description) == title


@pytest.mark.parametrize("phone", ["13800138000", "138 0013 8000", "138-0013-8000", "450203199001011234"])
@pytest.mark.parametrize("before", range(10, 31))
def test_a_number_is_whole_or_not_there(phone: str, before: int) -> None:
    title = derive_title("路" * before + phone + "灯" * 20)
    assert phone in title or not any(character.isdigit() for character in title)


def test_a_name_is_whole_or_not_there() -> None:
    for before in range(20, 31):
        title = derive_title("路" * before + "找黄阿姨" + "灯" * 20)
        assert "黄阿姨" in title or "黄" not in title


@given(st.text(alphabet="三栋路灯 a1，。！\n13800138000", min_size=1, max_size=120).filter(str.strip))
def test_it_is_one_short_line(description: str) -> None:
    title = derive_title(description)
    assert title
    assert "\n" not in title
    assert " ".join(description.split()).startswith(title.rstrip("…"))
    assert len(title) <= 61
