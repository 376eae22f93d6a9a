"""The settings of the private server: a desk machine that runs other things too."""

import shutil
from pathlib import Path

import psutil

_MIB = 2**20


def choose_server_settings(*, durable: bool) -> dict[str, str]:
    """Return the settings by name.

    Args:
        durable: False gives up crash safety for speed, for throw-away clusters.
    """
    memory_mib = psutil.virtual_memory().total // _MIB
    shm = Path("/dev/shm")  # noqa: S108 - looked at, not written to
    settings = {
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        # A table below a quarter of it, as a million incidents are, is read once for its indexes and keys.
        "shared_buffers": f"{min(max(memory_mib // 8, 64), 2048)}MB",
        "effective_cache_size": f"{memory_mib // 2}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": f"{min(max(memory_mib // 16, 64), 512)}MB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        "wal_compression": "on",
        # Nothing replicates a private cluster, and without replication bulk loads need not be written twice.
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "random_page_cost": "1.1",
        # Map queries are short; compiling them takes longer than running them.
        "jit": "off",
        # Containers often have 64 MB here, too little for one parallel join.
        "dynamic_shared_memory_type": (
            "posix" if shm.is_dir() and shutil.disk_usage(shm).total >= 512 * _MIB else "mmap"
        ),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        # Neither statements nor their values: names and phone numbers have no place in a log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    if not durable:
        # Autovacuum off: its workers would hold the template database while tests clone it.
        settings |= {
            "shared_buffers": "128MB",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
        }
    return settings
