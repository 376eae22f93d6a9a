"""One file on its way in, at whichever step it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.import_choices import build_choices
from dashboard.models.import_result import build_result, tell_undone
from dashboard.models.import_words import name_step
from dashboard.models.map_page import list_urls
from dashboard.widgets.import_ask import show_choices
from dashboard.widgets.import_check import offer_refused, show_result
from dashboard.widgets.import_drop import attempt, show_problem
from dashboard.widgets.import_history import offer_undo, show_history
from dashboard.widgets.markdown import escape
from geo.errors import NotFound
from geo.model.actor import Actor
from geo.operations.importing import ImportJob, Options, discard_job, read_job, start_step
from geo.store.import_jobs import Step
from geo.store.places import Community

_EVERY_S: Final = 1.0
# Whoever waits longer is shown that something goes on, also where a step cannot count.
_LONG_S: Final = 3
# Which job is to be asked about again, though it has been tried.
_AGAIN: Final = "import_again"


@dataclass(frozen=True, slots=True)
class Desk:
    """What the page is about.

    Attributes:
        job: the file.
        community: where it goes.
        tags: the state of each layer of the community.
        actor: who brings it in.
    """

    job: ImportJob
    community: Community
    tags: Mapping[str, str]
    actor: Actor

    @property
    def urls(self) -> dict[str, str]:
        """The address of each layer's GeoJSON."""
        return list_urls(self.tags, self.community.code)


def show_job(desk: Desk, text: Text) -> None:
    """Show what is to be done with the file, or how far it is."""
    show_problem(text)
    job = desk.job
    if job.is_busy or job.state == "waiting":
        _watch(job.id, job.state, text)
    elif job.state == "undone":
        st.success(escape(tell_undone(job.report or {}, text)), icon=":material/undo:")
        _offer_next(text)
        show_history(desk.community, text)
    elif job.state == "committed" and job.report is not None:
        _show_done(desk, text)
    elif job.state == "tried" and job.preview is not None and st.session_state.get(_AGAIN) != job.id:
        _show_preview(desk, text)
    else:
        _show_questions(desk, text)


def _show_progress(job_id: str, state: str, text: Text) -> None:
    """Show how far the step is; the page is drawn anew once it is over."""
    try:
        job = read_job(job_id)
    except NotFound:
        st.rerun()
    if job.state == "waiting":
        attempt(partial(start_step, job_id, "look"))
        job = read_job(job_id)
    if not job.is_busy or job.state != state:
        st.rerun()
    told = job.progress or {}
    done, total = int(told.get("done") or 0), int(told.get("total") or 0)
    words = name_step(told.get("step") or "starting", text)
    since_s = st.session_state.setdefault(f"import_{job_id[:8]}_{state}_since", monotonic())
    if total:
        words = text("import.progress", step=words, done=text.number(done), total=text.number(total))
    with st.container(key="import_progress", border=True):
        st.markdown(f"#### {escape(job.file_name)}")
        st.progress(min(done / total, 1.0) if total else 0.0, text=words)
        seconds = int(monotonic() - since_s)
        if seconds >= _LONG_S:
            st.caption(text("import.elapsed", n=seconds))
        st.caption(text("import.meanwhile"))
        if st.button(text("import.stop"), key="import_stop", icon=":material/close:"):
            attempt(partial(discard_job, job_id))
            st.rerun()


_watch = session.fragment(_show_progress, every_s=_EVERY_S)


def _show_questions(desk: Desk, text: Text) -> None:
    job = desk.job
    if job.problem:
        st.error(escape(tell_refusal(job.problem, text)), icon=":material/error:")
    if job.look is None:
        with st.container(key="import_acts", horizontal=True):
            if job.state == "failed":
                _offer("import.retry", ":material/refresh:", partial(start_step, job.id, "look"), text)
            _offer_discard(job, text)
        return
    choices = build_choices(job.look, job.options, text)

    def look_again(layer: str | None, source_layer: str | None) -> None:
        # Another layer has other fields and perhaps other columns; only the coordinate system may stay.
        crs = job.options.get("crs") if source_layer == choices.source_layer else None
        _step(job, "look", Options(layer=layer, source_layer=source_layer, crs=crs))

    def show_acts(options: Options, *, is_ready: bool) -> None:
        with st.container(key="import_acts", horizontal=True):
            st.button(
                text("import.preview"),
                key="import_try",
                type="primary",
                icon=":material/preview:",
                disabled=not is_ready,
                on_click=_step,
                args=(job, "try", options),
            )
            _offer_discard(job, text)

    show_choices(job.id, choices, desk.community, desk.urls, look_again, show_acts, text)


def _show_preview(desk: Desk, text: Text) -> None:
    job = desk.job
    assert job.preview is not None  # noqa: S101 - asked before
    result = build_result(job.preview, text, _list_notes(job))

    def show_acts() -> None:
        with st.container(key="import_acts", horizontal=True):
            st.button(
                text("import.commit"),
                key="import_commit",
                type="primary",
                icon=":material/database_upload:",
                disabled=not result.lands_anything,
                on_click=_step,
                args=(job, "commit"),
            )
            st.button(
                text("import.back"),
                key="import_back",
                icon=":material/arrow_back:",
                on_click=_ask_again,
                args=(job.id,),
            )
            if result.has_refused_file:
                offer_refused(job, desk.actor, text)
            _offer_discard(job, text)
        if not result.lands_anything:
            st.info(
                text("import.all_refused" if result.refused.total else "import.nothing_lands"),
                icon=":material/info:",
            )

    st.caption(text("import.not_yet"))
    show_result(job.id, result, desk.community, desk.urls, show_acts, text)


def _show_done(desk: Desk, text: Text) -> None:
    job = desk.job
    assert job.report is not None  # noqa: S101 - asked before
    result = build_result(job.report, text, _list_notes(job))

    def show_acts() -> None:
        with st.container(key="import_acts", horizontal=True, vertical_alignment="center"):
            _offer_next(text)
            if result.has_refused_file:
                offer_refused(job, desk.actor, text)
            if job.batch is not None:
                offer_undo(desk.community, job.batch, job.file_name, "done", text)
            if result.unplaced:
                st.page_link(
                    "views/unplaced.py",
                    label=text("import.to_unplaced"),
                    icon=":material/arrow_forward:",
                    query_params={"community": desk.community.code, "lang": text.language},
                )

    if result.lands_anything:
        st.success(text("import.committed", batch=job.batch or ""), icon=":material/check:")
    else:
        # Somebody else may have brought in the same between the preview and the click.
        st.info(text("import.committed_nothing"), icon=":material/info:")
    show_result(job.id, result, desk.community, desk.urls, show_acts, text)
    show_history(desk.community, text)


def _offer_next(text: Text) -> None:
    st.button(
        text("import.next"),
        key="import_next",
        type="primary",
        icon=":material/upload_file:",
        on_click=session.change_address,
        kwargs={"job": None},
    )


def _offer_discard(job: ImportJob, text: Text) -> None:
    _offer("import.discard", ":material/delete:", partial(discard_job, job.id), text)


def _offer(key: str, icon: str, act: Callable[[], object], text: Text) -> None:
    st.button(text(key), key=key.replace(".", "_"), icon=icon, on_click=attempt, args=(act,))


def _ask_again(job_id: str) -> None:
    st.session_state[_AGAIN] = job_id


def _step(job: ImportJob, step: Step, options: Options | None = None) -> None:
    st.session_state.pop(_AGAIN, None)
    attempt(partial(start_step, job.id, step, options))


def _list_notes(job: ImportJob) -> frozenset[str]:
    return frozenset((job.look or {}).get("notes") or ())
