"""The job page: what it serves, and what a person sees of it in Chromium."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from bulkfhir.engine.job_terms.job_choices import Choices, ReportWish
from bulkfhir.engine.jobs import Database, ImportJob, JobStore
from bulkfhir.engine.jobs.recording import recorded_import
from bulkfhir.engine.server.exchange import Request
from bulkfhir.engine.server.service import Service, ServiceSettings
from tests.server.conftest import BAD, DATASTORE, GOOD, Served, finished, start_request, wait_for
from tests.server.test_serve import MANY, PLAN


def get(service, path, method="GET", **headers):
    return service.application.respond(
        Request(method, path, {}, {"host": "127.0.0.1:8080", **headers}, b"")
    )


@pytest.fixture
def service(tmp_path):
    return Service(ServiceSettings(state=tmp_path / "jobs.db", local=True))


def test_pages_run_their_own_scripts_only_and_load_nothing_from_elsewhere(service):
    for path in (
        "/",
        "/jobs/x",
        "/assets/style.css",
        "/assets/page.js",
        "/assets/list.js",
        "/assets/job.js",
    ):
        response = get(service, path)
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert b"http://" not in response.body.replace(b"http://www.w3.org/2000/svg", b"")
        assert b"https://" not in response.body
    assert get(service, "/assets/../service.py").status == 404
    assert get(service, "/assets/other.js").status == 404


def test_a_web_site_that_points_its_name_at_this_machine_gets_nothing(service):
    assert (
        service.application.respond(
            Request("GET", "/api/jobs", {}, {"host": "evil.example:8080"}, b"")
        ).status
        == 421
    )
    for host in ("localhost:8080", "127.0.0.1", "[::1]:8080", "bulkfhir:8080", "jobs.localhost"):
        assert (
            service.application.respond(Request("GET", "/api/jobs", {}, {"host": host}, b"")).status
            == 200
        )


def test_a_form_of_another_site_cannot_cancel_a_job(service):
    assert get(service, "/api/jobs/x/cancel", "POST").status == 403
    assert get(service, "/api/jobs/x/cancel", "POST", **{"x-bulkfhir-page": "1"}).status == 404


def test_an_array_job_is_shown_and_cancelled_elsewhere(service, tmp_path):
    jobs = JobStore(Database(tmp_path / "jobs.db"))
    where = {"input_uri": "file:///in/", "output_uri": "/out/", "level": "strict"}
    jobs.enter(ImportJob(id="x", datastore_id="d", submit_time=1.0, origin="array", **where))
    shown = json.loads(get(service, "/api/jobs/x").body)
    assert (shown["job"]["JobStatus"], shown["cancellable"]) == ("SUBMITTED", False)
    refused = get(service, "/api/jobs/x/cancel", "POST", **{"x-bulkfhir-page": "1"})
    assert refused.status == 409
    assert "is an array job" in json.loads(refused.body)["message"]
    assert not jobs.unfinished("d")


def test_health_and_metrics(calls):
    calls("StartFHIRImportJob", **start_request())
    calls.refused("StartFHIRImportJob")
    assert get(calls.service, "/healthz").body == b"ok\n"
    text = get(calls.service, "/metrics").body.decode()
    assert 'bulkfhir_requests_total{operation="StartFHIRImportJob",result="ok"} 1.0' in text
    assert (
        'bulkfhir_requests_total{operation="StartFHIRImportJob",result="ValidationException"} 1.0'
        in text
    )
    assert 'bulkfhir_jobs{status="SUBMITTED"} 1.0' in text
    assert get(calls.service, "/nothing").status == 404


@pytest.fixture(scope="module")
def ended(served):
    """A served job that has ended with an error, whose input would run a script if the page let
    it.
    """
    served.put("html/<img src=x onerror=document.title='run'>.ndjson", GOOD)
    served.put("html/bad.ndjson", GOOD + BAD)
    client = served.client()
    job = finished(
        client,
        client.start_fhir_import_job(
            **start_request(source="s3://in-bucket/html/", JobName="nightly")
        )["JobId"],
    )
    return served, job


def fetch(served, path):
    import http.client

    connection = http.client.HTTPConnection(served.url.removeprefix("http://"))
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.headers, response.read()


def test_manifest_and_logs_are_served_as_plain_text_and_nothing_else_is(ended):
    served, job = ended
    base = f"/jobs/{job['JobId']}/files"
    status, headers, body = fetch(served, f"{base}/Manifest.json")
    assert (status, json.loads(body)["numberOfScannedFiles"]) == (200, 2)
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert fetch(served, f"{base}/FAILURE/bad.ndjson")[0] == 200
    for path in (
        "../../jobs.db",
        "FAILURE/../../../../../../jobs.db",
        "FAILURE/%2e%2e/%2e%2e/%2e%2e/%2e%2e/jobs.db",
        "FAILURE//bad.ndjson",
        "FAILURE",
        "x",
    ):
        assert fetch(served, f"{base}/{path}")[0] == 404
    listed = json.loads(fetch(served, f"/api/jobs/{job['JobId']}/files")[2])
    assert [file["name"] for file in listed["files"]][:2] == ["Manifest.json", "FAILURE/bad.ndjson"]


CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
in_a_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER),
    reason="chromium and chromedriver are not installed (Debian: chromium, chromium-driver)",
)
SHOTS = os.environ.get("BULKFHIR_TEST_SCREENSHOTS")
"""A folder to keep pictures in, for a person to look at."""


@pytest.fixture(scope="module")
def browser():
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    flags = (
        "headless no-sandbox disable-gpu disable-quic no-first-run "
        "disable-background-networking disable-component-update disable-sync"
    )
    profile = tempfile.mkdtemp()
    for flag in (*flags.split(), f"user-data-dir={profile}", "window-size=1280,1000"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()
    shutil.rmtree(profile, ignore_errors=True)


def shows(browser, selector, text, seconds=90):
    return wait_for(
        lambda: (
            text
            in browser.execute_script(
                f"return document.querySelector({json.dumps(selector)})?.textContent || ''"
            )
        ),
        text,
        seconds,
    )


def keep(browser, name):
    if SHOTS:
        height = browser.execute_script("return document.documentElement.scrollHeight")
        browser.set_window_size(1280, min(height + 160, 3000))
        browser.save_screenshot(str(Path(SHOTS) / f"{name}.png"))


def complaints(browser):
    return [
        entry["message"]
        for entry in browser.get_log("browser")
        if entry["level"] in ("SEVERE", "WARNING")
    ]


@in_a_browser
def test_the_list_leads_to_a_job_with_its_errors_and_files(browser, ended):
    served, job = ended
    browser.get(served.url)
    shows(browser, "#jobs", "COMPLETED_WITH_ERRORS")
    keep(browser, "list-light")
    browser.execute_script(f"document.querySelector('#jobs a[href$=\"{job['JobId']}\"]').click()")
    shows(browser, "#status", "COMPLETED_WITH_ERRORS")
    shows(browser, "#findings", "bad.ndjson:3")
    shows(browser, "#findings", "Invalid JSON found in input file")
    shows(browser, "#files", "Manifest.json")
    figures = dict(
        browser.execute_script(
            "return [...document.querySelectorAll('#figures div')].map(f => [...f.children].map(c "
            "=> c.textContent))"
        )
    )
    assert (
        figures["Resources scanned"],
        figures["Resources imported"],
        figures["Resources with errors"],
    ) == ("5", "4", "1")
    browser.execute_script("document.querySelector('#findings details').open = true")
    keep(browser, "job-light")
    assert complaints(browser) == []


@in_a_browser
def test_names_from_the_data_are_shown_and_not_run(browser, ended):
    served, job = ended
    browser.get(f"{served.url}/jobs/{job['JobId']}")
    shows(browser, "#files", "onerror=document.title='run'")
    assert browser.execute_script("return document.querySelectorAll('#files img').length") == 0
    assert browser.title != "run"
    browser.execute_script(
        "[...document.querySelectorAll('#files a')].find(link => "
        "link.textContent.includes('onerror')).click()"
    )
    wait_for(lambda: '"lineId":1' in browser.page_source.replace("&quot;", '"'), "the log")
    assert complaints(browser) == []


@in_a_browser
def test_the_page_can_be_used_by_keyboard_alone(browser, ended):
    served, _ = ended
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    actions = pytest.importorskip("selenium.webdriver.common.action_chains").ActionChains

    def press(key):
        """To whatever has the focus: an element that is held here may be drawn anew meanwhile."""
        actions(browser).send_keys(key).perform()

    focused = """
      const element = document.activeElement, of = (name) => element.getAttribute(name);
      return [of("class") || of("name") || element.localName, of("href") || ""];
    """
    browser.get(served.url)
    shows(browser, "#jobs", "COMPLETED_WITH_ERRORS")
    visited = []
    for _ in range(12):
        press(keys.TAB)
        name, target = browser.execute_script(focused)
        visited.append(name)
        if "/jobs/" in target:
            break
    assert visited[:3] == ["skip", "status", "datastore"]
    outline = browser.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    press(keys.ENTER)
    shows(browser, "#status", "COMPLETED")
    wait_for(lambda: "/jobs/" in browser.current_url, "the job's page")


@in_a_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_in_dark(browser, ended, scheme):
    served, job = ended
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.get(f"{served.url}/jobs/{job['JobId']}")
    shows(browser, "#findings", "bad.ndjson:3")
    script = """
      const back = getComputedStyle(document.body).backgroundColor;
      const wanted = ['body', 'a', '.status', '.faint', '#figures dt', 'th'];
      const chosen = wanted.map(s => document.querySelector(s)).filter(Boolean);
      return [back, ...chosen.map(e => getComputedStyle(e).color)];
    """
    back, *texts = [luminance(colour) for colour in browser.execute_script(script)]
    assert (back > 0.5) == (scheme == "light")
    assert (
        min((max(back, text) + 0.05) / (min(back, text) + 0.05) for text in texts) >= 4.5
    )  # WCAG 2.1, 1.4.3
    keep(browser, f"job-{scheme}")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def luminance(colour):
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


HOSTILE = "<img src=x onerror=document.title='run'><script>document.title='run'</script>"


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """A server with --report and, in its state file, a job that a program ran: the job's name, a
    file and a value of it are hostile, and its report may quote them. Returns (server, folder).
    """
    folder = tmp_path_factory.mktemp("reported")
    server = Served(folder, "--datastore", DATASTORE, "--report")
    patient = {"resourceType": "Patient", "id": "a", "birthDate": HOSTILE, HOSTILE[:60]: 1}
    (folder / "in").mkdir()
    file = folder / "in" / f"{HOSTILE.replace('/', '')}.ndjson"
    file.write_text(json.dumps(patient))
    job = recorded_import(
        folder / "in",
        folder / "out",
        Choices(),
        job_id="hostile",
        datastore_id=DATASTORE,
        state=folder / "jobs.db",
        name=HOSTILE,
        workers=1,
        report=ReportWish(values=True, name=HOSTILE),
    )
    yield server, Path(job.job_folder.removeprefix("file://"))
    server.end()


@in_a_browser
def test_a_job_page_can_be_read_at_the_width_of_a_telephone(browser, reported):
    size = {"width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(f"{reported[0].url}/jobs/hostile")
    shows(browser, "#findings", "is no date")
    shows(browser, "#files", "report.html")
    browser.execute_script("document.querySelectorAll('details').forEach(e => e.open = true)")
    wide = browser.execute_script("return document.documentElement.scrollWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= 390


def test_an_endpoint_writes_a_report_where_it_is_asked_and_none_elsewhere(reported, ended):
    server, _ = reported
    server.put("in/Patient.ndjson", GOOD + b'{"resourceType":"Patient","id":"c","gender":"nobody"}')
    request = start_request(
        source="s3://in-bucket/in/", JobName="by name", ValidationLevel="strict"
    )
    client = server.client()
    finished(client, client.start_fhir_import_job(**request)["JobId"])
    (report,) = (server.root / "out-bucket").rglob("report.json")
    document = json.loads(report.read_text("utf-8"))
    assert (document["job"]["name"], document["figures"]["rejected"]) == ("by name", 1)
    assert "nobody" not in report.read_text("utf-8")
    assert not list((ended[0].root / "out-bucket").rglob("report.*"))


@in_a_browser
@pytest.mark.parametrize("place", ["from the disk", "from the job page"])
def test_a_hostile_name_file_and_value_are_shown_in_a_report_and_not_run(browser, reported, place):
    server, folder = reported
    page = (folder / "report.html").as_uri()
    if place == "from the job page":
        page = f"{server.url}/jobs/hostile/files/report.html"
    browser.get(page)
    shows(browser, "h1", HOSTILE)
    shows(browser, ".causes", f"'{HOSTILE}' is no date")
    shows(browser, ".causes", f"{HOSTILE.replace('/', '')}.ndjson:1")
    assert browser.title == f"Import {HOSTILE}"
    loading = "img, script, iframe, object, embed, a, form, link[rel=stylesheet]"
    found = browser.execute_script(f"return document.querySelectorAll({loading!r}).length")
    assert found == 0
    assert (
        browser.execute_script("return getComputedStyle(document.querySelector('h1')).fontWeight")
        == "700"
    )
    assert complaints(browser) == []


@in_a_browser
@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_fits_and_stands_out(browser, reported, scheme, width):
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get((reported[1] / "report.html").as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    script = """
      const chosen = ['body', '.faint', '.places', 'dt', 'th'].map(s => document.querySelector(s));
      return [document.body, ...chosen].map((e, i) =>
        getComputedStyle(e)[i ? 'color' : 'backgroundColor']);
    """
    back, *texts = [luminance(colour) for colour in browser.execute_script(script)]
    assert (back > 0.5) == (scheme == "light")
    assert min((max(back, text) + 0.05) / (min(back, text) + 0.05) for text in texts) >= 4.5
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@in_a_browser
def test_the_page_of_a_hostile_job_shows_its_name_and_runs_nothing(browser, reported):
    server, _ = reported
    browser.get(f"{server.url}/jobs/hostile")
    shows(browser, "#name", HOSTILE)
    shows(browser, "#findings", "is no date")
    shows(browser, "#files", "report.html")
    assert browser.title != "run"
    assert browser.execute_script("return document.querySelectorAll('img').length") == 0
    assert complaints(browser) == []


@in_a_browser
def test_a_running_job_moves_and_can_be_cancelled(browser, tmp_path):
    server = Served(tmp_path, "--datastore", DATASTORE, held=PLAN)
    try:
        server.put("data/many.ndjson", MANY)
        client = server.client()
        job_id = client.start_fhir_import_job(**start_request(JobName="long"))["JobId"]
        wait_for(server.is_held, "the job at its plan")
        browser.get(f"{server.url}/jobs/{job_id}")
        shows(browser, "#status", "IN_PROGRESS")
        keep(browser, "job-running")
        browser.execute_script("document.querySelector('#cancel').click()")
        browser.switch_to.alert.accept()
        shows(browser, "#status", "CANCEL_SUBMITTED")
        server.let_go()
        shows(browser, "#status", "CANCEL_COMPLETED", 180)
        wait_for(
            lambda: browser.execute_script("return document.querySelector('#cancel').hidden"),
            "the button to go",
        )
        assert complaints(browser) == []
    finally:
        server.let_go()
        server.end()
