"""GDAL's own validator of GeoPackages, as Debian installs it."""

import subprocess
from pathlib import Path

import pytest

SCRIPTS = (
    "/usr/lib/python3/dist-packages/osgeo_utils/samples/validate_gpkg.py",
    "/usr/share/doc/python3-gdal/examples/validate_gpkg.py",
)


def validate(path):
    """Fail where the validator finds anything, its extra checks and warnings included."""
    script = next((script for script in SCRIPTS if Path(script).is_file()), None)
    if script is None:
        pytest.skip("GDAL's validate_gpkg.py is not installed: apt-get install python3-gdal")
    # Debian's own Python has the GDAL module, without which the script leaves its geometry checks out.
    command = ["/usr/bin/python3", script, "--extra", "--warning-as-error", "-k", str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
