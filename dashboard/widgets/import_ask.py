"""What is asked about a file: which layer, which coordinate system, which column is which field."""

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import streamlit as st

from dashboard.i18n import Text
from dashboard.maps.deck import build_hypothesis_deck
from dashboard.models.import_choices import (
    LEFT_OUT,
    Choices,
    ColumnLine,
    Datum,
    find_doubles,
    write_mapping,
)
from dashboard.models.import_map import MAP_PX, fit_features
from dashboard.models.import_words import name_crs, tell_apart
from dashboard.models.map_page import LegendEntry
from dashboard.widgets.map_frame import show_map_frame
from dashboard.widgets.markdown import escape
from geo.operations.importing import Options
from geo.store.places import Community

# More columns than this are scrolled.
_FITTING: Final = 6
_OTHER: Final = "other"


class ShowActs(Protocol):
    """Shows the buttons under the questions."""

    def __call__(self, options: Options, *, is_ready: bool) -> None:
        """Show them, for what is chosen by now."""


def show_choices(
    job_id: str,
    choices: Choices,
    community: Community,
    urls: Mapping[str, str],
    look_again: Callable[[str | None, str | None], None],
    show_acts: ShowActs,
    text: Text,
) -> None:
    """Show the questions, and beside them the file's features over what is known.

    Args:
        job_id: the file's job.
        choices: what is asked.
        community: where the file goes.
        urls: the address of each layer's GeoJSON.
        look_again: what to do when another layer, or another layer of the file, is chosen.
        show_acts: shows what can be done then.
        text: the reader's language.
    """
    key = f"import_{job_id[:8]}"
    asks_datum = choices.datum.is_asked
    left, right = st.columns([1.12, 1] if asks_datum else [1.6, 1], gap="small")
    with left:
        _ask_layers(key, choices, look_again, text)
        crs = choices.datum.chosen
    if asks_datum:
        with right, st.container(key="import_datum"):
            crs = _ask_datum(key, choices.datum, text)
            _show_map(choices.datum, crs, community, urls, text)
    with left:
        mapping = _ask_columns(key, choices, text)
        doubles = find_doubles(mapping)
        _show_faults(choices, doubles, mapping, text)
        if asks_datum and crs is None:
            st.info(text("import.datum_first"), icon=":material/wrong_location:")
        show_acts(
            Options(
                choices.layer, choices.source_layer, None if crs == choices.datum.unasked else crs, mapping
            ),
            is_ready=choices.layer is not None
            and not doubles
            and not (asks_datum and crs is None)
            and not _list_missing(choices, mapping),
        )


def _ask_layers(
    key: str, choices: Choices, look_again: Callable[[str | None, str | None], None], text: Text
) -> None:
    if choices.is_remembered:
        st.caption(text("import.remembered"))
    with st.container(key="import_layers", horizontal=True):
        layers = list(choices.layers)
        # Set anew in each run: what is shown is what was read.
        st.session_state[f"{key}_layer"] = choices.layer
        st.selectbox(
            text("import.into"),
            layers,
            format_func=choices.layers.__getitem__,
            key=f"{key}_layer",
            placeholder=text("import.choose"),
            on_change=lambda: look_again(st.session_state[f"{key}_layer"], choices.source_layer),
        )
        if choices.source_layers:
            st.session_state[f"{key}_source"] = choices.source_layer
            st.selectbox(
                text("import.source"),
                list(choices.source_layers),
                format_func=choices.source_layers.__getitem__,
                key=f"{key}_source",
                placeholder=text("import.choose"),
                # What another sheet holds, it tells itself.
                on_change=lambda: look_again(None, st.session_state[f"{key}_source"]),
            )
    if choices.layer is None:
        st.info(text("import.layer_first"), icon=":material/help:")
        return
    for note in choices.notes:
        st.caption(escape(note))


def _ask_datum(key: str, datum: Datum, text: Text) -> str | None:
    """Ask for the coordinate system; return what is chosen by now."""
    if datum.challenge:
        st.warning(escape(datum.challenge), icon=":material/wrong_location:")
    if datum.is_elsewhere:
        st.warning(text("import.elsewhere"), icon=":material/wrong_location:")
    told = tell_apart({each.crs: escape(each.told) for each in datum.hypotheses})
    if told:
        options = [*told, _OTHER]
        usual = datum.chosen if datum.chosen in told else _OTHER if datum.chosen else None
        chosen = st.radio(
            text("import.datum"),
            options,
            index=options.index(usual) if usual in options else None,
            format_func=lambda crs: told.get(crs) or text("import.datum_other"),
            key=f"{key}_datum",
            help=escape(datum.declared) or None,
        )
        if chosen != _OTHER:
            return chosen
    others = [crs for crs in datum.choices if crs not in told]
    named = tell_apart({crs: name_crs(crs, text) for crs in others})
    return st.selectbox(
        text("import.datum_which"),
        others,
        index=others.index(datum.chosen) if datum.chosen in others else None,
        format_func=lambda crs: named.get(crs, crs),
        key=f"{key}_crs",
        accept_new_options=True,
        placeholder=text("import.datum_typed"),
        label_visibility="collapsed" if told else "visible",
    )


def _show_map(
    datum: Datum, crs: str | None, community: Community, urls: Mapping[str, str], text: Text
) -> None:
    shown = datum.find(crs)
    rival = next((each for each in datum.hypotheses if each.crs != crs and each.features), None)
    if shown is None or shown.features is None:
        shown, rival = rival, None
    view = fit_features(community, [each.features for each in (shown, rival) if each and each.features])
    st.pydeck_chart(
        build_hypothesis_deck(
            urls,
            shown.crs if shown else "",
            shown.features if shown else None,
            rival.features if rival else None,
            view,
        ),
        key="import_map",
        height=MAP_PX[1],
        alt=text("import.map_title"),
    )
    legend = [LegendEntry("building", text("import.known"))]
    if shown and shown.features:
        legend.insert(0, LegendEntry("row-new", text("import.file_as", crs=shown.short)))
    if rival:
        legend.insert(1, LegendEntry("row-updated", text("import.file_as", crs=rival.short)))
    show_map_frame(legend, text, keeps_view=False)


def _ask_columns(key: str, choices: Choices, text: Text) -> dict[str, str]:
    """Ask what each column is; return header → field."""
    if not choices.columns:
        return {}
    if choices.layer is not None:
        taken = sum(column.field != LEFT_OUT for column in choices.columns)
        st.caption(text("import.columns", n=len(choices.columns), taken=taken))
    chosen: dict[str, str] = {}
    is_long = len(choices.columns) > _FITTING
    with st.container(key="import_columns", height=330 if is_long else "content", border=True):
        for position, column in enumerate(choices.columns):
            _ask_column(f"{key}_{choices.layer}_{position}", column, choices, chosen, text)
    return write_mapping(choices.columns, chosen)


def _ask_column(key: str, column: ColumnLine, choices: Choices, chosen: dict[str, str], text: Text) -> None:
    with st.container(key=f"{key}_line", horizontal=True, vertical_alignment="center"):
        samples = text("import.hidden") if column.is_personal else column.samples or text("import.no_value")
        mark = f" :orange[{text('import.check')}]" if column.is_question else ""
        st.markdown(f"**{escape(column.header)}**{mark}  \n:gray[{escape(samples)}]", width="stretch")
        if column.is_personal:
            st.caption(text("import.personal"), width=190)
            return
        if choices.layer is None:
            return
        fields = list(choices.fields)
        field = st.selectbox(
            text("import.column_is", column=column.header),
            fields,
            index=fields.index(column.field) if column.field in choices.fields else 0,
            format_func=choices.fields.__getitem__,
            key=key,
            label_visibility="collapsed",
            width=190,
        )
        chosen[column.header] = field


def _show_faults(choices: Choices, doubles: tuple[str, ...], mapping: Mapping[str, str], text: Text) -> None:
    separator = text("month.separator")
    if choices.layer is None:
        return
    missing = _list_missing(choices, mapping)
    if missing:
        st.warning(text("import.missing", fields=separator.join(missing)), icon=":material/view_column:")
    if doubles:
        named = separator.join(choices.fields[field] for field in doubles)
        st.warning(text("import.doubles", fields=named), icon=":material/view_column:")


def _list_missing(choices: Choices, mapping: Mapping[str, str]) -> tuple[str, ...]:
    """Name the fields of which one is needed and none is chosen."""
    if choices.needed and not set(mapping.values()).intersection(choices.needed):
        return tuple(choices.fields[name] for name in choices.needed)
    return ()
