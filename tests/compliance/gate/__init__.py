"""The plan check: checks a plan that uses this module, and prints one list of findings.

`../check` starts it. It needs only Python 3.9 or newer. The checkers and the reader of .tf files have environments of
their own.
"""
