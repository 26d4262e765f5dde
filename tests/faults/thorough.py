"""Which tests of faults wait for ``make faults``: each starts the command line, for a case close to another's."""

import os

import pytest

thorough = pytest.mark.skipif(os.environ.get("IDIC_LAB_FAULTS") != "all", reason="done by 'make faults'")
