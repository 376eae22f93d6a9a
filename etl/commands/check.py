"""``wangge check``: does what is in the database fit together?"""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date, datetime
from itertools import groupby

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from etl.checks import CHECKS, Finding, Severity, Thresholds, find_today, run_checks
from geo.errors import NotFound
from geo.settings import get_settings
from geo.store.engine import connect
from geo.store.places import Community, list_communities

_MOST_SHOWN = 20
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}
_DEFAULTS = Thresholds()


@click.command()
@click.argument("group", required=False, type=click.Choice(list(CHECKS)))
@click.option("--community", metavar="CODE", help="Check one community only.")
@click.option("--on", "on_day", type=click.DateTime(["%Y-%m-%d"]), help="The day to look at; today in China.")
@click.option(
    "--gap-m2", default=_DEFAULTS.gap_m2, show_default=True, help="Largest gap that does not matter."
)
@click.option(
    "--households",
    nargs=2,
    type=int,
    default=(_DEFAULTS.least_households, _DEFAULTS.most_households),
    show_default=True,
    metavar="LEAST MOST",
    help="Households a grid should have.",
)
@click.option(
    "--people-per-worker",
    default=_DEFAULTS.most_residents_per_worker,
    show_default=True,
    help="Residents one grid worker should hold at most.",
)
@click.option(
    "--silent-days",
    type=click.IntRange(1, 3650),
    default=lambda: get_settings().silent_days,
    show_default="WANGGE_SILENT_DAYS",
    help="Days without an incident or a visit that make a building unknown.",
)
@click.option(
    "--other-share",
    type=click.FloatRange(0, 1),
    default=_DEFAULTS.most_other_share,
    show_default=True,
    help='Share of a month\'s incidents that may be filed as "other".',
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(
    context: click.Context,
    *,
    group: str | None,
    community: str | None,
    on_day: datetime | None,
    gap_m2: float,
    households: tuple[int, int],
    people_per_worker: int,
    silent_days: int,
    other_share: float,
    as_json: bool,
) -> None:
    """Find overlaps, gaps, places without a person and rows that contradict each other.

    GROUP is topology (do the shapes fit?), coverage (is every place somebody's?) or data (do the rows
    agree?); without it all three are checked. Ends with 1 if there are errors; warnings and notices alone
    are no failure.
    """
    groups = [group] if group else list(CHECKS)
    day = on_day.date() if on_day else find_today()
    thresholds = Thresholds(
        gap_m2=gap_m2,
        least_households=households[0],
        most_households=households[1],
        most_residents_per_worker=people_per_worker,
        silent_days=silent_days,
        most_other_share=other_share,
    )
    communities = _choose_communities(community)
    with connect() as connection:
        ids = [each.id for each in communities]
        findings = run_checks(connection, ids, day, groups=groups, thresholds=thresholds)
    counts = Counter(finding.check.severity for finding in findings)
    if as_json:
        report = {
            "community": community,
            "communities": [each.code for each in communities],
            "on": day.isoformat(),
            "groups": groups,
            "thresholds": asdict(thresholds),
            "findings": [finding.as_dict() for finding in findings],
            "counts": {severity.value: counts[severity] for severity in Severity}
            | {"checks": dict(Counter(finding.check.id for finding in findings))},
        }
        click.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print_findings(findings, counts, communities, day)
    context.exit(1 if counts[Severity.ERROR] else 0)


def _choose_communities(code: str | None) -> list[Community]:
    known = list_communities()
    if not known:
        msg = "there is no community to check: run 'wangge demo load', or add one with 'wangge community add'"
        raise NotFound(msg)
    chosen = [each for each in known if code is None or each.code == code]
    if not chosen:
        codes = ", ".join(each.code for each in known)
        msg = f"there is no community {code}: choose one of {codes}"
        raise NotFound(msg)
    return chosen


def _print_findings(
    findings: list[Finding], counts: Counter[Severity], communities: list[Community], day: date
) -> None:
    console = Console(highlight=False)
    for check, group in groupby(findings, key=lambda finding: finding.check):
        found = list(group)
        console.print(f"[{_COLOURS[check.severity]}]{check.severity}[/] [bold]{check.id}[/] ({len(found):,})")
        table = Table.grid(padding=(0, 2), expand=True)
        table.add_column(ratio=1, overflow="fold")
        table.add_column(no_wrap=True)
        for finding in found[:_MOST_SHOWN]:
            table.add_row(Padding(escape(finding.message), (0, 0, 0, 2)), _show_place(finding))
        console.print(table)
        if len(found) > _MOST_SHOWN:
            console.print(f"  … and {len(found) - _MOST_SHOWN:,} more; --json lists all")
    summary = ", ".join(
        f"{counts[severity]:,} {severity}{'' if counts[severity] == 1 else 's'}" for severity in Severity
    )
    where = f"community {communities[0].code}" if len(communities) == 1 else f"{len(communities)} communities"
    console.print(f"{where} on {day}: {summary}", style="bold")


def _show_place(finding: Finding) -> str:
    seen = finding.observation
    if seen.longitude is None or seen.latitude is None:
        return ""
    return f"{seen.longitude:.6f}, {seen.latitude:.6f}"
