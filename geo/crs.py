"""Coordinate systems: naming them, and bringing coordinates into the one the database stores.

Everything is stored in EPSG:4490 (CGCS2000 longitude, latitude in degrees); WGS-84 is treated as equal, the
difference being far below the accuracy of our data. PROJ does not know GCJ-02 and BD-09: they are WGS-84 with
a smooth distortion of 300-700 m (GCJ-02) or about 1.2 km (BD-09), undone here by iteration to better than
1e-6 m. Either may lie under a projection, as when somebody draws over a map service's pictures. Coordinates
are always in the order x, y (longitude, latitude), as float64.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import ProjError

from geo.errors import UnknownDatum

STORE_SRID = 4490

Coordinates = npt.NDArray[np.float64]
Shift = Literal["gcj02", "bd09", "gcj02x2"]

# The box inside which Chinese map services distort; outside it their coordinates are plain WGS-84.
_SHIFTED_LON = (72.004, 137.8347)
_SHIFTED_LAT = (0.8293, 55.8271)

# Krassovsky 1940, the ellipsoid of the published GCJ-02 formula.
_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_2 = 0.00669342162296594323

_BD_PI = np.pi * 3000.0 / 180.0

# 1e-12 degrees is 1e-7 m: a tenth of what we promise.
_INVERSE_TOLERANCE_DEG = 1e-12
_INVERSE_MAX_STEPS = 30

_ALIASES = {
    "wgs84": "EPSG:4326",
    "wgs1984": "EPSG:4326",
    "crs84": "EPSG:4326",
    "cgcs2000": "EPSG:4490",
    "2000": "EPSG:4490",
    "beijing54": "EPSG:4214",
    "xian80": "EPSG:4610",
}
_SHIFTS: dict[str, Shift] = {
    "gcj02": "gcj02",
    "gcj": "gcj02",
    "amap": "gcj02",
    "gaode": "gcj02",
    "高德": "gcj02",
    "火星": "gcj02",
    "bd09": "bd09",
    "bd": "bd09",
    "baidu": "bd09",
    "百度": "bd09",
    "bd09ll": "bd09",
    "gcj02x2": "gcj02x2",
}
# Baidu's own Mercator is published as tables of polynomials; an ellipsoidal one on Clarke's figure of 1866 is
# the same to 0.2 m.
_BAIDU_MERCATOR = "+proj=merc +ellps=clrk66 +units=m +no_defs +type=crs"
_BAIDU_MERCATOR_NAMES = ("bd09mc", "baidumercator", "百度墨卡托")
# PROJ also searches by name and would take “beijing” for some system of that name: only exact forms pass.
_EXACT_FORM = re.compile(r"(EPSG|ESRI|OGC|urn:ogc:def:crs):\S+$|\w+\[|\+proj=", re.IGNORECASE)
# A definition may name a file of grid shifts or of other definitions, which PROJ would open wherever it lies.
_NO_GRIDS = re.compile(r"\+nadgrids=@null\b", re.IGNORECASE)
_NAMES_FILE = re.compile(
    r"proj4_grids|grids\s*=|parameterfile\s*[\[(]|[\s+\"](init|file|model|catalog)\s*=", re.IGNORECASE
)
_SAME_AS_STORED = (4326, 4490)
_OLD_DATUMS = (4214, 4555, 4610)


def _is_shifted_area(lon: Coordinates, lat: Coordinates) -> npt.NDArray[np.bool_]:
    in_lon = (lon >= _SHIFTED_LON[0]) & (lon <= _SHIFTED_LON[1])
    return in_lon & (lat >= _SHIFTED_LAT[0]) & (lat <= _SHIFTED_LAT[1])


def _gcj02_offset(lon: Coordinates, lat: Coordinates) -> tuple[Coordinates, Coordinates]:
    """The published GCJ-02 distortion at a WGS-84 position, in degrees."""
    x, y = lon - 105.0, lat - 35.0
    root = 0.1 * np.sqrt(np.abs(x))
    wave_x = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    d_lat = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 2.0 * root
    d_lat += (wave_x + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * (2.0 / 3.0)
    d_lat += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * (2.0 / 3.0)
    d_lon = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + root
    d_lon += (wave_x + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * (2.0 / 3.0)
    d_lon += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * (2.0 / 3.0)
    radians = np.radians(lat)
    flattening = 1.0 - _ECCENTRICITY_2 * np.sin(radians) ** 2
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_2) / (flattening * np.sqrt(flattening))
    parallel_m = _SEMI_MAJOR_M / np.sqrt(flattening) * np.cos(radians)
    return np.degrees(d_lon / parallel_m), np.degrees(d_lat / meridian_m)


def _bd09_offset(lon: Coordinates, lat: Coordinates) -> tuple[Coordinates, Coordinates]:
    """The published BD-09 distortion at a GCJ-02 position, in degrees."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_PI)
    return radius * np.cos(angle) + 0.0065 - lon, radius * np.sin(angle) + 0.006 - lat


_Offset = Callable[[Coordinates, Coordinates], tuple[Coordinates, Coordinates]]


def _distort(xy: Coordinates, offset: _Offset) -> Coordinates:
    shifted = np.array(xy, dtype=np.float64)
    inside = _is_shifted_area(shifted[:, 0], shifted[:, 1])
    d_lon, d_lat = offset(shifted[inside, 0], shifted[inside, 1])
    shifted[inside, 0] += d_lon
    shifted[inside, 1] += d_lat
    return shifted


def _undistort(xy: Coordinates, offset: _Offset) -> Coordinates:
    # Fixed-point iteration p = q - offset(p): the distortion changes by less than 2 % of a step.
    true = np.array(xy, dtype=np.float64)
    inside = _is_shifted_area(true[:, 0], true[:, 1])
    target = true[inside]
    guess = target.copy()
    for _ in range(_INVERSE_MAX_STEPS):
        d_lon, d_lat = offset(guess[:, 0], guess[:, 1])
        following = target - np.column_stack((d_lon, d_lat))
        step = np.abs(following - guess).max(initial=0.0)
        guess = following
        if step < _INVERSE_TOLERANCE_DEG:
            break
    true[inside] = guess
    return true


def wgs84_to_gcj02(xy: Coordinates) -> Coordinates:
    """Distort WGS-84 longitude, latitude of shape (n, 2) in degrees to GCJ-02; outside China all stay."""
    return _distort(xy, _gcj02_offset)


def gcj02_to_wgs84(xy: Coordinates) -> Coordinates:
    """Undo GCJ-02 to better than 1e-6 m; shape (n, 2), degrees; outside China all stay."""
    return _undistort(xy, _gcj02_offset)


def gcj02_to_bd09(xy: Coordinates) -> Coordinates:
    """Distort GCJ-02 longitude, latitude of shape (n, 2) in degrees to BD-09; outside China all stay."""
    return _distort(xy, _bd09_offset)


def bd09_to_gcj02(xy: Coordinates) -> Coordinates:
    """Undo BD-09's own part to better than 1e-6 m; shape (n, 2), degrees; outside China all stay."""
    return _undistort(xy, _bd09_offset)


def wgs84_to_bd09(xy: Coordinates) -> Coordinates:
    """Distort WGS-84 longitude, latitude of shape (n, 2) in degrees to BD-09."""
    return gcj02_to_bd09(wgs84_to_gcj02(xy))


def bd09_to_wgs84(xy: Coordinates) -> Coordinates:
    """Undo BD-09 to better than 1e-6 m; shape (n, 2), degrees."""
    return gcj02_to_wgs84(bd09_to_gcj02(xy))


def gcj02x2_to_wgs84(xy: Coordinates) -> Coordinates:
    """Undo GCJ-02 twice, for what somebody distorted a second time; shape (n, 2), degrees."""
    return gcj02_to_wgs84(gcj02_to_wgs84(xy))


_UNDO: Mapping[Shift, Callable[[Coordinates], Coordinates]] = {
    "gcj02": gcj02_to_wgs84,
    "bd09": bd09_to_wgs84,
    "gcj02x2": gcj02x2_to_wgs84,
}


@dataclass(frozen=True)
class SourceCrs:
    """The coordinate system some coordinates are in.

    Attributes:
        name: what to call it in a report: ``EPSG:4490``, ``gcj02``, ``gcj02+EPSG:3857``, or a WKT's own name.
        definition: what PROJ understands; of GCJ-02 and BD-09 the WGS-84 they distort, or a projection of it.
        shift: the distortion to undo once the coordinates are degrees, if any.
    """

    name: str
    definition: str
    shift: Shift | None = None

    @cached_property
    def projection(self) -> pyproj.CRS:
        """The system as PROJ sees it."""
        return pyproj.CRS.from_user_input(self.definition)

    @cached_property
    def is_stored(self) -> bool:
        """Whether coordinates need no change to be stored."""
        return self.shift is None and self.projection.to_epsg() in _SAME_AS_STORED

    @cached_property
    def is_approximate(self) -> bool:
        """Whether the way to EPSG:4490 is not public: Beijing 54 and Xian 80 land tens of metres off."""
        return _base_epsg(self.definition) in _OLD_DATUMS

    @property
    def is_geographic(self) -> bool:
        """Whether the numbers are degrees."""
        return bool(self.projection.is_geographic)

    def to_stored(self, xy: Coordinates) -> Coordinates:
        """Bring x, y of shape (n, 2), in this system's units, to EPSG:4490 degrees (longitude, latitude).

        A coordinate outside the system's own domain becomes infinite, as PROJ has it.
        """
        if self.is_stored:
            return xy
        if not self.is_geographic or self.shift is None:
            xy = np.column_stack(_transformer(self.definition).transform(xy[:, 0], xy[:, 1]))
        return xy if self.shift is None else _UNDO[self.shift](xy)

    def geometry_to_stored(self, geometry: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Bring an array of shapely geometries (None allowed) from this system to EPSG:4490."""
        if self.is_stored:
            return geometry
        moved: npt.NDArray[Any] = shapely.transform(geometry, self.to_stored)
        return moved


def _base_epsg(definition: str) -> int | None:
    # Names inside a Shapefile's .prj differ from EPSG's own, which costs PROJ some confidence.
    base = pyproj.CRS.from_user_input(definition).geodetic_crs
    return None if base is None else base.to_epsg(min_confidence=25)


@lru_cache(maxsize=16)
def _transformer(definition: str) -> pyproj.Transformer:
    # PROJ knows no way between WGS-84 and CGCS2000: each family goes to its own, which we treat as equal.
    target = 4490 if _base_epsg(definition) == 4490 else 4326
    return pyproj.Transformer.from_crs(definition, target, always_xy=True)


def names_file(definition: str) -> bool:
    """Whether a coordinate system is defined by another file, which PROJ would open wherever it lies."""
    return bool(_NAMES_FILE.search(_NO_GRIDS.sub("", definition)))


@lru_cache(maxsize=64)
def parse_crs(text: str) -> SourceCrs:
    """Understand the name of a coordinate system.

    Args:
        text: ``gcj02``, ``bd09``, ``bd09mc``, ``wgs84``, ``cgcs2000``, an EPSG number with or without
            ``EPSG:``, WKT, or a projection of distorted degrees such as ``gcj02+3857``.

    Raises:
        UnknownDatum: the name is not understood, or the system has no known tie to the Earth.
    """
    key = re.sub(r"[\s_\-]", "", text).lower()
    if key in _SHIFTS:
        return SourceCrs(_SHIFTS[key], "EPSG:4326", _SHIFTS[key])
    if key in _BAIDU_MERCATOR_NAMES:
        return SourceCrs("bd09mc", _BAIDU_MERCATOR, "bd09")
    shift, mark, projected = text.partition("+")
    if mark and shift.strip().lower() in _SHIFTS:
        base = parse_crs(projected)
        kind = _SHIFTS[shift.strip().lower()]
        return SourceCrs(f"{kind}+{base.name}", base.definition, kind)
    definition = _ALIASES.get(key, f"EPSG:{key}" if key.isdigit() else text.strip())
    is_exact = _EXACT_FORM.match(definition) and not names_file(definition)
    try:
        projection = pyproj.CRS.from_user_input(definition if is_exact else "")
        _transformer(definition)
    except ProjError:
        shown = text.strip()[:60]
        message = (
            f"Coordinate system “{shown}” cannot be tied to the map; "
            "name it as gcj02, bd09, or by its EPSG number such as 4490 or 4545."
        )
        raise UnknownDatum(message) from None
    epsg = projection.to_epsg()
    return SourceCrs(f"EPSG:{epsg}" if epsg else projection.name, definition)


@dataclass(frozen=True)
class LocalPlane:
    """A flat metre grid around a place: within 5 km of it lengths are right to 0.1 %.

    Attributes:
        lon: longitude of the place in degrees.
        lat: latitude of the place in degrees.
    """

    lon: float
    lat: float

    def to_metres(self, xy: Coordinates) -> Coordinates:
        """Bring EPSG:4490 degrees of shape (n, 2) to metres east and north of the place."""
        return (xy - (self.lon, self.lat)) * self._metres_per_degree

    def to_degrees(self, xy: Coordinates) -> Coordinates:
        """Bring metres east and north of the place, of shape (n, 2), to EPSG:4490 degrees."""
        return xy / self._metres_per_degree + (self.lon, self.lat)

    def geometry_to_metres(self, geometry: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Bring an array of shapely geometries (None allowed) from EPSG:4490 to the plane."""
        moved: npt.NDArray[Any] = shapely.transform(geometry, self.to_metres)
        return moved

    @cached_property
    def _metres_per_degree(self) -> tuple[float, float]:
        ellipsoid = pyproj.Geod(ellps="GRS80")
        step = 0.01
        east = ellipsoid.inv(self.lon - step, self.lat, self.lon + step, self.lat)[2]
        north = ellipsoid.inv(self.lon, self.lat - step, self.lon, self.lat + step)[2]
        return float(east / (2 * step)), float(north / (2 * step))


def gauss_kruger_epsg(lon: float) -> int:
    """The EPSG number (4534-4554) of the CGCS2000 3° Gauss-Krüger system whose meridian is nearest.

    Eastings have six digits around 500,000 m, without a zone prefix.

    Args:
        lon: longitude in degrees, 73.5 to 136.5.

    Raises:
        ValueError: China has no such zone.
    """
    zone = int((lon + 1.5) // 3)
    if lon == 136.5:  # the eastern edge belongs to the last zone
        zone = 45
    if not 25 <= zone <= 45:
        message = f"longitude {lon} is outside China's Gauss-Krüger zones (73.5 to 136.5)"
        raise ValueError(message)
    return zone - 25 + 4534
