"""`python -m tests.integration.matrix [PYTEST-OPTION]...` runs the matrix alone; its table is printed at the end."""

import sys
from pathlib import Path

import pytest

sys.exit(pytest.main([str(Path(__file__).parent), "-q", *sys.argv[1:]]))
