"""Problems from the field's data sets, and the parquet that verl trains on.

formats.py   rows of HumanEval, MBPP, verl's code-RL data and the project's own, recognised by their keys
rows.py      reading JSON lines (plain or .gz) and parquet, with errors that name file, row and key
prepare.py   writing verl's parquet
"""
