"""What the tools are asked to do, and each scripted tool's script for it.

get      A: GET one URL
flow     B: GET, capture two JSON values, POST JSON with both, check both statuses
connect  A with a new connection for each request
tls      A over TLS
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One kind of work: `users` make requests to `url` without a pause, for `seconds`."""

    kind: str
    url: str
    users: int
    seconds: int

    @property
    def title(self) -> str:
        """Return what a table calls it."""
        return {"get": "A: GET", "flow": "B: two-step flow", "connect": "new connections", "tls": "TLS"}[self.kind]


_LOADKIT = """
config:
  target: "{url}"
  tls: {{rejectUnauthorized: false}}
  phases:
    - {{users: {users}, duration: {seconds}}}
scenarios:
  - name: "{kind}"
    flow:{flow}
"""
_LOADKIT_FLOWS = {
    "get": """
      - get: {url: "/"}""",
    "connect": """
      - get: {url: "/", headers: {connection: close}}""",
    "flow": """
      - get:
          url: "/api/items"
          capture:
            - {json: $.id, as: id}
            - {json: $.token, as: token}
          expect: {statusCode: 200}
      - post:
          url: "/api/items/{{ id }}"
          name: "/api/items/ID"
          headers: {authorization: "Bearer {{ token }}"}
          json: {token: "{{ token }}", q: x}
          expect: {statusCode: 200}""",
}

_LOCUST = """
from locust import FastHttpUser, task

class User(FastHttpUser):
    insecure = True

    @task
    def work(self):
{body}
"""
_LOCUST_FLOWS = {
    "get": """
        self.client.get("/")
""",
    "flow": """
        with self.client.get("/api/items", catch_response=True) as response:
            if response.status_code != 200:
                response.failure("status")
            data = response.json()
        with self.client.post(
            f"/api/items/{data['id']}",
            name="/api/items/ID",
            headers={"Authorization": f"Bearer {data['token']}"},
            json={"token": data["token"], "q": "x"},
            catch_response=True,
        ) as response:
            if response.status_code != 200:
                response.failure("status")
""",
}

_ARTILLERY = """
config:
  target: "{url}"
  processor: ./until.js
  plugins: {{expect: {{outputFormat: silent}}}}
  phases:
    - {{arrivalCount: {users}, duration: 1}}
scenarios:
  - flow:
      - loop:{flow}
        whileTrue: "goOn"
"""
_ARTILLERY_FLOWS = {
    "get": """
          - get: {url: "/"}""",
    "flow": """
          - get:
              url: "/api/items"
              capture:
                - {json: $.id, as: id}
                - {json: $.token, as: token}
              expect: {statusCode: 200}
          - post:
              url: "/api/items/{{ id }}"
              headers: {authorization: "Bearer {{ token }}"}
              json: {token: "{{ token }}", q: x}
              expect: {statusCode: 200}""",
}
_UNTIL = """
let end;
module.exports = {{
  goOn: (context, next) => {{ end ??= Date.now() + {milliseconds}; next(Date.now() < end); }},
}};
"""


def write_loadkit(work: Work, folder: Path) -> Path:
    """Write the scenario for loadkit; return where it is."""
    flow = _LOADKIT_FLOWS["get" if work.kind == "tls" else work.kind]
    path = folder / "loadkit.yaml"
    path.write_text(_LOADKIT.format(url=work.url, users=work.users, seconds=work.seconds, kind=work.kind, flow=flow))
    return path


def write_locust(work: Work, folder: Path) -> Path:
    """Write the locustfile; return where it is."""
    path = folder / "locustfile.py"
    path.write_text(_LOCUST.format(body=_LOCUST_FLOWS[work.kind]))
    return path


def write_artillery(work: Work, folder: Path) -> Path:
    """Write Artillery's script and the function that ends its loop; return where the script is."""
    (folder / "until.js").write_text(_UNTIL.format(milliseconds=work.seconds * 1000))
    path = folder / "artillery.yml"
    path.write_text(_ARTILLERY.format(url=work.url, users=work.users, flow=_ARTILLERY_FLOWS[work.kind]))
    return path
