"""`zoomlogs doctor`: looks at everything that has to be right, and says what to change in which console.

`facts` fetches the facts, `rules` holds the pure functions that judge them, `checks` is the list of all checks,
`rights` what each of them needs of AWS, and `command` runs and shows them. What changes something for a moment, or acts
as somebody else, is tried only when asked for: `write_trial`, `alarm_trial`, `reader_trial`.
"""
