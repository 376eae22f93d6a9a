"""The page of cases without a browser: what each role is shown, what the address says, what a click does."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from streamlit.testing.v1 import AppTest

from geo.model.absence import AbsenceReason
from geo.model.actor import Actor, Role
from geo.operations.absences import mark_absent
from geo.operations.deadlines import find_day
from geo.store import engine
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.app.opening import open_page
from tests.town import Town

TODAY = find_day(datetime.now(UTC))
SCRIPT = "<script>alert(1)</script> **粗** =1+1"


class Street(Town):
    """A town with a worker, a company and a committee; the first two have an open case each."""

    def __init__(self, connection: PostgresConnection) -> None:
        super().__init__(connection)
        self.parties = {
            "worker": self.party("网格员"),
            "company": self.party("物业", kind="property_company"),
            "committee": self.party("居委会", kind="residents_committee"),
        }
        compound = self.add(
            "compound",
            code="1",
            name="麒麟花园",
            geom=box(0, 0, 200, 200),
            property_company_id=self.parties["company"],
        )
        self.building_id = self.building("3", box(10, 10, 30, 20), compound_id=compound, name="3栋")
        due = datetime.now(UTC) + timedelta(hours=5)
        here = {
            "geom": Point(15, 15),
            "building_id": self.building_id,
            "compound_id": compound,
            "due_at": due,
            "reported_at": due - timedelta(2),
        }
        self.mine = self.incident(
            **here,
            state="handling",
            party_id=self.parties["worker"],
            title=SCRIPT,
        )
        self.theirs = self.incident(
            **here,
            state="handling",
            party_id=self.parties["company"],
            category_code="E402",
        )
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO account (login, display_name) VALUES ('wang', '王') RETURNING id")
            ((self.account_id,),) = cursor.fetchall()
        connection.commit()

    def acting(self, role: Role, party: str | None = None) -> Actor:
        actor = make_actor(self.id, role=role, party_id=self.parties.get(party or ""))
        return Actor(self.account_id, actor.role, actor.community_ids, actor.party_id, (), actor.name)

    def read(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        self.connection.rollback()
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall()


@pytest.fixture
def street(connection: PostgresConnection) -> Street:
    return Street(connection)


def open_cases(
    street: Street, monkeypatch: pytest.MonkeyPatch, actor: Actor | None = None, **params: str
) -> AppTest:
    who = actor or street.acting("grid_worker", "worker")
    monkeypatch.setattr(engine, "_find_actor", lambda: who)
    return open_page("incidents", **({"community": "A"} | params))


def read_words(app: AppTest) -> str:
    shown = [*app.markdown, *app.caption, *app.info, *app.warning, *app.error, *app.button]
    return "\n".join(str(getattr(part, "label", "") or getattr(part, "value", "")) for part in shown)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("role", "party"),
    [
        ("secretary", None),
        ("grid_worker", "worker"),
        ("property_company", "company"),
        ("leader", None),
        ("administrator", None),
    ],
)
def test_every_role_opens_the_page_and_a_case(
    street: Street, monkeypatch: pytest.MonkeyPatch, role: Role, party: str | None, language: str
) -> None:
    app = open_cases(street, monkeypatch, street.acting(role, party), lang=language)
    has_own = role in {"property_company", "grid_worker"}
    counted = {"zh": "1 件" if has_own else "2 件", "en": "1 case" if has_own else "2 cases"}[language]
    assert counted in read_words(app)
    can_report = role in {"secretary", "grid_worker"}
    assert ("new_category" in {box.key for box in app.selectbox}) == can_report
    card = read_words(open_cases(street, monkeypatch, street.acting(role, party), case=str(street.theirs)))
    assert "麒麟花园3栋" in card


def test_a_case_that_is_not_to_be_seen_is_not_there(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    company = street.acting("property_company", "company")
    assert "没有这件事" in read_words(open_cases(street, monkeypatch, company, case=str(street.mine)))
    assert "没有这件事" in read_words(open_cases(street, monkeypatch, case="999999999"))


def test_nonsense_in_the_address_is_ignored_with_one_sentence(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(
        street,
        monkeypatch,
        status="'; DROP TABLE incident; --",
        category="E999",
        place="moon-1",
        around="1_2_3",
        since="yesterday",
        mark="<b>",
        case="-1",
    )
    ignored = [caption.value for caption in app.caption if "已忽略" in caption.value]
    assert len(ignored) == 1
    assert all(
        name in ignored[0] for name in ("status", "category", "place", "around", "since", "mark", "case")
    )
    assert "2 件" in read_words(app)
    assert not any("已忽略" in caption.value for caption in open_cases(street, monkeypatch).caption)


def test_filters_go_into_the_address_and_come_from_it(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    app.selectbox(key="filter_status").set_value("overdue").run()
    assert app.query_params["status"] == "overdue"
    assert "0 件" in read_words(app)
    app.selectbox(key="filter_category").set_value("E4").run()
    again = open_cases(street, monkeypatch, category="E4")
    assert again.selectbox(key="filter_category").value == "E4"
    assert "1 件" in read_words(again)


@pytest.mark.parametrize("status", ["all", "settled", "closed"])
def test_where_settled_cases_are_listed_the_bar_names_the_one_order_there_is(
    street: Street, monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    app = open_cases(street, monkeypatch, status=status, sort="place")
    (only,) = (choice for choice in app.selectbox if choice.label == "排序")
    assert (only.value, only.options, only.disabled) == ("最新在前", ["最新在前"], True)
    app.selectbox(key="filter_status").set_value("open").run()
    assert app.selectbox(key="filter_sort").value == "place"


def test_a_worker_begins_with_her_own_cases_and_sees_all_in_one_tap(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    assert app.segmented_control(key="filter_whose").value == "mine"
    assert "1 件" in read_words(app)
    app.segmented_control(key="filter_whose").set_value("all").run()
    assert app.query_params["who"] == "all"
    assert "2 件" in read_words(app)
    app.button(key="clear_filters").click().run()
    assert "who" not in app.query_params
    assert app.segmented_control(key="filter_whose").value == "mine"


def test_an_address_means_the_same_to_a_worker_as_to_whoever_sent_it(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    for actor in (street.acting("grid_worker", "worker"), street.acting("secretary")):
        assert "2 件" in read_words(open_cases(street, monkeypatch, actor, sort="newest"))


def test_words_that_may_be_personal_stay_out_of_the_address(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    app.text_input(key="filter_words").set_value("垃圾 张三丰 13812341234").run()
    assert not app.exception
    told = str(dict(app.query_params))
    assert "垃圾" in told, "a word of a category's own name may stand there"
    assert "张三丰" not in told
    assert "138" not in told
    assert "没有写进网址" in read_words(app)


def test_settling_on_the_spot_is_one_click_on_the_card(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch, case=str(street.mine))
    app.button(key="do_self_handle").click().run()
    assert not app.exception
    assert street.read("SELECT state, outcome FROM incident WHERE id = %s", street.mine) == [
        ("closed", "resolved")
    ]


def test_the_secretary_says_how_a_case_ended_that_others_have_in_hand(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch, street.acting("secretary", "committee"), case=str(street.theirs))
    app.button(key="do_self_handle").click().run()
    (warning,) = app.warning
    assert "请说明" in warning.value
    assert street.read("SELECT state FROM incident WHERE id = %s", street.theirs) == [("handling",)]
    app.button_group(key=f"outcome_{street.theirs}").select("mediated").run()
    app.button(key="do_self_handle").click().run()
    assert street.read("SELECT state, outcome FROM incident WHERE id = %s", street.theirs) == [
        ("closed", "mediated")
    ]


def test_whoever_is_slower_sees_what_the_other_did(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = open_cases(street, monkeypatch, case=str(street.mine))
    fast = open_cases(street, monkeypatch, case=str(street.mine))
    fast.button(key="do_self_handle").click().run()
    slow.button(key="do_self_handle").click().run()
    assert not slow.exception
    (warning,) = slow.warning
    assert "别人先动了" in warning.value
    assert "就地办结" in warning.value


@pytest.mark.parametrize(("first", "is_open_still"), [("督办", True), ("作废", False)])
def test_whoever_is_slower_with_a_form_is_told_and_keeps_what_he_wrote(
    first: str, is_open_still: bool, street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_form(move: str, note: str) -> AppTest:
        app = open_cases(street, monkeypatch, street.acting("secretary"), case=str(street.theirs))
        others = next(box for box in app.selectbox if str(box.key).startswith("other_moves_"))
        others.set_value({"督办": "supervise", "作废": "void"}[move]).run()
        app.text_area[0].set_value(note)
        for reason in (each for each in app.selectbox if each.label == "理由"):
            reason.set_value("duplicate")
        return app

    def submit(app: AppTest, move: str) -> None:
        next(button for button in app.button if button.label == move).click().run()
        assert not app.exception

    slow, fast = open_form("督办", "慢的"), open_form(first, "快的")
    submit(fast, first)
    submit(slow, "督办")
    (warning,) = slow.warning
    assert "别人先动了" in warning.value
    assert first in warning.value
    if is_open_still:
        assert slow.text_area[0].value == "慢的"
        submit(slow, "督办")
        assert street.read("SELECT note FROM incident_event WHERE move = 'supervise' ORDER BY id") == [
            ("快的",),
            ("慢的",),
        ]


def test_a_company_returns_a_case_with_a_reason_and_a_suggestion(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = street.acting("property_company", "company")
    app = open_cases(street, monkeypatch, company, case=str(street.theirs))
    labels = {button.key for button in app.button}
    assert {"do_handle", "do_return"} <= labels
    assert not labels & {"do_self_handle", "do_dispatch", "begin_report"}
    app.button(key="do_return").click().run()
    submit = next(button for button in app.button if button.label == "退回" and button.key != "do_return")
    submit.click().run()
    assert street.read("SELECT state FROM incident WHERE id = %s", street.theirs) == [("handling",)]
    reason = next(box for box in app.selectbox if box.label == "理由")
    reason.set_value("not_our_duty")
    next(box for box in app.selectbox if box.label == "您认为该谁办").set_value(street.parties["worker"])
    next(
        button for button in app.button if button.label == "退回" and button.key != "do_return"
    ).click().run()
    assert not app.exception
    assert street.read("SELECT state FROM incident WHERE id = %s", street.theirs) == [("returned",)]


def test_what_a_form_is_refused_for_stands_below_its_button(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(
        street, monkeypatch, street.acting("property_company", "company"), case=str(street.theirs)
    )
    app.button(key="do_return").click().run()
    next(box for box in app.selectbox if box.label == "理由").set_value("not_our_duty")
    next(box for box in app.selectbox if box.label == "您认为该谁办").set_value(street.parties["worker"])
    app.file_uploader[0].set_value([("door.jpg", b"MZ no photo", "image/jpeg")])
    next(
        button for button in app.button if button.label == "退回" and button.key != "do_return"
    ).click().run()
    assert not app.exception
    (warning,) = app.warning
    assert "不是能读的照片" in warning.value
    below = [type(each).__name__ for each in app.main]
    assert below.index("Warning") > below.index("FileUploader"), "on a phone what is above is out of sight"
    assert street.read("SELECT state FROM incident WHERE id = %s", street.theirs) == [("handling",)]


def test_a_list_of_people_says_who_is_away(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    secretary = street.acting("secretary")
    with acting_as(secretary):
        mark_absent(street.parties["worker"], TODAY, TODAY + timedelta(days=3), AbsenceReason.SICK)
    app = open_cases(street, monkeypatch, secretary, case=str(street.theirs))
    app.button(key="do_dispatch").click().run()
    (offered,) = [box.options for box in app.selectbox if box.label == "交给谁"]
    name = "网格员"
    back = TODAY + timedelta(days=3)
    assert f"{name}缺勤（{back.month}月{back.day}日返岗）" in offered
    assert name not in offered


def test_a_visitor_is_logged_with_category_building_and_outcome(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    app.selectbox(key="new_category").set_value("E1201").run()
    app.selectbox(key="new_place").set_value(str(street.building_id)).run()
    next(group for group in app.button_group if group.key == "new_outcome").set_value("resolved").run()
    app.button(key="save_new").click().run()
    assert not app.exception
    assert street.read(
        "SELECT category_code, state, outcome, building_id, source FROM incident ORDER BY id DESC LIMIT 1"
    ) == [("E1201", "closed", "resolved", street.building_id, "walk_in")]
    assert app.selectbox(key="new_category").value is None, "the form is ready for the next visitor"


def find_new(app: AppTest, kind: str, name: str) -> Any:
    return next(each for each in getattr(app, kind) if str(each.key).startswith(f"new_{name}_"))


def test_a_visitor_gives_a_name_and_a_picture_and_has_come_to_the_desk(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    source = find_new(app, "button_group", "source")
    assert source.value == "walk_in"
    # What a browser sends that has not drawn the choice.
    source.set_value(None).run()
    assert not app.exception
    app.selectbox(key="new_category").set_value("E1201").run()
    find_new(app, "text_input", "name").set_value("张三").run()
    uploader = find_new(app, "file_uploader", "photos")
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    uploader.set_value([("door.png", picture.getvalue(), "image/png")]).run()
    assert not app.exception
    app.button(key="save_new").click().run()
    assert not app.exception
    assert street.read("SELECT source FROM incident ORDER BY id DESC LIMIT 1") == [("walk_in",)]
    assert street.read("SELECT count(*) FROM incident_requester") == [(1,)]
    assert street.read("SELECT count(*) FROM incident_photo") == [(1,)]
    assert not find_new(app, "text_input", "name").value, "the next visitor is somebody else"


def test_a_message_of_a_group_comes_from_there_unless_somebody_says_otherwise(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    app.text_area(key="new_message").set_value("李姐 10:32\n麒麟花园3栋楼道里堆了好多纸箱子").run()
    assert find_new(app, "button_group", "source").value == "wechat_group"
    find_new(app, "button_group", "source").set_value("phone").run()
    app.button(key="save_new").click().run()
    assert not app.exception
    assert street.read("SELECT source FROM incident ORDER BY id DESC LIMIT 1") == [("phone",)]
    assert find_new(app, "button_group", "source").value == "walk_in"


def test_a_pasted_message_is_guessed_for_confirmation(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch)
    app.text_area(key="new_message").set_value("李姐 10:32\n麒麟花园3栋楼道里堆了好多纸箱子").run()
    assert not app.exception
    assert app.selectbox(key="new_category").value == "E402"
    assert app.selectbox(key="new_place").value == str(street.building_id)
    assert "请核对" in read_words(app)
    assert "10:32" not in str(app.text_area(key="new_message").value)
    assert street.read("SELECT count(*) FROM incident") == [(2,)], "nothing is saved before it is confirmed"
    assert "附近 7 天内有 1 件同类" in read_words(app), "a case of the same kind there is shown before saving"


def test_too_long_a_message_stays_and_is_told(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_cases(street, monkeypatch)
    box = app.text_area(key="new_message")
    assert not box.proto.max_chars, "the browser drops all of what is longer, without a word"
    box.set_value("麒麟花园3栋楼道堆物" + "，还有" * 2_000).run()
    app.button(key="save_new").click().run()
    assert not app.exception
    assert "描述有 6,010 个字，请缩短到 4,000 个字以内。" in read_words(app)
    assert len(str(app.text_area(key="new_message").value)) == 6_010
    assert street.read("SELECT count(*) FROM incident") == [(2,)]


def test_an_emergency_says_whom_to_call_first(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_cases(street, monkeypatch)
    app.selectbox(key="new_category").set_value("E1104").run()
    assert "119" in app.error[0].value


def test_stored_text_is_no_markup(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    words = read_words(open_cases(street, monkeypatch, case=str(street.mine)))
    assert "<script>" not in words
    assert r"\<script\>" in words
    assert "**粗**" not in words


def test_a_view_is_kept_by_name_for_its_account_alone(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch, category="E4", status="all")
    app.text_input(key="view_name").set_value("消防").run()
    app.button(key="save_view").click().run()
    assert not app.exception
    other = open_cases(street, monkeypatch)
    other.button(key="view_0").click().run()
    assert other.selectbox(key="filter_category").value == "E4"
    assert other.selectbox(key="filter_status").value == "all"
    stranger = make_actor(street.id, role="grid_worker")
    with street.connection.cursor() as cursor:
        cursor.execute("INSERT INTO account (login, display_name) VALUES ('li', '李') RETURNING id")
        ((account_id,),) = cursor.fetchall()
    street.connection.commit()
    theirs = open_cases(
        street, monkeypatch, Actor(account_id, stranger.role, stranger.community_ids, None, (), "李")
    )
    assert "view_0" not in {button.key for button in theirs.button}


def test_of_many_cases_those_refused_are_told_one_by_one(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_cases(street, monkeypatch, who="all")
    assert "bulk_do" not in {button.key for button in app.button}
    app.session_state["picked_cases"] = (street.mine, street.theirs)
    app.run()
    app.radio(key="bulk_move").set_value("void").run()
    assert app.button(key="bulk_do").disabled, "a reason is needed"
    app.selectbox(key="bulk_reason").set_value("duplicate").run()
    app.button(key="bulk_do").click().run()
    assert not app.exception
    assert "1 件已办好" in app.success[0].value
    assert f"#{street.theirs}" in app.warning[0].value
    assert street.read("SELECT id, state FROM incident ORDER BY id") == [
        (street.mine, "voided"),
        (street.theirs, "handling"),
    ]
