# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""awx.awx 24.6.1 for the tests: Galaxy's own is in the package `ansible` on PyPI, of which only that folder is kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from lab.processes import REPOSITORY

WHEEL, VERSION = "ansible==12.3.0", "24.6.1"
FOLDER = REPOSITORY / "build/awx-collection"
INSIDE = "ansible_collections/awx/awx/"
LIMIT_S = 600.0


def collections_path() -> Path:
    """The folder with ansible_collections/awx/awx in it, fetched once (50 MB); CalledProcessError where PyPI cannot be reached."""
    if not (FOLDER / VERSION).is_file():
        shutil.rmtree(FOLDER, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=REPOSITORY / "build") as fetched:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", fetched, WHEEL]
            subprocess.run(pip, check=True, timeout=LIMIT_S, capture_output=True)
            (wheel,) = Path(fetched).glob("ansible-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(FOLDER, [name for name in archive.namelist() if name.startswith(INSIDE)])
        (FOLDER / VERSION).touch()
    return FOLDER
