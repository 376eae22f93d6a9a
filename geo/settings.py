"""What an installation may decide, read from the environment (``WANGGE_…``)."""

import os
from functools import lru_cache
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from geo.errors import ConfigurationError


def _choose_data_dir() -> Path:
    # PostgreSQL drops root's rights, and the user it becomes cannot enter /root.
    return Path("/var/lib/wangge") if os.geteuid() == 0 else user_data_path("wangge")


class Settings(BaseSettings):
    """One installation's choices.

    Attributes:
        data_dir: folder of the private database cluster and everything else that must survive a restart.
        database_url: a PostgreSQL URL of a server of one's own; unset means the private cluster.
        app_database_url: the same database for the dashboard, as wangge_app or a role that may do no more;
            unset means the same address with that role's name and no password.
        host: address the dashboard listens on.
        port: TCP port of the dashboard.
        public_url: address by which other systems reach the dashboard; unset means that of the path alone.
        language: interface language before the reader chooses, ``zh`` or ``en``.
        pool_size: database connections a process works with; in a rush twice as many.
        sign_in_hours: how long one stays signed in.
        wall_sign_in_days: how long a screen on a wall does.
        most_sign_in_attempts: wrong passwords in a row after which a login must wait at their address, and
            everywhere after ten times as many.
        sign_in_lock_minutes: how long it waits.
        least_shown: fewer cases than this are not told of a place on shared screens.
        patrol_days: how long a patrol counts for a building.
        home_visit_days: how long a call at which somebody was met counts for a building.
        merchant_check_days: how long a check counts for a shop.
        record_days: how long the record of a building counts as verified.
        silent_days: of a building without a case and without a visit in so many days nothing is known.
        map_approval_number: under which the maps of this installation were approved (审图号); where there is
            none, every map says that it is a sketch.
        gcj02_export: whether layers may be taken out in GCJ-02; shifting coordinates is regulated, and only
            the installation knows whether it may.
        oidc_issuer: address of the organisation's sign-on (OpenID Connect); unset means there is none.
        oidc_client_id: what the dashboard is registered there as.
        oidc_client_secret: what it proves that with.
    """

    model_config = SettingsConfigDict(env_prefix="WANGGE_")

    data_dir: Path = Field(default_factory=_choose_data_dir)
    database_url: str | None = None
    app_database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = Field(default=8501, ge=1, le=65535)
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$")
    language: str = Field(default="zh", pattern="^(zh|en)$")
    pool_size: int = Field(default=8, ge=1, le=64)
    sign_in_hours: int = Field(default=12, ge=1, le=24 * 31)
    wall_sign_in_days: int = Field(default=365, ge=1, le=3650)
    most_sign_in_attempts: int = Field(default=5, ge=1, le=100)
    sign_in_lock_minutes: int = Field(default=15, ge=1, le=24 * 60)
    least_shown: int = Field(default=5, ge=2, le=1000)
    patrol_days: int = Field(default=30, ge=1, le=3650)
    home_visit_days: int = Field(default=90, ge=1, le=3650)
    merchant_check_days: int = Field(default=90, ge=1, le=3650)
    record_days: int = Field(default=180, ge=1, le=3650)
    silent_days: int = Field(default=60, ge=1, le=3650)
    map_approval_number: str | None = Field(default=None, pattern=r"^\w[\w()（）〔〕\[\] -]{2,38}\w$")
    gcj02_export: bool = False
    oidc_issuer: str | None = None
    oidc_client_id: str = ""
    oidc_client_secret: str = ""

    @property
    def windows(self) -> dict[str, int]:
        """For how many days a look at a place counts, by the name of the setting."""
        names = ("patrol_days", "home_visit_days", "merchant_check_days", "record_days", "silent_days")
        return {name: getattr(self, name) for name in names}


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the settings of this process, read once.

    Raises:
        ConfigurationError: a variable holds what it cannot mean.
    """
    try:
        return Settings()
    except ValidationError as refusal:
        fault = refusal.errors()[0]
        name = f"WANGGE_{'_'.join(map(str, fault['loc']))}".upper()
        msg = f"the environment variable {name} cannot be used: {fault['msg']}"
        raise ConfigurationError(msg) from refusal
