"""The words of the command line: options, help, groups. What a command does is imported only when it runs.

`operate` has the commands that look and that start runs, `set_up` those that prepare, `secops` those about the feed.
"""
