"""The shapes of data sets' rows. A shape is a class (`shape.Shape`), listed in `data.row_problem.SHAPES`.

humaneval  mbpp  leetcode  pairs  cases  code_contests  assertions  own     the shapes, by family
read_row  entry_points  starter_code  case_values  check_function  packed   reading a row's parts
unread_keys                                                                 keys that no shape may ignore
"""
