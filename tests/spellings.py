"""How residents, hotline clerks and couriers write the address of a dwelling, and what they write beside it.

Made from how addresses look in forms, chats and rosters, not from what the reader of addresses understands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from geo.model.gazetteer import Gazetteer

_DIGITS = "零一二三四五六七八九"
_LOOKS_LIKE = dict(
    zip(
        "麟麒丽景湾花园苑翠锦绣御云悦江城新福安家康厂村风半岛星",
        "鳞琪莉境弯化圆院粹景秀玉芸月姜成欣富岸佳糠场邨凤伴导兴",
        strict=True,
    )
)


@dataclass(frozen=True)
class Dwelling:
    """A building of a gazetteer and the words that name it.

    Attributes:
        street: street and number of its compound.
        label: 3, A or 1A.
        is_house: whether it is called by a bare 号.
        lane: its lane, as 长风路100弄.
        has_namesake: whether another compound has its name.
    """

    building_id: int
    compound: str
    aliases: tuple[str, ...]
    street: str | None
    label: str
    is_house: bool
    lane: str | None
    has_namesake: bool


@dataclass(frozen=True)
class Spelling:
    """An address as somebody writes it, and the building that is meant; whether it says so beyond doubt."""

    text: str
    building_id: int
    is_plain: bool


def list_dwellings(gazetteer: Gazetteer) -> list[Dwelling]:
    """Return the buildings that have a label in a compound: 3栋, A座, the houses of villages and lanes."""
    compounds = {compound.id: compound for compound in gazetteer.compounds}
    found = []
    for building in gazetteer.buildings:
        if building.compound_id is None:
            continue
        compound = compounds[building.compound_id]
        own = building.name.removeprefix(compound.name)
        label = own.removesuffix("号楼").rstrip("栋幢座号#")
        if label.isascii() and label.isalnum():
            lane = compound.address if compound.address and compound.address.endswith("弄") else None
            found.append(
                Dwelling(
                    building.id,
                    compound.name,
                    compound.aliases,
                    compound.address,
                    label,
                    own.endswith("号"),
                    lane,
                    [each.name for each in gazetteer.compounds].count(compound.name) > 1,
                )
            )
    return found


def spell(dwelling: Dwelling, chance: Random) -> Spelling:
    """Write the address of a flat so that it says beyond doubt which building is meant."""
    if dwelling.lane:
        text = _spell_lane(dwelling, chance)
    elif dwelling.is_house:
        text = _lead_in(dwelling, chance) + chance.choice(_HOUSES)(dwelling.label, _number_room(chance))
    else:
        text = _lead_in(dwelling, chance) + _spell_flat(dwelling.label, chance)
    text += chance.choice(["", "", "", "", "楼道", "楼下", "家中", "门口", "(电梯旁)", " "])
    return Spelling(_type(text, chance), dwelling.building_id, is_plain=True)


def spell_doubtfully(dwelling: Dwelling, chance: Random) -> Spelling:
    """Write an address near a building, or one with a slip of the pen: a person has to say what is meant."""
    label, name = dwelling.label, dwelling.compound
    mark = "号" if dwelling.is_house else chance.choice(["栋", "幢", "号楼"])
    text = chance.choice(_DOUBTS)(name, label, mark, chance)
    return Spelling(_type(text, chance), dwelling.building_id, is_plain=False)


def misspell(name: str, chance: Random) -> str:
    """Return a name with one character that looks or sounds alike, one too few, two exchanged, or doubled."""
    places = [at for at, character in enumerate(name) if character in _LOOKS_LIKE]
    at = chance.randrange(len(name) - 1)
    ways: list[Callable[[], str]] = [
        lambda: name[:at] + name[at + 1 :],
        lambda: name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        lambda: name[: at + 1] + name[at:],
    ]
    if places:
        spot = chance.choice(places)
        ways += [lambda: name[:spot] + _LOOKS_LIKE[name[spot]] + name[spot + 1 :]] * 5
    return chance.choice(ways)()


def to_han(number: str, *, digit_by_digit: bool = False) -> str:
    """Write a number in Chinese: 12 as 十二, or as 一二."""
    if not number.isdigit():
        return number
    if digit_by_digit or len(number) > 2:
        return "".join(_DIGITS[int(digit)] for digit in number)
    tens, ones = divmod(int(number), 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


def _lead_in(dwelling: Dwelling, chance: Random) -> str:
    """Write what stands before the building: as much, from the province down, as people bother to."""
    area = chance.choice([
        "", "", "", "广西柳州市", "柳州市鱼峰区", "广西壮族自治区柳州市鱼峰区", "鱼峰区", "榕东社区",
        "柳州鱼峰区", "柳州市鱼峰区荣军街道", "柳州市鱼峰区荣军街道榕东社区", "荣军街道榕东社区",
        "广西 柳州市 鱼峰区 ",
    ])  # fmt: skip
    street = dwelling.street or ""
    bare = street.rstrip("0123456789号")
    named = chance.choice([dwelling.compound, dwelling.compound, *dwelling.aliases])
    short = named.removesuffix("小区")
    if (
        len(short) < len(named)
        and not short.endswith(("路", "8"))
        and len(short) > 2
        and chance.random() < 0.4
    ):
        named = short
    elif not named.endswith(("小区", "村", "宿舍")) and chance.random() < 0.1:
        named += "小区"
    if chance.random() < 0.2:
        named += " "
    ways = [street, bare] if dwelling.has_namesake else ["", "", street, bare]
    before = chance.choice(ways)
    if before == street and street and chance.random() < 0.15:
        return f"{area}{street}({named.strip()})"
    if before == street and street and not dwelling.has_namesake and chance.random() < 0.1:
        return f"{area}{street}" if not dwelling.is_house else area + named
    return area + before + named


def _spell_flat(label: str, chance: Random) -> str:
    entrance, room = str(chance.randint(1, 6)), _number_room(chance)
    floor = room[:-2]
    said = to_han(label) if chance.random() < 0.2 else label
    if chance.random() < 0.25:
        return chance.choice([
            f"{label}-{entrance}-{room}", f"{label}—{entrance}—{room}", f"{label}－{entrance}－{room}",
            f"{label}#{entrance}-{room}", f"{label}#-{entrance}-{room}", f"{label}栋{entrance}-{room}",
            f"{label}幢{room}", f"{label}#{room}", f"{label}-{room}", f"{label}/{entrance}/{room}",
            f"{label}栋-{entrance}-{room}",
        ])  # fmt: skip
    marked = said + chance.choice(["栋", "栋", "幢", "座", "号楼", "#", "栋楼"])
    if said.isdigit() and chance.random() < 0.08:
        marked = f"第{marked}"
    entered = chance.choice([
        "", f"{entrance}单元", f"{to_han(entrance)}单元", f"{entrance}门", f"{entrance}梯",
        f"{entrance}单元 ",
    ])  # fmt: skip
    storey = chance.choice(["", "", "", f"{floor}楼", f"{to_han(floor)}层", f"{floor}F"])
    housed = chance.choice([
        room, f"{room}室", f"{room}房", f"{room}号", f"{room}户", f"{to_han(room, digit_by_digit=True)}室",
        f"{room}号房", "",
    ])  # fmt: skip
    return chance.choice(["", "", " "]).join([marked, entered + storey + housed])


_HOUSES: Sequence[Callable[[str, str], str]] = (
    lambda label, _room: f"{label}号",
    lambda label, _room: f"{to_han(label)}号",
    lambda label, room: f"{label}号{room}室",
    lambda label, room: f"{label}号{room}",
    lambda label, room: f"{label}号{room[:-2]}楼",
    lambda label, room: f"{label}号{room[:-2]}楼{room}房",
)


def _spell_lane(dwelling: Dwelling, chance: Random) -> str:
    label, room, lane = dwelling.label, _number_room(chance), dwelling.lane or ""
    area = chance.choice(["", "", "上海市", "上海市普陀区", "普陀区", "上海市普陀区长风街道", "长风街道"])
    named = chance.choice([lane, lane, dwelling.compound, lane + dwelling.compound])
    return area + named + chance.choice([
        f"{label}号{room}室", f"{label}号{room}", f"{to_han(label)}号{room}室", f"{label}号 {room}室",
        f"{label}号",
        f"{label}号楼{room}室", f"{label}幢{room}室", f"{label}号{room[:-2]}楼{room}室", f"{label}号-{room}",
    ])  # fmt: skip


_DOUBTS: Sequence[Callable[[str, str, str, Random], str]] = (
    lambda name, label, mark, chance: f"{misspell(name, chance)}{label}{mark}{_number_room(chance)}室",
    lambda name, label, mark, chance: f"{misspell(name, chance)}{label}{mark}{_number_room(chance)}室",
    lambda name, label, mark, chance: f"{misspell(name, chance)}{label}{mark}",
    lambda name, label, mark, _: f"{name}{label}{mark}旁",
    lambda name, label, mark, _: f"{name}{label}{mark}旁边垃圾房",
    lambda name, label, mark, _: f"{name}{label}{mark}对面",
    lambda name, label, mark, _: f"{name}{label}{mark}前面空地",
    lambda name, label, mark, _: (
        f"{name}{label}{mark}和{int(label) + 1 if label.isdigit() else 'Z'}{mark}之间"
    ),
    lambda name, label, mark, _: f"{name}{label}、{int(label) + 1 if label.isdigit() else 'Z'}{mark}",
    lambda name, label, mark, _: f"{name}{label}-{int(label) + 2 if label.isdigit() else 'Z'}{mark}",
    lambda name, label, mark, _: f"{name}{label}{mark}商铺102",
    lambda name, label, mark, _: f"{name}北门附近{label}{mark}",
    lambda name, label, mark, _: f"{name}往东50米{label}{mark}",
    lambda name, label, mark, _: f"{name}隔壁小区{label}{mark}",
    lambda _name, label, mark, chance: f"{label}{mark}{chance.randint(1, 4)}单元{_number_room(chance)}",
    lambda name, label, mark, _: f"{name}{label}{mark if label.isalpha() else ''}楼对面",
    lambda name, label, mark, _: f"{name}{label}{mark}(二期)",
    lambda name, label, mark, _: f"{name}{label}{mark}门口马路对面",
    lambda name, label, mark, _: f"新{name}{label}{mark}",
    lambda name, label, mark, _: f"{name}五期{label}{mark}",
    lambda name, label, mark, _: f"{name}东区{label}{mark}",
)


def _number_room(chance: Random) -> str:
    return f"{chance.randint(1, 33)}{chance.randint(1, 12):02}"


def _type(text: str, chance: Random) -> str:
    """Type a text as some do: wide, in small letters, with blanks of another kind or around it."""
    way = chance.random()
    if way < 0.1:
        return "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)
    if way < 0.15:
        return text.lower()
    if way < 0.2:
        return f" {text}\t"
    if way < 0.25:
        return text.replace(" ", "\u3000")
    return text
