"""The programs that are measured with POP3 and IMAP, and the server behind them."""

import contextlib
import glob
import json
import os
import resource
import shutil
import socket
import ssl

from subjects import Gatepost, Haproxy, Program, Server, Subject, free_port

OTHER_DESCRIPTORS = 200


def most_connections():
    """That one process may have with a client and a server each."""
    return (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - OTHER_DESCRIPTORS) // 2


class Protocol:
    """What a bench must know of one. key: as configurations write it."""

    def __init__(self, key, name, greeting, retrieve, command, tool, server, login):
        self.key, self.name, self.greeting = key, name, greeting
        self.retrieve, self.command, self.login = retrieve, command, login  # the load tool's mode, and titles
        self.tool, self.server = tool, server


POP3 = Protocol("pop3", "POP3", b"+OK", "retr", "RETR", "popload", "popserver", "Login, STAT, QUIT")
IMAP = Protocol("imap", "IMAP", b"* OK", "fetch", "FETCH", "imapload", "imapserver", "Login, SELECT, LOGOUT")


class MailServer(Server):
    """Serves folders of mail; `unique`: new ones at each login."""

    def __init__(self, protocol, tools, folder, certificate, folders, unique):
        name = "server-new" if unique else "server-known"
        options = ["-c", certificate, *(["-u"] if unique else [])]
        super().__init__([os.path.join(tools, protocol.server), *options, *folders],
                         os.path.join(folder, name + ".log"))


class Reading(Subject):
    """What they have in common. tls: the file of certificate and key with which
    clients are met from the first octet, or None. idle_most: connections that
    it is asked to hold."""

    protocol = tls = None
    idle_most = most_connections()

    def speaking(self, protocol):
        self.protocol, self.greeting = protocol, protocol.greeting
        return self

    @classmethod
    def is_there(cls):
        return shutil.which(cls.program_name) is not None

    def _prepare(self):
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        super()._prepare()

    @contextlib.contextmanager
    def _connect(self):
        with super()._connect() as plain:
            if not self.tls:
                yield plain
                return
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(plain) as secure:
                yield secure


class ReadingHaproxy(Reading, Haproxy):
    program_name = "haproxy"

    def bind_options(self):
        return f"ssl crt {self.tls}" if self.tls else ""


class Nginx(Reading):
    """Its mail proxy. A second nginx answers its question where a user's server
    is, which is not counted."""

    program_name = "nginx"

    def __init__(self, key, title, *place):
        super().__init__(key, title, *place)
        self.helper = None

    @classmethod
    def is_there(cls):
        return super().is_there() and bool(cls.modules())

    @staticmethod
    def modules():
        return glob.glob("/usr/lib*/nginx/modules/ngx_mail_module.so")

    def _write(self, name, text):
        path = os.path.join(self.folder, name + ".conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"load_module {self.modules()[0]};\nuser root;\ndaemon off;\nmaster_process off;\n"
                    f"pid {self.folder}/{name}.pid;\nevents {{ worker_connections 40000; }}\n{text}")
        return ["nginx", "-e", "stderr", "-p", self.folder, "-c", path]

    def _start_helper(self, server_port):
        port = free_port()
        temporary = "".join(f"    {kind}_temp_path {self.folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        command = self._write("answers", f"""http {{
{temporary}    access_log off;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            add_header Auth-Status OK;
            add_header Auth-Server 127.0.0.1;
            add_header Auth-Port {server_port};
            return 200;
        }}
    }}
}}
""")
        self.helper = Program(command, os.path.join(self.folder, "answers.log"))
        return port

    def command(self, server_port):
        port = self._start_helper(server_port)
        listen = "ssl" if self.tls else ""
        certificate = f"ssl_certificate {self.tls};\n    ssl_certificate_key {self.tls};" if self.tls else ""
        return self._write("mail", f"""mail {{
    auth_http 127.0.0.1:{port}/;
    timeout 10m;
    proxy_timeout 10m;
    {certificate}
    server {{
        listen 127.0.0.1:{self.port} {listen};
        protocol {self.protocol.key};
    }}
}}
""")

    def stop(self):
        super().stop()
        if self.helper:
            self.helper.stop()
        self.helper = None


class Perdition(Reading):
    program_name = "perdition"
    idle_most = 1000  # each is a process

    def command(self, server_port):
        return ["perdition", "--no_daemon", "--config_file", "/dev/null", "--protocol", {"pop3": "POP3", "imap": "IMAP4"}[self.protocol.key],
                "--bind_address", "127.0.0.1", "--listen_port", str(self.port),
                "--outgoing_server", "127.0.0.1", "--outgoing_port", str(server_port), "--no_lookup",
                "--map_library", "", "--log_facility", "-", "--ssl_mode", "none", "--username", "nobody",
                "--group", "nogroup", "--connection_limit", "0", "--pid_file", os.path.join(self.folder, "pid")]


class Dovecot(Reading):
    """As a proxy."""

    program_name = "dovecot"

    def command(self, server_port):
        path = os.path.join(self.folder, "dovecot.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"""base_dir = {self.folder}/run
state_dir = {self.folder}/run
log_path = {self.folder}/dovecot.log
protocols = {self.protocol.key}
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
login_trusted_networks = 127.0.0.0/8
mail_max_userip_connections = 100000
default_client_limit = {most_connections()}
passdb {{
  driver = static
  args = proxy=y host=127.0.0.1 port={server_port} nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={self.folder}
}}
service {self.protocol.key}-login {{
  service_count = 0
  client_limit = {most_connections()}
  process_min_avail = 1
  process_limit = 1
  inet_listener {self.protocol.key} {{
    port = {self.port}
  }}
  inet_listener {self.protocol.key}s {{
    port = 0
  }}
}}
""")
        return ["dovecot", "-F", "-c", path]


class ReadingGatepost(Reading, Gatepost):
    """tls: for clients, and STARTTLS to the server."""

    def config(self, server_port):
        config = super().config(server_port)
        config["listeners"][0].update(name="reading", protocol=self.protocol.key)
        config["limits"] = {"connections": 100000, "connections_per_client": 100000}
        config["log"] = {"level": "warning"}
        if self.tls:
            config["listeners"][0]["tls"] = {"mode": "implicit", "certificate": self.tls, "key": self.tls}
            config["upstreams"]["sink"]["tls"] = {"mode": "starttls", "verify": "none"}
        return config
