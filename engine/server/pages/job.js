// One job: figures and curve while it runs, errors by rule, its files.
import { ask, count, duration, element, mood, repeat, time } from "/assets/page.js";

const id = decodeURIComponent(location.pathname.split("/").pop());
const at = (name) => document.getElementById(name);
const FIGURES = {
  TotalNumberOfResourcesScanned: "Resources scanned",
  TotalNumberOfResourcesImported: "Resources imported",
  TotalNumberOfResourcesWithCustomerError: "Resources with errors", Throughput: "Imported a second",
  TotalNumberOfScannedFiles: "Files scanned", TotalNumberOfImportedFiles: "Files imported",
  TotalNumberOfFilesReadWithCustomerError: "Files with errors",
  TotalSizeOfScannedFilesInMB: "MB scanned",
};

function figures(job) {
  const report = job.JobProgressReport || {};
  const pairs = Object.entries(FIGURES).map(([name, label]) =>
    [label, report[name] === undefined ? "-" : count(report[name])]);
  pairs.push(["Took", duration(job.seconds) || "-"]);
  at("figures").replaceChildren(...pairs.map(([label, value]) =>
    element("div", {}, element("dt", {}, label), element("dd", {}, value))));
}

function share(answer) {
  at("done").value = answer.done;
  at("done").hidden = answer.finished || !answer.begun;
}

function properties(job) {
  const pairs = [
    ["Job", job.JobId], ["Data store", job.DatastoreId], ["Level", job.ValidationLevel],
    ["Submitted", time(job.SubmitTime)], ["Begun", time(job.begun)], ["Ended", time(job.EndTime)],
    ["Input", job.InputDataConfig.S3Uri],
    ["Output", job.JobOutputDataConfig.S3Configuration.S3Uri],
    ["Role", job.DataAccessRoleArn],
  ].filter(([, value]) => value);
  at("properties").replaceChildren(...pairs.flatMap(([label, value]) =>
    [element("dt", {}, label), element("dd", {}, value)]));
}

// The curve: rates between neighbouring samples, drawn by hand.
const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 220, LEFT = 64, RIGHT = 12, BOTTOM = 28, TOP = 26, POINTS = 60;

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Workers report block by block: a rate over less than two seconds would show the blocks, not the
// job.
function rates(samples) {
  const span = samples.length ? samples[samples.length - 1].at - samples[0].at : 0;
  const window = Math.max(2, span / POINTS);
  const points = [];
  let before = samples[0];
  samples.forEach((now, i) => {
    const seconds = now.at - before.at;
    if (seconds >= window
      || (i === samples.length - 1 && i > 0 && (!points.length || seconds >= window / 2))) {
      points.push({
        at: now.at - samples[0].at,
        scanned: (now.scanned - before.scanned) / seconds,
        failed: (now.failed - before.failed) / seconds
      });
      before = now;
    }
  });
  return points.filter((point) => Number.isFinite(point.scanned));
}

function roundUp(value) {
  const step = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map((factor) => factor * step).find((candidate) => candidate >= value);
}

function curve(samples, finished) {
  const points = rates(samples);
  if (!points.length || points[points.length - 1].at < 1) {
    at("curve").replaceChildren(element("p", { className: "faint" },
      finished ? "The job was too short to draw." : "Nothing measured yet."));
    return;
  }
  const width = Math.max(320, at("curve").clientWidth);
  const most = Math.max(...points.map((point) => point.scanned));
  const top = roundUp(most);
  const end = points[points.length - 1].at;
  const x = (seconds) => LEFT + ((width - LEFT - RIGHT) * seconds) / end;
  const y = (rate) => HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * rate) / top;
  const drawn = (name) => points.map((point) => `${x(point.at)},${y(point[name])}`);
  const line = (name) => svg("polyline", {
    class: name, points: [`${x(0)},${y(points[0][name])}`, ...drawn(name)].join(" "),
  });
  const average = Math.round((samples[samples.length - 1].scanned - samples[0].scanned) / end);
  const grid = [0, 0.5, 1].flatMap((part) => [
    svg("line",
      { class: "axis", x1: LEFT, x2: width - RIGHT, y1: y(top * part), y2: y(top * part) }),
    svg("text", { x: LEFT - 8, y: y(top * part) + 4, "text-anchor": "end" }, count(top * part)),
  ]);
  const key = [
    svg("line", { class: "key-scanned", x1: LEFT, x2: LEFT + 24, y1: 13, y2: 13 }),
    svg("text", { x: LEFT + 30, y: 17 }, "scanned"),
    svg("line", { class: "key-failed", x1: LEFT + 100, x2: LEFT + 124, y1: 13, y2: 13 }),
    svg("text", { x: LEFT + 130, y: 17 }, "with errors"),
  ];
  const said = `${count(average)} on average, ${count(Math.round(most))} at most`;
  const label = `Resources a second over ${duration(end)}: ${said}`;
  at("curve").replaceChildren(svg("svg",
    { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
    ...grid, ...key, svg("text", { x: LEFT, y: HEIGHT - 8 }, "0 s"),
    svg("text", { x: width - RIGHT, y: HEIGHT - 8, "text-anchor": "end" }, duration(end)),
    line("scanned"), line("failed")), element("p", { className: "faint" }, label + "."));
}

function cause(found) {
  const types = Object.entries(found.types)
    .map(([name, issues]) => `${name || "unknown type"} ${count(issues)}`).join(", ");
  const unit = found.lines === 1 ? "line" : "lines";
  const lines = `${count(found.issues)} \u00d7 in ${count(found.lines)} ${unit}`;
  return element("li", {}, lines + " ", element("code", {}, found.path), `: ${found.message}`,
    element("div", { className: "faint" },
      types + (found.first ? `; first at ${found.first.file}:${found.first.line}` : "")));
}

function example(found) {
  const issues = (found.issues || []).map((issue) =>
    element("li", {}, element("code", {}, issue.location), ": " + issue.diagnostics));
  return element("li", {}, element("code", {}, `${found.file}:${found.line}`),
    found.resource ? " " + found.resource : "",
    ...(issues.length ? [element("ul", {}, ...issues)] : []));
}

// What stands beside a rule before it is opened: its most frequent cause.
function summed(rule) {
  const [first] = rule.causes || [];
  return first ? ` ${first.path}: ${first.message}` : "";
}

// Causes say more than examples; a job of an earlier version has examples alone.
function told(rule) {
  return rule.causes && rule.causes.length ? rule.causes.map(cause) : rule.examples.map(example);
}

let shownFindings = "";
function findings(found, finished) {
  // Redrawn only when something changed: an opened row stays open.
  const text = JSON.stringify([found, finished]);
  if (text === shownFindings) return;
  shownFindings = text;
  if (!found.length) {
    at("findings").replaceChildren(
      element("p", { className: "faint" }, finished ? "None." : "None yet."));
    return;
  }
  const rows = found.map((rule) => element("tr", {},
    element("td", { className: "number" }, count(rule.count)), element("td", {}, rule.severity),
    element("td", {}, rule.examples.length
      ? element("details", {},
        element("summary", {}, element("code", {}, rule.rule), summed(rule)),
        element("ul", {}, ...told(rule)))
      : element("code", {}, rule.rule))));
  const head = element("tr", {}, element("th", { scope: "col", className: "number" }, "Count"),
    element("th", { scope: "col" }, "Severity"),
    element("th", { scope: "col", style: "width: 75%" }, "Rule, with its causes"));
  at("findings").replaceChildren(
    element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)));
  if (!finished) at("findings").append(
    element("p", { className: "faint" }, "So far. The causes follow when the job has ended."));
}

async function files() {
  const listed = await ask(`/api/jobs/${encodeURIComponent(id)}/files`);
  if (!listed.files.length) {
    at("files").replaceChildren(element("p", { className: "faint" }, "None yet."));
    return;
  }
  const within = (name) => name.split("/").map(encodeURIComponent).join("/");
  const path = (name) => `/jobs/${encodeURIComponent(id)}/files/${within(name)}`;
  const items = listed.files.map((file) => element("li", {},
    element("a", { href: path(file.name) }, file.name), " ",
    element("span", { className: "faint" }, count(file.size) + " bytes")));
  at("files").replaceChildren(element("ul", { className: "files" }, ...items));
  if (listed.more) at("files").append(
    element("p", { className: "faint" }, `and ${count(listed.more)} more`));
}

let known = null;
async function refresh() {
  let answer;
  try {
    answer = await ask(`/api/jobs/${encodeURIComponent(id)}`);
  } catch (error) {
    at("notice").textContent = "The server does not answer: " + error.message;
    at("notice").hidden = false;
    return false;
  }
  at("notice").hidden = true;
  const { job } = answer;
  document.title = `${job.JobName || job.JobId} ${job.JobStatus} - bulkfhir`;
  at("name").textContent = job.JobName || job.JobId;
  if (at("status").textContent !== job.JobStatus) at("status").textContent = job.JobStatus;
  at("status").className = mood(job.JobStatus);
  at("message").textContent = job.Message || "";
  at("message").hidden = !job.Message;
  at("cancel").hidden = !answer.cancellable;
  share({ ...answer, begun: job.begun });
  figures(job);
  properties(job);
  const begun = { at: job.begun, scanned: 0, imported: 0, failed: 0 };
  curve(job.begun ? [begun, ...answer.samples] : [], answer.finished);
  findings(answer.findings, answer.finished);
  if (known !== job.JobStatus) {
    known = job.JobStatus;
    await files().catch((error) => at("files").replaceChildren(
      element("p", { className: "faint" }, "Cannot be listed: " + error.message)));
  }
  return answer.finished;
}

at("cancel").addEventListener("click", async () => {
  if (!confirm("Cancel this job? What was imported so far is not published.")) return;
  at("cancel").disabled = true;
  try {
    await ask(`/api/jobs/${encodeURIComponent(id)}/cancel`, { method: "POST" });
  } catch (error) {
    at("notice").textContent = error.message;
    at("notice").hidden = false;
  }
  at("cancel").disabled = false;
});
repeat(refresh, 1000);
