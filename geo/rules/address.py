"""How people write where they live, read into parts. Text in, parts out: what exists is not asked here.

``[省][市][区][街道][社区][路+号 | 弄 | 巷][小区][期/区/苑] 栋 [单元] [层] 室``, with 栋 = 幢 = 座 =
号楼 = 楼 = #, 单元 = 门 = 梯 and 室 = 房 = 号 = 户, wide or narrow, in Chinese or Arabic digits, or only
as ``3-2-501``.

A wrong building is worse than none: what can be read in two ways gives no building. ``3-2`` may be a building
and its entrance or an entrance and a floor; ``5楼501`` is the fifth floor of a building nobody named.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Final, Literal

Kind = Literal["building", "house", "lane", "compound", "street", "alley", "shop", "landmark", "nothing"]

_NEED_A_PERSON: Final = frozenset({"street", "alley", "shop", "landmark", "nothing"})

_DASHES: Final = re.compile(r"[‐‑‒–—―−─━ー-]+")
_BLANKS: Final = re.compile(r"[^\S\n]+")
_BETWEEN_DIGITS: Final = re.compile(r"(?<=[0-9])[一/\\._](?=[0-9])|(?<=[A-Z])/(?=[0-9])")
_NEEDLESS_BLANK: Final = re.compile(r"(?<![0-9]) | (?![0-9])")
_HAN_NUMBER: Final = re.compile(
    r"(?<![0-9])[零〇一二两三四五六七八九十百壹贰叁肆伍陆柒捌玖拾]{1,6}"
    r"(?= ?(?:号|栋|幢|座|楼|层|单元|门|梯|室|房|户|弄|期|区|#))"
)
# 三栋二单元五零一, read out digit by digit.
_HAN_ROOM: Final = re.compile(r"(?<=[元栋幢座楼层门梯#-])[零〇一二三四五六七八九]{3,4}(?=$|室|房|号|户)")
_ORDINAL: Final = re.compile(r"第(?=[0-9]{1,4}(?:号楼|单元|[栋幢座#期弄号]))")
_BRACKETED: Final = re.compile(r"[(\[【「『《<]([0-9A-Z]{1,4}(?:号楼|[栋幢座#]))[)\]】」』》>]")
_HAN_DIGITS: Final = str.maketrans("零〇一二两三四五六七八九壹贰叁肆伍陆柒捌玖拾", "001223456789123456789十")
_HAN_TENS: Final = re.compile(r"(?:([1-9])百)?0?(?:([1-9]?)(十))?([1-9])?")

_PROVINCE: Final = re.compile(r"[^\W0-9]{2,6}?(?:省|自治区)")
_CITY: Final = re.compile(r"[^\W0-9]{2,6}?市(?![场政民])")
# Alone, 区 ends many a compound's name; after a city it ends a district's.
_DISTRICT: Final = re.compile(
    r"[^\W0-9]{1,5}?(?<![小园社校厂])[区县](?=[^\W0-9]{1,8}?(?:街道|镇|社区|路|巷|(?:街|大道)[0-9]))"
)
_DISTRICT_OF_CITY: Final = re.compile(
    r"(?![东西南北中新老前后一二三四五六七八九A-Z]区)[^\W0-9]{1,3}?(?<![小园社校厂])[区县](?=[0-9]{0,4}[^\W0-9]{2})"
)
_SUBDISTRICT: Final = re.compile(
    r"[^\W0-9]{1,8}?街道(?:办事处)?|[^\W0-9]{2,3}镇(?=[^\W0-9]{2,8}?(?:路|街|巷|大道)[0-9])"
)
_COMMUNITY: Final = re.compile(r"\w{1,8}?社区(?:居委会)?(?=[^\W0-9]|[0-9]+(?:小区|宿舍|大院|厂|所))")
_ADMINISTRATIVE: Final = (
    (_PROVINCE, _PROVINCE),
    (_CITY, _CITY),
    (_DISTRICT, _DISTRICT_OF_CITY),
    (_SUBDISTRICT, _SUBDISTRICT),
    (_COMMUNITY, _COMMUNITY),
)
_STREET: Final = re.compile(
    r"(?P<road>\w{1,16}?(?:路|街|巷|里|胡同|大道|专线))(?P<number>[0-9]{1,5}(?:-[0-9]{1,3})?)号(?![楼线])(?P<yard>大?院)?"
)
_LANE: Final = re.compile(r"(?P<road>[^\W0-9]\w{0,15}?)?(?P<lane>[0-9]{1,5})弄")
# 南区金水苑 is the south of 金水苑.
_AREA_BEFORE: Final = re.compile(
    r"(?:[^\W0-9]{2,8}?市)?(?!.?[东西南北中新老前后一二三四五六七八九A-Z]区)[^\W0-9]{1,8}?(?<![小园社校厂])[区县市]"
)
_ROAD_BEFORE: Final = re.compile(r"\w{1,10}?(?:路|街|巷|大道)")

_LABEL: Final = r"(?:[A-Z][0-9]{1,3}|[0-9]{1,3}[A-Z]?|[A-Z])"
_SHORT_LABEL: Final = r"(?:[A-Z][0-9]{1,2}|[0-9]{1,2}[A-Z]?|[A-Z])"
# 张溪路529-531 are two numbers of a street, 5层505-506 two rooms; 幸福里3-2-501 is a flat.
_NO_NUMBER: Final = "(?<![路街巷道弄里层楼铺])"
_NO_STREET: Final = "(?<![路街巷道弄层楼铺])"
_OF_STAIRS: Final = "[道梯顶下上内]"
_FREE: Final = r"(?<![0-9A-Z])(?<![0-9A-Z]-)(?<![0-9A-Z][~至到和与及、,])"
_STOREYS: Final = f"楼(?!{_OF_STAIRS})"
_MARKED: Final = rf"#?(?P<label>{_LABEL})(?P<mark>号{_STOREYS}|[栋幢座#](?:{_STOREYS})?|{_STOREYS})"
_BUILDING: Final = re.compile(
    rf"{_FREE}(?:{_MARKED}|#(?P<sharp>{_LABEL})(?![0-9A-Z])"
    rf"|{_NO_STREET}(?P<dashed>{_LABEL})(?=[- ](?:[0-9]{{1,2}}|[A-Z])[- ][0-9]{{3,4}}[A-Z]?(?![-0-9A-Z]))"
    rf"|{_NO_NUMBER}(?P<paired>{_SHORT_LABEL})(?=[- ][0-9]{{3,4}}[A-Z]?(?![-0-9A-Z])))"
)
_HOUSE: Final = re.compile(
    rf"{_NO_NUMBER}{_FREE}(?<!号-)(?P<label>[0-9]{{1,4}}[A-Z]?)号(?!{_STOREYS}|[线出入]|门(?!口))"
)
_LANE_HOUSE: Final = re.compile(
    rf"{_BUILDING.pattern}|{_FREE}(?P<house>[0-9]{{1,4}}[A-Z]?)号(?![线出入]|门(?!口))"
)
_ENTRANCE: Final = re.compile(
    r"[- ]?(?:(?P<marked>[0-9]{1,2}|[A-Z])(?:单元|门(?![口面前外卫岗])|梯(?![口间]))"
    r"|(?P<side>[甲乙丙丁东西南北中])单元"
    r"|(?P<dashed>[0-9]{1,2}|[A-Z])[- ](?=[0-9]{3,4}(?![0-9])))"
)
_FLOOR: Final = re.compile(r"[- ]?(?P<floor>(?:负|B)?[0-9]{1,2})(?:楼|层|F)")
_ROOM: Final = re.compile(
    r"[- ]?(?:(?P<long>[0-9]{3,4}[A-Z]?)(?:室|房间?|号房?|户)?"
    r"|(?P<short>[0-9]{1,2}[A-Z]?)(?:室|房(?!东)|号(?![楼线])|户(?!\w)))(?![0-9A-Z年月日点个元块人次米平路:%分天岁])"
)
_FLOOR_LABEL: Final = re.compile("[BF]?[0-9]+")
_WITHIN_NUMBER: Final = re.compile(
    rf"(?P<sub>之.{{1,3}}|附.{{1,4}})|(?:{_FLOOR.pattern})?(?:{_ROOM.pattern})?"
)
_MORE_ROOMS: Final = re.compile(r"[、,和及/~至到-][0-9]")
_MORE_BUILDINGS: Final = re.compile(rf"[、,和与及跟到至~/&-]*{_MARKED}|[、,和与及跟到至~-][0-9]{{1,4}}号")

_UNCLEAR_TAIL: Final = re.compile(r"[#0-9A-Z][-0-9A-Z~,、至到和与及]{0,12}(?:号楼|单元|[栋幢座楼号室#])?$")

_HEADING: Final = re.compile(r"^(?:[^\W0-9]{0,4}(?:地址|住址|地点)[: ])")
_BETWEEN_PARTS: Final = re.compile(r"\n|(?<![0-9A-Z]),|,(?![0-9A-Z])")
_NOTE: Final = re.compile(r"\((?P<note>[^()\n]{0,80})\)?$")
_SEPARATED: Final = re.compile("[、;]|,.")
_SEVERAL: Final = re.compile(r"[、,~-]|[和与及到至][0-9]")

_SHOP: Final = re.compile(r"商铺|店铺|门面|铺面|门市|档口|摊位|底商|[0-9]铺")
_NEAR: Final = re.compile(
    r"的?(?:旁|对面|对过|附近|周边|周围|隔壁|前面|前方|后面|后方|背后|门口|路口|之间|中间|边上|侧|出口|入口|大门|门卫|围墙"
    r"|外面|交叉|[0-9]米|[东南西北]+[边面头角侧])"
)
_PART_OF_ESTATE: Final = re.compile(r"[0-9一二三四五六七八九东西南北中新老AB]{1,2}[期区]|号院|苑|园")
_FARTHER: Final = re.compile(
    r"对面|对过|附近|周边|隔壁|旁边|之间|中间|路口|交叉|[0-9]米|往[东南西北前后左右]|[0-9A-Z](?:号楼|[栋幢座])"
)
_NEAR_BUILDING: Final = re.compile(
    rf"(?!门口|大门|入口|出口)(?:{_NEAR.pattern}|的?(?:边|前(?![天几段])|后(?!来)|外(?![墙立])))"
)
_IN_BUILDING: Final = re.compile(
    r"的?(?:楼道|楼下|楼上|楼顶|楼梯|楼内|天台|顶楼|顶层|底层|[一1]楼|底楼|[东南西北中](?:户|套)|大厅|大堂|门厅|电梯|走廊|过道|阳台|地下|架空层"
    r"|门口|大门|单元|入口|出口|房间|住户|业主|居民|家|屋内|室内|内|外墙|外立面|窗|厨房|卫生间)"
)


@dataclass(frozen=True)
class Address:
    """An address in its parts, each as written but in Arabic digits and capitals; None where it says nothing.

    Attributes:
        text: the whole, normalised, without province to community.
        compound: the words that name the compound, its phase included.
        road: the street, alley or the road of a lane.
        number: the number on ``road``.
        lane: the number of a Shanghai lane (弄).
        building: the label of a building in its compound, as ``3`` or ``A``; of a lane, its house.
        entrance: 单元, a number, letter or side.
        floor: as a number; ``负1`` below ground.
        room: the room.
        rest: what follows and is no part of the above.
        kind: how it names its place; ``house`` is a bare 号 in a compound, as villages have.
    """

    text: str
    kind: Kind
    compound: str | None = None
    road: str | None = None
    number: str | None = None
    lane: str | None = None
    building: str | None = None
    entrance: str | None = None
    floor: str | None = None
    room: str | None = None
    rest: str = ""

    @property
    def needs_review(self) -> bool:
        """Whether only a person can say which building is meant, if any."""
        return self.kind in _NEED_A_PERSON


def normalize_address(text: str) -> str:
    """Write an address one way: narrow characters, capitals, one kind of dash, Arabic digits before a unit.

    Blanks go, except one between two digits, where it parts what a dash would. Line breaks stay.
    """
    return _write_one_way(unicodedata.normalize("NFKC", text).upper())


def parse_address(text: str) -> Address:
    """Read a text that is an address and nothing else.

    Any text can be read: what is not understood makes a ``landmark``, with all that was understood before it.
    """
    return read_prepared(prepare_address(text))


def prepare_address(text: str) -> str:
    """Write a text that is an address and nothing else one way, without heading and province to community."""
    narrow = unicodedata.normalize("NFKC", text).upper()
    whole = _HEADING.sub("", _write_one_way(_BETWEEN_PARTS.sub(" ", narrow)).strip(" ,。.;、-"))
    note = _NOTE.search(whole) if "(" in whole else None
    return _strip_district(whole[: note.start()]) + note[0] if note else _strip_district(whole)


def read_prepared(whole: str) -> Address:
    """Read an address as :func:`prepare_address` writes it."""
    note = _NOTE.search(whole) if "(" in whole else None
    address = _read_whole(whole[: note.start()] if note else whole)
    if note is None:
        return address
    said = note["note"]
    kind: Kind | None = "shop" if _SHOP.search(said) else None
    # 麒麟花园3栋(二期) is not 3栋 of 麒麟花园.
    if _NEAR_BUILDING.match(said) or _PART_OF_ESTATE.search(said):
        kind = "landmark"
    if kind is None:
        return replace(address, rest=address.rest + note[0])
    return replace(address, kind=kind, text=address.text + note[0], rest=address.rest + note[0])


def _write_one_way(narrow: str) -> str:
    plain = _HAN_NUMBER.sub(_to_arabic, _BETWEEN_DIGITS.sub("-", _BLANKS.sub(" ", _DASHES.sub("-", narrow))))
    plain = _HAN_ROOM.sub(lambda found: found[0].translate(_HAN_DIGITS), plain)
    if " " in plain:
        plain = _NEEDLESS_BLANK.sub("", plain)
    return plain if plain.isalnum() and "第" not in plain else _BRACKETED.sub(r"\1", _ORDINAL.sub("", plain))


def _read_whole(body: str) -> Address:
    address = Address(body, "nothing")
    if not body:
        return address
    start = 0
    lane, street = _LANE.match(body), _STREET.match(body)
    if lane:
        address = replace(address, road=lane["road"], lane=lane["lane"])
        start = lane.end()
    elif street and not _BUILDING.search(street["road"]):
        address = replace(address, road=street["road"], number=street["number"])
        start = street.end()
        if street["yard"]:
            address = replace(address, compound=body[:start])
    found = (_LANE_HOUSE if lane else _BUILDING).search(body, start)
    is_house = False
    if street and not lane and _SEVERAL.match(body, start):
        return replace(address, kind="landmark", rest=body[start:])
    if not lane and (not found or found.groupdict().get("mark") == "楼"):
        house = _HOUSE.search(body, start + 1, found.start() if found else len(body))
        # 莲塘村6号18楼 is a floor of house 6.
        if house:
            found, is_house = house, True
    words = body[start : found.start()] if found else body[start:]
    shop, near = _SHOP.search(words), _NEAR.search(words, 1)
    cut = shop or near
    if cut:
        address = replace(address, compound=words[: cut.start()] or address.compound)
        return replace(
            address,
            kind="shop" if shop else "landmark",
            rest=words[cut.start() :] + body[start + len(words) :],
        )
    if not found:
        return _end_without_building(address, words)
    if _SEPARATED.search(words):
        return replace(address, kind="landmark", rest=body[start:])
    address = replace(address, compound=words.rstrip("-, 的/") or address.compound)
    return _read_parts(
        address, found, kind="lane" if lane else "house" if is_house else "building", to_end=True
    )


def read_after(compound: str, following: str) -> Address:
    """Read what follows the name of a compound in a running text, up to where the address ends.

    Args:
        compound: the name as it stands there, normalised.
        following: the text after it, normalised; its remainder becomes ``rest``.
    """
    lead = re.match(r"[的, -]?", following)
    start = lead.end() if lead else 0
    address = Address(compound + following, "compound", compound=compound)
    found = _BUILDING.match(following, start) or _HOUSE.match(following, start)
    if found:
        kind: Kind = "lane" if compound.endswith("弄") else "house" if found.re is _HOUSE else "building"
        return _read_parts(address, found, kind=kind, to_end=False)
    kind = "shop" if _SHOP.match(following) else "landmark" if _NEAR.match(following) else "compound"
    return replace(address, kind=kind, rest=following)


def find_buildings(text: str) -> list[Address]:
    """Find what reads like a building in a running text, each with the words before it as its compound.

    Args:
        text: normalised.
    """
    addresses = []
    for found in _BUILDING.finditer(text):
        before = re.search(r"[^\W0-9A-Z]{0,10}$", text[max(0, found.start() - 10) : found.start()])
        address = Address(found[0], "building", compound=(before[0] if before else "") or None)
        addresses.append(_read_parts(address, found, kind="building", to_end=False))
    return addresses


def drop_road(words: str) -> str | None:
    """Return the words without the street they begin with, None if they begin with none."""
    road = _ROAD_BEFORE.match(words)
    return words[road.end() :] if road and len(words) - road.end() > 1 else None


def read_road(words: str) -> str | None:
    """Return the street that words before a compound's name begin with, None if they begin with none."""
    road = _ROAD_BEFORE.match(words)
    return road[0] if road and len(words) - road.end() > 1 else None


def drop_area(words: str) -> str | None:
    """Return the words without a city or district they begin with, None if they begin with none."""
    area = _AREA_BEFORE.match(words)
    return words[area.end() :] if area and len(words) - area.end() > 1 else None


def _end_without_building(address: Address, words: str) -> Address:
    if address.number is not None and not words:
        if address.compound:
            return replace(address, kind="compound")
        is_alley = bool(address.road) and str(address.road).endswith(("巷", "里", "胡同"))
        return replace(address, kind="alley" if is_alley else "street")
    if address.number is not None and (within := _WITHIN_NUMBER.fullmatch(words)):
        room = within["long"] or within["short"]
        floor = _trim_zeros(within["floor"])
        return replace(address, kind="street", floor=floor, room=room, rest=within["sub"] or "")
    tail = _UNCLEAR_TAIL.search(words)
    if tail or not words:
        head = words[: tail.start()] if tail else ""
        return replace(address, kind="landmark", compound=head or address.compound, rest=words[len(head) :])
    return replace(address, kind="compound", compound=words)


def _read_parts(address: Address, found: re.Match[str], *, kind: Kind, to_end: bool) -> Address:
    """Read entrance, floor and room after a building, and judge what follows them.

    Args:
        address: what stands before the building.
        found: the building.
        kind: of the address if nothing speaks against it.
        to_end: whether the text must end with the address.
    """
    text, position = found.string, found.end()
    groups = found.groupdict()
    label = next(
        value for name in ("label", "sharp", "dashed", "paired", "house") if (value := groups.get(name))
    )
    parts: dict[str, str | None] = {}
    for name, pattern in (("entrance", _ENTRANCE), ("floor", _FLOOR), ("room", _ROOM)):
        part = pattern.match(text, position)
        if part:
            parts[name] = next(value for value in part.groups() if value)
            position = part.end()
    rest = text[position:]
    room = parts.get("room")
    if room and _MORE_ROOMS.match(rest):
        parts["room"] = None
    address = replace(
        address,
        building=_trim_zeros(label),
        entrance=_trim_zeros(parts.get("entrance")),
        floor=_trim_zeros(parts.get("floor")),
        room=parts.get("room"),
        rest=rest,
        kind=kind,
    )
    # 3楼501 cannot be on the third floor; 3楼301, 2楼67号 and B2楼 can be a floor.
    is_like_floor = groups.get("mark") == "楼" and _FLOOR_LABEL.fullmatch(label) and "entrance" not in parts
    if is_like_floor and not (
        label.isdigit() and room and len(room) >= 3 and not room.startswith(("0", label))
    ):
        address = replace(address, building=None, floor=_trim_zeros(label), kind="compound")
    if _SHOP.match(rest) or rest.startswith("铺"):
        return replace(address, kind="shop")
    if _MORE_BUILDINGS.match(rest):
        return replace(address, kind="landmark", building=None, entrance=None, floor=None, room=None)
    # After a flat people say what is the matter there: 501室装修噪音.
    is_within = bool(_IN_BUILDING.match(rest)) or (room is not None and text[position - 1] in "室房户")
    is_elsewhere = _NEAR_BUILDING.match(rest) or (
        to_end and rest and (not is_within or _FARTHER.search(rest) or _SHOP.search(rest))
    )
    if is_elsewhere and not (to_end and parts.get("room") is None and room):
        return replace(address, kind="landmark")
    return address


def _strip_district(text: str) -> str:
    """Take province, city, district, subdistrict and community off the front, as far as they are written."""
    start = 0
    for usual, after_city in _ADMINISTRATIVE:
        found = (after_city if start else usual).match(text, start)
        if found and found.end() < len(text):
            start = found.end()
    return text[start:]


def _to_arabic(found: re.Match[str]) -> str:
    digits = found[0].translate(_HAN_DIGITS)
    if digits.isdigit():
        return digits
    tens = _HAN_TENS.fullmatch(digits)
    if tens is None:
        return found[0]
    hundreds, ten, has_ten, one = tens.groups()
    return str(int(hundreds or 0) * 100 + (int(ten or 1) * 10 if has_ten else 0) + int(one or 0))


def _trim_zeros(label: str | None) -> str | None:
    return None if label is None else label.lstrip("0") or label
