"""A plain town for the patterns: a square lattice of cells with households, and cases drawn by them alone."""

from dataclasses import dataclass

import numpy as np

from geo.patterns.neighbours import Flags, Floats, Neighbours, link_within

CELL_M = 50.0


@dataclass(frozen=True)
class LatticeTown:
    """Cells row by row from the south-west; a third of them have no households."""

    x_m: Floats
    y_m: Floats
    households: Floats
    neighbours: Neighbours

    def draw_quiet(self, chance: np.random.Generator, expected: float) -> Floats:
        """Return cases by nothing but households: Poisson, ``expected`` in all."""
        rate = expected / self.households.sum()
        return np.asarray(chance.poisson(rate * self.households), dtype=np.float64)

    def find_around(self, cell: int, radius_m: float) -> Flags:
        away_m = np.hypot(self.x_m - self.x_m[cell], self.y_m - self.y_m[cell])
        return np.asarray(away_m <= radius_m)

    def plant(
        self,
        chance: np.random.Generator,
        expected: float,
        ratio: float,
        radius_m: float = 75.0,
        spots: int = 1,
    ) -> tuple[Floats, list[Flags]]:
        """Return quiet cases with spots of a higher rate, and where these are."""
        factor, places = np.ones(len(self.households)), []
        middles = np.flatnonzero((self.households > 20) & self.is_inside())
        for cell in chance.choice(middles, spots, replace=False):
            places.append(self.find_around(int(cell), radius_m))
            factor[places[-1]] = ratio
        rate = expected / self.households.sum()
        return chance.poisson(rate * factor * self.households).astype(np.float64), places

    def is_inside(self) -> Flags:
        far_m = self.x_m.max() - 2 * CELL_M
        inside = (
            (self.x_m >= 2 * CELL_M) & (self.x_m <= far_m) & (self.y_m >= 2 * CELL_M) & (self.y_m <= far_m)
        )
        return np.asarray(inside)


def build_town(size: int = 45, seed: int = 0, *, households: float = 13_000) -> LatticeTown:
    chance = np.random.default_rng(seed)
    side_m = np.arange(size) * CELL_M
    x_m, y_m = np.tile(side_m, size), np.repeat(side_m, size)
    weight = chance.lognormal(0, 0.8, size**2) * (chance.random(size**2) > 1 / 3)
    homes = np.round(households * weight / weight.sum())
    return LatticeTown(x_m, y_m, homes, link_within(x_m, y_m, 1.5 * CELL_M))
