"""A local socket's name says for whom it speaks, in one spelling; nothing else passes for an address."""

import pytest

from tocsin.kernel.peers import address_in, plain_address, socket_name


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:0::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("../../192.0.2.7", ""),
        ("192.0.2.7~3", ""),
    ],
)
def test_an_address_goes_through_a_sockets_name(address: str, plain: str) -> None:
    assert plain_address(address) == plain
    name = socket_name(address, 12)
    assert "/" not in name
    assert address_in(f"/run/tocsin-x~y/{name}") == plain


@pytest.mark.parametrize("place", ["", "/run/web.sock", "/tmp/~1", "/tmp/somebody~1", "192.0.2.7"])  # noqa: S108  names only
def test_a_socket_with_another_name_says_nothing(place: str) -> None:
    assert address_in(place) == ""
