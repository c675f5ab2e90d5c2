"""The programs that are measured with POP3, and the server behind them."""

import contextlib
import glob
import json
import os
import resource
import shutil
import socket
import ssl

from subjects import Gatepost, Haproxy, Program, Server, Subject, free_port


class PopServer(Server):
    """Serves maildrops; `unique`: other messages at each login."""

    def __init__(self, tools, folder, certificate, maildrops, unique):
        name = "server-new" if unique else "server-known"
        options = ["-c", certificate, *(["-u"] if unique else [])]
        super().__init__([os.path.join(tools, "popserver"), *options, *maildrops],
                         os.path.join(folder, name + ".log"))


class PopSubject(Subject):
    """What they have in common. tls: the file of certificate and key with which
    clients are met from the first octet, or None."""

    greeting = b"+OK"
    tls = None

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


class PopHaproxy(PopSubject, Haproxy):
    program_name = "haproxy"

    def bind_options(self):
        return f"ssl crt {self.tls}" if self.tls else ""


class Nginx(PopSubject):
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
                    f"pid {self.folder}/{name}.pid;\nevents {{ worker_connections 10000; }}\n{text}")
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
        protocol pop3;
    }}
}}
""")

    def stop(self):
        super().stop()
        if self.helper:
            self.helper.stop()
        self.helper = None


class Perdition(PopSubject):
    program_name = "perdition"

    def command(self, server_port):
        return ["perdition", "--no_daemon", "--config_file", "/dev/null", "--protocol", "POP3",
                "--bind_address", "127.0.0.1", "--listen_port", str(self.port),
                "--outgoing_server", "127.0.0.1", "--outgoing_port", str(server_port), "--no_lookup",
                "--map_library", "", "--log_facility", "-", "--ssl_mode", "none", "--username", "nobody",
                "--group", "nogroup", "--connection_limit", "0", "--pid_file", os.path.join(self.folder, "pid")]


class PopGatepost(PopSubject, Gatepost):
    """tls: for clients, and STLS to the server."""

    def config(self, server_port):
        config = super().config(server_port)
        config["listeners"][0].update(name="pop", protocol="pop3")
        config["limits"] = {"connections": 100000, "connections_per_client": 100000}
        config["log"] = {"level": "warning"}
        if self.tls:
            config["listeners"][0]["tls"] = {"mode": "implicit", "certificate": self.tls, "key": self.tls}
            config["upstreams"]["sink"]["tls"] = {"mode": "starttls", "verify": "none"}
        return config
