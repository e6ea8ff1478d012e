"""One step with a faulty debugger."""
