import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kernel.addresses import Origin, OutwardPolicy, addresses_of, is_public, outward_url, reachable
from tocsin.kernel.errors import InputError

STRICT = OutwardPolicy()
INSIDE = OutwardPolicy(may_reach_private=True)
PUBLIC = "93.184.216.34"

PRIVATE = {
    "127.0.0.1": "loopback",
    "127.1.2.3": "loopback too",
    "0.0.0.0": "this host",  # noqa: S104  an address to refuse
    "10.0.0.8": "private",
    "172.16.5.4": "private",
    "192.168.1.1": "private",
    "169.254.169.254": "link-local, where clouds keep their secrets",
    "100.64.0.1": "carrier-grade NAT",
    "192.0.2.1": "documentation",
    "198.18.0.1": "benchmarks",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "broadcast",
    "::": "this host",
    "::1": "loopback",
    "fe80::1": "link-local",
    "fc00::1": "unique local",
    "fd12:3456::1": "unique local",
    "ff02::1": "multicast",
    "fec0::1": "site-local",
    "::ffff:127.0.0.1": "mapped",
    "::ffff:93.184.216.34": "mapped, though of a public one",
    "::7f00:1": "compatible",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b::5db8:d822": "NAT64, though of a public one",
    "64:ff9b:1::a00:1": "local NAT64",
    "2002:7f00:1::": "6to4 of loopback",
    "2002:5db8:d822::1": "6to4, though of a public one",
    "2001:0:7f00:1::": "Teredo",
    "2001:db8::1": "documentation",
    "100::1": "discard only",
    "fe80::1%eth0": "with a zone",
    "not-an-address": "no number at all",
}


@pytest.mark.parametrize("address", PRIVATE, ids=[f"{address} {why}" for address, why in PRIVATE.items()])
def test_what_lies_inside_or_leads_there_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:81b::200e"])
def test_what_anybody_can_reach_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_is_public_that_python_calls_private(address: ipaddress.IPv4Address) -> None:
    assert not (is_public(str(address)) and (address.is_private or address.is_multicast or address.is_loopback))


@given(st.ip_addresses(v=4))
def test_no_address_is_public_that_carries_one_within(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    carriers = [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x64FF9B << 96) + number)),
        str(ipaddress.IPv6Address(number)),
    ]
    sixtofour = ipaddress.IPv6Address((0x2002 << 112) + (number << 80))
    assert [each for each in (*carriers, str(sixtofour)) if is_public(each)] == []


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("https://Hooks.Example.org/a?b=c", "https://hooks.example.org/a?b=c"),
        ("HTTPS://example.org", "https://example.org/"),
        ("https://example.org:443/x", "https://example.org/x"),
        ("https://example.org:8443/x", "https://example.org:8443/x"),
        ("https://example.org./x", "https://example.org/x"),
        ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
        (f"https://{PUBLIC}/", f"https://{PUBLIC}/"),
    ],
)
def test_a_good_address_is_written_in_one_way(typed: str, normal: str) -> None:
    assert str(outward_url(typed, policy=STRICT)) == normal
    assert str(outward_url(normal, policy=STRICT)) == normal


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "outward.malformed"),
        ("example.org", "outward.malformed"),
        ("https://", "outward.malformed"),
        ("https://user:password@example.org/", "outward.malformed"),
        ("https://example.org/#part", "outward.malformed"),
        ("https://example.org/a b", "outward.malformed"),
        ("https://example.org/\r\nHost: inside", "outward.malformed"),
        ("https://example.org\\@inside/", "outward.malformed"),
        ("https://exämple.org/", "outward.malformed"),
        ("https://example..org/", "outward.malformed"),
        ("https://[::1", "outward.malformed"),
        ("https://example.org:0/", "outward.malformed"),
        ("https://example.org:99999/", "outward.malformed"),
        (f"https://example.org/{'x' * 2000}", "outward.malformed"),
        ("ftp://example.org/", "outward.scheme"),
        ("file://localhost/etc/passwd", "outward.scheme"),
        ("http://example.org/", "outward.scheme"),
        ("https://example.org:22/", "outward.port"),
        ("https://example.org:6379/", "outward.port"),
        ("https://localhost/", "outward.private"),
        ("https://db.internal/", "outward.private"),
        ("https://router/", "outward.private"),
        ("https://127.0.0.1/", "outward.private"),
        ("https://127.1/", "outward.private"),
        ("https://2130706433/", "outward.private"),
        ("https://0x7f000001/", "outward.private"),
        ("https://[::ffff:10.0.0.1]/", "outward.private"),
        ("https://[64:ff9b::7f00:1]/", "outward.private"),
    ],
    ids=range(28),
)
def test_what_is_wrong_with_an_address_is_said_by_a_code(typed: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        outward_url(typed, policy=STRICT)
    assert caught.value.code == code


def test_an_operator_may_allow_what_strangers_may_not() -> None:
    assert str(outward_url("http://modem:9000/send", policy=INSIDE)) == "http://modem:9000/send"
    assert str(outward_url("http://example.org:8080/x", policy=OutwardPolicy(may_use_http=True)))
    with pytest.raises(InputError, match="Port 9000"):
        outward_url("http://example.org:9000/x", policy=OutwardPolicy(may_use_http=True))


@given(st.text(max_size=60))
def test_no_text_does_anything_but_pass_or_be_refused(typed: str) -> None:
    for text in (typed, f"https://{typed}", f"https://example.org/{typed}"):
        try:
            url = outward_url(text, policy=STRICT)
        except InputError:
            continue
        assert url.origin.scheme == "https"
        assert outward_url(str(url), policy=STRICT) == url


def test_every_address_of_a_name_must_be_public() -> None:
    origin = Origin("https", "example.org", 443)
    assert reachable(origin, policy=STRICT, look_up=lambda _host, _port: [PUBLIC]) == (PUBLIC,)
    with pytest.raises(InputError, match=r"10\.0\.0\.8, which is not a public address"):
        reachable(origin, policy=STRICT, look_up=lambda _host, _port: [PUBLIC, "10.0.0.8"])
    assert reachable(origin, policy=INSIDE, look_up=lambda _host, _port: ["10.0.0.8"]) == ("10.0.0.8",)


def test_a_number_written_in_another_way_is_what_the_resolver_makes_of_it() -> None:
    with pytest.raises(InputError, match="not a public address"):
        reachable(Origin("https", "0x7f.1", 443), policy=STRICT)
    assert addresses_of("127.0.0.1", 443) == ["127.0.0.1"]
