"""The plan gate: judges a plan that uses this module, and prints one list of what is wrong with it.

`../check` starts it. It runs on Python 3.9 and newer with the standard library alone; what needs more, the checkers and
the reader of .tf files, runs in environments of its own.
"""
