"""Three machines in one: network namespaces for a client, gatepost and a
server, in a line. The client's route to the server leads through gatepost's.

    client 10.99.1.2 -- 10.99.1.1 gatepost 10.99.2.1 -- 10.99.2.2 server
"""

import contextlib
import ctypes
import os
import socket
import subprocess

from gatepost_test import Failure, Skip

CLIENT, SERVER, ANOTHER = "10.99.1.2", "10.99.2.2", "10.99.2.3"
CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


def _run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if "not permitted" in done.stderr or "not supported" in done.stderr:
        raise Skip(f"{command[0]}: {done.stderr.splitlines()[0]}")  # a container without the right to
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)}: {done.stderr}")


class Network:
    def __init__(self, t):
        if os.geteuid() != 0:
            raise Skip("network namespaces need root")
        for tool in ("ip", "nft"):
            if not any(os.access(os.path.join(d, tool), os.X_OK) for d in ("/usr/sbin", "/sbin", "/usr/bin", "/bin")):
                raise Skip(f"{tool} is not installed")
        tag = f"gp{os.getpid()}"
        self.client, self.middle, self.server = (f"{tag}{which}" for which in "cms")
        for name in (self.client, self.middle, self.server):
            _run("ip", "netns", "add", name)
            t.callback(subprocess.run, ["ip", "netns", "del", name], check=False, capture_output=True)
            self.ip(name, "link", "set", "lo", "up")
        self._join(self.client, self.middle, "10.99.1")
        self._join(self.server, self.middle, "10.99.2")
        _run("ip", "netns", "exec", self.middle, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0")

    @staticmethod
    def ip(namespace, *arguments):
        _run("ip", "-n", namespace, *arguments)

    def _join(self, end, middle, network):
        near, far = f"{end}0"[-15:], f"{end}1"[-15:]
        _run("ip", "link", "add", near, "netns", end, "type", "veth", "peer", "name", far, "netns", middle)
        for namespace, device, host in ((end, near, 2), (middle, far, 1)):
            self.ip(namespace, "address", "add", f"{network}.{host}/24", "dev", device)
            self.ip(namespace, "link", "set", device, "up")
        self.ip(end, "route", "add", "default", "via", f"{network}.1")

    def redirect(self, port):
        """What goes to any port 25 comes to gatepost's."""
        self._nft("nat", -100, f"tcp dport 25 redirect to :{port}")

    def tproxy(self, port):
        """The same without changing a packet; also what comes back to an
        address that gatepost borrowed."""
        self.ip(self.middle, "rule", "add", "fwmark", "1", "lookup", "100")
        self.ip(self.middle, "route", "add", "local", "default", "dev", "lo", "table", "100")
        self._nft("filter", -150, "meta l4proto tcp socket transparent 1 meta mark set 1 accept",
                  f"tcp dport 25 tproxy to :{port} meta mark set 1 accept")

    def _nft(self, kind, priority, *rules):
        table = "table ip gatepost {\nchain pre {\ntype %s hook prerouting priority %d\n%s\n}\n}\n" % (
            kind, priority, "\n".join(rules))
        _run("ip", "netns", "exec", self.middle, "nft", "-f", "-", input=table)

    @contextlib.contextmanager
    def inside(self, namespace):
        """This thread's new sockets belong to that namespace."""
        with open("/proc/thread-self/ns/net", encoding="ascii") as before, \
                open(f"/run/netns/{namespace}", encoding="ascii") as there:
            _enter(there)
            try:
                yield
            finally:
                _enter(before)

    def listen(self, port=25):
        """A listening socket of the server."""
        with self.inside(self.server):
            return socket.create_server((SERVER, port), backlog=64)

    def listen_at_another(self):
        """The same at an address that the server gets in addition."""
        self.ip(self.server, "address", "add", f"{ANOTHER}/24", "dev", f"{self.server}0"[-15:])
        with self.inside(self.server):
            return socket.create_server((ANOTHER, 25), backlog=64)


def _enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise Skip(f"setns: {os.strerror(ctypes.get_errno())}")
