"""Programs whose right or wrong places are known: the truth that fault localisation is measured against."""
