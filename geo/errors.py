"""Everything that can be refused, as one tree.

A message is one sentence for a person: what is wrong, where, and what to do about it.

    WanggeError
    ├── ConfigurationError      a setting, a folder or a program is not as it must be
    ├── DatabaseUnavailable     the database cannot be used as it stands
    │   ├── PostgisMissing      the server has no PostGIS, or one too old
    │   └── MigrationPending    the schema is older or newer than this program
    ├── InputRefused            a file or a value cannot be taken in
    │   ├── UnreadableFile      the file is damaged, empty, or not of the kind its name says
    │   ├── UnknownDatum        nothing says which coordinate system the numbers are in
    │   └── DatumContradicted   the places lie elsewhere than the coordinate system that is declared puts them
    ├── NotSignedIn             nobody knows yet who asks
    ├── Forbidden               whoever asks may not do or see this
    ├── Conflict                somebody else changed the same thing first
    └── NotFound                there is no such thing
"""


class WanggeError(Exception):
    """Something was refused; the message is one sentence for a person."""


class ConfigurationError(WanggeError):
    """A setting, a folder or a program is not as it must be."""


class DatabaseUnavailable(WanggeError):
    """The database cannot be used as it stands."""


class PostgisMissing(DatabaseUnavailable):
    """The server has no PostGIS, or one too old."""


class MigrationPending(DatabaseUnavailable):
    """The schema is older or newer than this program."""


class InputRefused(WanggeError):
    """A file or a value cannot be taken in."""


class UnreadableFile(InputRefused):
    """The file is damaged, empty, or not of the kind its name says."""


class UnknownDatum(InputRefused):
    """Nothing says which coordinate system the numbers are in."""


class DatumContradicted(InputRefused):
    """The places lie elsewhere than the coordinate system that is declared puts them."""


class NotSignedIn(WanggeError):
    """Nobody knows yet who asks."""


class Forbidden(WanggeError):
    """Whoever asks may not do or see this."""


class Conflict(WanggeError):
    """Somebody else changed the same thing first."""


class NotFound(WanggeError):
    """There is no such thing."""
