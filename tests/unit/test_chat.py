"""What a pasted chat message is without what the chat added, and the people and phones in it."""

import pytest

from geo.rules.chat import clean_message, find_contacts


@pytest.mark.parametrize(
    ("message", "text", "sender"),
    [
        ("张三 10:32\n漏水了，没人管", "漏水了，没人管", "张三"),
        ("张三  2026/11/22 10:32:15\n漏水了", "漏水了", "张三"),
        ("张三 11月22日 上午 10:32\n漏水了", "漏水了", "张三"),
        ("张三 昨天 21:05\r\n漏水了", "漏水了", "张三"),
        ("2026-11-22 10:32 张三\n漏水了", "漏水了", "张三"),
        ("3-2-501李姐 周三 9：05\n又停水\n[图片]\n[图片]", "又停水", "3-2-501李姐"),
        ("张三 10:32\n漏水了\n\n李四 10:33\n我家也漏", "漏水了\n我家也漏", "张三"),
        ("——————  2026-11-22  ——————\n张三 8:00\n漏水", "漏水", "张三"),
        ("「老覃：垃圾没人收」", "垃圾没人收", "老覃"),
        ("「老覃：垃圾没人收」\n- - - - - - -\n收到", "垃圾没人收」\n收到", "老覃"),
        ("@所有人 明天停水", "明天停水", None),
        ("@所有人明天停水", "明天停水", None),
        ("@网格员小李\u2005路灯坏了", "路灯坏了", None),
        ("@物业，路灯坏了", "物业，路灯坏了", None),
        ("停水了[流泪][图片]😭😭👨‍👩‍👧☀️，怎么办", "停水了，怎么办", None),
        ("张三 10:32\n谢谢[OK][抱拳]\n[动画表情]", "谢谢", "张三"),
        ("[紧急]3栋[电梯]困人[流泪]", "[紧急]3栋[电梯]困人", None),
        ("张三 10:32\n[紧急]停水了[图片]，点[click]", "[紧急]停水了，点[click]", "张三"),
        ("[图片]见附件，[视频]里有车牌", "[图片]见附件，[视频]里有车牌", None),
        ("@网格员小李 [图片]路灯坏了", "路灯坏了", None),
        ("电梯停了 10:30\n困了两个人", "电梯停了 10:30\n困了两个人", None),
        ("张三 10:32", "张三 10:32", None),
        ("零下5°C，水管冻裂", "零下5°C，水管冻裂", None),
        ("\u202e漏\u200b水\x00", "漏水", None),
        ("", "", None),
    ],
)
def test_what_the_chat_added_is_taken_out(message: str, text: str, sender: str | None) -> None:
    assert clean_message(message) == (text, sender)


@pytest.mark.parametrize(
    ("text", "contacts"),
    [
        ("联系人：韦建国 13800138000", [("name", "韦建国"), ("phone", "13800138000")]),
        ("覃小玲138 0013 8000", [("name", "覃小玲"), ("phone", "138 0013 8000")]),
        ("打0772-3812345找黄阿姨", [("phone", "0772-3812345"), ("name", "黄阿姨")]),
        ("+86-13800138000", [("phone", "+86-13800138000")]),
        ("我叫欧阳娜娜，住3栋", [("name", "欧阳娜娜")]),
        ("我是业主，门口路边的马路坏了", []),
        ("编号4502031990010112345，金额138001380001", []),
        ("12345热线，3-2-501，2026-11-22", []),
    ],
)
def test_people_and_phones_are_found(text: str, contacts: list[tuple[str, str]]) -> None:
    found = find_contacts(text)
    assert [(each.kind, each.text) for each in found] == contacts
    assert all(text[each.start : each.end] == each.text for each in found)
