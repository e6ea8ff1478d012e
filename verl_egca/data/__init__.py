"""Problems from the rows of data sets, and the parquet that verl trains on.

row_problem.py   a row's problem; shapes/ has a class for each shape, pytest_modules/ reads modules of tests
rows.py          reading JSON lines, JSON lists and parquet, a row at a time; errors name file, row and key
formats.py       the problems of a file
prepare.py       writing verl's parquet (parquet_file.py, messages.py, splits.py, reference_choice.py)
survey.py        counts of a file's rows by shape, and the references that fail their own tests
python_files.py  a problem from files of Python             constraint_file.py  constraints as YAML
plain_values.py, json_text.py, references.py, time_limits.py, well_formed.py   values as data sets write them
"""
