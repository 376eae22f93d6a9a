"""The relapse page of each role: what it lists, where it leads and what it does not tell; file and sheet."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import anyio
import httpx
import openpyxl
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from dashboard import data
from dashboard.i18n import Text
from dashboard.routes import relapse_sheet
from dashboard.widgets import relapse_sections
from dashboard.widgets.relapse_head import export_relapses
from dashboard.widgets.relapse_table import show_relapse_table
from geo.model.actor import Role
from geo.operations.campaign_outcomes import Rebound
from geo.operations.relapses import gather_relapses
from geo.store import choices, engine, places
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.app.opening import open_page
from tests.town import Town

NOW = datetime.now(UTC)
HOSTILE = "<img src=x onerror=alert(1)> **fett** [a](b) =1+1"


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    """Of the cases that a campaign closed in two buildings all came back, one by one, elsewhere none."""
    town = Town(connection, outline=box(0, 0, 9000, 9000))
    compound = town.add("compound", code="1", name="老院", geom=box(0, 0, 9000, 9000))
    ends_on = (NOW - timedelta(days=60)).date()
    campaign = town.add(
        "campaign", kind="clean_up", code="1", name=f"飞线整治 {HOSTILE}", category_codes=["E403"],
        starts_on=ends_on - timedelta(days=10), ends_on=ends_on, geom=box(190, 190, 430, 230),
    )  # fmt: skip
    for number in range(40):
        x, y = 200 + 200 * (number % 20), 200 + 2000 * (number // 20)
        name = HOSTILE if number == 0 else f"{number}栋"
        building = town.building(
            f"{number}", box(x, y, x + 20, y + 20), name=name, compound_id=compound, households=30
        )
        is_bad = number < 2
        # The first has closings enough to be told to others, the second has not.
        for case in range((6, 2)[number] if is_bad else 1):
            closed_at = NOW - timedelta(days=70 + 40 * case)
            place = {"category_code": "E403", "building_id": building, "compound_id": compound}
            closed = {"state": "closed", "outcome": "resolved"}
            town.incident(
                reported_at=closed_at - timedelta(days=1), closed_at=closed_at,
                campaign_id=campaign if is_bad else None, **place, **closed,
            )  # fmt: skip
            if is_bad:
                town.incident(reported_at=closed_at + timedelta(days=9), **place)
    connection.commit()
    return town


def visit(town: Town, role: Role, monkeypatch: pytest.MonkeyPatch, **params: str) -> AppTest:
    monkeypatch.setattr(engine, "_find_actor", lambda: make_actor(town.id, role=role))
    return open_page("relapse", **{"lang": "en", **params})


def read_words(app: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*app.markdown, *app.caption])


def test_each_role_has_the_page_and_what_it_may_take_away(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints: dict[Role, bool] = {"secretary": True, "grid_worker": False, "leader": True}
    for role, can_print in prints.items():
        app = visit(town, role, monkeypatch)
        assert "came back within 30 days" in read_words(app)
        assert [link.proto.label for link in app.get("link_button")] == (["Print"] if can_print else [])
        offered = app.get("button_group")[0].proto.options
        assert len(offered) == (3 if role == "grid_worker" else 4), "who closed what is not for colleagues"


def test_a_place_that_is_open_shows_its_cases_and_its_name_as_it_is(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting_as(make_actor(town.id)):
        found = gather_relapses(town.id, datetime.now(UTC))
    worst = next(row for row in found.back if row.place and row.place.endswith(HOSTILE))
    app = visit(town, "secretary", monkeypatch, spot=f"E403_b{worst.building_id}")
    title = next(str(part.value) for part in app.markdown if "####" in str(part.value))
    assert "\\<img" in title
    assert "**fett**" not in title
    labels = [link.proto.label for link in app.get("page_link")]
    assert sum("the one that came back" in label for label in labels) == 1
    assert any(
        f"place=buildings-{worst.building_id}" in link.proto.query_string for link in app.get("page_link")
    )
    app.button(key="relapse_close").click().run()
    assert "spot" not in app.query_params


def test_a_leader_is_told_of_places_with_few_closings_together_only(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[list[str]] = []

    def keep(table: object, key: str, *args: object, **named: object) -> None:
        if key == "relapse_spots":
            shown.append([row.cells[1].words for row in table.rows])  # type: ignore[attr-defined]  # a table
        show_relapse_table(table, key, *args, **named)  # type: ignore[arg-type]  # as the page hands them

    monkeypatch.setattr(relapse_sections, "show_relapse_table", keep)
    visit(town, "secretary", monkeypatch)
    visit(town, "leader", monkeypatch)
    visit(town, "secretary", monkeypatch, shared="1")
    to_secretary, to_leader, to_visitors = shown
    assert any("1栋" in name for name in to_secretary)
    assert any(HOSTILE in name for name in to_leader)
    assert not any("1栋" in name for name in to_leader)
    assert to_visitors == to_leader


def test_what_rebounds_is_named_and_a_look_at_it_is_one_click(
    town: Town, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.party("RC", "residents_committee")
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO account (login, display_name) VALUES ('wang', 'wang') RETURNING id")
        actor = replace(make_actor(town.id), account_id=cursor.fetchall()[0][0])
        cursor.execute("UPDATE incident SET state = 'closed', outcome = 'resolved', closed_at = reported_at")
        cursor.execute("SELECT id FROM compound")
        [(compound,)] = cursor.fetchall()
    connection.commit()
    with acting_as(actor):
        found = gather_relapses(town.id, datetime.now(UTC))
    (campaign,) = found.campaigns
    rising = Rebound(compound, (0, 2, 3), 0.97, NOW.date(), NOW.date() - timedelta(days=14), 0.8, 0.4, 1.3)
    # Before the last of the cases came.
    ends_on = campaign.ends_on - timedelta(days=30)
    risen = replace(campaign, ends_on=ends_on, rebounds=(campaign.rebounds[0], rising))
    named = replace(found, campaigns=(risen,))
    monkeypatch.setattr(data, "read_relapses", lambda *_: named)
    monkeypatch.setattr(engine, "_find_actor", lambda: actor)
    app = open_page("relapse", lang="en")
    told = read_words(app).replace("\\", "")
    assert "**1** Rebounding now" in told
    assert "97 % likely" in told
    assert "rebound index 0.80 (0.40 – 1.30)" in told
    links = [link.proto.query_string for link in app.get("page_link")]
    assert any(f"place=compounds-{compound}" in link and "category=E403" in link for link in links)
    app.button(key=f"relapse_look_alarm_{campaign.id}_{compound}").click().run()
    assert not app.exception
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("SELECT move, reason FROM incident_event WHERE move = 'recheck'")
        assert cursor.fetchall() == [("recheck", "stays_away")]


def test_without_a_case_nothing_is_divided(
    connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Town(connection)
    connection.commit()
    app = visit(empty, "secretary", monkeypatch, campaign="7", spot="E403_b1", curve="E4", by="campaigns")
    assert "**—** came back within 30 days" in read_words(app)
    assert Text("en")("relapse.no_curve") in read_words(app)


def test_the_file_and_the_sheet_hide_what_is_few_and_escape_every_word(
    town: Town, connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = make_actor(town.id)
    monkeypatch.setattr(engine, "_find_actor", lambda: actor)
    with acting_as(actor):
        found = gather_relapses(town.id, datetime.now(UTC))
        categories = {category.code: category for category in choices.list_categories()}
        (community,) = places.list_communities()
    book = openpyxl.load_workbook(
        io.BytesIO(export_relapses(found, categories, {}, actor, community, Text("zh")))
    )
    values = [str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row]
    assert any(HOSTILE in value for value in values)
    assert not any(value.startswith("=") for value in values)
    assert not any("1栋" in value for value in values)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_count FROM audit_log WHERE action = 'export'")
        assert cursor.fetchall() == [(len(list(book.worksheets[0].iter_rows())) - 1,)]

    async def fetch() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=relapse_sheet.routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://sheets") as browser:
            return await browser.get("/print/relapse?community=A")

    reply = anyio.run(fetch)
    assert reply.status_code == 200
    assert "<img" not in reply.text
    assert "&lt;img" in reply.text
    assert "1栋" not in reply.text
