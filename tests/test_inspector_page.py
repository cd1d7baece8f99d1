"""The inspector's page, in a real browser."""

import json
import re
import time
from base64 import b64encode

import httpx
import pytest

from adapter.local.visit import Visit
from adapter.message import Request, Response
from browser_gateway import Running
from browser_page import PATIENCE_MS, browser
from dev_command import free_port

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
expect = sync_api.expect

XSS = "<img src=x onerror=window.hit=1><script>window.hit=1</script>"
SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40" onload="window.hit=1">'
    b'<circle r="20" fill="red"/></svg>'
)
DEPTH = 5_000  # with an indent for each, the text would have fifty million characters
LOG = [
    "[WARNING]\t2026-11-21T18:31:45.459Z\t98d1fbe4-c634-dfeb-e9a1-533a6e3f8dc0\tmind",
    "\x1b[1;31mred\x1b[0m plain \x1b]8;;http://x\x07link",
    XSS,
    "a\0b\u202ec",
    "[ERROR] oh",
]


def function(event, context):
    path = event["path"]
    for line in LOG:
        context.log(line)
    if path == "/refused":
        return {"statusCode": 200, "body": {"a": 1}}
    if path == "/svg":
        body, headers = b64encode(SVG).decode(), {"content-type": "image/svg+xml"}
        return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
    if path == "/bytes":
        return {"statusCode": 200, "body": "/wAB", "isBase64Encoded": True}
    if path == "/hostile":
        headers = {"content-type": "text/html", "x-a": XSS}
        return {"statusCode": 404, "headers": headers, "body": XSS}
    if path == "/nested":
        return {"statusCode": 200, "body": "[" * DEPTH + "]" * DEPTH}
    status = 201 if event["httpMethod"] == "POST" else 200
    body = '{"n":12345678901234567890,"a":[],"b":{"c":"<b>\\"x"}}'
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": body}


@pytest.fixture(scope="module")
def running():
    it = Running(function)
    yield it
    it.stop()


chromium = pytest.fixture(scope="module")(browser)


SIZE = {"width": 1200, "height": 760}
# What a test makes the browser say about answers that it wants.
MEANT = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|400 \\(Bad Request"


@pytest.fixture(scope="module")
def tab(chromium):
    context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.said = []
    opened.on("console", lambda message: opened.said.append(message.text))
    opened.on("pageerror", lambda error: opened.said.append(str(error)))
    return opened


@pytest.fixture
def page(tab, running):
    """The page of an empty inspector, which must not say a word in the browser's console."""
    tab.goto("about:blank")
    running.call(running.history.clear)
    tab.said.clear()
    tab.set_viewport_size(SIZE)
    tab.goto(f"{running.url}/_adapter")
    expect(tab.locator("#live")).to_have_text("live")
    yield tab
    assert [text for text in tab.said if not re.search(MEANT, text)] == []
    assert tab.evaluate("window.hit") is None


@pytest.fixture
def app(running):
    with httpx.Client(base_url=running.url, timeout=30) as client:
        yield client


def rows(page):
    return page.locator("#rows [role=option]")


def test_an_empty_page_says_what_to_do_and_a_request_shows_without_a_reload(page, app, running):
    expect(page.locator("#empty")).to_contain_text(f"curl {running.url}/")
    app.post("/orders?x=1", json={"a": 1})
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("POST/orders?x=1")
    expect(rows(page).locator(".status")).to_have_text("201")
    expect(page.locator("#empty")).to_be_hidden()
    expect(page.locator("#count")).to_have_text("1 request")
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#empty")).to_be_visible()


def test_keys_lead_everywhere(page, app):
    for path in ("/a", "/b", "/c"):
        app.get(path)
    expect(rows(page)).to_have_count(3)
    page.keyboard.press("j")
    title = page.locator(".title .path")
    expect(title).to_have_text("/c")
    page.keyboard.press("ArrowDown")
    expect(title).to_have_text("/b")
    page.keyboard.press("k")
    expect(title).to_have_text("/c")
    expect(rows(page).nth(0)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_focused()
    for key, tab in zip("1234567", page.locator("[role=tab]").all(), strict=True):
        page.keyboard.press(key)
        expect(tab).to_have_attribute("aria-selected", "true")
    page.locator("[role=tab]").last.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-overview")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator("#filter")).to_be_focused()


FILTERS = {
    "orders": ["/orders/2", "/orders"],
    "-orders": ["/hostile", "/refused"],
    "status:4xx": ["/hostile"],
    "status:5xx,404": ["/hostile", "/refused"],
    "status:": ["/hostile", "/orders/2", "/orders", "/refused"],
    "method:post ORDERS": ["/orders"],
    "-method:post -status:404": ["/orders/2", "/refused"],
    "is:refused": ["/refused"],
    "is:nothing": [],
    "kind:rest nothing": [],
}


def test_the_filter(page, app):
    app.get("/refused")
    app.post("/orders")
    app.get("/orders/2")
    page.locator("#filter").fill("status:404")
    app.get("/hostile")  # it comes to be shown when its status does
    expect(page.locator("#count")).to_have_text("1 of 4 requests")
    for text, paths in FILTERS.items():
        page.locator("#filter").fill(text)
        expect(rows(page).locator(".path")).to_have_text(paths)
    expect(page.locator("#empty")).to_contain_text("No request matches")
    page.locator("#filter").press("Escape")
    expect(rows(page)).to_have_count(4)


def test_what_a_request_became(page, app):
    app.post("/orders", content=b'{"b":1,"a":[{}]}', headers={"x-name": "caf\xe9".encode()})
    rows(page).first.click()
    page.locator("#tab-request").click()
    panel = page.locator("#panel")
    expect(panel.locator(".headers")).to_contain_text("café")
    expect(panel.locator(".body pre")).to_have_text('{\n  "b": 1,\n  "a": [\n    {}\n  ]\n}')
    panel.get_by_role("button", name="raw").click()
    expect(panel.locator(".body pre")).to_have_text('{"b":1,"a":[{}]}')
    panel.get_by_role("button", name="pretty").click()
    page.locator("#tab-event").click()
    expect(panel.locator("pre")).to_contain_text('"httpMethod": "POST"')
    page.locator("#tab-response").click()
    expect(panel.locator("pre").last).to_have_text(
        '{\n  "n": 12345678901234567890,\n  "a": [],\n  "b": {\n    "c": "<b>\\"x"\n  }\n}'
    )
    page.locator("#tab-log").click()
    expect(panel.locator(".line.warn")).to_have_text("[WARNING] 18:31:45.459 mind")
    first = panel.locator(".line").nth(2)
    expect(first).to_have_text("red plain link")
    expect(first.locator(".bold.fg-c1")).to_have_text("red")
    expect(panel.locator(".line").nth(4)).to_have_text("a␀b\\u202ec")
    page.locator("#tab-overview").click()
    for label in ("Front end", "Function", "Sending"):  # the last one when its end is heard of
        expect(panel.locator(".stretch .label", has_text=label)).to_be_visible()


def test_a_refused_result_says_what_aws_answers(page, app):
    app.get("/refused")
    rows(page).first.click()
    expect(page.locator(".verdict")).to_have_text(
        'API Gateway answers 502 {"message": "Internal server error"}'
        "because the result's body is dict, not text"
    )
    page.locator("#tab-result").click()
    expect(page.locator(".verdict")).to_be_visible()


def test_nothing_an_app_sends_becomes_markup(page, app):
    app.get("/hostile?" + XSS.replace(" ", "%20"), headers={"x-b": XSS})
    app.get("/svg")
    app.get("/bytes")
    expect(rows(page)).to_have_count(3)
    for at in range(3):
        rows(page).nth(at).click()
        path = rows(page).nth(at).locator(".path").inner_text()
        expect(page.locator(".title .path")).to_have_text(path)
        for key in "1234567":
            page.keyboard.press(key)
        expect(page.locator(".pairs .pair").nth(5)).to_be_visible()
    expect(page.locator("main script, main img[src=x]")).to_have_count(0)
    page.locator("#tab-response").click()
    expect(page.locator("#panel pre").last).to_have_text(XSS)
    rows(page).nth(1).click()
    expect(page.locator(".title .path")).to_have_text("/svg")
    image = page.locator("#panel img")
    expect(image).to_have_js_property("naturalWidth", 40)
    with page.context.expect_page() as opened:  # on its own it may run nothing either
        page.evaluate("source => open(source)", image.get_attribute("src"))
    opened.value.wait_for_load_state()
    assert opened.value.evaluate("window.hit") is None
    opened.value.close()
    rows(page).nth(0).click()
    expect(page.locator("#panel .hex")).to_contain_text("ff 00 01")
    with page.expect_download() as download:
        page.get_by_role("link", name="download").click()
    assert download.value.path().read_bytes() == b"\xff\0\x01"


def test_what_is_nested_deep_is_indented_so_far_only(page, app):
    app.get("/nested")
    rows(page).first.click()
    page.keyboard.press("5")
    expect(page.locator("#panel pre").last).to_contain_text("[\n    [\n")
    text = page.locator("#panel pre").last.text_content()
    assert (text.count("["), text.count("]")) == (DEPTH, DEPTH)
    assert len(text) < 50_000


# The first answer about a visit stops in the middle, until it is aborted.
HANGS = """() => {
  const real = fetch;
  window.aborted = [];
  window.fetch = async (path, options) => {
    window.fetch = real;
    const { signal } = options;
    const broken = (body) => signal.addEventListener("abort", () => {
      window.aborted.push(path);
      body.error(signal.reason);
    });
    return new Response(new ReadableStream({ start: broken }));
  };
  window.told = [];
  new MutationObserver(() => window.told.push(document.querySelector("#detail").textContent))
    .observe(document.querySelector("#detail"), { childList: true });
}"""


def test_an_answer_that_a_newer_question_aborts_is_not_shown(page, app):
    app.get("/first")
    expect(rows(page)).to_have_count(1)
    page.evaluate(HANGS)
    rows(page).first.click()
    app.get("/second")  # news, so that the page asks again
    expect(page.locator(".title .path")).to_have_text("/first")
    assert len(page.evaluate("window.aborted")) == 1
    told = page.evaluate("window.told")  # once more for each piece of news while it is under way
    assert [text for text in told if "/first" not in text] == []  # nothing but the answer, whole


def test_replay_and_edit(page, app, running):
    app.post("/orders?x=1", content=b"a\r\nb\r\n", headers={"x-a": "\xff".encode("latin-1")})
    rows(page).first.click()
    expect(page.locator(".title .path")).to_have_text("/orders?x=1")
    page.get_by_role("button", name="Replay").focus()
    page.keyboard.press("Enter")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("button", name="Replay")).to_be_focused()
    first, second = requests(running)
    assert first == second
    page.keyboard.press("e")
    expect(page.locator("#edit-body")).to_have_value("a\nb\n")
    page.locator("#edit-url").fill("/changed")
    page.locator("#edit-headers").press("Control+End")
    page.locator("#edit-headers").type("\nnonsense")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".wrong")).to_contain_text("“nonsense” is no header")
    page.locator("#edit-headers").fill("host: h\nx-a: \udcff\nx-b: é")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".title .path")).to_have_text("/changed")
    edited = requests(running)[-1]
    assert (edited.method, edited.path, edited.body) == ("POST", "/changed", b"a\r\nb\r\n")
    assert dict(edited.headers)["x-b"] == "\xc3\xa9"


def requests(running):
    return [visit.visit.request for visit in running.call(running.history.since, 0).entries]


def test_a_new_request(page, running):
    page.keyboard.press("n")
    page.locator("#edit-method").fill("put")
    page.locator("#edit-url").fill("/new?a=b c")
    page.locator("#edit-body").fill("/w==")
    page.locator("#edit-binary").check()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".title .path")).to_have_text("/new?a=b%20c")
    (made,) = requests(running)
    assert (made.method, made.body) == ("put", b"\xff")


def test_two_front_ends_side_by_side(page, app):
    app.get("/a%20b?x=1")
    rows(page).first.click()
    page.locator("#tab-compare").click()
    expect(page.locator(".pair.top")).to_have_text("REST APIHTTP API")
    expect(page.locator(".pair.theirs", has_text='"rawPath": "/a b"')).to_be_visible()
    expect(page.locator(".pair.ours", has_text='"httpMethod"').first).to_be_visible()
    page.locator("#panel select").select_option("alb")
    expect(page.locator(".pair.top")).to_have_text("REST APILoad balancer")
    expect(page.locator(".pair.same").first).to_be_visible()
    page.get_by_label("differing lines only").check()
    expect(page.locator(".pair.same")).to_have_count(0)


@pytest.mark.parametrize(
    ("key", "beginning"),
    [
        ("c", "curl -g --path-as-is "),
        ("v", '{\n  "resource": '),
        ("t", "from adapter import Handler\n"),
    ],
)
def test_copies_are_on_the_clipboard(page, app, key, beginning):
    app.get("/orders")
    rows(page).first.click()
    expect(page.locator(".actions")).to_be_visible()
    page.keyboard.press(key)
    expect(page.locator("#toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith(beginning)


def test_without_a_clipboard_the_copy_is_shown(page, app):
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    app.get("/orders")
    rows(page).first.click()
    expect(page.locator(".actions")).to_be_visible()
    page.keyboard.press("c")
    expect(page.locator("#copy textarea")).to_have_value(re.compile("^curl -g"))
    page.keyboard.press("Escape")


def test_a_failed_start_shows_until_it_is_mended(page, running):
    running.call(running.history.problem, 'File "main.py", line 3\n  <b>SyntaxError')
    expect(page.locator("#problem-text")).to_have_text('File "main.py", line 3\n  <b>SyntaxError')
    running.call(running.history.problem, "")
    expect(page.locator("#problem")).to_be_hidden()


def test_a_lost_connection_is_told_and_comes_back(tab):
    first, page = Running(function, port=free_port()), tab
    try:
        page.goto(f"{first.url}/_adapter")
        httpx.get(f"{first.url}/before", timeout=30)
        expect(rows(page)).to_have_count(1)
    finally:
        first.stop()
    expect(page.locator("#lost")).to_be_visible()
    expect(page.locator("#live")).to_have_text("reconnecting")
    second = Running(function, port=first.server.port)
    try:
        expect(page.locator("#lost")).to_be_hidden()
        expect(rows(page)).to_have_count(0)  # it knows nothing of what the other one had
        httpx.get(f"{second.url}/after", timeout=30)
        expect(rows(page).locator(".path")).to_have_text(["/after"])
    finally:
        page.goto("about:blank")
        second.stop()


def test_a_flood_leaves_the_newest_and_the_page_usable(page, running):
    watch = running.history.watch
    for number in range(60):
        visits = [Visit(Request("GET", f"/{number}/{n}"), "rest_api") for n in range(50)]
        for visit in visits:
            running.call(watch, visit)
            visit.response = Response(200, (), [b""])
            visit.mark("answered")
        running.call(lambda: [watch(visit) for visit in visits])  # noqa: B023
        if number == 30:
            page.locator("#filter").fill("7")
            expect(page.locator("#count")).to_contain_text(" of ")
            page.locator("#filter").fill("")
        time.sleep(0.02)
    expect(rows(page).first.locator(".path")).to_have_text("/59/49")
    expect(rows(page)).to_have_count(500)
    expect(page.locator("#rows .open")).to_have_count(0)


def test_a_paused_list_holds_still(page, app):
    app.get("/a")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("p")
    app.get("/b")
    expect(page.locator("#pause")).to_have_text("Paused · 1")
    expect(rows(page)).to_have_count(1)
    page.keyboard.press("p")
    expect(rows(page)).to_have_count(2)


def test_the_address_remembers_what_is_shown(page, app):
    app.get("/a")
    app.get("/b")
    expect(rows(page)).to_have_count(2)
    page.locator("#filter").fill("a")
    rows(page).first.click()
    page.locator("#tab-event").click()
    page.reload()
    expect(page.locator(".title .path")).to_have_text("/a")
    expect(page.locator("#tab-event")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#filter")).to_have_value("a")
    expect(rows(page)).to_have_count(1)


def test_it_is_usable_on_a_narrow_screen(page, app):
    page.set_viewport_size({"width": 360, "height": 640})
    app.get("/a/" + "long" * 40, headers={"x-long": "y" * 500})
    rows(page).first.click()
    expect(page.locator("[role=tab]")).to_have_count(7)
    for key in "1234567":
        page.keyboard.press(key)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.evaluate("panel.scrollWidth <= panel.clientWidth")
    page.get_by_role("button", name="Back to the list").click()
    expect(page.locator("#rows")).to_be_focused()
    expect(page.locator("#detail")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(page, app, running, scheme):
    """At least 4.5 to 1: https://www.w3.org/TR/WCAG22/#contrast-minimum"""
    page.emulate_media(color_scheme=scheme)
    for path in ("/orders", "/hostile", "/refused"):
        app.get(path)
    tell(running, "a", "predict", 3, begun=True, failed=[1, 1, 1])
    expect(page.locator("#runs .run")).to_have_count(1)
    expect(rows(page)).to_have_count(3)
    rows(page).first.click()
    expect(page.locator(".verdict")).to_be_visible()
    found = []
    for key in "12345":
        page.keyboard.press(key)
        found += page.evaluate(CONTRASTS)
    assert {it[0]: it for it in found if it[1] < 4.5} == {}
    assert len(found) > 100
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(255, 255, 255)") == (scheme == "light")


# The contrast of each element that has text of its own: [text, ratio].
CONTRASTS = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const paint = (colours) => {
    canvas.clearRect(0, 0, 1, 1);
    for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb.map((it) => it / 255)
    .map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
    .reduce((sum, it, at) => sum + it * [0.2126, 0.7152, 0.0722][at], 0);
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((it) => it.nodeType === 3 && it.data.trim());
    if (!own || !element.checkVisibility() || element.closest("#toast")) continue;
    const grounds = [];
    for (let at = element; at; at = at.parentElement) {
      grounds.unshift(getComputedStyle(at).backgroundColor);
    }
    const a = light(paint(grounds));
    const b = light(paint([...grounds, getComputedStyle(element).color]));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push([element.className + ": " + element.textContent.slice(0, 30), ratio]);
  }
  return found;
}"""


# Runs


def test_runs_have_a_bar_each_that_moves_until_they_are_cleared(page, running):
    section, found = page.locator("#runs"), page.locator("#runs .run")
    expect(section).to_be_hidden()
    tell(running, "0123456789abcdef", "coordinate", 1, begun=True, told={"done": 0, "of": 20})
    tell(running, "0123456789abcdef.chunks", f"predict {XSS}", 20, begun=True, done=[*range(5)])
    expect(found).to_have_count(2)
    expect(found.nth(1)).to_contain_text(re.compile(r"coordinate 012345670/20\d+ s"))
    expect(found.nth(0)).to_contain_text(f"predict {XSS[:20]}")
    bar = found.nth(0).get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-valuetext", "5 of 20")
    assert share(bar) == pytest.approx(0.25, abs=0.01)
    page.locator("#filter").focus()
    while not found.nth(0).locator("button").evaluate("it => it === document.activeElement"):
        page.keyboard.press("Tab")
    tell(running, "0123456789abcdef.chunks", "", 20, joined=19, failed=[7, 7, 7])
    expect(bar).to_have_attribute("aria-valuetext", "19 of 20 1 failed")
    expect(found.nth(0)).to_contain_text("1 failed")
    expect(found.nth(0)).to_have_class("run over")
    page.keyboard.press("Enter")  # what is drawn anew keeps the focus
    expect(page.locator("#toast")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "0123456789abcdef.chunks"
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(section).to_be_hidden()


def tell(running, run, name, of, **rest):
    news = {"id": run, "name": name, "of": of, "joined": 0, "done": [], "failed": [], **rest}
    running.call(lambda: running.history.progress(json.dumps({"runs": [news]}).encode()))


def share(bar):
    """The first part's of the whole, once it has stopped moving."""
    return bar.evaluate(
        """async (it) => {
            const part = it.children[0];
            await Promise.all(part.getAnimations().map((each) => each.finished));
            return part.getBoundingClientRect().width / it.getBoundingClientRect().width;
        }"""
    )


# Through the command


def test_it_looks_into_a_real_adapter_dev(tab, dev, tmp_path):
    app = "def handler(event, context): print('it was asked'); return {'statusCode': 418}\n"
    (tmp_path / "main.py").write_text(app)
    gateway = dev("main.handler", "--inspect-port", "0", folder=tmp_path)
    address = re.search(r"http://\S+/_adapter", gateway.process.stdout.readline())[0]
    tab.goto(address)
    expect(tab.locator("#live")).to_have_text("live")
    gateway.client.get("/tea?cups=2")
    row = tab.get_by_text("/tea?cups=2").first
    expect(row).to_be_visible()
    row.click()
    expect(tab.get_by_text("it was asked").first).to_be_visible()
    tab.get_by_role("button", name="Replay").click()
    expect(tab.get_by_text("2 requests")).to_be_visible()
    (tmp_path / "main.py").write_text("raise RuntimeError('the save is broken')\n")
    expect(tab.get_by_text("RuntimeError: the save is broken").first).to_be_visible()
    (tmp_path / "main.py").write_text(app)
    expect(tab.get_by_text("RuntimeError: the save is broken")).to_have_count(0)
