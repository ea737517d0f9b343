"""White space as HL7's validator has it: what is blank, and what stands at no end of a code."""

from __future__ import annotations

from typing import Final

__all__ = ["BLANK", "SPACE"]

BLANK: Final = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f "
    "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
"""What may make up a blank string, and what a reader of XHTML skips: Java's own white space.

The no-break spaces U+00A0, U+2007 and U+202F are not among them.
"""
SPACE: Final = (
    "\t\n\x0b\x0c\r "
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""What may not stand at either end of a code or URI (and not inside a code).

The no-break spaces are among them.
"""
