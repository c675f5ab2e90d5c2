"""Certificates made for one run of the tests by the openssl command, each when
it is first asked for. Keys are elliptic, but for `rsa`: they cost nothing."""

import hashlib
import os
import ssl
import subprocess

CA_CONFIG = """
[ca]
default_ca = tests
[tests]
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""

# name: (names in it, key, not before, not after, signed by)
KINDS = {
    "server": (["localhost", "mx.example.org"], "ec", None, None, "ca"),
    "renewed": (["localhost", "mx.example.org"], "ec", None, None, "ca"),
    "rsa": (["localhost", "mx.example.org"], "rsa", None, None, "ca"),
    "other": (["other.example.net"], "ec", None, None, "ca"),
    "expired": (["localhost"], "ec", "20200101000000Z", "20200201000000Z", "ca"),
    "untrusted": (["localhost"], "ec", None, None, "stranger"),
}


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, capture_output=True)


class Certificates:
    def __init__(self, folder):
        self.folder = folder

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _key(self, path, kind):
        if kind == "rsa":
            _openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", path)
        else:
            _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        os.chmod(path, 0o644)  # gatepost may read it as another user

    def ca(self, name="ca"):
        """The file of a certificate authority: "ca", or "stranger" whom nobody trusts."""
        path = self._path(name + ".pem")
        if not os.path.exists(path):
            self._key(self._path(name + ".key"), "ec")
            _openssl("req", "-x509", "-new", "-key", self._path(name + ".key"), "-days", "30",
                     "-subj", f"/CN=Test {name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", path)
        return path

    def pair(self, name="server"):
        """(certificate file, key file) of one of KINDS."""
        certificate, key = self._path(name + ".pem"), self._path(name + ".key")
        if not os.path.exists(certificate):
            self._make(name, certificate, key)
        return certificate, key

    def _make(self, name, certificate, key):
        names, kind, begin, end, authority = KINDS[name]
        request, config, extensions = (self._path(name + x) for x in (".csr", ".cnf", ".ext"))
        self._key(key, kind)
        _openssl("req", "-new", "-key", key, "-subj", f"/CN={names[0]}", "-out", request)
        open(self._path("index.txt"), "a", encoding="ascii").close()
        with open(config, "w", encoding="ascii") as f:
            f.write(CA_CONFIG.format(folder=self.folder))
        with open(extensions, "w", encoding="ascii") as f:
            f.write("subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")  # newer programs insist on them
            f.write("subjectAltName=" + ",".join(["DNS:" + n for n in names] + ["IP:127.0.0.1"] * ("localhost" in names)))
        dates = ["-startdate", begin, "-enddate", end] if begin else ["-days", "30"]
        _openssl("ca", "-batch", "-notext", "-config", config, "-cert", self.ca(authority),
                 "-keyfile", self._path(authority + ".key"), "-in", request, "-out", certificate,
                 "-extfile", extensions, *dates)

    def fingerprint(self, name="server"):
        """SHA-256 of the certificate, lower-case hex."""
        with open(self.pair(name)[0], encoding="ascii") as f:
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f.read())).hexdigest()

    def yaml(self, name="server", mode="starttls", **more):
        """A listener's `tls`."""
        certificate, key = self.pair(name)
        return {"mode": mode, "certificate": certificate, "key": key, **more}

    def server_context(self, name="server"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.pair(name))
        return context

    def client_context(self):
        """Trusts our authority and checks names."""
        return ssl.create_default_context(cafile=self.ca())
