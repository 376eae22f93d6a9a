"""The morning page tells who is away; the secretary enters it there, and sees what becomes of the work."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box
from streamlit.testing.v1 import AppTest

from geo.operations.deadlines import find_day
from geo.store import engine
from tests.actors import make_actor
from tests.app.opening import open_page
from tests.app.test_morning_page import open_morning, read_words
from tests.patience import PATIENCE_S
from tests.town import START, Town

TODAY = find_day(datetime.now(UTC))

pytestmark = pytest.mark.usefixtures("secretary")


class Office(Town):
    """Li leads a zone of one building, whose backup is Zhao; Wang leads another."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.li, self.zhao, self.wang = (self.party(name) for name in ("李", "赵", "王"))
        for party_id in (self.li, self.zhao, self.wang):
            self.add("post", party_id=party_id, title="grid_worker", valid_from=START)
        plan = self.plan()
        first, second = (self.building(str(n), box(n * 50, 10, n * 50 + 20, 30)) for n in (1, 2))
        zone = self.zone(plan, "A", first, lead=self.li)
        self.add(
            "zone_party", plan_id=plan, zone_id=zone, party_id=self.zhao, role="backup", valid_from=START
        )
        self.zone(plan, "B", second, lead=self.wang)
        self.case = self.incident(party_id=self.li, building_id=first)
        connection.commit()


@pytest.fixture
def office(connection: PostgresConnection) -> Office:
    return Office(connection)


def _show_desk_alone(staff: dict[int, str]) -> None:
    """The desk without the dialog around it, which a test cannot keep open."""
    # A script of its own, which knows nothing of this module.
    from dashboard.i18n import Text  # noqa: PLC0415
    from dashboard.widgets.absence_desk import show_desk  # noqa: PLC0415
    from geo.store.morning import StaffMember  # noqa: PLC0415
    from geo.store.places import list_communities  # noqa: PLC0415

    (community,) = list_communities()
    show_desk(community, [StaffMember(*each) for each in staff.items()], Text("zh"))


def open_desk(office: Office) -> AppTest:
    staff = {office.li: "李", office.zhao: "赵", office.wang: "王"}
    app = AppTest.from_function(_show_desk_alone, args=(staff,), default_timeout=PATIENCE_S).run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    (button,) = [each for each in app.button if each.label == label]
    button.click().run()
    assert not app.exception
    return app


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_who_is_away_and_who_stands_in_is_told_but_not_why(
    office: Office, connection: PostgresConnection
) -> None:
    office.add(
        "absence", party_id=office.li, valid_from=TODAY, valid_to=TODAY + timedelta(days=3),
        reason="sick", note="住院",
    )  # fmt: skip
    connection.commit()
    words = read_words(open_morning())
    labels = [block.proto.popover.label for block in open_morning().get("popover")]
    assert any("在岗 2 人 · 缺勤 1 人" in label for label in labels)
    assert "李缺勤" in words
    assert "赵代管 1 栋" in words
    assert "仍有 1 件在其手中" in words
    assert "病" not in words
    assert "住院" not in words


def test_an_absence_is_entered_and_ended_at_the_desk(office: Office, database_url: str) -> None:
    app = open_desk(office)
    app.selectbox(key="absent").set_value(office.li)
    press(app, "登记并移交")
    assert ask(database_url, "SELECT party_id, valid_from, valid_to FROM absence") == [
        (office.li, TODAY, None)
    ]
    assert ask(database_url, "SELECT party_id FROM incident") == [(office.zhao,)]
    assert app.session_state["absence_told"] == "已登记 · 移交 1 件"
    assert "李缺勤（返岗日未定） · 赵代管 1 栋" in read_words(open_morning())
    press(open_desk(office), "今天返岗")
    assert ask(database_url, "SELECT valid_from = valid_to FROM absence") == [(True,)]
    assert "李缺勤" not in read_words(open_morning())


def test_a_refusal_is_told_at_the_desk(office: Office, connection: PostgresConnection) -> None:
    office.add("absence", party_id=office.li, valid_from=TODAY + timedelta(days=5), reason="leave")
    connection.commit()
    app = open_desk(office)
    app.selectbox(key="absent").set_value(office.li)
    press(app, "登记并移交")
    assert any("已登记缺勤" in str(warning.value) for warning in app.warning)


def test_leaving_shows_what_needs_a_holder_and_asks_twice(office: Office, database_url: str) -> None:
    app = open_desk(office)
    app.selectbox(key="leaver").set_value(office.wang).run()
    assert "责任区B · 1 栋 · 暂无人接" in "\n".join(str(part.value) for part in app.markdown)
    (button,) = [each for each in app.button if each.label == "办理离任"]
    assert button.disabled
    app.checkbox(key=f"sure_{office.wang}").check().run()
    press(app, "办理离任")
    assert ask(database_url, f"SELECT active_to FROM party WHERE id = {office.wang}") == [
        (TODAY + timedelta(days=1),)
    ]


def test_a_leader_is_told_and_enters_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_find_actor", lambda: make_actor(office.id, role="leader"))
    app = open_morning()
    assert "absences" not in {button.key for button in app.button}


def test_whoever_stands_in_is_told_over_his_cases(
    office: Office, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.add("absence", party_id=office.li, valid_from=TODAY, reason="sick")
    connection.commit()
    for party_id, is_told in ((office.zhao, True), (office.wang, False)):
        worker = make_actor(office.id, role="grid_worker", party_id=party_id)
        monkeypatch.setattr(engine, "_find_actor", lambda worker=worker: worker)
        app = open_page("incidents")
        told = [caption.value for caption in app.caption if "您正代李负责 · 1 栋" in str(caption.value)]
        assert bool(told) is is_told
