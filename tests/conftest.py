"""What all tests need: failures inside the suites of `testing` are shown as those of our own test files are."""

import pytest

pytest.register_assert_rewrite("hailuo_batch.testing")
