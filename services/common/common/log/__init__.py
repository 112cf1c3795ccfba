"""The numbered log on which everything shared stands (docs/adr/0001): written with the change, read after a
number.

an event     events.py (row, frame, publication) · tables.py
write side   writer.py (who waits) · jobs.py (many in one transaction) · transaction.py (what actions see)
the hint     bus.py · cluster.py
read side    reader.py · serve.py (to other services) · source.py (from other services)
live side    hub.py · topic.py · subscription.py · looks.py, access.py (how one begins) · frames.py · wire.py
upkeep       prune.py · checks.py · `python -m common.log`
"""
