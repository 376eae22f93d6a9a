"""Where PostgreSQL's programs are on this machine."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from geo.errors import ConfigurationError, PostgisMissing

OLDEST_POSTGRESQL = 15
OLDEST_POSTGIS = (3, 3)


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one PostgreSQL version.

    Attributes:
        folder: where they are.
        major: the major version.
        has_postgis: whether PostGIS is installed for this version.
    """

    folder: Path
    major: int
    has_postgis: bool

    @property
    def is_supported(self) -> bool:
        """Whether Wangge makes new clusters with this version."""
        return self.major >= OLDEST_POSTGRESQL

    def path(self, name: str) -> Path:
        """Return the path of one program."""
        return self.folder / name


def find_programs(major: int | None = None) -> Programs:
    """Find the newest PostgreSQL server programs that have PostGIS.

    Args:
        major: the only version that will do, because data made with it exist already.

    Raises:
        PostgisMissing: there are none; the message holds the command that installs them.
    """
    found = sorted(_list_programs(), key=lambda programs: programs.major, reverse=True)
    for programs in found:
        if programs.has_postgis and (programs.major == major or (major is None and programs.is_supported)):
            return programs
    if major:
        msg = (
            f"the data were made with PostgreSQL {major}, which is not here with PostGIS: "
            f"{_install_command()} postgresql-{major}-postgis-3"
        )
        raise PostgisMissing(msg)
    package = "postgresql-postgis"
    if found and found[0].is_supported:
        package = f"postgresql-{found[0].major}-postgis-3"
    msg = (
        f"PostgreSQL with PostGIS is not installed: {_install_command()} {package} (without apt: PostgreSQL "
        f"{OLDEST_POSTGRESQL} or newer with PostGIS {'.'.join(map(str, OLDEST_POSTGIS))} or newer)"
    )
    raise PostgisMissing(msg)


def find_client(name: str, major: int) -> Path:
    """Find a client program such as ``pg_dump`` that is at least as new as the server.

    Args:
        name: the program.
        major: the server's major version.

    Raises:
        ConfigurationError: there is none; the message holds the command that installs it.
    """
    for folder in _list_folders():
        program = folder / name
        if program.is_file() and (_read_major(program) or 0) >= major:
            return program
    msg = f"{name} of PostgreSQL {major} or newer is not here: {_install_command()} postgresql-client-{major}"
    raise ConfigurationError(msg)


def _list_programs() -> Iterator[Programs]:
    for folder in _list_folders():
        if all((folder / name).is_file() for name in ("postgres", "initdb", "pg_ctl")):
            major = _read_major(folder / "postgres")
            if major:
                yield Programs(folder, major, _has_postgis(folder, major))


def _list_folders() -> Iterable[Path]:
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
    if pg_config := shutil.which("pg_config"):
        folders.append(Path(_ask(pg_config, "--bindir")))
    folders.extend(
        Path(program).resolve().parent for name in ("postgres", "pg_dump") if (program := shutil.which(name))
    )
    return dict.fromkeys(folders)


def _read_major(program: Path) -> int | None:
    version = re.search(r"\(PostgreSQL\) (\d+)", _ask(program, "--version"))
    return int(version[1]) if version else None


def _install_command() -> str:
    return "apt-get install" if os.geteuid() == 0 else "sudo apt-get install"


def _has_postgis(folder: Path, major: int) -> bool:
    if (pg_config := folder / "pg_config").is_file():
        shares = [Path(_ask(pg_config, "--sharedir"))]
    else:
        shares = [folder / "../share", folder / "../share/postgresql", Path(f"/usr/share/postgresql/{major}")]
    return any((share / "extension/postgis.control").is_file() for share in shares)


def _ask(program: str | Path, question: str) -> str:
    return subprocess.run([program, question], capture_output=True, text=True, check=True).stdout.strip()
