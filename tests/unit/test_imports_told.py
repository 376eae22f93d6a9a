"""Whatever an import says has a Chinese wording, in which no English is left."""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from string import Formatter
from typing import Final

import pytest

import dashboard
import etl
import geo
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_file_word, tell_reason, tell_refusal
from etl.importing.columns.layers import Field, load_layers, simplify

ETL, GEO, DASHBOARD = (Path(next(iter(package.__path__))) for package in (etl, geo, dashboard))
MODULES: Final = sorted(
    [
        *ETL.glob("sources/**/*.py"),
        *ETL.glob("importing/**/*.py"),
        *ETL.glob("limits.py"),
        *GEO.glob("operations/importing.py"),
        *(path for name in ("imports", "undo", "import_jobs") for path in GEO.glob(f"store/{name}.py")),
    ]
)
# A person reads what stands in these; the rule is told where they are written.
SENTENCES: Final = {"message", "msg", "warning", "note", "challenge", "what", "sentence"}
REASONS: Final = {"reason", "reasons"}
TABLE: Final = tomllib.loads((DASHBOARD / "i18n" / "imports.toml").read_text(encoding="utf-8"))
ZH, EN = Text("zh"), Text("en")
HOLE: Final = "\0"
# Names of formats, systems and programs, which Chinese administrators call so too.
NAMES: Final = re.compile(
    r"\b(?:GCJ-02|BD-09|WGS-84|CGCS2000|EPSG|GPS|UTF-8|GB18030|Excel|WPS|GeoJSON|JSON|Shapefile|GeoPackage|KML|KMZ|"
    r"FileGDB|DXF|DWG|GPX|OSM|CSV|XML|WKT|MB|GB|AutoCAD|CAD|Access|ArcGIS|ID|QGIS|km|m|Open311|UTC|Web|Overpass|GML|ECharts|CJ)\b"
    r"|\.[a-z]{2,8}\b|×"
)


def read_literals(node: ast.expr) -> Iterator[str]:
    """Every sentence that an expression may come to, with holes for values."""
    match node:
        case ast.Constant(value=str(words)):
            yield words.replace("{}", HOLE)
        case ast.JoinedStr():
            parts = [str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values]
            yield "".join(parts).replace("{}", HOLE)
        case ast.IfExp():
            yield from read_literals(node.body)
            yield from read_literals(node.orelse)
        case ast.ListComp() | ast.GeneratorExp():
            yield from read_literals(node.elt)
        case ast.Call(func=ast.Attribute(value=told, attr="format")):
            yield from read_literals(told)
        case ast.Dict():
            for value in node.values:
                yield from read_literals(value)
        case ast.Tuple() | ast.List():
            for each in node.elts:
                yield from read_literals(each)


def find_told(module: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, sentence and place of everything that a module may say of an import."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        found: list[tuple[str, ast.expr]] = []
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            found += [("sentences", node.value)] * (name in SENTENCES)
            found += [("reasons", node.value)] * (name in REASONS)
        elif isinstance(node, ast.AnnAssign) and module.stem in {"importing", "worker"} and node.value:
            found.append(("sentences", node.value))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"warn", "note"} and node.args:
                found.append(("sentences", node.args[-1]))
            elif called == "reject" and len(node.args) > 1:
                found.append(("reasons", node.args[1]))
            elif called in {"Rejection", "Reading"} and len(node.args) > 2:
                found.append(("reasons", node.args[2]))
        for kind, expression in found:
            for literal in read_literals(expression):
                words = re.sub(r"\{:[^}]*\}", HOLE, literal)
                if re.search(r"[a-z]{2} [a-z]{2}", words):
                    yield kind, words, f"{module.parent.name}/{module.name}:{expression.lineno}"


def find_sentences(module: Path) -> Iterator[tuple[str, str, str]]:
    """Whatever else in a module begins, and ends with a full stop, as a sentence does."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docstrings | parts:
            for words in read_literals(node):
                if words.endswith(".") and len(words.split()) > 4:
                    yield "sentences", words, f"{module.parent.name}/{module.name}:{node.lineno}"


TOLD: Final = {
    (kind, words): where
    for module in MODULES
    for kind, words, where in (*find_sentences(module), *find_told(module))
}


def fill(words: str) -> tuple[str, list[str]]:
    numbers = count(7001)
    values: list[str] = []

    def take(_hole: re.Match[str]) -> str:
        values.append(str(next(numbers)))
        return values[-1]

    return re.sub(HOLE, take, words), values


def is_for_commands(words: str) -> bool:
    """Whether a part of the sentence is advice for the command line, which the page gives in its own way."""
    return any(
        re.fullmatch(re.sub(r"\\\{\w+\\\}", ".+", re.escape(template)), words, re.DOTALL)
        for template in TABLE["sentences"]
        if "{flags}" in template
    )


def find_english(told: str) -> list[str]:
    return re.findall(r"[A-Za-z]{2,}", NAMES.sub("", told))


def test_the_sources_were_read() -> None:
    assert sum(kind == "sentences" for kind, _ in TOLD) > 40
    assert sum(kind == "reasons" for kind, _ in TOLD) > 20


@pytest.mark.parametrize("kind", ["sentences", "reasons"])
def test_whatever_an_import_says_has_a_chinese_wording_that_keeps_its_values(kind: str) -> None:
    faults = []
    for (of_kind, words), where in TOLD.items():
        if of_kind != kind:
            continue
        said, values = fill(words)
        told = tell_refusal(said, ZH) if kind == "sentences" else tell_reason(said, ZH)
        if said in told:
            faults.append(f"{where} has no entry in imports.toml [{kind}]: {words.replace(HOLE, '{}')}")
        elif (lost := [value for value in values if value not in told]) and not is_for_commands(words):
            faults.append(f"{where} loses {len(lost)} of its values: {told}")
        elif english := find_english(told):
            faults.append(f"{where} keeps English {english}: {told}")
    assert not faults, "\n".join(faults)


def test_both_sides_of_the_table_name_the_same_values_and_no_english_is_left() -> None:
    def list_values(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    tables = [TABLE["sentences"], TABLE["reasons"], *TABLE["words"].values()]
    for english, chinese in ((en, zh) for table in tables for en, zh in table.items()):
        assert list_values(english) - {"flags"} == list_values(chinese), english
        assert find_english(re.sub(r"\{\w+\}", "", chinese)) == [], english


def test_in_english_a_sentence_stays_as_it_is() -> None:
    assert tell_reason("“7” is not a number", EN) == "“7” is not a number"
    assert tell_reason("“7” is not a number", ZH) == "“7”不是数字"


def test_a_reason_without_a_wording_is_told_as_it_is() -> None:
    assert tell_reason("the moon is {full}", ZH) == "the moon is {full}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "1网格 (G1) overlaps 2网格 (G2) by 1,992.2 m², 3网格 (G3) by 2.0 m²",
            "1网格 (G1) 与 2网格 (G2) 重叠 1,992.2 平方米、3网格 (G3) 重叠 2.0 平方米",
        ),
        ("“高” is not a severity we know (low, high)", "“高”不是认识的紧急程度，可填：低、紧急"),
    ],
)
def test_words_of_ours_in_a_reason_are_told_too(said: str, told: str) -> None:
    assert tell_reason(said, ZH) == told


def read_word(field: Field, word: str) -> set[str]:
    """What an import may take a word for."""
    plain = simplify(word)
    return {
        code
        for known, code in field.choices.items()
        if known == plain or (field.otherwise and known in plain)
    }


def test_what_may_be_written_is_told_in_words_that_an_import_reads() -> None:
    faults = [
        f"{layer.name}.{field.name}: {code} is told as {told}"
        for layer in load_layers().values()
        for field in layer.fields.values()
        for code in dict.fromkeys(field.choices.values())
        if code not in read_word(field, told := tell_file_word(code, ZH)) or find_english(told)
    ]
    assert not faults, "\n".join(faults)
    told = tell_reason("“再议” is not a state we know (reported, handling)", ZH)
    assert told == "“再议”不是认识的办件状态，可填：待受理、办理中"


def test_coordinate_systems_are_called_as_people_call_them() -> None:
    sentence = "a.kml says it is in EPSG:4490; it was read as gcj02, as asked."
    assert tell_refusal(sentence, ZH) == "a.kml 写明是 CGCS2000/WGS-84，已按您的选择用 GCJ-02 读取。"
