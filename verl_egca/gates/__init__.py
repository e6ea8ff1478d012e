"""Each sample goes to one mode, decided without any learned part."""
