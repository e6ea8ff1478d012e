"""Localizers, which find the statement that makes a program fail: one file each, chosen by name (see `registry`)."""
