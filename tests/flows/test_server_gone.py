"""A database that is gone in the midst of a pass loses nothing and doubles nothing. Source: reliability P1, P9.

A server of this test's own, stopped at once (`pg_ctl stop -m immediate`) and started again, as after a loss of power.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from tests.conftest import HOME
from tests.flows import rig, server_child


def test_a_pass_whose_database_server_is_gone_has_one_effect_and_one_line_when_it_is_back() -> None:
    # not below the folder of pytest: the server runs as another user, who may not read there
    with tempfile.TemporaryDirectory(prefix="gone", dir=HOME) as folder:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "tests.flows.server_child", folder, *rig.PSAS],
            env=os.environ,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    tried = json.loads(done.stdout)
    assert len(tried) == len(rig.PSAS) * len(server_child.INSTANTS)
    assert {at: wrong for at, wrong in tried.items() if wrong} == {}
