"""The dashboard with screens that look at the data with every request, so that weeks pass in minutes."""

import sys
from pathlib import Path

from streamlit.web.cli import main

import dashboard
from dashboard.routes import wall_frames
from geo.operations import recalling

if __name__ == "__main__":
    wall_frames.LOOK_S = 0.0  # type: ignore[misc]
    wall_frames._PATIENCE = 0  # type: ignore[misc]
    recalling._PATIENCE = 0  # type: ignore[misc]
    sys.argv = ["streamlit", "run", str(Path(dashboard.__file__).with_name("server.py")), *sys.argv[1:]]
    main()
