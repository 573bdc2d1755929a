"""`zoomlogs doctor`: looks at everything that has to be right, and says what to change in which console.

`facts` and `aws_facts` fetch the facts. The pure functions of `collector_rules`, `bucket_rules` and `delivery_rules`
judge them. `checks` is the list of all checks, and `command` runs and shows them. What changes something for a moment,
or acts as somebody else, is tried only when asked for: `write_trial`, `alarm_trial`, `reader_trial`. What a check needs
of AWS is in `zoomlogs.policies`.
"""
