"""Putting a case right on its card, and linking it to the earlier one that has come back."""

from datetime import UTC, datetime, timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from streamlit.testing.v1 import AppTest

from tests.app.test_incidents_page import SCRIPT, Street, open_cases, read_words


@pytest.fixture
def street(connection: PostgresConnection) -> Street:
    return Street(connection)


def open_form(street: Street, monkeypatch: pytest.MonkeyPatch, move: str) -> AppTest:
    app = open_cases(street, monkeypatch, case=str(street.mine))
    next(box for box in app.selectbox if str(box.key).startswith("other_moves_")).set_value(move).run()
    assert not app.exception
    return app


def fill(app: AppTest, label: str, value: str | int) -> None:
    (field,) = [
        each for each in (*app.selectbox, *app.text_input, *app.text_area) if each.label.startswith(label)
    ]
    if isinstance(value, str) and field in app.selectbox and value not in field.options:
        # What somebody types himself; AppTest knows the options of the list only.
        field.options.append(value)
    field.set_value(value)


def submit(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def read_events(street: Street) -> list[tuple[object, ...]]:
    return street.read(
        "SELECT move, version FROM incident_event WHERE incident_id = %s ORDER BY id", street.mine
    )


def test_what_was_written_wrong_is_put_right(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    other = street.building("5", box(60, 60, 80, 70), name="5栋")
    street.connection.commit()
    app = open_form(street, monkeypatch, "correct")
    fill(app, "类别改为", "E402")
    fill(app, "地点改为", str(other))
    fill(app, "描述", "电动车在5栋楼道充电")
    submit(app, "更正")
    assert street.read(
        "SELECT category_code, building_id, description, title, state FROM incident WHERE id = %s",
        street.mine,
    ) == [("E402", other, "电动车在5栋楼道充电", SCRIPT, "handling")]
    assert read_events(street) == [("correct", 1)]
    told = read_words(app)
    assert "电动车在5栋楼道充电" in told
    assert "地点已改" in told
    assert "类别改为：" in told.split("更正", 1)[1]


def test_a_place_is_put_right_by_its_address(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    street.connection.cursor().execute("UPDATE incident SET building_id = NULL")
    street.connection.commit()
    app = open_form(street, monkeypatch, "correct")
    fill(app, "地点改为", "麒麟花园3栋201室")
    submit(app, "更正")
    assert street.read("SELECT building_id, address FROM incident WHERE id = %s", street.mine) == [
        (street.building_id, "麒麟花园3栋201室")
    ]


@pytest.mark.parametrize(
    ("place", "sentence"), [(None, "请至少填一项"), ("火星路一号", "没认出这个地点"), ("麒麟3", "可能是")]
)
def test_a_correction_of_nothing_or_to_nowhere_is_refused_in_a_sentence(
    street: Street, monkeypatch: pytest.MonkeyPatch, place: str | None, sentence: str
) -> None:
    app = open_form(street, monkeypatch, "correct")
    if place:
        fill(app, "地点改为", place)
    submit(app, "更正")
    assert [
        caption.value for caption in app.caption if ":red[" in caption.value and sentence in caption.value
    ]
    assert read_events(street) == []


def test_the_earlier_case_is_chosen_of_those_settled_at_the_place(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = {"state": "closed", "outcome": "resolved", "reported_at": datetime(2024, 6, 1, tzinfo=UTC)}
    long_ago = datetime.now(UTC) - timedelta(90)
    at_building = street.incident(**settled, closed_at=long_ago, building_id=street.building_id)
    near = street.incident(**settled, closed_at=long_ago + timedelta(1), geom=Point(15, 60))
    street.incident(**settled, closed_at=long_ago, geom=Point(15, 70))
    street.incident(**settled, closed_at=long_ago, geom=Point(15, 15), category_code="E402")
    street.incident(**settled, closed_at=datetime.now(UTC), geom=Point(15, 15))
    street.incident(reported_at=long_ago, geom=Point(15, 15))
    street.connection.commit()
    app = open_form(street, monkeypatch, "link_relapse")
    (choice,) = [each for each in app.selectbox if each.label.startswith("前案")]
    assert [option.split(" ")[0] for option in choice.options] == [f"#{near}", f"#{at_building}"]
    submit(app, "关联前案")
    assert any("请先选前案" in caption.value for caption in app.caption)
    fill(app, "前案", at_building)
    submit(app, "关联前案")
    assert street.read("SELECT parent_id FROM incident WHERE id = %s", street.mine) == [(at_building,)]
    assert read_events(street) == [("link_relapse", 1)]
    told = read_words(app)
    assert f"#{at_building}" in told
    assert "关联前案" in told.split("经过")[1]


def test_without_an_earlier_case_nothing_is_linked(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_form(street, monkeypatch, "link_relapse")
    (choice,) = [each for each in app.selectbox if each.label.startswith("前案")]
    assert choice.disabled
    assert choice.placeholder == "这里没有已办结的同类前案"
    submit(app, "关联前案")
    assert read_events(street) == []
