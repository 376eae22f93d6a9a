"""The page of imports: a file is dropped, asked about, tried, brought in and taken back."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extras import Json
from streamlit.testing.v1 import AppTest

from dashboard.widgets import import_desk
from geo.errors import NotFound
from geo.model.actor import Role
from geo.operations.importing import (
    Options,
    discard_job,
    list_open_jobs,
    open_job,
    read_job,
    start_step,
)
from geo.store import engine
from geo.store.engine import acting_as
from geo.store.import_jobs import ImportJob
from tests.actors import make_actor
from tests.app.opening import open_page, read_html, run_page
from tests.import_town import ImportTown, ask, write_csv
from tests.patience import PATIENCE_S

HOSTILE = "<img src=x onerror=alert(1)> **fett** :material/home:"
SHOPS = [
    {"商户编号": "S1", "商户名称": "甲店", "经营类别": "餐饮", "加入日期": "2026-05-01", "负责人": "张三丰"},
    {"商户编号": "S2", "商户名称": HOSTILE, "经营类别": "餐饮", "加入日期": "2026-05-02", "负责人": "李四"},
    {"商户编号": "S3", "商户名称": "丙店", "经营类别": "餐饮", "加入日期": "五月初", "负责人": "王五"},
]


@pytest.fixture
def town(connection: PostgresConnection, monkeypatch: pytest.MonkeyPatch) -> Iterator[ImportTown]:
    """A town with its administrator at the desk; what he dropped and left is cleared away."""
    town = ImportTown(connection)
    actor = make_actor(town.id, role="administrator")
    monkeypatch.setattr(engine, "_find_actor", lambda: actor)
    with acting_as(actor):
        yield town
        for job_id in list_open_jobs(town.id):
            with suppress(NotFound):
                discard_job(job_id)


def drop(town: ImportTown, path: Path) -> str:
    """Drop a file, and wait until it was looked at."""
    job_id = open_job(town.id, path.name, path.read_bytes())
    start_step(job_id, "look")
    rest(job_id)
    return job_id


def rest(job_id: str) -> ImportJob:
    """Wait until nothing goes on."""
    deadline = time.monotonic() + PATIENCE_S
    while (job := read_job(job_id)).is_busy:
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def read_address(app: AppTest) -> str:
    """Return the job in the address."""
    asked = app.query_params["job"]
    return asked if isinstance(asked, str) else asked[0]


def press(app: AppTest, key: str) -> None:
    """Press a button, wait for the step, and come back to the page."""
    app.button(key=key).click().run()
    assert not app.exception
    rest(read_address(app))
    app.run()
    assert not app.exception


@pytest.mark.parametrize("role", ["secretary", "administrator"])
def test_who_may_is_shown_where_to_drop_files(
    town: ImportTown, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_find_actor", lambda: make_actor(town.id, role=role))
    app = open_page("imports")
    assert len(app.get("file_uploader")) == 1


@pytest.mark.parametrize("role", ["grid_worker", "leader", "property_company"])
def test_others_are_led_to_their_own_page(
    town: ImportTown, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_find_actor", lambda: make_actor(town.id, role=role))
    assert "import_files_0" not in {each.key for each in run_page("imports").get("file_uploader")}


def test_several_files_dropped_together_become_imports_of_their_own(town: ImportTown) -> None:
    app = open_page("imports", lang="en")
    shops = "商户编号,商户名称\nS1,甲店\n".encode()
    app.file_uploader[0].set_value([("a.csv", shops, "text/csv"), ("b.csv", shops, "text/csv")]).run()
    assert not app.exception
    assert {read_job(job_id).file_name for job_id in list_open_jobs(town.id)} == {"a.csv", "b.csv"}
    assert "job" in app.query_params, "the address finds the first again"


def test_what_cannot_be_taken_is_said_and_nothing_is_kept(town: ImportTown) -> None:
    app = open_page("imports", lang="zh")
    app.file_uploader[0].set_value([("nameless", b"1", "text/plain")]).run()
    assert not app.exception
    assert "扩展名" in app.error[0].value
    assert list_open_jobs(town.id) == []


def test_a_roster_is_asked_about_tried_brought_in_and_taken_back(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    job_id = drop(town, write_csv(tmp_path / "商户.csv", SHOPS))
    app = open_page("imports", job=job_id, lang="zh")
    shown = " ".join(str(each.value) for each in (*app.markdown, *app.caption))
    assert "张三丰" not in shown
    assert "个人信息，不导入" in shown
    assert "<img" not in shown.replace("\\<img", ""), "what stands in a file is no markup"
    assert app.selectbox(key=f"import_{job_id[:8]}_layer").value == "merchants"
    assert app.selectbox(key=f"import_{job_id[:8]}_merchants_1").value == "name"

    press(app, "import_try")
    told = read_html(app)
    assert '<li class="new"><b>2</b>' in told
    assert '<li class="refused"><b>1</b>' in told
    assert "<td>“五月初”不是能识别的日期</td>" in told
    assert ask(connection, "SELECT count(*) FROM merchant") == [(0,)]

    press(app, "import_commit")
    assert "已入库" in app.success[0].value
    assert ask(connection, "SELECT count(*) FROM merchant") == [(2,)]

    batch = rest(job_id).batch
    app.button(key=f"import_undo_done_{batch}").click().run()
    rest(read_address(app))
    app.run()
    assert "删除 2 条" in app.success[0].value
    assert ask(connection, "SELECT count(*) FROM merchant") == [(0,)]


LOOK: dict[str, Any] = {
    "layers": [{"name": "商户", "rows": 1}],
    "chosen": {"source_layer": "商户", "layer": "merchants", "crs": None, "mapping": {}},
    "columns": [
        {"header": "商户编号", "field": "code", "personal": False, "samples": ["S1"]},
        {"header": "招牌", "field": None, "personal": False, "samples": [HOSTILE]},
        {"header": "店名", "field": "name", "personal": False, "samples": ["乙店"]},
    ],
    "fields": [{"name": name, "required": name == "code"} for name in ("code", "name", "address")],
    "datum": {"needed": False, "hypotheses": []},
    "notes": [],
}


def lay(town: ImportTown, **columns: object) -> str:
    """Leave a job as a process would have, without one."""
    job_id = open_job(town.id, "商户.csv", b"1")
    with town.connection.cursor() as cursor:
        for name, value in ({"state": "looked", "look": Json(LOOK)} | columns).items():
            cursor.execute(f"UPDATE import_job SET {name} = %s WHERE id = %s", (value, job_id))
    town.connection.commit()
    return job_id


def test_a_column_that_is_chosen_otherwise_is_asked_for_so(
    town: ImportTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Options] = []
    monkeypatch.setattr(import_desk, "start_step", lambda _job, _step, options: asked.append(options))
    job_id = lay(town)
    app = open_page("imports", job=job_id)
    key = f"import_{job_id[:8]}_merchants"
    app.selectbox(key=f"{key}_1").set_value("name").run()
    assert app.button(key="import_try").disabled, "two columns for one field"
    app.selectbox(key=f"{key}_2").set_value("").run()
    app.button(key="import_try").click().run()
    mapping = {"商户编号": "code", "招牌": "name", "店名": ""}
    assert asked == [Options("merchants", "商户", None, mapping)]


def test_the_name_of_a_file_is_no_markup(town: ImportTown) -> None:
    lay(town, file_name="**fett** [x](y).csv")
    app = open_page("imports")
    assert app.pills(key="import_queue").options[-1] == r"\*\*fett\*\* \[x\]\(y\)\.csv"


def test_what_is_needed_and_no_column_is_must_be_chosen(town: ImportTown) -> None:
    app = open_page("imports", job=(job_id := lay(town)), lang="zh")
    app.selectbox(key=f"import_{job_id[:8]}_merchants_0").set_value("").run()
    assert "商户编号" in app.warning[0].value
    assert app.button(key="import_try").disabled


@pytest.mark.parametrize(
    ("rows", "rejected", "told"),
    [({"unchanged": 8}, 0, "与现有数据一致"), ({"rejected": 2}, 2, "请下载拒收行")],
)
def test_where_nothing_can_come_in_the_page_says_what_to_do_next(
    town: ImportTown, rows: dict[str, int], rejected: int, told: str
) -> None:
    preview = {"layer": "merchants", "rows": rows, "rejections": {"count": rejected, "first": []}}
    app = open_page("imports", job=lay(town, state="tried", preview=Json(preview)), lang="zh")
    assert app.button(key="import_commit").disabled
    assert told in app.info[0].value


def test_a_commit_that_came_second_says_that_nothing_has_changed(town: ImportTown) -> None:
    report = {"layer": "merchants", "rows": {"unchanged": 8}}
    app = open_page("imports", job=lay(town, state="committed", report=Json(report)), lang="zh")
    assert "没有任何改动" in app.info[0].value
    assert not app.success


def test_whoever_waits_is_told_how_long_and_that_it_goes_on(town: ImportTown) -> None:
    app = open_page("imports", job=(job_id := lay(town, state="trying")), lang="zh")
    assert not any("仍在进行" in caption.value for caption in app.caption)
    app.session_state[f"import_{job_id[:8]}_trying_since"] = time.monotonic() - 12
    app.run()
    assert any("秒，仍在进行" in caption.value for caption in app.caption)


def test_before_it_is_known_what_a_file_is_no_fields_are_spoken_of(town: ImportTown) -> None:
    unknown = {**LOOK, "chosen": {**LOOK["chosen"], "layer": None}}
    app = open_page("imports", job=lay(town, look=Json(unknown)), lang="zh")
    assert "导入为" in app.info[0].value
    assert not any("已认出" in caption.value for caption in app.caption)


def test_evidence_that_is_not_certain_waits_for_a_choice(
    town: ImportTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Options] = []
    monkeypatch.setattr(import_desk, "start_step", lambda _job, _step, options: asked.append(options))
    shares = {"gcj02": 0.5, "4490": 0.4}
    datum = {
        "hypotheses": [{"crs": crs, "share_inside": share, "n": 40} for crs, share in shares.items()],
        "proposed": "gcj02",
        "certain": False,
        "map": {crs: {"type": "FeatureCollection", "features": []} for crs in shares},
    }
    job_id = lay(town, look=Json({**LOOK, "datum": datum}))
    app = open_page("imports", job=job_id, lang="zh")
    assert app.button(key="import_try").disabled
    radio = app.radio(key=f"import_{job_id[:8]}_datum")
    assert radio.value is None
    assert (
        radio.options[0].replace("\\", "")
        == "按 GCJ-02（高德、腾讯、奥维）：40 个中有 20 个落在本社区（建议）"
    )
    radio.set_value("gcj02").run()
    app.button(key="import_try").click().run()
    assert [options.crs for options in asked] == ["gcj02"]


def test_a_step_that_fails_says_why_and_keeps_the_choices(town: ImportTown) -> None:
    mapping = {"招牌": "name", "店名": ""}
    problem = "商户.csv holds text in no encoding we know; export it again as UTF-8, with a .cpg file."
    job_id = lay(town, state="failed", problem=problem, options=Json({"mapping": mapping}))
    app = open_page("imports", job=job_id, lang="zh")
    assert "文字编码认不出来" in app.error[0].value
    assert app.selectbox(key=f"import_{job_id[:8]}_merchants_1").value == "name"


def test_a_job_of_somebody_else_or_of_none_is_not_shown(
    town: ImportTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = lay(town)
    other = replace(make_actor(town.id, role="administrator"), account_id=77)
    monkeypatch.setattr(engine, "_find_actor", lambda: other)
    for asked in (job_id, "nonsense"):
        app = open_page("imports", job=asked)
        assert len(app.get("file_uploader")) == 1
        assert "job" not in app.query_params


def test_a_job_given_up_is_gone(town: ImportTown) -> None:
    app = open_page("imports", job=lay(town))
    app.button(key="import_discard").click().run()
    assert len(app.get("file_uploader")) == 1
    assert list_open_jobs(town.id) == []
