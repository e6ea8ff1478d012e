"""Where a failing program went wrong: localizers, one file each, chosen by name (see `registry`)."""
