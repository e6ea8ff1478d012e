"""Problems from rows as people have them, and the parquet that verl trains on.

row_problem.py   a row's problem, in whatever shape its data set has; shapes/ has one class a shape, pytest_modules/ reads
                 tests that are modules of pytest or unittest
rows.py          reading JSON lines, JSON lists and parquet, a row at a time, with errors that name file, row and key
formats.py       the problems of a file
prepare.py       writing verl's parquet (parquet_file.py, messages.py, splits.py, reference_choice.py)
survey.py        what a file holds, and which references fail their own tests
python_files.py  a problem from files of Python             constraint_file.py  constraints as YAML
plain_values.py, json_text.py, references.py, time_limits.py, well_formed.py   values as data sets write them
"""
