"""The words of the interface: a catalogue a language, ``zh.po`` and ``en.po``, keyed by their purpose."""

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from geo.settings import get_settings

LANGUAGES: Final = ("zh", "en")
_LOCALES: Final = {"zh": "zh_Hans_CN", "en": "en_GB"}
_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")


class Text:
    """Speaks one language: ``text("map.title")``, ``text("count.buildings", n=12)``.

    Attributes:
        language: ``zh`` or ``en``.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = load_catalogue(language)
        self._locale = _LOCALES[language]

    def __call__(self, key: str, *, n: int | None = None, **values: object) -> str:
        """Return the string of a key; ``n`` chooses the plural form and stands in the string as ``{n}``.

        For how many days a look at a place counts stands in it by the name of the setting.
        """
        if n is None:
            return self._catalogue.gettext(key).format(**get_settings().windows, **values)
        return self._catalogue.ngettext(key, key, n).format(n=self.number(n), **values)

    def number(self, value: float, *, digits: int = 0) -> str:
        """Write a number with thousands separators and at most ``digits`` decimals."""
        return format_decimal(round(value, digits), locale=self._locale)

    def join(self, parts: Sequence[str]) -> str:
        """Join short facts into one line."""
        return " · ".join(parts)

    def moment(self, at: datetime) -> str:
        """Write a moment to the minute, as clocks in China show it."""
        return format_datetime(at, "yyyy-MM-dd HH:mm", tzinfo=_TIME_ZONE, locale=self._locale)

    def day(self, at: datetime) -> str:
        """Write the day of a moment in China, without the year."""
        skeleton = {"zh": "M月d日", "en": "d MMM"}[self.language]
        return format_date(at.astimezone(_TIME_ZONE), skeleton, locale=self._locale)

    def month(self, day: date) -> str:
        """Write the month of a day, with its year."""
        return format_date(day, {"zh": "y年M月", "en": "MMM y"}[self.language], locale=self._locale)

    def weekday(self, at: datetime) -> str:
        """Write the day of the week of a moment in China."""
        return format_date(at.astimezone(_TIME_ZONE), "EEE", locale=self._locale)

    def clock(self, at: datetime) -> str:
        """Write the time of day of a moment in China."""
        return f"{at.astimezone(_TIME_ZONE):%H:%M}"


@lru_cache
def load_catalogue(language: str) -> GNUTranslations:
    """Read and compile the catalogue of a language."""
    with (files(__package__) / f"{language}.po").open("rb") as source:
        catalogue = read_po(source, locale=_LOCALES[language])
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
