"""The integration with verl 0.9.1: reward manager, advantage estimator, trainers, metrics."""
