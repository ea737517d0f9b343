// What every program that is measured does (see ../measure.py), for Node: node PEER.mjs FILE NODE-FOLDER

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const ENOUGH = 0.5; // CPU seconds of warm passes after which no further one begins

/** require() as in the folder that peers were installed into. */
export const require = createRequire(`${process.argv[3]}/`);

/** Measures accepts(line) over the lines of FILE. */
export function measure(accepts) {
  const lines = readFileSync(process.argv[2], 'utf8').replace(/\n$/, '').split('\n');
  accepts(lines[0]);
  console.log('first');
  const start = seconds();
  const [refused, cold] = timed(lines, accepts);
  const passes = [];
  for (let used = 0; used < ENOUGH; used += passes.at(-1)) passes.push(timed(lines, accepts)[1]);
  const warm = passes.sort((one, other) => one - other)[passes.length >> 1];
  const peak = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ start_seconds: start, cold_seconds: cold, warm_seconds: warm, refused, peak_mb: peak }));
}

function timed(lines, accepts) {
  const began = seconds();
  const refused = [];
  lines.forEach((line, place) => accepts(line) || refused.push(place));
  return [refused, seconds() - began];
}

function seconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
