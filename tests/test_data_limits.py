r"""Tests for the limits of data in memory."""

import pytest

from autoencode.common.batching import DataLimits, data_limits, limit_data


def test_limits_end_with_their_block() -> None:
    with limit_data(resident_bytes=0, block_files=2):
        with limit_data(block_files=3):
            assert data_limits() == DataLimits(resident_bytes=0, block_files=3)

        assert data_limits() == DataLimits(resident_bytes=0, block_files=2)

    assert data_limits() == DataLimits()


@pytest.mark.parametrize("limits", [{"resident_bytes": -1}, {"block_bytes": 0}])
def test_empty_blocks_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="blocks of at least 1"), limit_data(**limits):
        pass
