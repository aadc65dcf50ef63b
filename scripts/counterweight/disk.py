"""What must have reached the disk before the next step may rely on it."""

import os


def flush(path):
    """Wait until the file, or what a folder lists, is on the disk and not in some cache."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
