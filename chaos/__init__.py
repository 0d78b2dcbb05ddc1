"""`python -m chaos`: kill the parts of a real system in turn, and count what is lost and what happened twice.

uploads.py   small sales files, and the batch of them that goes with each fault
site.py      the running system as its users see it, and patience while parts of it are away
faults.py    what is done to it
audit.py     what became of every upload
swaps.py     champions swapped under a load of predictions
report.py    the table, the JSON, and whether all of it was good
"""
