"""`zoomlogs doctor`: checks the whole deployment, and says what to change in which console.

`facts` and `aws_facts` fetch facts. The pure functions of `collector_rules`, `bucket_rules` and `delivery_rules` judge
them. `checks` lists all checks; `command` runs and shows them. `write_trial`, `alarm_trial` and `reader_trial` change
something briefly or use other credentials, so they run only on request. `zoomlogs.policies` has the rights of each
check.
"""
