"""A browser without script, and a script with a token, for the pages on admin.actions_listen."""
import html
import http.client
import re
import urllib.parse

import leaks
import processes

FORM = re.compile(r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', re.S)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
BOX = re.compile(
    r'<input type="checkbox" form="chosen" name="letter" value="([^"]*)"[^>]*?(disabled)?>')


class Page:
    def __init__(self, answer):
        self.status, self.headers, self.raw = answer.status, answer.headers, answer.read()
        self.text = self.raw.decode()

    def forms(self, action):
        """The hidden fields of each form that goes there."""
        return [[(name, html.unescape(value)) for name, value in HIDDEN.findall(inside)]
                for path, inside in FORM.findall(self.text) if path == action]

    def form(self, action, nth=0):
        return self.forms(action)[nth]

    def boxes(self):
        """{value: may it be chosen?}"""
        return {value: not disabled for value, disabled in BOX.findall(self.text)}


class Browser:
    """Keeps cookies and sends what browsers send; follows nothing by itself."""

    def __init__(self, port):
        self.port, self.cookies = port, {}

    def send(self, method, path, fields=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        sent = {"Host": f"127.0.0.1:{self.port}", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, sent)
        page = Page(connection.getresponse())
        connection.close()
        for line in page.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return page

    def get(self, path, **more):
        return self.send("GET", path, **more)

    def post(self, path, fields, **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if names.pop("same", True):
            names = {"Origin": f"http://127.0.0.1:{self.port}", "Sec-Fetch-Site": "same-origin",
                     **names}
        return self.send("POST", path, fields, names)

    def log_in(self, token):
        return self.post("/login", [*self.get("/login").form("/login"), ("token", token)])


class Script(Browser):
    """Sends the token with each request."""

    def __init__(self, port, token):
        super().__init__(port)
        self.token = token

    def send(self, method, path, fields=None, headers=None):
        return super().send(method, path, fields,
                            {"Authorization": f"Bearer {self.token}", **(headers or {})})

    def post(self, path, fields, **headers):
        return super().post(path, fields, same=False, **headers)

    def order(self):
        return self.get("/order")


def settings():
    """The token is the one that every worker of the harness is given."""
    return {"actions_listen": f"127.0.0.1:{processes.free_port()}"}


def poke(worker, admin):
    """Looks at all of it, and replays what is not there, whether the worker is there or not."""
    worker.get("/metrics")
    worker.get("/status")
    worker.get("/settings")
    script = Script(int(admin["actions_listen"].rpartition(":")[2]),
                    leaks.CANARIES["admin-token"])
    try:
        script.get("/")
        script.post("/replay", [("letter", "/0/999999999")])
    except (OSError, http.client.HTTPException):
        pass  # it has ended, or cannot answer
