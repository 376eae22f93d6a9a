"""The installation's data folder: everything that must survive a restart lies in it."""

import os
from pathlib import Path

from geo.errors import ConfigurationError


def make_data_dir(data_dir: Path) -> None:
    """Make the installation's data folder unless it is there already.

    Raises:
        PermissionError: the parent folder belongs to somebody else.
        ConfigurationError: no folder can be there.
    """
    if not data_dir.is_dir():
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
        except (NotADirectoryError, FileExistsError, FileNotFoundError) as refusal:
            msg = f"{data_dir} cannot be a data folder: set WANGGE_DATA_DIR to a folder of your own"
            raise ConfigurationError(msg) from refusal
        # Root's server runs as another user, who must be able to pass through.
        data_dir.chmod(0o711 if os.geteuid() == 0 else 0o700)
