"""Which addresses a server may fetch from: http and https, and nothing that is inside anything.

What two parsers could read in two ways is refused, not interpreted: backslashes, user names, numbers in place
of names, letters beyond ASCII.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass

PORTS = (80, 443)
_LONGEST = 2048
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>[/?][a-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?(?:#[a-z0-9._~:/?\[\]@!$&'()*+,;=%-]*)?",
    re.ASCII | re.IGNORECASE,
)
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_INSIDE_4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network; some systems take it for this machine
            "10.0.0.0/8",
            "100.64.0.0/10",  # shared by a provider's customers
            "127.0.0.0/8",
            "168.63.129.16/32",  # Azure's door to a machine's keeper
            "169.254.0.0/16",  # link-local, and the clouds' metadata
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",  # relays to 6to4
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
"""IANA's registry of special IPv4 addresses."""
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")
_INSIDE_6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # the protocols' own, Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address in disguise
            "3fff::/20",
        ),
    )
)
"""IANA's registry of special IPv6 addresses, as far as they lie in global unicast.

Mapped (::ffff:0:0/96), compatible and translated ones (64:ff9b::/96) lie outside it, as private ones do.
"""


class Refused(ValueError):
    """An address is not to be fetched from; the message says why, after a colon."""


@dataclass(frozen=True)
class Target:
    """An address, taken apart once and for all."""

    scheme: str
    host: str
    """A name, or an IP address in its one spelling, without brackets."""
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return the host as a Host header has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.scheme == "https" else 80)
        return host if usual else f"{host}:{self.port}"

    @property
    def literal(self) -> bool:
        """Tell whether the host is an IP address, so that there is nothing to resolve."""
        return ":" in self.host or self.host[-1].isdigit()


def read_url(url: str) -> Target:
    """Take a URL apart, or raise Refused."""
    found = _URL.fullmatch(url) if len(url) <= _LONGEST else None
    if found is None:
        raise Refused("it must be a plain http or https URL, without a user name")
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if port not in PORTS:
        raise Refused("only the ports 80 and 443 are fetched from")
    path = found["path"] or "/"
    target = Target(scheme, _host(host), port, path if path.startswith("/") else f"/{path}")
    if target.literal and not is_public(target.host):
        raise Refused("it leads to an address that is not public")
    return target


def is_public(address: str) -> bool:
    """Tell whether an IP address is somebody's on the open internet."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # with a zone, say: an address of a network card
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _INSIDE_4)
    return not found.scope_id and found in _UNICAST_6 and not any(found in network for network in _INSIDE_6)


def is_ours(address: str) -> bool:
    """Tell whether an IP address is this machine's own, public as it may be; nothing is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, PORTS[0]))
        except OSError:  # there is no way to it
            return False
        return bool(probe.getsockname()[0] == address)


def _host(host: str) -> str:
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            raise Refused("its host is no IPv6 address") from None
    if host[-1].isdigit() or host[-1] == ".":
        try:
            return str(ipaddress.IPv4Address(host))  # takes four decimal numbers alone
        except ValueError:
            raise Refused("its host is no name and no IPv4 address of four decimal numbers") from None
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise Refused("its host must be a whole name, such as example.org")
    return host
