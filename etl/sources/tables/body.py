"""What stands between and below the rows of a table without being one: totals, repeated headers, notes."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from etl.importing.columns.layers import simplify
from etl.sources.shelf import look_through
from etl.sources.table import Table, keep_rows
from etl.sources.tables.headers import Row, count_known

# Where the word for a total stands: in one of the first columns, or merged over them.
_LABEL_COLUMNS = 4
_MAY_BE_TOTAL = "^.{0,20}(?:[小合总共累][\\s\u3000\u00a0]*计|(?i:totals?|sum))[\\s\u3000\u00a0]*[:：]?\\s*$"
_TOTAL = re.compile(
    r"(?:本页|本表|本月|本年|全部|全体|累计|社区|小区|网格|楼栋|以上|总)?(?:小计|合计|总计|共计|累计)|"
    r"(?:sub|grand)?totals?|sum"
)
_TOTAL_OF = re.compile(r"\S{1,16}(?:小计|合计|总计)")

_MUST = re.compile(r"必填|选填|非必填|必须填写|required|optional", re.I)
_EXPLAINS = re.compile(
    rf"{_MUST.pattern}|可选|填写|请填|请选|下拉|格式|如[:：“\d]|例如|示例|^(?:数字|文本|整数|日期)$|坐标$|e\.g\.",
    re.I,
)
_LAST_ROWS = 40
_NOTE = re.compile(
    r"(?:备注|注|说明|附注|附|填[表报写]说明|数据来源|note|notes|remark|remarks|source)\s*\d*\s*[:：.、]"
    r"|(?:制表|填表|填报|审核|复核|统计|打印|导出|经办|单位负责|负责|联系|报送)(?:人|人员|单位|日期|时间|部门)?\s*(?:签字|签名|[(（]\S+[)）])?\s*[:：]"
    r"|(?:日期|时间|电话|单位|盖章|签字|签章)\s*[:：]|第\s*\d+\s*页|共\s*\d+\s*[页条户栋件]|page \d+",
    re.I,
)
# A sentence that stands alone below a table: no code, no name.
_SENTENCE = re.compile(r"(?=.*[\u4e00-\u9fff]{6})(?=.*[，。；：:;、]|.{12})")
_SENTENCE_COLUMNS = 4
# So many characters show what a text is; patterns take the square of its length and more.
_TELLING = 300


def leave_out(table: Table, header: Sequence[Row], titles: Collection[str] = ()) -> Table:
    """Leave out the rows that are none of the table's own, and say so.

    Args:
        table: of text; its rows as they stand in the file.
        header: the file's rows that name the columns.
        titles: what stood above them.
    """
    words = [
        pa.array(table.rows.iloc[:, column], pa.large_string())
        for column in range(min(_LABEL_COLUMNS, table.rows.shape[1]))
    ]
    totals = [row for row in _find_labels(words) if _is_total(_list_cells(table, row))]
    likely = _find_equal(words, header, titles)
    repeats = [row for row in likely if _is_header(_list_cells(table, row), header, titles)]
    repeats += [row for row in range(min(2, len(table.rows))) if _is_second_header(_list_cells(table, row))]
    notes = _find_notes(table, {*totals, *repeats})
    gone = np.zeros(len(table.rows), dtype=bool)
    gone[[*totals, *repeats, *notes]] = True
    if not gone.any():
        return table
    warnings = list(table.warnings)
    if totals:
        warning = f"{len(totals):,} rows of totals were left out: {_list_rows(table, totals)}."
        warnings.append(warning)
    if repeats:
        listed = _list_rows(table, repeats)
        warning = f"{len(repeats):,} rows repeat the header or the title and were left out: {listed}."
        warnings.append(warning)
    if notes:
        said = next(cell.strip() for cell in _list_cells(table, notes[0]) if cell.strip())[:20]
        warning = f"{len(notes):,} rows of notes below the table were left out, beginning with “{said}”."
        warnings.append(warning)
    return replace(keep_rows(table, ~gone), warnings=tuple(warnings))


def is_note(text: str) -> bool:
    """Whether a cell that stands alone is a note below a table rather than a row of it."""
    return _NOTE.match(text.strip()) is not None


def is_total(text: str) -> bool:
    """Whether a cell says that its row adds up others."""
    return _TOTAL.fullmatch(simplify(text)) is not None


def _list_cells(table: Table, row: int) -> list[str]:
    return [str(cell) for cell in table.rows.iloc[row]]


def _list_rows(table: Table, rows: Iterable[int]) -> str:
    numbers = sorted({int(table.row_numbers[row]) for row in rows})
    shown = ", ".join(map(str, numbers[:5])) + (" …" if len(numbers) > 5 else "")
    return f"row {shown}" if len(numbers) == 1 else f"rows {shown}"


def _find_labels(words: Sequence[pa.Array]) -> list[int]:
    """Find the rows in whose first columns a short text ends in a word for a total."""
    found: set[int] = set()
    for column in words:
        first = 0
        for piece in look_through(column):
            # A million rows are searched for a word before a few are held against a pattern.
            rows = np.flatnonzero(_search(piece, "计")) if not _is_ascii(piece) else np.arange(len(piece))
            hits = _to_mask(pc.match_substring_regex(piece.take(pa.array(rows)), _MAY_BE_TOTAL))
            found.update((first + rows[hits]).tolist())
            first += len(piece)
    return sorted(found)


def _find_equal(words: Sequence[pa.Array], header: Sequence[Row], titles: Collection[str]) -> list[int]:
    """Find the rows of whose first columns one holds its own header again, or a title."""
    found: set[int] = set()
    for position, column in enumerate(words):
        wanted = {row[position] for row in header if position < len(row)} | set(titles)
        known = pa.array(sorted(wanted - {""}), pa.large_string())
        hits = [_to_mask(pc.is_in(piece, known)) for piece in look_through(column)]
        found.update(np.flatnonzero(np.concatenate(hits)).tolist())
    return sorted(found)


def _search(column: pa.Array, word: str) -> npt.NDArray[np.bool_]:
    return _to_mask(pc.match_substring(column, word))


def _is_ascii(column: pa.Array) -> bool:
    return bool(pc.all(pc.string_is_ascii(column)).as_py())


def _to_mask(hits: pa.Array) -> npt.NDArray[np.bool_]:
    mask: npt.NDArray[np.bool_] = pc.fill_null(hits, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def _is_total(cells: Sequence[str]) -> bool:
    labels = [simplify(cell) for cell in cells[:_LABEL_COLUMNS]]
    has_gap = not all(cell.strip() for cell in cells)
    if any(_TOTAL.fullmatch(label) for label in labels) and (
        has_gap or labels[0] in {"合计", "总计", "小计"}
    ):
        return True
    label = next((position for position, text in enumerate(labels) if text), None)
    if label is None or not has_gap or _TOTAL_OF.fullmatch(labels[label]) is None:
        return False
    return all(_is_figure(cell) for cell in cells[label + 1 :])


def _is_figure(cell: str) -> bool:
    return re.fullmatch(r"\s*-?[\d,.%]*\s*\S?\s*", cell) is not None


def _is_header(cells: Sequence[str], header: Sequence[Row], titles: Collection[str]) -> bool:
    said = [(position, " ".join(cell.split())) for position, cell in enumerate(cells) if cell.strip()]
    if len(said) == 1 and said[0][1] in titles:
        return True
    return any(
        len(said) > 1
        and all(position < len(row) and cell == " ".join(row[position].split()) for position, cell in said)
        for row in header
    )


def _is_second_header(cells: Sequence[str]) -> bool:
    """Whether a row names the columns once more, as where codes stand below the words: code, name, kind."""
    said = [cell for cell in cells if cell.strip()]
    if len(said) > 2 and count_known(said) >= max(3, 0.8 * len(said)):
        return True
    # A form to fill in says below its header what to write: 必填, 选填, 数字.
    explained = sum(_EXPLAINS.search(cell) is not None for cell in said)
    return any(_MUST.search(cell) for cell in said) and explained >= max(2, 0.5 * len(said))


def _find_notes(table: Table, gone: Collection[int]) -> list[int]:
    """Find the rows of notes, upwards from the last row."""
    notes: list[int] = []
    width = table.rows.shape[1]
    last = len(table.rows) - 1
    for row in range(last, max(last - _LAST_ROWS, -1), -1):
        if row in gone:
            continue
        said = [cell.strip()[:_TELLING] for cell in _list_cells(table, row) if cell.strip()]
        if not said:
            continue
        few = len(said) <= max(1, width // 2)
        alone = len(said) == 1 and width >= _SENTENCE_COLUMNS and _SENTENCE.search(said[0]) is not None
        if not (few and _NOTE.match(said[0])) and not alone:
            break
        notes.append(row)
    return notes[::-1]
