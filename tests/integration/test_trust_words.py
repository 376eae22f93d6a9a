"""Masks, and what is told unmasked for a reason that is kept."""

import psycopg2.errors
import pytest

from geo.model.actor import ROLES
from tests.trust import ADDRESS, WORDS, Session, Worlds


@pytest.mark.parametrize(
    ("mask", "written", "shown"),
    [
        ("name", "张三", "张*"),
        ("name", "李小龙", "李**"),
        ("name", " 王五 ", "王*"),
        ("name", "韦", "韦*"),
        ("name", "欧阳锋", "欧阳*"),
        ("name", "欧阳娜娜", "欧阳**"),
        ("name", "阿不都热合曼·买买提", "阿**"),
        # Not the surname 司马: a name that is written with a dot.
        ("name", "司马依·买买提", "司**"),
        ("name", "John Smith", "J**"),
        ("name", None, None),
        ("phone", "13812341234", "138****1234"),
        ("phone", "138 1234 1234", "138****1234"),
        ("phone", "138-1234-1234", "138****1234"),
        ("phone", "+86 13812341234", "138****1234"),
        ("phone", "１３８１２３４１２３４", "138****1234"),
        ("phone", "0772-1234567", "*******4567"),
        ("phone", "(0772) 123 4567", "*******4567"),
        ("phone", "13812341234/13912345678", "********5678"),
        ("phone", "66012", "*****"),
        ("phone", None, None),
        ("words", "请打13812341234找她", "请打138****1234找她"),
        ("words", "138 1234 1234", "138****1234"),
        ("words", "8613812341234", "86138****1234"),
        ("words", "工号A13812341234", "工号A138****1234"),
        ("words", "0772-1234567", "****4567"),
        ("words", "身份证450203199001011234", "身份证**************1234"),
        ("words", "450203 19900101 123X", "**************123X"),
        ("words", "老证450203900101123", "老证**************1123"),
        ("words", "卡号6222021234567890123", "卡号**************0123"),
        ("words", "车牌桂B12345", "车牌桂B·***45"),
        ("words", "桂B·D12345", "桂B·***45"),
        ("words", "桂bd12345", "桂b·***45"),
        ("words", "粤Z1234港", "粤Z·***4港"),
        ("words", "3栋2单元501室", "3栋2单元***室"),
        ("words", "3栋2单元501", "3栋2单元***"),
        ("words", "3-2-501", "3-2-***"),
        ("words", "1203房", "***房"),
        ("words", "写 me@example.org", "写 ***@example.org"),
        ("words", "2026-03-18 8:30-12:00 共1200户", "2026-03-18 8:30-12:00 共1200户"),
        ("words", "第123号, GB/T 30428", "第123号, GB/T 30428"),
        ("words", "楼道堆物", "楼道堆物"),
        ("words", None, None),
        ("people", "居民张女士反映", "居民某女士反映"),
        ("people", "张建国先生来电", "某先生来电"),
        ("people", "联系人：李明", "联系人：**"),
        ("people", "居民反映楼下烧烤", "居民反映楼下烧烤"),
    ],
)
def test_masks(mask: str, written: str | None, shown: str | None, session: Session) -> None:
    assert session.ask(f"SELECT mask_{mask}(%s)", written) == [(shown,)]


SECRETS = ("13812341234", "501", "桂B12345")


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_read_unmasked_in_a_list(role: str, worlds: Worlds, session: Session) -> None:
    session.tell(worlds.a.settings(role))
    views = "case_words", "case_notes", "case_corrections", "requester_card", "party_card"
    read = [str(session.ask(f"SELECT * FROM {view}")) for view in views]
    assert not any(secret in text for secret in SECRETS for text in read)
    # A property company is never told who complained.
    assert ("女士" in read[0]) == (role in {"secretary", "grid_worker", "property_company"})
    assert ("张女士" in read[0] + read[1]) == (role in {"secretary", "grid_worker"})


def test_who_is_named_in_full(worlds: Worlds, session: Session) -> None:
    """Whoever works for the community, as the grid's public card names him; nobody else."""
    names = {party: name for name, party in worlds.a.parties.items()}
    session.tell(worlds.a.settings("secretary"))
    cards = session.ask("SELECT party_id, full_name, mobile_phone FROM party_card")
    assert {(names[party], name, phone) for party, name, phone in cards} == {
        ("wang", "欧阳娜娜", "138****1234"),
        ("P1", "欧阳娜娜", "138****1234"),
        ("member", "欧阳**", "138****1234"),
    }


def ask_log(owner: Session, worlds: Worlds) -> list[tuple[object, ...]]:
    owner.connection.rollback()
    return owner.ask(
        "SELECT account_id, role, community_id, action, object_type, object_id, reason, row_count "
        "FROM audit_log WHERE action IN ('unmask', 'unseal') ORDER BY id"
    )


READERS = {
    "secretary": {"plain", "neighbours", "sensitive", "sealed", "hidden"},
    "grid_worker": {"plain", "sensitive of mine"},
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "case", ["plain", "neighbours", "company", "sensitive of mine", "sensitive", "sealed", "hidden"]
)
def test_who_may_ask_for_more_and_that_it_is_kept(
    role: str, case: str, worlds: Worlds, session: Session, owner: Session
) -> None:
    settings = worlds.a.settings(role)
    session.tell(settings)
    incident = worlds.a.cases[case]
    before = ask_log(owner, worlds)
    words = session.ask("SELECT * FROM unseal_case(%s, '回访核实')", incident)
    requester = session.ask("SELECT * FROM unmask_requester(%s, '回访')", incident)
    session.connection.commit()
    logged = ask_log(owner, worlds)[len(before) :]
    if role == "secretary" or (role == "grid_worker" and case in READERS[role]):
        assert words == [(f"{case} {WORDS}", WORDS, ADDRESS, [["0" * 64, "image/png"]])]
        assert requester == [("欧阳娜娜", "13812341234", "501")]
        who = int(settings["account"]), role, worlds.a.id
        assert logged == [
            (*who, "unseal", "incident", incident, "回访核实", 1),
            (*who, "unmask", "incident", incident, "回访", 1),
        ]
    else:
        assert (words, requester, logged) == ([], [], [])


@pytest.mark.parametrize("reason", [None, "", " ", "\t\n", "　"])
def test_a_reason_is_needed(reason: str | None, worlds: Worlds, session: Session, owner: Session) -> None:
    before = ask_log(owner, worlds)
    for function in ("unseal_case", "unmask_requester"):
        session.tell(worlds.a.settings("secretary"))
        with pytest.raises(psycopg2.errors.CheckViolation):
            session.ask(f"SELECT * FROM {function}(%s, %s)", worlds.a.cases["plain"], reason)
        session.connection.commit()
    assert ask_log(owner, worlds) == before


def test_another_communitys_people_are_told_to_nobody(
    worlds: Worlds, session: Session, owner: Session
) -> None:
    before = ask_log(owner, worlds)
    for function in ("unseal_case", "unmask_requester"):
        session.tell(worlds.a.settings("secretary"))
        for case in worlds.b.cases.values():
            assert session.ask(f"SELECT * FROM {function}(%s, '回访')", case) == []
        session.tell({})
        assert session.ask(f"SELECT * FROM {function}(%s, '回访')", worlds.a.cases["plain"]) == []
        session.connection.commit()
    assert ask_log(owner, worlds) == before
