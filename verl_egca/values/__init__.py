"""Values of tests and programs as text, rebuilt by exact type, or their stand-ins."""
