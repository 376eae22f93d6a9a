"""Which coordinate system a file is in, guessed of files drawn by lot in five Chinese cities.

Shares of trials, beside what must be held or beside asking nothing but how much lies inside the community;
so a ratio above 1 means ours is better. Nothing here depends on the speed of the machine.
"""

from typing import Final

import numpy as np

from etl.importing.places.datum import weigh_hypotheses
from etl.importing.places.fitting import sample_points
from tests.datum_trials import BANDS_M, CITIES, draw_neighbourhood, is_flagged, propose, shift_by_lot

_TRIALS: Final = 100
_SIZES_KM2: Final = (1.0, 16.0)
_ROWS: Final = (3, 8, 25, 120, 600)
_ROUNDS: Final = 2
_MUST_PROPOSE: Final = 0.99

Row = dict[str, object]


def run(_url: str) -> list[Row]:
    """Measure; the database is not asked."""
    return [*_measure_proposals(), *_measure_flags()]


def _measure_proposals() -> list[Row]:
    rows: list[Row] = []
    for city, plane in CITIES.items():
        for band_m in BANDS_M:
            rng = np.random.default_rng([band_m, round(plane.lon * 100)])
            right = plain = 0
            for _ in range(_TRIALS):
                is_right, evidence = propose(draw_neighbourhood(plane, rng), rng, band_m)
                right += is_right
                best = max(evidence.hypotheses, key=lambda way: way.share_inside)
                plain += is_right and best.crs == evidence.hypotheses[0].crs
            name = f"system proposed, {city}, half within {band_m} m around"
            rows.append(_compare(name, _TRIALS, right / _TRIALS, _MUST_PROPOSE, "target"))
            if plain < right:
                rows.append(_compare(name, _TRIALS, right / _TRIALS, plain / _TRIALS, "share inside alone"))
    return rows


def _measure_flags() -> list[Row]:
    """How many shifted files pass in silence, and how many sound ones are refused or doubted."""
    rows: list[Row] = []
    for size_km2 in _SIZES_KM2:
        for known in (0.0, 0.5, 1.0):
            flagged = trials = challenged = doubted = 0
            rng = np.random.default_rng([round(size_km2), round(known * 10)])
            for plane in CITIES.values():
                for count in _ROWS:
                    for scatter in ("in_area", "at_houses", "on_streets", "in_clusters"):
                        for _ in range(_ROUNDS):
                            town = draw_neighbourhood(plane, rng, size_km2)
                            ground = town.make_ground(known, rng)
                            if scatter == "in_area":
                                metres = town.scatter_in(town.area, count, rng)
                            else:
                                metres = getattr(town, f"scatter_{scatter}")(count, rng)
                            shifted = sample_points(shift_by_lot(rng)(plane, metres))
                            flagged += is_flagged(weigh_hypotheses(shifted, ground, "4490"))
                            sound = weigh_hypotheses(sample_points(plane.to_degrees(metres)), ground, "4490")
                            challenged += sound.rival is not None or sound.drift is not None
                            doubted += not sound.is_sure
                            trials += 1
            where = f"{size_km2:g} km², {known:.0%} of the houses known"
            rows += [
                _compare(f"shift of 500 m flagged, {where}", trials, flagged / trials, 1.0, "target"),
                _compare(
                    f"sound file not challenged, {where}", trials, 1 - challenged / trials, 0.99, "target"
                ),
                _compare(
                    f"sound file without a doubt, {where}", trials, 1 - doubted / trials, 0.5, "about half"
                ),
            ]
    return rows


def _compare(name: str, count: int, ours: float, peer: float, peer_name: str) -> Row:
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": ours / peer if peer else float("inf"),
        "unit": "share",
        "n": count,
    }
