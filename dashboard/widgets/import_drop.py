"""Where files are dropped; and what has been dropped and is not brought in yet."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.import_upload import Bundle, bundle_files, pack
from dashboard.models.import_words import LAYERS, shorten, tell_apart
from dashboard.widgets.markdown import escape
from geo.errors import NotFound, WanggeError
from geo.operations.importing import ImportJob, list_open_jobs, open_job, read_job, start_step
from geo.store.places import Community

# What the server takes; see streamlit_config.
MOST_MB: Final = 512
_FILES: Final = "import_files"
_ROUND: Final = "import_round"
_PROBLEM: Final = "import_problem"
_MOST_LISTED: Final = 12
# What stands for the place where files are dropped.
_NONE: Final = ""


def find_job(asked: str | None, community: Community) -> ImportJob | None:
    """Return the job that the address names, if it is the reader's, of this community, and not given up."""
    if not asked:
        return None
    try:
        job = read_job(asked)
    except NotFound:
        session.change_address(job=None)
        return None
    if job.community_id != community.id or job.state == "discarded":
        session.change_address(job=None)
        return None
    return job


def show_drop(community: Community, text: Text) -> None:
    """Show where files are dropped, and begin with what was."""
    show_problem(text)
    with st.container(key="import_drop"):
        st.markdown(f"#### {text('import.drop')}")
        dropped = st.file_uploader(
            text("import.drop"),
            accept_multiple_files=True,
            key=f"{_FILES}_{st.session_state.setdefault(_ROUND, 0)}",
            max_upload_size=MOST_MB,
            label_visibility="collapsed",
        )
        st.caption(text("import.kinds"))
    if dropped:
        _begin(community, dropped, text)


def show_queue(community: Community, job: ImportJob | None, text: Text) -> None:
    """Show which files are dropped and not brought in yet, with the way to each, and to drop more."""
    waiting = {each: read_job(each) for each in list_open_jobs(community.id)[:_MOST_LISTED]}
    if job is None and not waiting:
        st.caption(text("import.told"))
        return
    if job is not None:
        waiting[job.id] = job
    in_order = sorted(waiting.values(), key=lambda each: (_rank(each), each.created_at))
    listed = {each.id: escape(shorten(each.file_name)) for each in in_order}
    labels = tell_apart({_NONE: text("import.another"), **listed})
    st.session_state["import_queue"] = job.id if job else _NONE
    st.pills(
        text("import.queue"),
        list(labels),
        format_func=labels.__getitem__,
        key="import_queue",
        label_visibility="collapsed",
        required=True,
        on_change=lambda: session.change_address(job=st.session_state["import_queue"] or None),
    )


def _rank(job: ImportJob) -> int:
    """Where a file stands among those that wait: what others build on comes first."""
    layer = (job.look or {}).get("chosen", {}).get("layer")
    return list(LAYERS).index(layer) if layer in LAYERS else len(LAYERS)


def show_problem(text: Text) -> None:
    """Say why the last click came to nothing, once."""
    problem = st.session_state.pop(_PROBLEM, None)
    if problem:
        st.error(escape(tell_refusal(problem, text)), icon=":material/error:")


def attempt(act: Callable[[], object]) -> None:
    """Do something that may be refused, and keep the refusal for :func:`show_problem`."""
    try:
        act()
    except WanggeError as refusal:
        st.session_state[_PROBLEM] = str(refusal)


def _begin(community: Community, dropped: Sequence[UploadedFile], text: Text) -> None:
    names = [file.name for file in dropped]
    jobs: list[str] = []

    def take(bundle: Bundle) -> None:
        jobs.append(_open(community, bundle, names, dropped))
        start_step(jobs[-1], "look")

    with st.spinner(text("import.taking")):
        for bundle in bundle_files(names):
            attempt(partial(take, bundle))
    for file in dropped:
        session.forget_upload(file)
    # Another uploader, with nothing in it.
    st.session_state[_ROUND] += 1
    session.change_address(job=jobs[0] if jobs else None)
    st.rerun()


def _open(community: Community, bundle: Bundle, names: Sequence[str], dropped: Sequence[UploadedFile]) -> str:
    if len(bundle.members) == 1 and not bundle.folder:
        return open_job(community.id, bundle.name, dropped[bundle.members[0]])
    with tempfile.TemporaryFile() as archive:
        pack(bundle, names, {position: dropped[position] for position in bundle.members}, archive)
        archive.seek(0)
        return open_job(community.id, bundle.name, archive)
