"""How a local socket's own name says for whom it speaks.

The process that holds the port reaches the application over a local socket. It gives its end a name in which the
reader's network address stands, and the system tells the application that name: outside of everything that a reader
may send, for every request on the connection.
"""

import ipaddress

_END = "~"


def socket_name(address: str, number: int) -> str:
    """Return the file name for a socket that speaks for this network address; `number` keeps it from all others."""
    return f"{plain_address(address)}{_END}{number}"


def address_in(place: str) -> str:
    """Return the network address for which a socket of this path speaks; an empty text when it says none."""
    name, end, _ = place.rpartition("/")[2].rpartition(_END)
    return plain_address(name) if end else ""


def plain_address(text: str) -> str:
    """Return a network address in its one spelling, an IPv4 reader's in IPv4 dress; an empty text when it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
