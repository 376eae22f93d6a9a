"""Which datum a file's coordinates are in: how well they fit a community under one hypothesis or another."""

import numpy as np

from etl.importing.ground import Ground, is_in_china
from geo.crs import Coordinates, SourceCrs, gauss_kruger_epsg, parse_crs

# A doubt is raised only by enough coordinates that fit another datum clearly better.
_SAMPLE = 2_000
_LEAST = 20
_GAIN = 0.2

# The datums Chinese files come in, and whose files those are.
DATUMS = {"4490": "GPS, 天地图", "gcj02": "高德, 腾讯, 微信", "bd09": "百度"}


class DatumTest:
    """How well coordinates fit the community under one datum or another."""

    def __init__(self, coordinates: Coordinates, ground: Ground) -> None:
        self._sample = coordinates[:: max(1, len(coordinates) // _SAMPLE)]
        self._ground = ground

    def exchange(self) -> "DatumTest":
        """The same test with x and y exchanged."""
        return DatumTest(self._sample[:, ::-1], self._ground)

    def is_degrees(self) -> bool:
        """Whether the numbers can be degrees."""
        return bool((np.abs(self._sample) <= 180).all())

    def is_swapped(self, source: SourceCrs) -> bool:
        """Whether most coordinates are in China only when exchanged."""
        as_given, exchanged = (
            is_in_china(source.to_stored(xy)).mean() for xy in (self._sample, self._sample[:, ::-1])
        )
        return bool(as_given < 0.5 <= exchanged)

    def share_inside(self, source: SourceCrs) -> float:
        """The share of coordinates in the community or at its edge, if they are in this system."""
        return float(self._ground.contains(source.to_stored(self._sample)).mean())

    def find_better(self, source: SourceCrs) -> str | None:
        """A sentence if the coordinates fit the community clearly better under another datum."""
        if len(self._sample) < _LEAST or not self.is_degrees():
            return None
        own = self.share_inside(source)
        shares = {name: self.share_inside(parse_crs(name)) for name in DATUMS}
        best = max(shares, key=lambda name: shares[name])
        if shares[best] < own + _GAIN:
            return None
        return (
            f"Read as {source.name}, {own:.0%} of the coordinates lie in {self._ground.name}; "
            f"as {best} ({DATUMS[best]}) it would be {shares[best]:.0%}. "
            f"If the file is from there, import it again with --crs {best}."
        )

    def advise(self) -> str:
        """What to do about coordinates of unknown datum."""
        choices = ", ".join(f"--crs {name} ({whose})" for name, whose in DATUMS.items())
        if not self.is_degrees():
            zone = self._guess_zone()
            return f"they are metres: add --crs with the EPSG number of the drawing, such as {zone}"
        shares = {name: self.share_inside(parse_crs(name)) for name in DATUMS}
        if len(self._sample) < _LEAST or max(shares.values()) - min(shares.values()) < _GAIN:
            return f"add {choices}"
        found = ", ".join(f"{share:.0%} as {name}" for name, share in shares.items())
        return f"add {choices}; of its coordinates lie in {self._ground.name}: {found}"

    def _guess_zone(self) -> int:
        x = float(np.median(self._sample[:, 0]))
        zone = int(max(x, float(np.median(self._sample[:, 1]))) // 1_000_000)
        if 25 <= zone <= 45:  # an easting of eight digits begins with its zone
            return 4513 + zone - 25
        return gauss_kruger_epsg(self._ground.plane.lon)
