"""Every string of the interface is in both catalogues, and nothing else is."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Formatter

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po

import dashboard
from dashboard.i18n import LANGUAGES, Text

DASHBOARD = Path(dashboard.__file__).parent


def read_catalogue(language: str) -> Catalog:
    with (DASHBOARD / "i18n" / f"{language}.po").open("rb") as source:
        return read_po(source, locale=language)


def list_keys(language: str) -> set[str]:
    return {key(message.id) for message in read_catalogue(language) if message.id}


def key(message_id: str | list[str] | tuple[str, ...]) -> str:
    return message_id if isinstance(message_id, str) else message_id[0]


def list_forms(message: Message) -> list[str]:
    return [message.string or ""] if isinstance(message.string, str | None) else list(message.string)


def find_words_in_code() -> Iterator[str]:
    """Every string literal of the pages' code; keys are among them, also where they stand in a table."""
    for source in DASHBOARD.rglob("*.py"):
        if "node_modules" not in source.parts:
            for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def find_keys_in_calls() -> Iterator[tuple[str, str]]:
    """Every key that code hands to ``text(…)`` as it stands, and where."""
    for source in DASHBOARD.rglob("*.py"):
        if "node_modules" in source.parts:
            continue
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text":
                for found in ast.walk(node.args[0]):
                    if (
                        isinstance(found, ast.Constant)
                        and isinstance(found.value, str)
                        and "." in found.value
                    ):
                        yield found.value, f"{source.name}:{found.lineno}"


def test_the_catalogues_have_the_same_keys() -> None:
    chinese, english = map(list_keys, LANGUAGES)
    assert chinese == english


def test_every_string_asked_for_is_in_the_catalogues() -> None:
    known = list_keys("zh")
    asked = list(find_keys_in_calls())
    assert len(asked) > 50, "the search for keys found too few to be believed"
    assert [where for key, where in asked if key not in known] == []


def test_no_string_of_the_catalogues_is_unused() -> None:
    assert list_keys("zh") - set(find_words_in_code()) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_string_is_translated(language: str) -> None:
    for message in read_catalogue(language):
        assert all(list_forms(message)), f"{language}: {message.id} is empty"


def test_both_languages_name_the_same_values() -> None:
    def list_values(message: Message) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(list_forms(message)[-1]) if name is not None}

    english = {key(message.id): list_values(message) for message in read_catalogue("en") if message.id}
    for message in read_catalogue("zh"):
        if message.id:
            assert list_values(message) == english[key(message.id)], message.id


def test_english_has_a_singular() -> None:
    assert Text("en")("count.buildings", n=1) == "1 building"
    assert Text("en")("count.buildings", n=1234) == "1,234 buildings"
    assert Text("zh")("count.buildings", n=1234) == "1,234 栋"


def test_times_are_those_of_clocks_in_china() -> None:
    late_on_the_day_before_in_utc = datetime(2026, 11, 21, 16, 30, tzinfo=UTC)
    assert Text("zh").moment(late_on_the_day_before_in_utc) == "2026-11-22 00:30"
    assert Text("zh").day(late_on_the_day_before_in_utc) == "11月22日"
    assert Text("en").day(late_on_the_day_before_in_utc) == "22 Nov"
