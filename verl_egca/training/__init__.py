"""The wiring into verl 0.9.1: reward manager, advantage estimator, trainers, metrics. Only here and in ``cpu/`` is verl
imported."""
