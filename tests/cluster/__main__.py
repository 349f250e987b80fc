"""``python -m tests.cluster``: a control plane for use by hand; it lasts until Ctrl-C."""

from __future__ import annotations

import contextlib
import signal

from tests.cluster.controlplane import control_plane
from tests.cluster.programs import build

for line in build():
    print(f"== {line}", flush=True)
with control_plane() as plane:
    print(f"export KUBECONFIG={plane.kubeconfig}", flush=True)
    print("contexts: admin, nobody; Ctrl-C ends it", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
