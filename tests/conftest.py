"""How hard hypothesis searches: briefly and the same way every time in ``make test``, at length in ``make trust``."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.modules.setdefault("rfc3987_syntax", None)  # as in idic_lab.__main__

settings.register_profile(
    "quick",
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("deep", settings.get_profile("quick"), max_examples=500, derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory) -> Path | None:
    """What the course left of Meridian, in a copy of the run that IDIC_LAB_RUN names; None where none is named.

    Continuous integration has just made one. Elsewhere a run may be of older code, and tests make what they need.
    """
    if not (named := os.environ.get("IDIC_LAB_RUN")):
        return None
    folder = tmp_path_factory.mktemp("kept") / "run"
    folder.mkdir()
    for name in ("idic.duckdb", "card.json"):
        shutil.copy(Path(named) / name, folder)
    return folder
