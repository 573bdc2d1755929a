"""`zoomlogs run`, `reconcile` and `backfill`.

`loop` starts runs until none of the requested dates is owed, `progress` shows them, `command` combines both.
"""
