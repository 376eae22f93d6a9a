"""The packs for the quarterly meeting with property companies: one to read, to print and to take, or all."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboard import data, figure_data, session
from dashboard.i18n import Text
from dashboard.models.figure_state import FigureState, list_choices
from dashboard.models.figures import name_period
from dashboard.models.pack import (
    PackPage,
    build_pack,
    list_tables,
    name_file,
    write_print_address,
    write_watermark,
)
from dashboard.widgets.figure_head import change
from dashboard.widgets.markdown import escape
from dashboard.widgets.month_panel import write_html_table
from dashboard.widgets.workbook import offer_workbook
from geo.model.actor import Actor
from geo.operations.exporting import export_book, note_export, write_book
from geo.operations.packs import Pack, list_companies
from geo.rules.periods import Period, find_period, format_period, go_back
from geo.store.choices import Category
from geo.store.engine import acting_as
from geo.store.packs import Company
from geo.store.places import Community

_ARCHIVE: Final = "pack_archive"
_GOOD_FOR: Final = timedelta(minutes=10)


def show_packs(
    community: Community, state: FigureState, actor: Actor, first_report: date, text: Text
) -> None:
    """Show the pack of one company for a quarter, with the ways to take it, or all of them, along.

    Args:
        community: whose companies.
        state: the address; a period that is no quarter stands for the last that is over.
        actor: who looks; a company sees its own pack alone.
        first_report: the day from which there are cases.
        text: the reader's language.
    """
    companies = {company.id: company for company in list_companies(community.id)}
    if not companies:
        st.info(text("pack.nobody"), icon=":material/apartment:")
        return
    today = session.today()
    last = go_back(find_period("quarter", today), 1, "quarter")
    quarter = state.period if state.kind == "quarter" else last
    with st.container(key="pack_bar", horizontal=True, vertical_alignment="center"):
        _choose_quarter(state, quarter, first_report, today, text)
        company = _choose_company(state, companies, text)
        st.space("stretch")
        tools = st.container(key="pack_acts", horizontal=True, horizontal_alignment="right")
    categories = data.list_categories()
    (pack,) = figure_data.read_packs(community.id, quarter, [company.id])
    page = build_pack(pack, categories, datetime.now(UTC), text)
    with tools:
        st.link_button(
            text("morning.print"),
            write_print_address(community.code, company.id, quarter, text),
            icon=":material/print:",
        )
        offer_workbook(
            partial(export_pack, pack, page, community, actor, text), name_file(pack), "pack_xlsx", text
        )
        if len(companies) > 1:
            with st.popover(text("pack.every", n=len(companies)), icon=":material/folder_zip:"):
                st.link_button(
                    text("pack.print_all"),
                    write_print_address(community.code, None, quarter, text),
                    icon=":material/print:",
                    width="stretch",
                )
                _offer_all(community, quarter, tuple(companies), categories, actor, text)
    _show_pack(page, text)


def export_pack(pack: Pack, page: PackPage, community: Community, actor: Actor, text: Text) -> bytes:
    """Return a pack as an Excel file, and note in the log that it was taken out."""
    watermark = write_watermark(actor.name, community.name, pack, datetime.now(UTC), text)
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        return export_book(community.id, list_tables(pack, page, text), watermark)


def _choose_quarter(state: FigureState, quarter: Period, first_report: date, today: date, text: Text) -> None:
    quarters = {format_period(each): each for each in list_choices("quarter", first_report, today)}
    quarters.setdefault(format_period(quarter), quarter)
    st.session_state["pack_quarter"] = format_period(quarter)
    st.selectbox(
        text("figures.period"),
        list(quarters),
        format_func=lambda code: name_period(quarters[code], today, text),
        key="pack_quarter",
        label_visibility="collapsed",
        width=210,
        on_change=lambda: change(state, period=quarters[st.session_state["pack_quarter"]]),
    )


def _choose_company(state: FigureState, companies: Mapping[int, Company], text: Text) -> Company:
    opened = next(iter(companies))
    if state.party is not None and state.party in companies:
        opened = state.party
    if len(companies) > 1:
        st.session_state["pack_company"] = opened
        st.selectbox(
            text("pack.company"),
            list(companies),
            format_func=lambda company: companies[company].name,
            key="pack_company",
            label_visibility="collapsed",
            width=260,
            on_change=lambda: change(state, party=st.session_state["pack_company"]),
        )
    return companies[opened]


def _offer_all(
    community: Community,
    quarter: Period,
    company_ids: tuple[int, ...],
    categories: Mapping[str, Category],
    actor: Actor,
    text: Text,
) -> None:
    """Let all packs be made as one archive; whatever the reader does meanwhile stops it."""
    asked = (community.id, quarter, text.language)
    made = st.session_state.get(_ARCHIVE)
    if made and made[0] == asked and datetime.now(UTC) < made[3]:
        st.download_button(
            text("pack.take_all"),
            data=partial(_take_archive, made[1], made[2], community, quarter, actor, text),
            file_name=f"packs-{community.code}-{format_period(quarter)}.zip",
            mime="application/zip",
            key="pack_archive_zip",
            icon=":material/folder_zip:",
            type="primary",
            width="stretch",
            on_click="ignore",
        )
        return
    if not st.button(
        text("pack.make_all"), key="pack_make_all", icon=":material/folder_zip:", width="stretch"
    ):
        return
    # A click on it runs the page anew, which ends this run at its next sign of progress: nothing is kept.
    st.button(text("pack.stop"), key="pack_stop", width="stretch")
    bar = st.progress(0.0, text("pack.counting"))
    packs = figure_data.read_packs(community.id, quarter, company_ids)
    out = io.BytesIO()
    row_count = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, pack in enumerate(packs, start=1):
            bar.progress(number / len(packs), text("pack.making", number=number, total=len(packs)))
            now = datetime.now(UTC)
            tables = list_tables(pack, build_pack(pack, categories, now, text), text)
            row_count += sum(len(table.rows) for table in tables)
            watermark = write_watermark(actor.name, community.name, pack, now, text)
            archive.writestr(name_file(pack), write_book(tables, watermark))
    st.session_state[_ARCHIVE] = (asked, out.getvalue(), row_count, datetime.now(UTC) + _GOOD_FOR)
    st.rerun()


def _take_archive(
    content: bytes, row_count: int, community: Community, quarter: Period, actor: Actor, text: Text
) -> bytes:
    now = datetime.now(UTC)
    watermark = {
        text("watermark.who"): actor.name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([community.name, text("pack.all"), format_period(quarter)]),
    }
    with acting_as(actor):
        note_export(community.id, "zip", row_count, watermark)
    return content


def _show_pack(page: PackPage, text: Text) -> None:
    st.markdown(f"#### {escape(page.title)}")
    st.caption(escape(text.join([page.compounds, page.told])))
    st.html(write_html_table(page.figures, kind="flat"))
    st.caption(text("pack.legend"))
    if page.by_compound is not None:
        st.markdown(f"**{text('pack.by_compound')}**")
        st.html(write_html_table(page.by_compound, kind="flat"))
    kinds, cases = st.columns([1, 1.7], gap="small")
    with kinds:
        st.markdown(f"**{text('pack.categories')}**")
        st.html(write_html_table(page.categories, kind="flat"))
        st.markdown(f"**{text('pack.repeats')}**")
        st.caption(page.repeats_note)
        for line in page.repeats or (text("pack.no_repeats"),):
            st.markdown(escape(line))
    with cases:
        st.markdown(f"**{text('pack.open')}** :gray[{text('pack.open_note')}]")
        if page.open.rows:
            st.html(write_html_table(page.open, kind="flat lists"))
        else:
            st.caption(text("pack.no_open"))
        if page.elsewhere:
            st.caption(escape(page.elsewhere))
