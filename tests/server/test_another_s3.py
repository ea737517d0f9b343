"""docs/howto/beside-localstack.md, with moto's server in LocalStack's place, which needs docker:
what stands below the line that begins it is typed as it stands, but for the two ports.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.ports import free_port
from tests.server.conftest import DATASTORE, wait_for
from tests.shown_examples import PAGES, ROOT, blocks

pytest.importorskip(
    "moto.moto_server.werkzeug_app",
    reason="moto's server is not installed: pip install 'moto[server,s3]'",
)
pytest.importorskip("awscli", reason="the aws command line is not installed: pip install awscli")


@pytest.fixture
def emulated_s3():
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    yield "{}:{}".format(*moto.get_host_and_port())
    moto.stop()


def test_the_recipe_imports_from_the_other_emulators_bucket(emulated_s3, tmp_path, monkeypatch):
    (recipe,) = blocks(PAGES["docs/howto/beside-localstack.md"], "sh")
    begun, _, rest = recipe.partition("\n")
    assert begun.startswith("docker run")
    port = str(free_port())
    script = rest.replace("127.0.0.1:4566", emulated_s3).replace("8080", port)
    # The aws command begins when the server answers, and what it served is ended with the script.
    served = re.search(r"^.*bulkfhir serve.*$", script, re.MULTILINE)[0]
    wait = f"until curl -sf http://127.0.0.1:{port}/healthz; do sleep 0.2; done"
    script = script.replace(served, f"{served}\nSERVER=$!\ntrap 'kill $SERVER' EXIT\n{wait}")
    script += "\nread -r _"
    (tmp_path / "fixtures/sample").mkdir(parents=True)
    shutil.copy(ROOT / "fixtures/sample/Patient.ndjson", tmp_path / "fixtures/sample")
    environment = {name: value for name, value in os.environ.items() if "AWS" not in name}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    shell = subprocess.Popen(
        ["bash", "-c", script], cwd=tmp_path, env=environment, stdin=subprocess.PIPE, text=True
    )
    try:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        s3 = boto3.client(
            "s3", endpoint_url=f"http://{emulated_s3}", region_name="us-east-1", **keys
        )

        def manifest():
            if "records" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
                return None
            listed = s3.list_objects_v2(Bucket="records", Prefix="outcome/").get("Contents", ())
            return next((one["Key"] for one in listed if "Manifest" in one["Key"]), None)

        key = wait_for(manifest, "the Manifest in the other emulator's bucket", pause=0.5)
        assert key.startswith(f"outcome/{DATASTORE}-FHIR_IMPORT-")
        figures = json.loads(s3.get_object(Bucket="records", Key=key)["Body"].read())
        assert figures["numberOfResourcesScanned"] > 0
    finally:
        shell.communicate("\n", timeout=60)
