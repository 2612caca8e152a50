# Copyright: (c) 2026, lineops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a stand-in for get-pip.py where ansible-test looks for it, if nothing is there yet.

ansible-test makes its environments without pip and downloads get-pip.py from a host that a machine with nothing but
package registries cannot reach. A file in its cache is taken instead. A file that is there already is left alone.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

CACHE = Path("~/.ansible/test/cache").expanduser()
STAND_IN = '''"""Stand-in for get-pip.py: pip from ensurepip's bundled wheel, then the asked packages from the configured index."""
import subprocess
import sys

args = [a for a in sys.argv[1:] if a not in ('--no-setuptools', '--no-wheel')]
subprocess.run([sys.executable, '-m', 'ensurepip', '--default-pip'], check=True, stdout=subprocess.DEVNULL)
sys.exit(subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--upgrade', *args]).returncode)
'''


def wanted_file() -> Path:
    """The cache file that the ansible-test of this environment asks for; its name carries a version of pip."""
    source = Path(find_spec("ansible_test").origin).parent / "_internal/python_requirements.py"
    version = re.search(r"pip='([0-9.]+)'", source.read_text(encoding="utf-8")).group(1)
    return CACHE / f"get_pip_{version.replace('.', '_')}.py"


def main() -> int:
    """Write the stand-in unless a file is there."""
    target = wanted_file()
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(STAND_IN, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
