"""Whatever a reader may be refused has a Chinese sentence, in which no English is left."""

import ast
import re
import tomllib
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from string import Formatter

import pytest

import dashboard
import geo
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.routes.replies import describe_refusal
from geo.errors import DatabaseUnavailable, InputRefused, NotFound
from geo.model.actor import ROLES
from geo.model.incident import SOURCES
from geo.model.working_time import Unit
from geo.rules.workflow import MOVES, OUTCOMES, REQUEST_KINDS, SEVERITIES, STATES
from geo.settings import get_settings

GEO, DASHBOARD = Path(geo.__file__).parent, Path(dashboard.__file__).parent
MODULES = [
    *(GEO / "operations" / f"{name}.py" for name in ("incidents", "duties", "calendars", "accounts")),
    *(
        GEO / "operations" / f"{name}.py"
        for name in (
            "case_fields",
            "absences",
            "clashes",
            "exporting",
            "indicators",
            "packs",
            "scores",
            "searching",
            "supervision",
            "unplaced",
            "zone_drafts",
            "zone_plans",
        )
    ),
    *(
        GEO / "store" / f"{name}.py"
        for name in ("photos", "saved_views", "incidents", "duties", "zones", "absences")
    ),
    GEO / "rules" / "drafts.py",
    GEO / "rules" / "indicators.py",
    GEO / "model" / "working_time.py",
    DASHBOARD / "models" / "duties.py",
    *(DASHBOARD / "routes" / f"{name}.py" for name in ("guard", "pack_sheet", "photos", "sheets")),
]
SQL = (GEO / "schema" / "sql" / "0010_workflow.sql").read_text(encoding="utf-8")
TABLE = tomllib.loads((DASHBOARD / "i18n" / "refusals.toml").read_text(encoding="utf-8"))
WORDINGS = {**TABLE["sentences"], **{en: zh for words in TABLE["words"].values() for en, zh in words.items()}}
ZH, EN = Text("zh"), Text("en")
# What a place is filled with when nothing is known of it: a number that can be told apart.
HOLE = "\0"


def read_literal(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values)
    return None


def find_sentences_in(module: Path) -> Iterator[tuple[str, str]]:
    """Every sentence that a module raises, with holes for values, and where it is raised."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    returned = {
        function.name: [
            each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value
        ]
        for function in functions
    }
    for function in functions:
        for node in ast.walk(function):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
                continue
            (given,) = node.exc.args
            where = f"{module.name}:{node.lineno}"
            if ast.unparse(node.exc.func) == "AssertionError" or ast.unparse(given).endswith(
                ".message_primary"
            ):
                continue
            if isinstance(given, ast.Name):
                told = [
                    each.value
                    for each in ast.walk(function)
                    if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == given.id
                ]
            else:
                told = returned[ast.unparse(given.func)] if isinstance(given, ast.Call) else [given]
            sentences = [read_literal(each) for each in told]
            assert sentences, f"{where}: the sentence was not found"
            for sentence in sentences:
                assert sentence is not None, f"{where}: the sentence cannot be read from the source"
                yield sentence, where


def find_sentences_in_sql() -> Iterator[str]:
    for found in re.findall(r"RAISE EXCEPTION '((?:[^']|'')+)'", SQL):
        yield found.replace("''", "'").replace("%", HOLE)


SENTENCES = sorted(
    {sentence for module in MODULES for sentence, _ in find_sentences_in(module)}
    | set(find_sentences_in_sql())
)


def fill(sentence: str) -> tuple[str, list[str]]:
    numbers = count(7001)
    values: list[str] = []

    def take(_hole: re.Match[str]) -> str:
        values.append(str(next(numbers)))
        return values[-1]

    return re.sub(HOLE, take, sentence), values


def find_english(told: str) -> list[str]:
    """Words of Latin letters; not what a photo's file is called, nor the units of its size."""
    return re.findall(r"(?<![A-Za-z/])(?!(?:JPEG|PNG|WebP|MB)\b)[A-Za-z][a-z]*", told)


def tell(sentence: str) -> str:
    told = tell_refusal(InputRefused(sentence), ZH)
    assert sentence not in told, "it has no wording"
    return told


def test_the_sources_were_read() -> None:
    assert len(SENTENCES) > 80
    assert len(list(find_sentences_in_sql())) == SQL.count("RAISE") > 20


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_has_a_chinese_wording_that_keeps_its_values(sentence: str) -> None:
    if sentence.startswith("a value does not fit the case"):
        sentence = sentence.replace(HOLE, f" ({HOLE})")
    filled, values = fill(sentence)
    told = tell(filled)
    assert [value for value in values if value not in told] == []
    assert find_english(told) == []
    assert tell_refusal(InputRefused(filled), EN) == filled


def test_both_sides_of_the_table_name_the_same_values_and_no_english_is_left() -> None:
    def list_values(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for english, chinese in WORDINGS.items():
        assert list_values(english) == list_values(chinese), english
        assert find_english(re.sub(r"\{\w+\}", "", chinese)) == [], english


@pytest.mark.parametrize("move", sorted({move.name for move in MOVES}))
def test_words_of_the_domain_are_told_in_chinese(move: str) -> None:
    spoken = move.replace("_", " ")
    reasons = ", ".join(sorted({reason for row in MOVES if row.name == move for reason in row.reasons}))
    advice = f"choose {reasons}" if reasons else "write it into the note"
    sentences = [
        f"there is no move called {move}",
        f"nothing to answer: there is no open {spoken}",
        f"to {spoken} a case, at most 5 days are given: look at it again then",
        f"somebody was faster (居委会 {spoken} at 11-20 08:30, grid worker {spoken} at 11-20 08:31): "
        "look at the case again",
        f"“other” is no reason to {spoken} a case: {advice}",
        *(f"a {role.replace('_', ' ')} may not {spoken} a case" for role in (*ROLES, "visitor")),
        *(f"a {role.replace('_', ' ')} may {spoken} only his own cases" for role in ROLES),
        *(f"a case that is {state} does not take “{spoken}”: it takes close, {spoken}" for state in STATES),
        f"a case that is voided does not take “{spoken}”: it takes nothing any more",
    ]
    for sentence in sentences:
        assert find_english(tell(sentence)) == [], sentence


def test_what_a_move_asks_for_is_told_in_chinese() -> None:
    block = SQL[SQL.index("'to % a case, say %'") :]
    wanted = re.findall(r"WHEN '\w+' THEN '([^']+)'", block[: block.index("ERRCODE")])
    assert len(wanted) == 9
    for each in wanted:
        assert find_english(tell(f"to request extension a case, say {each}")) == [], each


def test_fields_and_choices_are_told_in_chinese() -> None:
    lists = {
        "source": SOURCES, "severity": SEVERITIES, "kind of request": REQUEST_KINDS, "outcome": OUTCOMES,
    }  # fmt: skip
    for what, known in lists.items():
        assert find_english(tell(f"“7” is no {what}: choose one of {', '.join(known)}")) == [], what
    fields = set()
    for module in MODULES[:5]:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"clean_text", "read_moment"}:
                fields.add(ast.literal_eval(node.args[-1]))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "_expect":
                setting, _ = fill(read_literal(node.args[-1]) or "")
                told = tell(f"somebody else has set {setting} meanwhile: look at it again")
                assert find_english(told) == [], setting
    assert {"note", "due_at", "phone", "client_id"} <= fields
    for field in fields:
        assert find_english(tell(f"{field} needs a time zone")) == [], field
    for unit in Unit:
        assert find_english(tell(f"a time of 7 {unit}s cannot be given: choose 0 to 9")) == [], unit
    for part in ("lead", "supervisor", "helper"):
        assert (
            find_english(tell(f"the {part} is nobody of this community today: choose one of the list")) == []
        )
    for place in ("building", "compound", "merchant"):
        assert find_english(tell(f"there is no such {place} in this community: choose one of the list")) == []


def test_conditions_of_the_database_are_called_what_they_are_about() -> None:
    schema = (GEO / "schema" / "schema.sql").read_text(encoding="utf-8").replace("_", " ")
    conditions = [
        name for name in TABLE["words"]["field"] if re.search(" (check|fkey|order|plausible)$", name)
    ]
    assert len(conditions) > 10
    for name in conditions:
        assert f" CONSTRAINT {name} " in schema, name
        sentence = f"a value does not fit the case ({name}): see that numbers, times and choices are right"
        assert find_english(tell(sentence)) == [], name


def test_an_example_reads_as_one_says_it() -> None:
    sentence = "a case that is verifying does not take “dispatch”: it takes close, note"
    assert tell(sentence) == "事件现在“待核查”，不能做“转办”；可以做的有：核查结案、备注。"
    assert tell_refusal(
        "somebody was faster (the case is not at that version): look at the case again", ZH
    ) == ("别人先动了这件事（事件已不是您看到的样子），请再看一下。")


def test_a_sentence_without_a_wording_is_told_in_general_with_the_english_after_it() -> None:
    told = tell_refusal(InputRefused("the moon is {full}"), ZH)
    assert told.startswith("没有办成：数据不符合要求。")
    assert "the moon is {full}" in told


def test_what_somebody_typed_is_carried_over_as_it_is() -> None:
    assert "{0} %s 居民\n" in tell("“{0} %s 居民\n” is no reason to accept a case: write it into the note")


@pytest.mark.parametrize(
    ("query", "accept", "language"),
    [
        (b"", b"*/*", "en"),
        (b"", b"application/json", "en"),
        (b"", b"text/html,*/*;q=0.8", get_settings().language),
        (b"lang=zh", b"*/*", "zh"),
        (b"size=thumbnail&lang=en", b"text/html", "en"),
    ],
)
def test_a_person_is_told_in_his_language_and_a_program_in_english(
    query: bytes, accept: bytes, language: str
) -> None:
    scope = {"query_string": query, "headers": [(b"accept", accept)]}
    status, told = describe_refusal(scope, NotFound("there is no photo 7 that you can see"))
    assert status == 404
    assert told == {
        "zh": "没有 7 号照片，或者您看不到它。", "en": "there is no photo 7 that you can see",
    }[language]  # fmt: skip


def test_where_the_database_is_stays_untold() -> None:
    scope = {"query_string": b"lang=zh", "headers": []}
    status, told = describe_refusal(scope, DatabaseUnavailable("db.example:5432 refuses"))
    assert status == 503
    assert told.startswith("数据库没有响应")
