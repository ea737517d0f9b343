// npm's fhir (FHIR.js): validate, with unexpected properties as errors.

import { measure, require } from './measure.mjs';

const { Fhir } = require('fhir');
const fhir = new Fhir();

measure((line) => {
  try {
    return fhir.validate(JSON.parse(line), { errorOnUnexpected: true }).valid;
  } catch {
    return false;
  }
});
