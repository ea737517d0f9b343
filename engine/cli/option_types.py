"""Types of options: texts and places, how a variable holds several, what a shell completes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from bulkfhir.validators.economy.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["Location", "PlainText"]

_VALUE: Final = lazy_pattern(r"""(?<!\S)(?:"([^"]*)"|'([^']*)')(?!\S)|(\S+)""")
"""A value with quotes around the whole of it, or one without white space."""


class PlainText(click.types.StringParamType):
    """A text. One variable holds several with white space between them, as click has it; one that
    has white space in itself stands in quotes, single or double. Quotes elsewhere are a part of it.
    """

    def split_envvar_value(self, rv: str) -> list[str]:
        """Return the values that a variable holds."""
        return [match[match.lastindex or 0] for match in _VALUE.finditer(rv)]


class Location(PlainText):
    """A folder or file by path or url, or a package by name: in a file it is relative to that."""

    name = "location"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return what makes the shell offer its files: of urls and names it knows nothing."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(incomplete, type="file")]
