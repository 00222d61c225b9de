"""Jobs: from an alert to a report and a message, with nobody at hand, each at least once and none twice on record.

Owing(records, settings).want   an investigation becomes owed, in the commit of what makes it so (`owing`)
work(records, settings, ended)  a worker: does what is owed (`worker`)
"""
