"""Somebody is away for a day: entered, seen, printed and ended in a real browser without any network."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.desk import Desk

_TODAY = "CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)"


@dataclass(frozen=True)
class Pair:
    """A lead with a backup, and a building and an open case of his."""

    lead_id: int
    lead: str
    backup_id: int
    backup: str
    building_id: int
    case_id: int


class Office:
    """The secretary at the desk for absences."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.page = desk.page

    def open_morning(self) -> None:
        self.page.goto(f"{self.desk.server}/morning?community=D")
        expect(self.page.locator(".st-key-duty")).to_be_visible()

    def open_desk(self, tab: str) -> Locator:
        self.page.get_by_role("button", name="缺勤与移交").click()
        dialog = self.page.get_by_role("dialog")
        dialog.get_by_role("tab", name=re.compile(tab)).click()
        return dialog

    def choose(self, where: Locator, field: str, name: str) -> None:
        box = where.locator(f".st-key-{field} input")
        # By keyboard: behind the desk the map is still being drawn.
        box.fill(name)
        self.page.get_by_role("option", name=name, exact=True).click()

    def find_pair(self) -> Pair:
        rows = self.desk.query(
            f"""SELECT lead.id, lead.name, backup.id, backup.name, unit.building_id, i.id
            FROM zone_plan AS plan
            JOIN community AS c ON c.id = plan.community_id AND c.code = 'D'
            JOIN zone_party AS a ON a.plan_id = plan.id AND a.role = 'lead'
            JOIN zone_party AS b ON b.zone_id = a.zone_id AND b.role = 'backup'
            JOIN party AS lead ON lead.id = a.party_id
            JOIN party AS backup ON backup.id = b.party_id AND backup.active_to IS NULL
            JOIN zone_unit AS unit ON unit.zone_id = a.zone_id
            JOIN incident AS i ON i.building_id = unit.building_id AND i.is_open AND i.party_id = lead.id
            JOIN category AS k ON k.code = i.category_code AND NOT k.is_sealed
            WHERE plan.kind = 'grid_worker' AND daterange(plan.valid_from, plan.valid_to) @> {_TODAY}
                AND lead.active_to IS NULL AND i.sensitivity = 'S1'
                -- A case that the secretary hands to herself says her name once.
                AND NOT EXISTS (
                    SELECT FROM role_grant AS g WHERE g.role = 'secretary' AND g.party_id = backup.id)
            ORDER BY i.id LIMIT 1"""
        )
        assert rows, "nobody of community D has both a backup and an open case"
        return Pair(*rows[0])

    def find_holder(self, case_id: int) -> int:
        ((party_id,),) = self.desk.query("SELECT party_id FROM incident WHERE id = %s", case_id)
        return int(party_id)


@pytest.fixture
def office(secretary: None, desk: Desk) -> Office:
    return Office(desk)


def read_sheet(desk: Desk, address: str) -> Page:
    sheet = desk.page.context.new_page()
    sheet.goto(address)
    return sheet


def test_an_absence_is_entered_seen_printed_and_ended(office: Office) -> None:
    pair, page, desk = office.find_pair(), office.page, office.desk
    office.open_morning()
    dialog = office.open_desk("登记缺勤")
    office.choose(dialog, "absent", pair.lead)
    dialog.get_by_role("button", name="登记并移交").click()
    expect(page.get_by_text(re.compile(r"已登记.*移交 \d+ 件"))).to_be_visible()

    # The morning says who is away and who stands in, and the case has gone on with the history saying why.
    duty = page.locator(".st-key-duty")
    expect(duty).to_contain_text(f"{pair.lead}缺勤")
    expect(duty).to_contain_text(f"{pair.backup}代管")
    assert office.find_holder(pair.case_id) == pair.backup_id
    page.goto(f"{desk.server}/incidents?community=D&case={pair.case_id}")
    expect(page.get_by_text(re.compile(f"原样移交.*→ {pair.backup}"))).to_be_visible()

    # Who holds this?
    page.goto(f"{desk.server}/map?community=D&selected=buildings-{pair.building_id}")
    card = page.locator(".st-key-card")
    expect(card).to_contain_text(f"{pair.backup} 网格员")
    expect(card).to_contain_text(f"代{pair.lead}")

    # The sheet to sign: his cases with who has them now, without a line for the handing over itself.
    office.open_morning()
    dialog = office.open_desk("当前缺勤")
    address = dialog.get_by_role("link", name="移交单").first.get_attribute("href")
    assert address is not None
    sheet = read_sheet(desk, f"{desk.server}{address}")
    expect(sheet.get_by_role("heading", level=1)).to_contain_text(pair.lead)
    row = sheet.locator("tr", has_text=f"#{pair.case_id}")
    expect(row).to_contain_text(pair.backup)
    expect(row).not_to_contain_text("原样移交")
    sheet.evaluate("window.print = () => document.body.dataset.printed = 'yes'")
    sheet.get_by_role("button", name="打印移交单").click()
    expect(sheet.locator("body")).to_have_attribute("data-printed", "yes")
    sheet.close()

    # Back today: his again, the case that nobody has begun included.
    dialog.get_by_role("button", name="今天返岗").first.click()
    expect(page.get_by_text(re.compile(f"{pair.lead}.*已返岗.*交回 \\d+ 件"))).to_be_visible()
    expect(duty).not_to_contain_text("缺勤")
    assert office.find_holder(pair.case_id) == pair.lead_id
    page.goto(f"{desk.server}/map?community=D&selected=buildings-{pair.building_id}")
    expect(card).to_contain_text(f"{pair.lead} 网格员")


def test_leaving_for_good_lists_what_needs_a_new_holder(office: Office) -> None:
    pair = office.find_pair()
    office.open_morning()
    dialog = office.open_desk("离任")
    office.choose(dialog, "leaver", pair.lead)
    table = dialog.locator("table")
    expect(table).to_contain_text("责任区负责人")
    expect(table).to_contain_text(f"暂由{pair.backup}负责")
    expect(table).to_contain_text("在手事件")
    submit = dialog.get_by_role("button", name=re.compile("离任"))
    expect(submit).to_be_disabled()
    assert office.desk.query("SELECT active_to FROM party WHERE id = %s", pair.lead_id) == [(None,)]
