import base64
import hashlib
import subprocess
import sys
from collections.abc import Iterator

import pytest

from loadkit.dashboard.address import Address
from loadkit.dashboard.assets import Assets
from loadkit.dashboard.guard import Guard
from loadkit.dashboard.serving import Serving
from loadkit.outputs.pages import bokeh_scripts
from tests.support.command import ROOT
from tests.support.pages import ask


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Assets]]:
    script = tmp_path_factory.mktemp("page") / "ours.js"
    script.write_text("'use strict';")
    address = Address(port=0)
    app = Guard(address).application()
    assets = Assets({**bokeh_scripts(), "ours.js": script})
    assets.add_route(app)
    server = Serving(app, address)
    try:
        yield server.start(), assets
    finally:
        server.close()


def test_files_are_served_with_their_hash(served: tuple[str, Assets]) -> None:
    url, assets = served
    answer = ask(url, "/static/ours.js")
    assert answer.text == "'use strict';"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert assets.integrity("ours.js") == f"sha256-{base64.b64encode(hashlib.sha256(answer.body).digest()).decode()}"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_file_that_the_browser_has_is_not_sent_again(served: tuple[str, Assets]) -> None:
    url, _ = served
    first = ask(url, "/static/bokeh.min.js")
    assert len(first.body) > 1_000_000
    again = ask(url, "/static/bokeh.min.js", If_None_Match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert ask(url, "/static/bokeh.min.js", If_None_Match='"other"').status == 200


@pytest.mark.parametrize("name", ["nothing.js", "..%2f..%2fpyproject.toml", "%2e%2e/secret", "../../etc/passwd"])
def test_no_other_file_is_served(served: tuple[str, Assets], name: str) -> None:
    assert ask(served[0], f"/static/{name}").status == 404


def test_bokeh_is_found_and_not_imported() -> None:
    code = (
        "import sys; from loadkit.outputs.pages import bokeh_scripts;"
        "assert all(path.is_file() for path in bokeh_scripts().values());"
        "assert not {'bokeh', 'aiohttp'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
