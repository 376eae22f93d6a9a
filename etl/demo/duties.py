"""The duty matrix (权责清单) of a demo community: who owes which kind of work where."""

from collections.abc import Iterator
from dataclasses import dataclass

from etl.demo.people import DEPARTMENTS, People
from etl.demo.year.mixture import read_categories

# Who does outside, where no other is named, what a property company does inside; by group of categories.
_OUTSIDE = {"E1": "环卫", "E2": "城", "E3": "城", "E4": "消", "E5": "街", "E6": "街", "E8": "街"}


@dataclass(frozen=True)
class Duty:
    """One rule; parties are positions in the community's list, -1 for none."""

    category: str | None
    place_type: str | None
    lead: int
    supervisor: int
    helper: int
    basis: str

    @property
    def lead_kind(self) -> str:
        """How the lead is found: without a party it is the property company of the compound."""
        return "party" if self.lead >= 0 else "compound_property_company"


def list_duties(people: People, code: str) -> list[Duty]:
    """Return the rules of a community in order.

    What falls to property companies is theirs in the compounds that have one, the residents' committee's in
    three-no compounds, and a department's outside. The last rule takes what the others do not name.
    """
    party_of = {word: people.find(f"{code}-{key}") for key, (_, word) in DEPARTMENTS.items()}
    committee, office = people.find(f"{code}-RC"), party_of["街"]
    party_of |= {"社": committee, "物": -1}

    def give(category: str | None, place_type: str | None, lead: int, helper: int, basis: str) -> Duty:
        supervisor = committee if lead < 0 else -1 if lead == office else office
        return Duty(category, place_type, lead, supervisor, -1 if helper == lead else helper, basis)

    def divide() -> Iterator[Duty]:
        for category, facts in read_categories().items():
            if not facts.leads:
                continue
            first, second = facts.leads[0], next(iter(facts.leads[1:]), None)
            helper = -1 if second is None else party_of[second]
            if first == "物":
                outside = party_of[second or _OUTSIDE[category[:-2]]]
                yield give(category, "managed_compound", -1, helper, "物业服务合同（演示）")
                yield give(category, "three_no_compound", committee, outside, "无物业小区由社区兜底（演示）")
                yield give(category, None, outside, -1, "权责清单（演示）")
            else:
                yield give(category, None, party_of[first], helper, "权责清单（演示）")
        yield give(None, None, committee, -1, "首接负责（演示）")

    return list(divide())
