"""One step beside a debugger that goes wrong."""
