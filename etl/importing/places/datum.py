"""Which coordinate system a file's numbers are in: every one they may be in, weighed by how well they fit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from etl.importing.places.fitting import Fit, Sample, measure_fit
from etl.importing.places.ground import Ground, is_in_china
from geo.crs import Coordinates, SourceCrs, gauss_kruger_epsg, parse_crs
from geo.errors import UnknownDatum

# The datums Chinese files come in, and whose files those are.
DATUMS = {"4490": "GPS, 天地图", "gcj02": "高德, 腾讯, 微信", "bd09": "百度"}

# What else is met with, and what it is called.
_LABELS = {
    "gcj02x2": "GCJ-02 applied twice",
    "gcj02+EPSG:3857": "GCJ-02 in Web Mercator: 高德, 腾讯",
    "bd09mc": "Mercator of 百度",
}

# How much likelier, as a natural logarithm: one in a thousand passes for sure, one in fifty is reason enough
# to ask. Of 2,880 sound files drawn by lot, half of them half outside, one was so unlikely. A shift that no
# system explains is nothing a person could choose, and must be plain before it is spoken of.
_SURE = 7.0
_CONTRADICTION = 4.0
# Against what nobody has said: one in a dozen.
_QUESTION = 2.5
_PLAIN = 8.0

# Where the evidence is silent the common is likelier than the strange, and the declared than the rest.
_DECLARED = 1.0
_SWAPPED = -1.0
_STRANGE = -2.0

# The shift nobody has a name for: a survey over the wrong map, a control point mistyped.
_SHIFT_M = 500.0
_BEARINGS = 16
_DIRECTIONS = ("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east")

# Two ways to read a file that put it this near to each other are one.
_SAME_M = 150.0

# The best reading must bring some of the file into the community, or most of it near: else none does.
_LEAST_SHARE = 0.05
_MOST = 0.5

_SHORT = 40

# A share that is not larger by so much convinces nobody.
_TELLING = 0.1


@dataclass(frozen=True)
class Hypothesis:
    """One way to read a file's coordinates.

    Attributes:
        crs: the coordinate system, as :func:`geo.crs.parse_crs` takes it.
        is_swapped: whether the two coordinates stand the other way round.
        weight: log-likelihood, with what is common counted as likelier; only differences mean anything.
        share_inside: the share of the coordinates in the community or at its edge, 0 to 1.
        share_near: the share of the coordinates within 3 km of it, 0 to 1.
        count: how many rows have a place.
    """

    crs: str
    is_swapped: bool
    weight: float
    share_inside: float
    share_near: float
    count: int

    @property
    def name(self) -> str:
        """The system in a word; a definition in full would fill a page."""
        return self.crs if len(self.crs) <= _SHORT else parse_crs(self.crs).name

    @property
    def label(self) -> str:
        """Whose system it is, or what it is called."""
        return DATUMS.get(self.crs) or _LABELS.get(self.crs) or parse_crs(self.crs).projection.name


@dataclass(frozen=True)
class Evidence:
    """What the positions say about their coordinate system.

    Attributes:
        hypotheses: every way to read them, the likeliest first.
        reading: the one that was declared or asked for, with the order of axes that fits; None if none was.
        is_sure: whether the reading, or the likeliest, is likelier by far than any other, and than any shift
            of 500 m.
        is_presumed: whether nobody has said the reading, and only the kind of file has it so.
        drift: the direction in which some 500 m would make a far better fit, where no system would.
        community: the community's name.
    """

    hypotheses: tuple[Hypothesis, ...]
    reading: Hypothesis | None
    is_sure: bool
    is_presumed: bool
    drift: str | None
    community: str

    @property
    def proposed(self) -> Hypothesis | None:
        """The likeliest way to read the positions; None where none brings them near the community."""
        best = self.hypotheses[0]
        is_near = best.share_inside >= _LEAST_SHARE or best.share_near >= _MOST
        return best if is_near else None

    @property
    def rival(self) -> Hypothesis | None:
        """Another way, much likelier than the reading: the evidence contradicts that."""
        best, enough = self.proposed, _QUESTION if self.is_presumed else _CONTRADICTION
        if best is None or self.reading is None or best.weight < self.reading.weight + enough:
            return None
        return best

    @property
    def challenge(self) -> str | None:
        """One sentence, if the evidence contradicts the reading."""
        rival, reading = self.rival, self.reading
        if rival is None or reading is None:
            return None
        own, better = f"{reading.share_inside:.0%}", f"{rival.share_inside:.0%}"
        challenge = (
            f"Read as {reading.name}, {own} of the coordinates lie in {self.community}; "
            f"as {rival.crs} ({rival.label}) it would be {better}."
        )
        if not self.is_told_by_share:
            challenge = (
                f"Read as {reading.name}, the places do not lie where what is known in {self.community} "
                f"says; as {rival.crs} ({rival.label}) they would."
            )
        return challenge

    @property
    def is_told_by_share(self) -> bool:
        """Whether the rival shows in how much lies inside; where it does not, finer evidence speaks."""
        rival, reading = self.rival, self.reading
        if rival is None or reading is None:
            return False
        return rival.share_inside >= reading.share_inside + _TELLING

    def advise(self) -> str:
        """What to do about coordinates of an unknown system, in the words of the command line."""
        tried = ", ".join(f"{way.share_inside:.0%} as {way.name}" for way in self.hypotheses[:3])
        choices = ", ".join(f"--crs {name} ({whose})" for name, whose in DATUMS.items())
        best = self.proposed
        if best is None:
            return f"add {choices}, or the EPSG number; none we tried brings them near {self.community}"
        if not parse_crs(best.crs).is_geographic:
            number = best.crs.removeprefix("EPSG:")
            return (
                "they are metres: add --crs with the system of the drawing, "
                f"such as {number} ({best.label}); of its coordinates lie in {self.community}: {tried}"
            )
        likeliest = f"; --crs {best.crs} fits by far the best" if self.is_sure else ""
        return f"add {choices}; of its coordinates lie in {self.community}: {tried}{likeliest}"

    def to_dict(self, at_most: int = 6) -> dict[str, Any]:
        """Describe the evidence in JSON's types, with the likeliest hypotheses."""
        best = self.proposed
        return {
            "declared": None if self.reading is None else self.reading.crs,
            "challenge": self.challenge,
            "certain": self.is_sure,
            "proposed": None if best is None else best.crs,
            "hypotheses": [
                {
                    "crs": hypothesis.crs,
                    "label": hypothesis.label,
                    "swapped": hypothesis.is_swapped,
                    "share_inside": hypothesis.share_inside,
                    "n": hypothesis.count,
                }
                for hypothesis in self.hypotheses[:at_most]
            ],
        }


def weigh_hypotheses(
    sample: Sample, ground: Ground, declared: str | None, *, is_presumed: bool = False
) -> Evidence:
    """Weigh every coordinate system a file may be in by how well its positions fit a community.

    Args:
        sample: some of the file's positions, at least one.
        ground: the community, and what is known there.
        declared: the system the file or a person says; None if neither does.
        is_presumed: whether nobody has said it, and only the kind of file has it so.

    Raises:
        UnknownDatum: the declared system is not understood.
    """
    stated = 0.0 if is_presumed else _DECLARED
    readings = [
        _Reading(sample, ground, parse_crs(crs), crs, prior)
        for crs, prior in _list(sample, ground, declared, stated)
    ]
    told_apart: list[_Reading] = []
    for reading in readings:
        if not any(reading.is_same(other) for other in told_apart):
            told_apart.append(reading)
    ranked = sorted(told_apart, key=lambda reading: -reading.weight)
    chosen = told_apart[0] if declared is not None else ranked[0]
    others = [reading.weight for reading in ranked if reading is not chosen]
    shifted = [
        chosen.weigh_shifted(bearing) + _STRANGE for bearing in np.arange(_BEARINGS) * 2 * np.pi / _BEARINGS
    ]
    best_shift = int(np.argmax(shifted))
    drifts = shifted[best_shift] >= max(ranked[0].weight, chosen.weight) + _PLAIN
    return Evidence(
        hypotheses=tuple(reading.to_hypothesis() for reading in ranked),
        reading=None if declared is None else chosen.to_hypothesis(),
        is_sure=chosen.weight >= max([*others, *shifted]) + _SURE and chosen.fit.share_inside >= _LEAST_SHARE,
        is_presumed=is_presumed,
        drift=_DIRECTIONS[round(best_shift * 8 / _BEARINGS) % 8] if drifts else None,
        community=ground.name,
    )


def _list(sample: Sample, ground: Ground, declared: str | None, stated: float) -> Iterator[tuple[str, float]]:
    """List the systems that the numbers may be in, the declared one first, with how common each is."""
    if declared is not None:
        source = parse_crs(declared)
        yield ("4490" if source.is_stored else source.name if _is_name(source.name) else declared), stated
        if not source.is_geographic and source.shift is None:
            yield f"gcj02+{declared}", _STRANGE
            yield f"bd09+{declared}", _STRANGE
    if sample.is_degrees():
        yield from (("4490", 0.0), ("gcj02", 0.0), ("bd09", -0.5), ("gcj02x2", -1.0))
        return
    lon = ground.plane.lon
    nearest = gauss_kruger_epsg(lon)
    for epsg in (nearest, nearest - 1, nearest + 1):
        if 4534 <= epsg <= 4554:
            yield f"EPSG:{epsg}", 0.0
            yield f"EPSG:{epsg - 4534 + 4513}", 0.0
    six = int(lon // 6) + 1
    for zone in (six, six - 1, six + 1):
        if 13 <= zone <= 23:
            yield f"EPSG:{zone - 13 + 4491}", 0.0
    yield f"EPSG:{32_600 + six + 30}", _STRANGE / 2
    yield from (("EPSG:3857", 0.0), ("gcj02+EPSG:3857", 0.0), ("bd09mc", 0.0))


def _is_name(name: str) -> bool:
    try:
        parse_crs(name)
    except UnknownDatum:
        return False
    return True


class _Reading:
    """A sample read in one system, in the order of axes that fits better."""

    def __init__(self, sample: Sample, ground: Ground, source: SourceCrs, crs: str, prior: float) -> None:
        self._ground, self._source, self._crs = ground, source, crs
        as_given, exchanged = self._measure(sample), self._measure(sample.exchange())
        gain = exchanged.log_likelihood + _SWAPPED - as_given.log_likelihood
        # Far from the community both are equal: then China decides.
        self.is_swapped = gain > 0 or (gain == _SWAPPED and self._is_in_china_only_exchanged(sample))
        self._sample = sample.exchange() if self.is_swapped else sample
        self.fit = exchanged if self.is_swapped else as_given
        self.weight = self.fit.log_likelihood + prior + (_SWAPPED if self.is_swapped else 0.0)

    def _measure(self, sample: Sample, move_m: Coordinates | None = None) -> Fit:
        return measure_fit(sample, self._to_metres(move_m), self._ground)

    def _to_metres(self, move_m: Coordinates | None = None) -> Callable[[Coordinates], Coordinates]:
        def convert(xy: Coordinates) -> Coordinates:
            metres = self._ground.plane.to_metres(self._source.to_stored(xy))
            return metres if move_m is None else metres + move_m

        return convert

    def _is_in_china_only_exchanged(self, sample: Sample) -> bool:
        as_given, exchanged = (
            is_in_china(self._source.to_stored(xy)).mean() for xy in (sample.xy, sample.xy[:, ::-1])
        )
        return bool(as_given < 0.5 <= exchanged)

    @cached_property
    def metres(self) -> Coordinates:
        """Where the sample lies, shape (n, 2), metres of the ground's plane."""
        return self._to_metres()(self._sample.xy)

    def is_same(self, other: "_Reading") -> bool:
        """Whether another reading puts the sample in the same place."""
        with np.errstate(invalid="ignore"):
            apart_m = np.hypot(*(self.metres - other.metres).T)
        return bool((apart_m < _SAME_M).mean() > 0.5)

    def weigh_shifted(self, bearing: float) -> float:
        """The weight that the reading would have if everything lay 500 m farther on."""
        move_m = _SHIFT_M * np.array([np.cos(bearing), np.sin(bearing)])
        return self._measure(self._sample, move_m).log_likelihood + self.weight - self.fit.log_likelihood

    def to_hypothesis(self) -> Hypothesis:
        return Hypothesis(
            crs=self._crs,
            is_swapped=self.is_swapped,
            weight=self.weight,
            share_inside=self.fit.share_inside,
            share_near=self.fit.share_near,
            count=self._sample.count,
        )
