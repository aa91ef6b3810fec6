import resource
import subprocess
import sys

COMMAND = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 80))
from loadkit.engine.descriptors import descriptor_limit
print(descriptor_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] != 0
    done = subprocess.run([sys.executable, "-c", COMMAND], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["80", "80", "80"]
