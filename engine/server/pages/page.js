// What both pages share: building elements, asking the server, and how states and numbers are
// written.

export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export async function ask(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { "X-Bulkfhir-Page": "1" } });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message || answer.statusText);
  return body;
}

const MOODS = {
  COMPLETED: "good", COMPLETED_WITH_ERRORS: "warn", FAILED: "bad", CANCEL_FAILED: "bad",
  SUBMITTED: "wait", QUEUED: "wait", CANCEL_COMPLETED: "wait",
};
export const STATES = [
  "SUBMITTED", "QUEUED", "IN_PROGRESS", "COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED",
  "CANCEL_SUBMITTED", "CANCEL_IN_PROGRESS", "CANCEL_COMPLETED", "CANCEL_FAILED",
];
export const mood = (status) => "status " + (MOODS[status] || "run");
export const count = (number) => (number === undefined ? "" : number.toLocaleString("en"));
export const time = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleString() : "");

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 60) return seconds.toFixed(1) + " s";
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts[0] ? `${parts[0]} h ${parts[1]} min` : `${parts[1]} min ${parts[2]} s`;
}

// Runs an asynchronous step again and again, slowly while nobody looks, until it answers true.
export async function repeat(step, milliseconds) {
  for (;;) {
    if (await step()) return;
    const pause = document.hidden ? milliseconds * 10 : milliseconds;
    await new Promise((wake) => setTimeout(wake, pause));
  }
}
