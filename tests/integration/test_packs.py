"""Packs for property companies: their own compounds, the office's figures, and nobody who complained."""

from datetime import UTC, datetime

import anyio
import httpx
import pytest
import streamlit as st
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box
from starlette.applications import Starlette

from dashboard.i18n import Text
from dashboard.models.figures import tell_beside
from dashboard.routes import pack_sheet
from geo.errors import Forbidden, NotFound
from geo.operations.indicators import measure
from geo.operations.packs import Pack, gather_packs, list_companies
from geo.rules.periods import find_period, parse_period
from geo.store import engine
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.town import Town

QUARTER = parse_period("2024-Q2") or find_period("quarter", datetime.now(UTC).date())
NOW = datetime(2024, 7, 5, tzinfo=UTC)
COMPANIES = 5
HOSTILE = "<img src=x onerror=alert(1)>"
WHO = "张三丰 13812345678"


class Estate:
    """Companies W0 to W4, each with a compound and a building; a committee that handles some cases."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.town = town = Town(connection)
        self.committee = town.party("RC", "residents_committee")
        self.companies, self.compounds, self.buildings = [], [], []
        for number in range(COMPANIES):
            company = town.party(f"W{number}", "property_company", name=f"{HOSTILE}物业{number}")
            left = number * 200
            compound = town.add(
                "compound",
                code=str(number),
                name=f"小区{number}",
                geom=box(left, 0, left + 190, 190),
                property_company_id=company,
            )
            self.companies.append(company)
            self.compounds.append(compound)
            self.buildings.append(
                town.building(
                    str(number), box(left + 5, 5, left + 20, 20), compound_id=compound, residents=1000
                )
            )

    def report(self, compound: int, times: int = 1, *, own: bool = True, **values: object) -> None:
        holder = self.companies[compound] if own else self.committee
        plain = {
            "building_id": self.buildings[compound],
            "compound_id": self.compounds[compound],
            "party_id": holder,
            "reported_at": "2024-05-10T09:00+08",
            "due_at": "2024-05-20T09:00+08",
            "title": WHO,
            "description": WHO,
        }
        for _ in range(times):
            self.town.incident(**(plain | values))

    def settle(self, compound: int, times: int = 1, *, own: bool = True, **values: object) -> None:
        done = {"state": "closed", "handled_at": "2024-05-12T09:00+08", "closed_at": "2024-05-13T09:00+08"}
        self.report(compound, times, own=own, **(done | values))

    def gather(self, *numbers: int, as_company: int | None = None) -> list[Pack]:
        actor = (
            make_actor(self.town.id)
            if as_company is None
            else make_actor(self.town.id, role="property_company", party_id=self.companies[as_company])
        )
        with acting_as(actor):
            return gather_packs(
                self.town.id, QUARTER, [self.companies[number] for number in numbers] or None, NOW
            )


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """Forget what sheets keep of the database of the test before."""
    st.cache_resource.clear()


@pytest.fixture
def estate(connection: PostgresConnection) -> Estate:
    estate = Estate(connection)
    estate.report(0, reported_at="2023-01-05T09:00+08", due_at="2023-01-08T09:00+08", state="voided")
    for number in range(COMPANIES):
        estate.settle(number, 12, category_code="E403")
    estate.settle(
        0, 3, category_code="E403", handled_at="2024-05-25T09:00+08", closed_at="2024-05-26T09:00+08"
    )
    estate.report(0, 2, category_code="E101")
    estate.settle(0, 2, own=False, category_code="E901")
    estate.report(0, 1, own=False, category_code="E901")
    estate.report(0, 4, own=False, category_code="E902", sensitivity="S3")
    estate.report(0, 4, category_code="E101", sensitivity="S3")
    connection.commit()
    return estate


def fetch(address: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=pack_sheet.routes()))
        async with httpx.AsyncClient(transport=transport, base_url="http://sheets") as browser:
            return await browser.get(address)

    return anyio.run(ask)


def test_a_company_is_told_the_offices_figures_of_its_own_compound(estate: Estate) -> None:
    (own,) = estate.gather(as_company=0)
    (office,) = estate.gather(0)
    assert own.company.id == estate.companies[0]
    assert own.figures == office.figures, "the company sees fewer cases, and the same figures"
    with acting_as(make_actor(estate.town.id, role="leader")):
        measured = measure(estate.town.id, [QUARTER], level="compound")
    for figure in own.figures:
        assert figure.now == measured.values[figure.indicator.id][str(estate.compounds[0])][0]
    on_time = next(figure for figure in own.figures if figure.indicator.id == "on_time_rate")
    # 15 settled by the company, 2 by the committee, 3 open past due; nothing sensitive.
    assert (on_time.now.numerator, on_time.now.denominator) == (14, 20)
    assert on_time.peers is not None
    assert (on_time.peers.numerator, on_time.peers.denominator) == (14 + 4 * 12, 20 + 4 * 12)
    assert on_time.before is not None


def test_a_company_sees_no_others_pack(estate: Estate) -> None:
    with acting_as(make_actor(estate.town.id, role="property_company", party_id=estate.companies[1])):
        assert [company.id for company in list_companies(estate.town.id)] == [estate.companies[1]]
    with pytest.raises(Forbidden, match="another company"):
        estate.gather(0, as_company=1)
    with pytest.raises(Forbidden, match="another company"):
        estate.gather(0, 1, as_company=1)


@pytest.mark.parametrize("role", ["grid_worker", "wall"])
def test_who_has_no_business_with_packs_sees_none(estate: Estate, role: str) -> None:
    actor = make_actor(estate.town.id, role=role)  # type: ignore[arg-type]  # of the roles
    with acting_as(actor), pytest.raises(NotFound):
        gather_packs(estate.town.id, QUARTER, None, NOW)


def test_others_few_matters_are_told_together_and_its_own_however_few(estate: Estate) -> None:
    (pack,) = estate.gather(0)
    told = [(category.code, category.now) for category in pack.categories]
    assert told == [("E403", 15), ("E101", 2), (None, 3)]


def test_open_cases_are_listed_where_the_company_has_them_and_else_only_counted(estate: Estate) -> None:
    (pack,) = estate.gather(0)
    assert [case.category_code for case in pack.open] == ["E101", "E101"]
    assert pack.open_elsewhere == 1
    assert [(repeat.category_code, repeat.cases) for repeat in pack.repeats] == [("E403", 15)]


def test_a_mean_of_few_compounds_would_tell_of_single_ones(
    estate: Estate, connection: PostgresConnection
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE compound SET property_company_id = NULL WHERE code IN ('3', '4')")
    connection.commit()
    (pack,) = estate.gather(0)
    assert all(figure.peers is None for figure in pack.figures)


def test_several_compounds_of_a_company_are_added_up_and_told_apart(
    estate: Estate, connection: PostgresConnection
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE compound SET property_company_id = %s WHERE code = '1'", (estate.companies[0],)
        )
    connection.commit()
    (pack,) = estate.gather(0)
    on_time = next(figure for figure in pack.figures if figure.indicator.id == "on_time_rate")
    assert (on_time.now.numerator, on_time.now.denominator) == (14 + 12, 20 + 12)
    still_open = next(figure for figure in pack.figures if figure.indicator.id == "open_cases")
    assert still_open.peers is not None
    # Three are open in one compound of five; as many compounds as it has would have 1.2.
    assert still_open.now.amount == 3
    assert still_open.peers.amount == pytest.approx(2 * 3 / COMPANIES)
    assert tell_beside(still_open.now, still_open.peers, still_open.indicator, Text("en")).words == "—"
    assert list(pack.by_compound) == ["小区0", "小区1"]
    at = [figure.indicator.id for figure in pack.figures].index("on_time_rate")
    assert pack.by_compound["小区1"][at].denominator == 12


def test_the_sheets_name_nobody_and_escape_every_word(
    estate: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_find_actor", lambda: make_actor(estate.town.id))
    reply = fetch("/print/pack?community=A&quarter=2024-Q2")
    assert reply.status_code == 200
    assert reply.text.count('class="pack"') == COMPANIES
    for word in ("<img", "张三丰", "13812345678", "家庭纠纷"):
        assert word not in reply.text
    assert "14" in reply.text
    for quarter in ("", "2024-05", "2999-Q1", "x"):
        assert fetch(f"/print/pack?community=A&quarter={quarter}").status_code == 404
    for party in ("0", "x", "9" * 30):
        assert fetch(f"/print/pack?community=A&quarter=2024-Q2&party={party}").status_code == 404


def test_a_company_prints_its_own_pack_alone(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    company = make_actor(estate.town.id, role="property_company", party_id=estate.companies[2])
    monkeypatch.setattr(engine, "_find_actor", lambda: company)
    for party in ("", f"&party={estate.companies[2]}"):
        reply = fetch(f"/print/pack?community=A&quarter=2024-Q2{party}")
        assert reply.status_code == 200
        assert reply.text.count('class="pack"') == 1
        assert "物业2" in reply.text
        assert "物业0" not in reply.text
    assert fetch(f"/print/pack?community=A&quarter=2024-Q2&party={estate.companies[0]}").status_code == 403
