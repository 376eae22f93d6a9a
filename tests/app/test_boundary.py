"""Who is signed out meanwhile, who may not come in, what fails: each is told in one sentence."""

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from dashboard import server
from geo.model.actor import NOBODY, Actor, Role
from geo.store import engine
from tests.actors import make_actor
from tests.app.opening import run_page
from tests.town import Town


class Reader:
    """Whoever looks at the page: somebody, until he is signed out."""

    actor: Actor = NOBODY


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    reader = Reader()
    monkeypatch.setattr(engine, "_find_actor", lambda: reader.actor)
    # As the server does; AppTest has no server.
    handler = property(lambda _: server.app._on_script_error, lambda *_: None)
    monkeypatch.setattr(LocalScriptRunner, "_on_script_error", handler, raising=False)
    return reader


@pytest.fixture
def town(connection: PostgresConnection, reader: Reader) -> Town:
    town = Town(connection)
    connection.commit()
    reader.actor = make_actor(town.id)
    return town


def list_sentences(app: AppTest) -> list[str]:
    return [str(each.value) for each in (*app.error, *app.info, *app.toast)]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("zh", "您已退出，请重新登录。"), ("en", "You are signed out: sign in again.")],
)
def test_a_page_clears_once_its_reader_is_signed_out(
    town: Town, reader: Reader, language: str, sentence: str
) -> None:
    app = run_page("incidents", lang=language)
    assert app.button
    reader.actor = NOBODY
    app.run()
    assert list_sentences(app) == [sentence]
    assert not app.button
    words = "".join(each.proto.body for each in app.get("html"))
    assert 'href="/login"' in words
    assert 'class="reader"' not in words


@pytest.mark.parametrize(
    ("role", "is_linked"), [("secretary", True), ("leader", True), ("grid_worker", False)]
)
def test_the_screen_for_a_wall_is_linked_for_whoever_may_open_it(
    town: Town, reader: Reader, role: Role, *, is_linked: bool
) -> None:
    def show() -> None:
        from dashboard import session  # noqa: PLC0415 - AppTest runs the source of this function alone
        from dashboard.widgets.header import show_reader  # noqa: PLC0415

        show_reader(session.get_actor(), session.get_text())

    reader.actor = make_actor(town.id, role=role)
    app = AppTest.from_function(show)
    app.query_params["community"] = '"><b>'
    [html] = app.run().get("html")
    assert ('href="/wall?lang=zh&amp;community=%22%3E%3Cb%3E"' in html.proto.body) == is_linked


def test_a_part_of_a_page_gives_way_to_the_whole_once_its_reader_is_signed_out(reader: Reader) -> None:
    def show() -> None:
        import streamlit as st  # noqa: PLC0415 - AppTest runs the source of this function alone

        from dashboard import session  # noqa: PLC0415

        @session.fragment
        def show_part() -> None:
            st.button("again", key="again", on_click=lambda: session.change_address(lang="en"))
            st.write("a part for readers")

        session.get_actor()
        show_part()

    reader.actor = make_actor(1)
    app = AppTest.from_function(show).run()
    assert app.markdown[0].value == "a part for readers"
    reader.actor = NOBODY
    app.button(key="again").click().run()
    assert list_sentences(app) == ["You are signed out: sign in again."]
    assert not app.markdown


@pytest.mark.parametrize("page", ["incidents", "map", "morning", "draw", "duties"])
@pytest.mark.parametrize(("language", "words"), [("zh", "这里出了错"), ("en", "Something went wrong")])
def test_what_nobody_foresaw_is_one_sentence_in_the_language_of_the_reader(
    town: Town, page: str, language: str, words: str
) -> None:
    with town.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE community RENAME TO lost")
    town.connection.commit()
    app = run_page(page, lang=language)
    assert not app.exception
    assert [words in sentence for sentence in list_sentences(app)] == [True]


def test_a_click_that_fails_is_told_too(reader: Reader) -> None:
    def show() -> None:
        import streamlit as st  # noqa: PLC0415

        st.button("fail", key="fail", on_click=next, args=(iter(()),))

    app = AppTest.from_function(show).run()
    app.button(key="fail").click().run()
    assert not app.exception
    assert "这里出了错" in app.error[0].value
    assert "<style>" in app.get("html")[0].proto.body, "what else stands there keeps its looks"


def test_who_opens_a_page_of_others_is_told_on_his_own(town: Town, reader: Reader) -> None:
    reader.actor = make_actor(town.id, role="property_company", party_id=town.party("物业"))
    town.connection.commit()
    app = run_page("morning")
    assert not app.exception
    assert [each.value for each in app.toast] == ["这一页不对您的角色开放，已回到您的首页。"]
    assert not app.switch_page("views/incidents.py").run().toast


@pytest.mark.parametrize("page", ["incidents", "map", "morning", "draw", "duties"])
def test_a_community_that_is_none_is_told_and_leaves_the_address(town: Town, page: str) -> None:
    app = run_page(page, community="no*where*")
    assert not app.exception
    assert [each.value for each in app.toast] == [r"没有“no\*where\*”这个社区，或它不对您开放。"]
    assert "community" not in app.query_params or app.query_params["community"] == "A"
    assert not run_page(page, community="A").toast
