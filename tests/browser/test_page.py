"""The page of a plan in a real browser: what is seen, heard, typed and printed."""

from __future__ import annotations

import base64
import importlib.resources
import itertools
import time

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from cspdecl.report.html.script import SCRIPT
from tests.browser.conftest import Browser
from tests.sized_plans import plan_of

SIGHTS = list(itertools.product((1280, 390), (False, True)))

# Text that stands too little out from what is behind it: [text, contrast] (WCAG 2.2, 1.4.3: 4.5 to 1).
FAINT = """
const channels = (text) => { const c = text.match(/[\\d.]+/g).map(Number); return c.length < 4 ? [...c, 1] : c; };
const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
  .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (one) => { for (let at = one; at; at = at.parentElement) {
  const c = channels(getComputedStyle(at).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255]; };
const found = [];
let seen = 0;
for (const one of document.querySelectorAll("body *")) {
  if (!Array.from(one.childNodes).some((n) => n.nodeType === 3 && n.data.trim()) || !one.checkVisibility()) continue;
  if (["SCRIPT", "OPTION", "title"].includes(one.tagName)) continue;
  const style = getComputedStyle(one);
  const [a, b] = [light(channels(one.tagName === "text" ? style.fill : style.color)), light(behind(one))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  seen += 1;
  if (contrast < 4.5) found.push([one.textContent.slice(0, 40), contrast]);
}
return [seen, found];
"""


@pytest.mark.parametrize(
    "name", ["0", "1", "50", "pull-request", "hostile", "two-currencies-offline", "german", "sell"]
)
def test_page_opens_silently_at_every_size(browser: Browser, name: str):
    """From a file, wide or narrow, light or dark: nothing is asked for, nothing complained about, nothing cut off."""
    for width, dark in SIGHTS:
        browser.open(name, width=width, dark=dark)

        assert [] == browser.complaints()
        assert {browser.driver.current_url} == set(browser.asked())
        assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
        assert browser.run("return document.querySelector('h1').textContent === document.title")


@pytest.mark.parametrize("name", ["50", "pull-request", "german", "two-currencies-offline"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_stands_out(browser: Browser, name: str, dark: bool):
    """Every text that is shown has at least 4.5 to 1 against what is behind it, opened lines included."""
    browser.open(name, dark=dark)
    browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    seen, faint = browser.run(FAINT)

    assert seen > 100
    assert [] == faint


@pytest.mark.parametrize("name", ["0", "50", "pull-request", "hostile", "sell"])
@pytest.mark.parametrize("width", [1280, 390])
def test_rules_of_accessibility_hold(browser: Browser, name: str, width: int):
    """Axe finds nothing: landmarks, headings, labels, names, contrast; the first customers' lines opened."""
    browser.open(name, width=width)
    browser.run("document.querySelectorAll('.unit:nth-child(-n+3) details').forEach((one) => { one.open = true; })")
    browser.run((importlib.resources.files("axe_core_python") / "axe.min.js").read_text("utf-8"))

    found = browser.driver.execute_async_script(
        "axe.run(document, {resultTypes: ['violations']}).then((r) => arguments[0](r.violations))"
    )

    assert [] == [(item["id"], [node["html"][:200] for node in item["nodes"]]) for item in found]


def test_headings_are_in_order_and_landmarks_there(browser: Browser):
    """One first heading, no level left out, one main, and a table's rows and columns are named."""
    browser.open("pull-request")

    levels = browser.run("return Array.from(document.querySelectorAll('h1,h2,h3,h4'), (h) => Number(h.tagName[1]))")

    assert 1 == levels.count(1) == levels[0]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert 1 == browser.run("return document.querySelectorAll('main').length")
    assert 0 == browser.run("return document.querySelectorAll('th:not([scope])').length")
    assert 0 == browser.run("return document.querySelectorAll('table:not(:has(caption))').length")


def test_no_name_acts(browser: Browser):
    """Names that are markup, scripts, endings of blocks or directions are shown and do nothing."""
    browser.open("hostile")
    counts = browser.run(
        "return ['h1', 'img', 'script', 'style', 'b > script'].map((one) => document.querySelectorAll(one).length)"
    )

    assert [1, 0, 1, 1, 0] == counts
    assert browser.driver.title.startswith("Plan for <script>")
    assert not browser.run("return /[\\u202a-\\u202e\\u2066-\\u2069\\x1b]/.test(document.documentElement.textContent)")


def test_policy_forbids_all_other_scripts(browser: Browser):
    """Even markup that came into the page could not act: handlers, scripts and styles of others do not run."""
    browser.open("1")
    browser.run(
        "document.body.setAttribute('onclick', \"document.title='owned'\");"
        "const script = document.createElement('script'); script.textContent = \"document.title='owned'\";"
        "document.body.append(script); document.body.click();"
    )

    assert "owned" != browser.driver.title
    assert any("Content Security Policy" in text for text in browser.complaints())


# ---- the list ----


def _type(browser: Browser, text: str) -> str:
    """Type into the filter as a person does, and what is said once the list has followed."""
    before = browser.driver.find_element(By.ID, "status").text
    browser.driver.find_element(By.ID, "text").send_keys(text)
    WebDriverWait(browser.driver, 30).until(lambda driver: driver.find_element(By.ID, "status").text != before)
    return browser.driver.find_element(By.ID, "status").text


def _shown(browser: Browser) -> list[str]:
    return browser.run(
        "return Array.from(document.querySelectorAll('.unit')).filter((one) => one.checkVisibility())"
        ".map((one) => one.querySelector('b').textContent)"
    )


def test_typing_narrows_the_list(browser: Browser):
    """What is typed has to stand in a line or in its customer's name; how many are left is said."""
    browser.open("50")
    everything = len(_shown(browser))

    assert f"5 of {everything} lines are shown" == _type(browser, "visio")
    assert ["visio"] * 5 == _shown(browser)
    assert f"1 of {everything} lines are shown" == _type(browser, " hafenkontor logistik")
    assert f"All {everything} lines are shown" == _type(browser, Keys.CONTROL + "a" + Keys.DELETE)
    assert everything == len(_shown(browser))


def test_kinds_customers_and_what_stays_narrow_the_list(browser: Browser):
    """Unticked kinds go, one customer can be picked, and what a revert does not take back can be had alone."""
    browser.open("50")
    tick = {one.get_attribute("value"): one for one in browser.driver.find_elements(By.NAME, "kind")}
    for kind in ("buy", "change", "adopt", "waiting"):
        tick[kind].click()

    assert {"basic"} == set(_shown(browser))

    browser.open("50")
    Select(browser.driver.find_element(By.ID, "customer")).select_by_value("kunde-0002")

    assert ["projekt", "basic", "schutz", "betreuung"] == _shown(browser)

    browser.driver.find_element(By.ID, "lasting").click()

    assert ["basic"] == _shown(browser)


def test_list_is_ordered_by_money(browser: Browser):
    """Ordered by new commitment, the largest comes first, among customers and within each; as planned comes back."""
    browser.open("50")
    owed: dict[str, int] = {}
    for item in plan_of(50).operations:
        if item.preview is not None and item.preview.commitment is not None:
            cents = int(item.preview.commitment.amount * 100)
            owed[item.address.customer] = owed.get(item.address.customer, 0) + cents
    keys = "return Array.from(document.querySelectorAll('.customer'), (one) => one.dataset.key)"
    planned = browser.run(keys)

    Select(browser.driver.find_element(By.ID, "order")).select_by_value("owed EUR")
    ordered = browser.run(keys)

    assert sorted(owed, key=lambda key: -owed[key]) == ordered[: len(owed)]
    assert planned != ordered

    Select(browser.driver.find_element(By.ID, "order")).select_by_value("plan")

    assert planned == browser.run(keys)


def test_keyboard_alone_reaches_everything(browser: Browser):
    """Tab goes through all there is in the order it is read, each with a visible focus, and out again; Enter opens."""
    browser.open("1")
    keys = ActionChains(browser.driver)
    tabbable = browser.run(
        "return Array.from(document.querySelectorAll('a[href], input, select, button, summary'))"
        ".filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80))"
    )
    walked = []
    for _ in range(len(tabbable)):
        keys.send_keys(Keys.TAB).perform()
        walked.append(browser.run("return document.activeElement.outerHTML.slice(0, 80)"))
        assert "none" != browser.run("return getComputedStyle(document.activeElement).outlineStyle")

    assert tabbable == walked
    assert "To the list of changes" in walked[0]

    browser.run("document.querySelector('.unit summary').focus()")
    keys.send_keys(Keys.ENTER).perform()

    assert browser.run("return document.querySelector('.unit details').open")
    assert browser.driver.find_element(By.CSS_SELECTOR, ".unit dl").is_displayed()


def test_filter_reveals_what_was_waiting(browser: Browser):
    """What was waiting anyway is folded; what is searched for there opens it."""
    browser.open("pull-request")
    fold = "return document.querySelector('.fold').open"

    assert not browser.run(fold)

    _type(browser, "basic")

    assert browser.run(fold)


def test_all_lines_open_at_once(browser: Browser):
    """One button opens every line, and closes it again."""
    browser.open("50")
    closed = "return document.querySelectorAll('.unit details:not([open])').length"
    toggle = browser.driver.find_element(By.ID, "toggle")

    toggle.click()

    assert (0, "true") == (browser.run(closed), toggle.get_attribute("aria-pressed"))

    toggle.click()

    assert 0 == browser.run("return document.querySelectorAll('.unit details[open]').length")


def test_page_reads_without_its_script(browser: Browser):
    """Without the script there are no controls, and every line is there and opens by itself."""
    browser.open("50", edit=lambda page: page.replace(SCRIPT, ""))

    assert not browser.driver.find_element(By.ID, "controls").is_displayed()
    assert 51 == len(_shown(browser))

    browser.driver.find_element(By.CSS_SELECTOR, ".unit summary").click()

    assert browser.driver.find_element(By.CSS_SELECTOR, ".unit dl").is_displayed()


# ---- paper, pictures, size ----


@pytest.mark.parametrize("edit", [str, lambda page: page.replace(SCRIPT, "")], ids=["script", "no script"])
def test_paper_has_everything(browser: Browser, edit):
    """Printed, every line stands open and no control is there, with the script or without."""
    browser.open("50", edit=edit)
    browser.tell("Emulation.setEmulatedMedia", media="print")

    hidden = browser.run(
        "return Array.from(document.querySelectorAll('dl, .notes, td'))"
        ".filter((one) => !one.checkVisibility({contentVisibilityAuto: true}) && !one.ariaHidden).length"
    )
    controls = browser.driver.find_element(By.ID, "controls").is_displayed()
    paper = base64.b64decode(browser.tell("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"])

    assert (0, False) == (hidden, controls)
    assert paper.startswith(b"%PDF-")
    assert paper.count(b"/Type /Page\n") >= 13  # a customer is not broken over two pages where it fits on one


def test_pictures_are_taken(browser: Browser, tmp_path):
    """Light and dark are two sights of the same page; both are kept beside the test for whoever wants to look."""
    for dark in (False, True):
        browser.open("pull-request", dark=dark)
        picture = base64.b64decode(browser.tell("Page.captureScreenshot")["data"])
        (tmp_path / f"{'dark' if dark else 'light'}.png").write_bytes(picture)

    light, dark_ = ((tmp_path / name).read_bytes() for name in ("light.png", "dark.png"))

    assert light != dark_
    assert min(len(light), len(dark_)) > 20_000  # an empty page is a tenth of that


def test_five_thousand_changes_stay_usable(browser: Browser):
    """What is out of sight is not laid out, and the filter finds among five thousand lines."""
    browser.open("5000")

    assert [] == browser.complaints()
    assert "auto" == browser.run("return getComputedStyle(document.querySelector('.customer')).contentVisibility")
    assert "500 of 5,001 lines are shown" == _type(browser, "visio")


def test_link_into_the_fold_opens_it(browser: Browser):
    """An address that leads to something folded opens it."""
    browser.open("pull-request")
    browser.run("location.hash = '#w0'")
    deadline = time.monotonic() + 30
    while not browser.run("return document.querySelector('.fold').open") and time.monotonic() < deadline:
        time.sleep(0.05)

    assert browser.run("return document.querySelector('.fold').open")


def test_german_page_says_so(browser: Browser):
    """A screen reader is told the language."""
    browser.open("german")

    assert "de" == browser.run("return document.documentElement.lang")
