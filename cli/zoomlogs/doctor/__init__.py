"""`zoomlogs doctor`: looks at everything that has to be right, and says what to change in which console.

`facts` fetches the facts, `rules` holds the pure functions that judge them, `checks` is the list of all checks,
`rights` what each of them needs of AWS, and `command` runs and shows them.
"""
