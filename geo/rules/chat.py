"""Messages as they are copied from a chat: what the chat added to them, and the people they name."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from geo.rules.inert import strip_controls
from geo.rules.keywords import speaks_of_anything

_LONGEST_HEADER: Final = 80
_CLOCK: Final = r"(?:上午|下午|晚上|凌晨|早上|中午)?\s*\d{1,2}:\d{2}(?::\d{2})?"
_DAY: Final = r"(?:(?:\d{4}\s*[-/.年]\s*)?\d{1,2}\s*[-/.月]\s*\d{1,2}日?|昨天|前天|今天|星期.|周.)?"
_HEADERS: Final = (
    re.compile(rf"(?P<name>[^\n，。！？,!?]{{1,24}}?)\s+{_DAY}\s*{_CLOCK}"),
    re.compile(rf"{_DAY}\s*{_CLOCK}\s+(?P<name>[^\n，。！？,!?]{{1,24}})"),
)
_RULER: Final = re.compile(rf"[-—–―_=*~·.\s]*(?:{_DAY}\s*(?:{_CLOCK})?)?[-—–―_=*~·.\s]*")
_QUOTE: Final = re.compile(r"^[「『](?P<name>[^:：\n]{1,24})[:：]\s*(?P<said>.*?)[」』]?$", re.DOTALL)
_EVERYONE: Final = re.compile(r"@(?:所有人|全体成员|all\b)\s?", re.IGNORECASE)
_MENTION: Final = re.compile(r"@[^\s@，,:：]{1,20}[ \u2005]|@")
# Names that WeChat writes for its faces, and nobody else in brackets.
_FACES: Final = (
    "微笑 撇嘴 发呆 得意 流泪 害羞 闭嘴 大哭 尴尬 发怒 调皮 呲牙 惊讶 难过 囧 抓狂 偷笑 愉快 白眼 傲慢 "
    "憨笑 悠闲 咒骂 嘘 晕 衰 擦汗 抠鼻 鼓掌 坏笑 左哼哼 右哼哼 鄙视 委屈 快哭了 阴险 亲亲 可怜 笑脸 "
    "脸红 破涕为笑 无语 嘿哈 捂脸 奸笑 机智 皱眉 耶 吃瓜 加油 加油加油 汗 天啊 社会社会 旺柴 打脸 哇 "
    "翻白眼 让我看看 叹气 苦涩 裂开 嘴唇 爱心 心碎 拥抱 抱拳 勾引 拳头 合十 玫瑰 凋谢 庆祝 跳跳 发抖 "
    "转圈 爱情 飞吻 Facepalm Grimace Chuckle Sob TearingUp ThumbsUp Doge Shhh"
)
# Names that may as well be somebody's own note: taken out only beside another sign of a chat.
_THINGS: Final = (
    "图片 照片 表情 动画表情 语音 语音通话 视频 视频通话 视频号 文件 链接 位置 小程序 聊天记录 红包 "
    "转账 名片 音乐 强 弱 胜利 握手 啤酒 咖啡 蛋糕 菜刀 炸弹 便便 月亮 太阳 礼物 發 福 爆竹 OK NO Photo "
    "Image Video Voice Sticker File Link 疑问 困 吐 生病 烟花 敲打 骷髅 再见 失望 恐惧 好的 惊恐"
)
_FACE: Final = re.compile(rf"\[(?:{'|'.join(_FACES.split())})\]")
_THING: Final = re.compile(rf"\[(?:{'|'.join(_THINGS.split())})\]")
_PAUSES: Final = re.compile(r"[ \u3000\u2005]{2,}")

_PHONE: Final = re.compile(
    r"(?<!\d)(?:\+?86[- ]?)?(?:1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8})(?!\d)"
)
_SURNAME: Final = (
    "(?:欧阳|上官|司徒|诸葛|夏侯|皇甫|尉迟|"
    "[赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕张孔曹严华金魏陶姜戚谢邹窦章苏潘葛范彭鲁韦马苗凤方俞任袁柳鲍史唐费薛雷贺倪汤滕殷罗毕郝"
    "安常于傅齐康伍余顾孟黄穆萧尹姚邵汪毛戴宋庞熊纪舒屈项祝董梁杜阮蓝闵季贾江颜郭梅林钟徐邱骆高夏蔡田樊胡凌霍虞万柯卢莫房丁邓洪包左石"
    "崔龚程邢裴陆荣翁甄段焦侯宁仇甘武刘景詹龙叶黎白蒲赖卓乔覃农廖曾肖])"
)
_TITLE: Final = (
    "(?:先生|女士|小姐|阿姨|大爷|大妈|大叔|大姐|大哥|师傅|奶奶|爷爷|叔叔|阿婆|阿公|老师|姐|哥|叔|伯|婶|嫂)"
)
_NAMES: Final = (
    re.compile(rf"(?P<name>{_SURNAME}{_TITLE})"),
    re.compile(
        rf"(?:联系人|姓名|我叫|我是|诉求人|报修人)[:：\s]*(?P<name>{_SURNAME}[\u4e00-\u9fff]{{1,2}})(?![\u4e00-\u9fff])"
    ),
    re.compile(
        rf"(?<![\u4e00-\u9fff])(?P<name>{_SURNAME}[\u4e00-\u9fff]{{1,2}})[\s,:，：]{{0,3}}(?:电话|手机)?[:：]?(?={_PHONE.pattern})"
    ),
)


@dataclass(frozen=True)
class Contact:
    """A person's name or phone in the text of a guess, from ``start`` to before ``end``."""

    kind: Literal["name", "phone"]
    text: str
    start: int
    end: int


def clean_message(message: str) -> tuple[str, str | None]:
    """Take out what a chat adds to what somebody wrote.

    Returns:
        The text, and who wrote it first, None where the message does not say.
    """
    lines = strip_controls(message).strip().split("\n")
    sender: str | None = None
    kept: list[str] = []
    for position, line in enumerate(lines):
        is_short = len(line) <= _LONGEST_HEADER
        name = _read_header(line.strip()) if is_short else None
        is_followed = any(later.strip() for later in lines[position + 1 :])
        if name is not None and is_followed:
            sender = sender or name
        elif not (is_short and _RULER.fullmatch(line.strip())):
            kept.append(line)
    text = "\n".join(kept)
    quote = _QUOTE.match(text)
    if quote:
        sender, text = sender or quote["name"].strip(), quote["said"]
    plain = _FACE.sub("", _MENTION.sub("", _EVERYONE.sub("", text)))
    plain = "".join(character for character in plain if not _is_pictured(character))
    is_chat = sender is not None or plain != text
    text = _THING.sub("", plain) if is_chat else plain
    lines = [_PAUSES.sub(" ", line).strip() for line in text.split("\n")]
    return "\n".join(line for line in lines if line), sender


def find_contacts(text: str) -> tuple[Contact, ...]:
    """Find the phones and the people's names in a text, by its order; they do not overlap."""
    found = [Contact("phone", match[0], *match.span()) for match in _PHONE.finditer(text)]
    for pattern in _NAMES:
        for match in pattern.finditer(text):
            contact = Contact("name", match["name"], *match.span("name"))
            if all(contact.end <= other.start or other.end <= contact.start for other in found):
                found.append(contact)
    return tuple(sorted(found, key=lambda contact: contact.start))


def _read_header(line: str) -> str | None:
    """Read the name in a line like 张三 10:32; None in a line that says more."""
    plain = line.replace("：", ":")
    for pattern in _HEADERS:
        header = pattern.fullmatch(plain)
        if header:
            name = header["name"].strip()
            return None if speaks_of_anything(name) else name
    return None


def _is_pictured(character: str) -> bool:
    """Whether a character is an emoji, or only changes the look of one."""
    is_symbol = unicodedata.category(character) in {"So", "Sk"} and character not in "°^`´¨"
    return is_symbol or character == "\ufe0f"
