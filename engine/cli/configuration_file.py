"""Configuration file: where it is found, what it holds, and how it is named to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, NoReturn

import click

from bulkfhir.validators.economy.light_dataclass import dataclass

__all__ = ["OWN", "SHARED", "ConfigurationFile", "find_configuration"]

OWN: Final = "bulkfhir.toml"
SHARED: Final = "pyproject.toml"
"""Read where it has a table ``[tool.bulkfhir]``."""


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A TOML file of defaults, or one that holds them in a table."""

    path: Path

    def content(self) -> dict[str, Any]:
        """Return what the file states. Raises click.UsageError where it cannot be read."""
        import tomllib  # most folders have no such file

        try:
            content = tomllib.loads(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            self.refuse(error.strerror or str(error))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            self.refuse(str(error))
        if self.path.name != SHARED:
            return content
        tools = content.get("tool")
        table = tools.get("bulkfhir") if isinstance(tools, dict) else None
        return table if isinstance(table, dict) else {}

    def refuse(self, reason: str) -> NoReturn:
        """Raise click.UsageError, which names the file; shortly where it lies in this folder."""
        here = self.path.parent.absolute() == Path.cwd()
        raise click.UsageError(f"{self.path.name if here else self.path}: {reason}") from None

    def place(self, text: str) -> str:
        """Return a path of the file, which is relative to its folder, as it is seen from here.

        Urls, and packages by name and version, stay as they are.
        """
        folder = self.path.parent.absolute()
        if "://" in text or folder == Path.cwd():
            return text
        joined = folder / text
        return text if "#" in text and not joined.exists() else str(joined)


def find_configuration(start: Path) -> Path | None:
    """Return the file that configures a folder: the nearest, in it or in one above; None for none.

    In one folder bulkfhir.toml goes before pyproject.toml.
    """
    for folder in (start, *start.parents):
        for name in (OWN, SHARED):
            file = folder / name
            try:
                if file.is_file() and (name == OWN or b"tool.bulkfhir" in file.read_bytes()):
                    return file
            except OSError:
                continue  # a folder above that is not ours to read
    return None
