"""Writes the table of moves into the guide: ``python -m tests.workflow_guide``."""

from pathlib import Path

from geo.rules.workflow import MOVES, STATES, Move

GUIDE = Path(__file__).parent.parent / "docs" / "workflow.md"
_HEAD = "| move | from | to | who | on own cases | must say |"
_OPEN = STATES[:8]


def describe_moves() -> str:
    """Return the table of moves as Markdown."""
    return "\n".join([_HEAD, "|---|---|---|---|---|---|", *map(_describe, MOVES)]) + "\n"


def write_guide() -> None:
    """Put the table at the end of the guide, in place of the one that is there."""
    prose, _, _ = GUIDE.read_text(encoding="utf-8").partition(_HEAD)
    GUIDE.write_text(prose + describe_moves(), encoding="utf-8")


def _describe(move: Move) -> str:
    states = ", ".join(move.from_states)
    for group, name in (((*_OPEN, "closed", "rated"), "all but rejected, voided"), (_OPEN, "every open one")):
        states = name if set(move.from_states) == set(group) else states
    conditions = [
        ", ".join(move.roles) or "–",
        ", ".join(move.own_roles) or "–",
        ", ".join(
            field + (f" ({', '.join(move.reasons)})" if field == "reason" else "")
            + (f" (≤ {move.most_days} days)" if field == "due_at" and move.most_days else "")
            for field in move.required
        ) or "–",
    ]  # fmt: skip
    if move.by_other:
        conditions[0] += "; not whoever handled it"
    if move.answers:
        conditions[0] += f"; answers {move.answers}"
    cells = [f"`{move.name}`", states or "–", move.to_state or "the same", *conditions]
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    write_guide()
