// The list of jobs: the newest page of it stays fresh, older pages are added on demand.
import { ask, count, duration, element, mood, repeat, STATES, time } from "/assets/page.js";

const rows = document.querySelector("#jobs tbody");
const older = document.querySelector("#older");
const notice = document.querySelector("#notice");
const filter = document.querySelector("#filter");
filter.status.append(...STATES.map((state) => element("option", { value: state }, state)));

let tail = []; // jobs of the older pages
let next = null;

function row(job) {
  const progress = job.JobProgressReport || {};
  return element("tr", {},
    element("td", {}, element("a",
      { href: "/jobs/" + encodeURIComponent(job.JobId), className: job.JobName ? "" : "code" },
      job.JobName || job.JobId)),
    element("td", {}, element("span", { className: mood(job.JobStatus) }, job.JobStatus)),
    element("td", {}, element("code", {}, job.DatastoreId)),
    element("td", {}, job.ValidationLevel || ""),
    element("td", { className: "time" }, time(job.SubmitTime)),
    element("td", { className: "number" }, duration(job.seconds)),
    element("td", { className: "number" }, count(progress.TotalNumberOfResourcesImported)),
    element("td", { className: "number" }, count(progress.TotalNumberOfResourcesWithCustomerError)),
    element("td", { className: "number" }, count(progress.Throughput)));
}

function address(before) {
  const wanted = new URLSearchParams();
  if (filter.status.value) wanted.set("status", filter.status.value);
  if (filter.datastore.value.trim()) wanted.set("datastore", filter.datastore.value.trim());
  if (before !== null) wanted.set("before", before);
  return "/api/jobs?" + wanted;
}

function show(head) {
  // Rebuilding the rows would take the focus from a link that the keyboard is on.
  const active = document.activeElement;
  const focused = rows.contains(active) ? active.getAttribute("href") : null;
  const known = new Set(head.map((job) => job.JobId));
  rows.replaceChildren(...head.map(row), ...tail.filter((job) => !known.has(job.JobId)).map(row));
  const links = [...rows.querySelectorAll("a")];
  if (focused) links.find((link) => link.getAttribute("href") === focused)?.focus();
  older.hidden = next === null;
}

async function refresh() {
  try {
    const page = await ask(address(null));
    if (!tail.length) next = page.before;
    show(page.jobs);
    notice.textContent = page.jobs.length ? "" : "No job matches.";
  } catch (error) {
    notice.textContent = "The server does not answer: " + error.message;
  }
  return false;
}

older.addEventListener("click", async () => {
  const page = await ask(address(next));
  tail = tail.concat(page.jobs);
  next = page.before;
  await refresh();
});
filter.addEventListener("input", () => { tail = []; next = null; refresh(); });
filter.addEventListener("submit", (event) => event.preventDefault());
repeat(refresh, 2000);
