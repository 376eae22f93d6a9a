"""What may stand on a shared screen: never what would tell of one case, alone or by comparing two answers.

The rule
--------
A cell with fewer than k cases is hidden. That alone protects nobody: who asks for January to March and then
for January to April, or for all matters and then for all but one, subtracts and has the one case. So on
shared screens

1. all answers are made of *atoms*, laid down once for the installation: a cell of the one shared unit × a
   calendar block that is over (a quarter, unless set) × a group of categories;
2. an atom with fewer than k distinct cases is hidden. Nought is hidden as well: it looks like k − 1;
3. every answer, whatever is asked, is worked out from whole atoms that are shown: counts, rates, totals,
   smooth density, hot spots (from the counts of :meth:`Atoms.fill`, which puts into hidden atoms what the
   shown ones let expect).

Whatever anybody works out from any number of answers is therefore worked out from the shown atoms. What one
answer has beyond another that it contains is a sum of atoms too: nothing, or k cases and more. Two towns that
differ only in atoms of fewer than k cases give the same answers to every question, so no answers can tell
them apart. No chance is involved and nothing is blurred; what is shown is true.

Rounding was not chosen: where one more case lifts a number to the next step, two filters show that it was
there. Nor were numbers perturbed by the keys of their cases: two answers that differ show that a case lies
between them.

The limits
----------
- Filters finer than atoms (hours, weekdays, sources, single categories, days, another unit) have no answer on
  shared screens: hexagons and grids of the same cases together would give differences. One unit, laid down.
- The block that still runs is not shown: a count that rises while one looks on tells of a case.
- A case entered, moved or withdrawn after its block is over changes the atom by one; who kept the old picture
  sees it.
- Sums say "at least": what is hidden is missing in them. The exact number of all cases must not stand beside.
- Distinct cases, not distinct people: five cases of one household are five. Sensitive ones never come here.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.patterns.neighbours import Floats, Ints

LEAST_CASES: Final = 5
# A year is whole blocks, so that years can be shown as well.
BLOCK_MONTHS: Final = 3
# Each round comes nearer to the likeliest rate; so many are near enough.
_ROUNDS: Final = 60


@dataclass(frozen=True)
class Atoms:
    """What may be shown: n cells × blocks × groups.

    Attributes:
        shown: distinct cases, 0 where there are fewer than ``least``.
        least: k.
    """

    shown: Ints
    least: int

    def answer(self, blocks: slice | Ints | None = None, groups: slice | Ints | None = None) -> Ints:
        """Return the cases of each cell that may be told, n; 0 only says "fewer than k in each atom".

        Args:
            blocks: positions of the blocks asked for, all unless given.
            groups: positions of the groups of categories, all unless given.
        """
        every = slice(None)
        of_blocks = self.shown[:, every if blocks is None else blocks]
        return np.asarray(of_blocks[:, :, every if groups is None else groups].sum(axis=(1, 2)))

    def fill(self, at_risk: Floats) -> Floats:
        """Return cases with hidden atoms filled by what is to be expected there, cells × blocks × groups.

        Nothing goes into it but what is shown and who lives there: the rate of each block and group is the
        likeliest under which the shown atoms have their cases and the hidden ones fewer than k. Left at
        nought, they would make every shown cell look hotter than it is.

        Args:
            at_risk: n households, residents or merchants.
        """
        filled = self.shown.astype(np.float64)
        is_hidden = self.shown == 0
        people = np.asarray(at_risk, dtype=np.float64)[:, None, None]
        for _ in range(_ROUNDS):
            expected = filled.sum(axis=0) / max(people.sum(), 1e-300) * people
            # The mean of a Poisson number that is known to be less than k.
            under = special.pdtr(self.least - 2, expected) / special.pdtr(self.least - 1, expected)
            filled = np.where(is_hidden, expected * under, self.shown)
        return filled


def number_blocks(day: npt.NDArray[np.datetime64], months: int = BLOCK_MONTHS) -> Ints:
    """Return the calendar block of each day, counted from 1970.

    Args:
        day: dates in the community's time.
        months: months of a block: 1, 2, 3, 4, 6 or 12.
    """
    return np.asarray(day.astype("datetime64[M]").astype(np.int64) // months)


def hide_few(
    cell: Ints, block: Ints, group: Ints, case: Ints, *, shape: tuple[int, int, int], least: int = LEAST_CASES
) -> Atoms:
    """Count distinct cases by atom and hide the small ones.

    Args:
        cell: cell of each row, −1 for none.
        block: its block, as a position from 0; −1 for none, and for the block that still runs.
        group: its group of categories; −1 for none.
        case: its case; rows of one case in one atom count once.
        shape: cells, blocks, groups.
        least: k, the fewest cases shown.
    """
    is_in = (cell >= 0) & (block >= 0) & (group >= 0)
    atom = np.ravel_multi_index((cell[is_in], block[is_in], group[is_in]), shape)
    once = np.unique(np.column_stack([atom, case[is_in]]), axis=0)[:, 0]
    counts = np.bincount(once, minlength=int(np.prod(shape))).reshape(shape)
    return Atoms(np.where(counts >= least, counts, 0).astype(np.int64), least)
