"""Sessions of boto3, and of botocore below it: what these find of the user's settings, and the
models of AWS's services, which a process reads once.
"""

from __future__ import annotations

import gzip
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import botocore.session
import orjson
from botocore.loaders import JSONFileLoader, Loader, instance_cache

__all__ = ["ServiceModels", "boto3_session", "new_session"]


def new_session() -> botocore.session.Session:
    """Return botocore's session, a new one: boto3's default one is not safe to share among threads,
    and keeps the credentials that it once read. Clients of all sessions share the models.

    Raises what botocore raises on settings that it cannot use.
    """
    session = botocore.session.Session()
    models = _models(session.get_config_variable("data_path"))
    session.register_component("data_loader", models)
    return session


def boto3_session(own: botocore.session.Session | None = None, **stated: str | None) -> Any:
    """Return boto3's session over one of ``new_session``, a new one where none is given.

    stated   credentials and region, by boto3's names, which go before those that it would find
    """
    import boto3  # the models are read without it

    return boto3.session.Session(botocore_session=own or new_session(), **stated)


class ServiceModels(Loader):  # type: ignore[misc]  # botocore is untyped
    """botocore's reader of models, in a third of the time.

    folders   where the user has models, before those in ~/.aws/models and botocore's own
    """

    def __init__(self, folders: list[str] | None = None) -> None:
        super().__init__(folders, file_loader=_ModelFiles())

    @property
    def search_paths(self) -> list[str]:
        """Return a copy of the list of folders: each session of boto3 adds its own to it, whose
        resources nobody here uses.
        """
        return [*super().search_paths]

    @instance_cache  # type: ignore[untyped-decorator]  # as above
    def list_available_services(self, type_name: str) -> list[str]:
        """Return the names of all services. botocore asks for each service that it loads, and looks
        into the folders of all four hundred for a file of that type.
        """
        del type_name
        roots = (Path(path) for path in self.search_paths)
        return sorted({entry.name for root in roots if root.is_dir() for entry in root.iterdir()})


class _ModelFiles(JSONFileLoader):  # type: ignore[misc]  # as above
    def load_file(self, file_path: str) -> Any:
        for path, opened in ((f"{file_path}.json", open), (f"{file_path}.json.gz", gzip.open)):
            if Path(path).is_file():
                with opened(path, "rb") as file:
                    return orjson.loads(file.read())
        return None


@lru_cache(maxsize=8)
def _models(places: str | None) -> ServiceModels:
    """Return the models, those of AWS_DATA_PATH among them."""
    folders = places.split(os.pathsep) if places else []
    # As botocore does; Path.expanduser would raise for a user that there is not.
    expanded = [os.path.expanduser(os.path.expandvars(each)) for each in folders]  # noqa: PTH111
    return ServiceModels(expanded)
