"""Programs with known wrong places: the truth for measurements of fault localisation."""
