"""Faults of the value of a primitive (FHIR R4, section 2.24.0.1): the rules that ``primitives``
finds broken.
"""

from __future__ import annotations

from ..verdicts.declaration import Declaration

JSON_TYPE = Declaration(
    "json-type",
    "error",
    "invalid",
    "the value must be {expected}, not {found}",
    "a value is a JSON string, number or boolean, as its type is written in JSON",
    section="2.6.2.2",
    reference=(
        "JSON",
        "Type_Specific_Checks_DT_Boolean_Value",
        "Type_Specific_Checks_DT_Integer_Valid",
        "Type_Specific_Checks_DT_Decimal_Valid",
    ),
    parsing=True,
)
JSON_STRUCTURE = JSON_TYPE.also(
    JSON_TYPE.template, service="This property must be an simple value, not {found}"
)
EMPTY_STRING = Declaration(
    "empty-string",
    "error",
    "invalid",
    "a value must not be empty",
    "a string holds something",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Primitive_NotEmpty",),
)
STRING_LENGTH = Declaration(
    "string-length",
    "error",
    "invalid",
    "the string has {length} characters, {limit} are allowed",
    "a string has at most 1,048,576 characters",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_String_Length",),
)
DATE = Declaration(
    "date",
    "error",
    "invalid",
    "'{value}' is no date: YYYY, YYYY-MM or YYYY-MM-DD",
    "a date is written as one, and is in the calendar",
    section="2.24.0.1",
    reference=(
        "Type_Specific_Checks_DT_Date_Valid",
        "Type_Specific_Checks_DT_Primitive_Regex_Type",
    ),
    quotes=("value",),
)
DATE_OFF_CALENDAR = DATE.also("'{value}' is not in the calendar", quotes=("value",))
DATE_TIME = Declaration(
    "dateTime",
    "error",
    "invalid",
    "'{value}' is no dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz",
    "a dateTime is written as one, and is in the calendar",
    section="2.24.0.1",
    reference=(
        "Type_Specific_Checks_DT_DateTime_Valid",
        "Type_Specific_Checks_DT_DateTime_Regex",
    ),
    quotes=("value",),
)
DATE_TIME_OFF_CALENDAR = DATE_TIME.also("'{value}' is not in the calendar", quotes=("value",))
DATE_TIME_ZONE = Declaration(
    "dateTime-zone",
    "error",
    "invalid",
    "'{value}' has a time, so it must have a time zone",
    "a dateTime with a time has a time zone",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_DateTime_TZ",),
    quotes=("value",),
)
INSTANT = Declaration(
    "instant",
    "error",
    "invalid",
    "'{value}' is no instant: YYYY-MM-DDThh:mm:ss+zz:zz",
    "an instant is written as one, and is in the calendar",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Instant_Valid",),
    quotes=("value",),
)
INSTANT_OFF_CALENDAR = INSTANT.also("'{value}' is not in the calendar", quotes=("value",))
TIME = Declaration(
    "time",
    "error",
    "invalid",
    "'{value}' is no time: hh:mm:ss",
    "a time is written as one",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Time_Valid",),
    quotes=("value",),
)
CODE_WHITESPACE = Declaration(
    "code-whitespace",
    "error",
    "invalid",
    "'{value}' is no code: no white space but single spaces inside",
    "a code has no white space but single spaces inside",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Code_WS",),
    quotes=("value",),
)
ID = Declaration(
    "id",
    "error",
    "invalid",
    "'{value}' is no id: 1 to 64 of A-Z, a-z, 0-9, '-' and '.'",
    "an id is 1 to 64 letters, digits, '-' and '.'",
    section="2.24.0.1",
    reference=(
        "Resource_RES_ID_Malformed_Chars",
        "Resource_RES_ID_Malformed_Length",
        "Resource_RES_ID_Missing",
        "Type_Specific_Checks_DT_ID_Valid",
    ),
    quotes=("value",),
)
ID_BLANK = ID.also("an id must not be blank")
ID_MISSING = ID.also("an id must have a value")
URI_WHITESPACE = Declaration(
    "uri-whitespace",
    "error",
    "invalid",
    "'{value}' is no URI: it holds white space",
    "a URI holds no white space",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_URI_WS",),
    quotes=("value",),
)
URI_SCHEME = Declaration(
    "uri-scheme",
    "error",
    "invalid",
    "'{value}' must start with 'urn:'",
    "an OID or UUID that is a URI starts with 'urn:'",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_URI_OID", "Type_Specific_Checks_DT_URI_UUID"),
    quotes=("value",),
)
UUID = Declaration(
    "uuid",
    "error",
    "invalid",
    "'{value}' does not hold a UUID in lower case",
    "a UUID is written as 'urn:uuid:' and a UUID in lower case",
    section="2.24.0.1",
    reference=(
        "Type_Specific_Checks_DT_UUID_Valid",
        "Type_Specific_Checks_DT_Primitive_Regex_Type",
    ),
    quotes=("value",),
)
UUID_SCHEME = UUID.also("'{value}' must start with 'urn:uuid:'", quotes=("value",))
OID = Declaration(
    "oid",
    "error",
    "invalid",
    "'{value}' does not hold a valid OID",
    "an OID is written as 'urn:oid:' and an OID",
    section="2.24.0.1",
    reference=(
        "Type_Specific_Checks_DT_OID_Valid",
        "Type_Specific_Checks_DT_Primitive_Regex_Type",
    ),
    quotes=("value",),
)
OID_SCHEME = OID.also("'{value}' must start with 'urn:oid:'", quotes=("value",))
CANONICAL_ABSOLUTE = Declaration(
    "canonical-absolute",
    "error",
    "invalid",
    "'{value}' must be an absolute URI or a fragment",
    "a canonical reference, and the url of a definition, is absolute",
    section="2.24.0.3",
    reference=(
        "TYPE_SPECIFIC_CHECKS_CANONICAL_ABSOLUTE",
        "TYPE_SPECIFIC_CHECKS_CANONICAL_CONTAINED",
    ),
    quotes=("value",),
)
BASE64 = Declaration(
    "base64",
    "error",
    "invalid",
    "{count} characters of base64 are no multiple of four",
    "base64 has a multiple of four characters",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Base64_Valid",),
)
DECIMAL = Declaration(
    "decimal",
    "error",
    "invalid",
    "{value} is no decimal: a leading zero",
    "a decimal has no leading zero",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Decimal_Valid",),
    quotes=("value",),
)
INTEGER = Declaration(
    "integer",
    "error",
    "invalid",
    "{value} is outside {least} to {most}",
    "an integer is a whole number of 32 bits, and is written as one",
    section="2.24.0.1",
    reference=("Type_Specific_Checks_DT_Integer_Valid",),
    quotes=("value",),
)
UNSIGNED_INT = Declaration(
    "unsignedInt",
    "error",
    "invalid",
    "{value} is outside {least} to {most}",
    "an unsignedInt is a whole number from 0, and is written as one",
    section="2.24.0.1",
    reference=(
        "Type_Specific_Checks_DT_Integer_Valid",
        "Type_Specific_Checks_DT_Integer_LT0",
    ),
    quotes=("value",),
)
POSITIVE_INT = Declaration(
    "positiveInt",
    "error",
    "invalid",
    "{value} is outside {least} to {most}",
    "a positiveInt is a whole number from 1, and is written as one",
    section="2.24.0.1",
    reference=(
        "Type_Specific_Checks_DT_Integer_Valid",
        "Type_Specific_Checks_DT_Integer_LT1",
    ),
    quotes=("value",),
)
_NO_WHOLE = "{value} is no {type}"
_NO_WHOLE_DIGITS = "{value} is no {type}: it has a fraction or an exponent, or is too large"
INTEGER_FORM = INTEGER.also(_NO_WHOLE, quotes=("value",))
INTEGER_DIGITS = INTEGER.also(_NO_WHOLE_DIGITS, quotes=("value",))
UNSIGNED_INT_FORM = UNSIGNED_INT.also(_NO_WHOLE, quotes=("value",))
UNSIGNED_INT_DIGITS = UNSIGNED_INT.also(_NO_WHOLE_DIGITS, quotes=("value",))
POSITIVE_INT_FORM = POSITIVE_INT.also(_NO_WHOLE, quotes=("value",))
POSITIVE_INT_DIGITS = POSITIVE_INT.also(_NO_WHOLE_DIGITS, quotes=("value",))

BLANK_STRING = Declaration(
    "blank-string",
    "warning",
    "invalid",
    "the value is white space only",
    "a string holds more than white space",
    section="2.24.0.1",
)
CONTROL_CHARACTER = Declaration(
    "control-character",
    "warning",
    "invalid",
    "the value holds a control character that XML cannot carry",
    "a string holds characters that XML can carry",
    section="2.24.0.1",
)
STRING_WHITESPACE = Declaration(
    "string-whitespace",
    "warning",
    "invalid",
    "the string starts or ends with white space",
    "a string neither starts nor ends with white space",
    section="2.24.0.1",
)
BASE64_WHITESPACE = Declaration(
    "base64-whitespace",
    "warning",
    "invalid",
    "the base64 holds white space",
    "base64 holds no white space",
    section="2.24.0.1",
)
BASE64_ALPHABET = Declaration(
    "base64-alphabet",
    "warning",
    "invalid",
    "the value cannot be decoded as base64",
    "base64 can be decoded",
    section="2.24.0.1",
)
DECIMAL_RANGE = Declaration(
    "decimal-range",
    "warning",
    "invalid",
    "the decimal has more than 18 digits, or an exponent of more than four",
    "a decimal has at most 18 digits",
    section="2.24.0.1",
)
