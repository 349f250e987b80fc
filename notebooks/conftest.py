"""Under pytest-xdist the cells of a notebook have to stay with one worker: they share a kernel."""

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out whole files, whatever ``--dist`` says."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)
