"""A running muster-sim for one test: started, told what to do, and ended."""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).parent


class Simulator:
    """`muster-sim KIND` over TLS, with the people that its arguments describe."""

    def __init__(self, kind, *population):
        program = os.environ.get("MUSTER_SIM")
        if not program:
            raise RuntimeError("MUSTER_SIM must name the muster-sim program")
        self._folder = tempfile.TemporaryDirectory(prefix="muster-sim.")
        self.folder = pathlib.Path(self._folder.name)
        self._process = subprocess.Popen(
            [program, kind, "--state-dir", str(self.folder), "--die-with-parent", *population],
            stdout=subprocess.PIPE,
            text=True,
        )
        # One line when it is ready, or nothing if it could not start.
        self.url = self._process.stdout.readline().strip()
        self.authority = str(self.folder / "ca.pem")

    def order(self, **order):
        """Gives an order over the control socket and returns what came of it."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.folder / "ctl"))
            control.sendall(json.dumps(order).encode() + b"\n")
            outcome = json.loads(control.makefile().readline())
        if not outcome["ok"]:
            raise RuntimeError(outcome["error"])
        return outcome["value"]

    def fault(self, *names):
        """Puts these faults in force in place of all others."""
        self.order(do="fault", faults=[{"fault": name} for name in names])

    def end(self):
        """Ends it and returns its exit status."""
        self._process.terminate()
        status = self._process.wait(timeout=20)
        self._process.stdout.close()
        self._folder.cleanup()
        return status


class SimulatorCase(unittest.TestCase):
    """A test with a simulator of its own, which must end cleanly."""

    kind = "crowd"
    population = ("--data", str(HERE / "people.json"))

    def setUp(self):
        self.simulator = Simulator(self.kind, *self.population)
        self.addCleanup(lambda: self.assertEqual(self.simulator.end(), 0))
        self.assertTrue(self.simulator.url.startswith("https://127.0.0.1:"))
