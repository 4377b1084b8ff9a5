"""CI's share of the campaign: the same inputs every time, of every way in; `make fuzz` tries more of them."""

import pytest

from tests.fuzz.campaign import Build, run
from tests.fuzz.targets import SHARES

INPUTS = 10_000


@pytest.mark.parametrize("build", SHARES, ids=lambda build: build.__name__)
def test_every_input_is_answered_or_refused_by_name(build: Build) -> None:
    *_, result = run(build, build.__name__, range(SHARES[build]))
    assert not result.findings, [found[:4] for found in result.findings]
    assert result.inputs == SHARES[build] and result.answers and result.refusals


def test_the_share_is_what_was_asked() -> None:
    assert sum(SHARES.values()) >= INPUTS
