"""One real browser for all tests of the page: Debian's chromium, without a window, and without any network to ask.

Pages are files, opened from where they lie, as an artifact of a pipeline is.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from cspdecl.core.operation import Plan
from cspdecl.report.html import render_html
from cspdecl.report.language import GERMAN
from cspdecl.report.links import Links
from tests.browser.plans import hostile, odd, pull_request
from tests.sized_plans import place_of, plan_of

WAYS = [
    "--headless=new",
    "--no-sandbox",  # runners are root in a container
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--hide-scrollbars",
]
PLANS: dict[str, Callable[[], Plan]] = {
    "0": lambda: plan_of(0),
    "1": lambda: plan_of(1),
    "50": lambda: plan_of(50),
    "5000": lambda: plan_of(5000),
    "pull-request": pull_request,
    "hostile": hostile,
    "two-currencies-offline": odd,
}


class Browser:
    """A browser as a person has it: a width, a scheme, a keyboard; and what it complained about and asked for."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self.driver, self.folder = driver, folder

    def open(self, name: str, *, width: int = 1280, dark: bool = False, edit: Callable[[str], str] = str) -> None:
        """Open the page of a plan. `edit` changes its text before."""
        path = self.folder / f"{name}{'' if edit is str else '-edited'}.html"
        if edit is not str or not path.exists():
            path.write_text(edit(_page(name)), "utf-8")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.tell("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.driver.get("about:blank")  # a hash alone would be no new page
        self.complaints(), self.asked()
        self.driver.get(path.as_uri())

    def tell(self, command: str, **values: Any) -> Any:
        """A command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(command, values)

    def run(self, script: str, *values: Any) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(script, *values)

    def complaints(self) -> list[str]:
        """What stands in the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def asked(self) -> list[str]:
        """Addresses that were asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [event for event in events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]


def _page(name: str) -> str:
    links = Links(place=place_of, base="https://git.example/nordlicht/blob/main")
    if name == "german":
        return render_html(pull_request(), lang=GERMAN, links=links)
    if name == "sell":
        return render_html(pull_request(), show="sell", links=links)
    return render_html(PLANS[name](), links=links)


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Browser]:
    """The one browser."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    missing = "these tests need Debian's chromium and chromium-driver, which .ci/run installs"
    assert chromium, missing
    assert driver, missing
    folder = tmp_path_factory.mktemp("pages")
    options = ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for way in (*WAYS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(way)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SE_OFFLINE", "true")  # both programs are named: nothing may be looked for or downloaded
        chrome = Chrome(options=options, service=Service(executable_path=driver))
    try:
        yield Browser(chrome, folder)
    finally:
        chrome.quit()
