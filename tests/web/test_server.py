"""The limits of the server's sockets."""

import resource

import pytest

from tocsin.web.connections import spare_descriptors
from tocsin.web.server import clamp_connections, raise_descriptor_limit


def test_the_limit_of_descriptors_is_raised_to_its_maximum() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
        assert raise_descriptor_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(hard, 65_536) or hard == resource.RLIM_INFINITY
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(
    ("descriptors", "concurrency", "expected"),
    [(65_536, 100, 4096), (65_536, 16_000, 1336), (1024, 100, 424), (100, 100, 64)],
)
def test_connections_leave_descriptors_for_all_else(descriptors: int, concurrency: int, expected: int) -> None:
    assert clamp_connections(4096, descriptors - spare_descriptors(concurrency)) == expected
