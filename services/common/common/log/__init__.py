"""The numbered log on which everything shared stands (docs/adr/0001): written with the change, read after a
number.

write side   transaction.py (what an action sees) · writer.py (requests of one moment) · bus.py (the hint)
read side    reader.py · hub.py, topic.py and subscription.py (live sockets) · serve.py (other services)
upkeep       tables.py · prune.py · checks.py · `python -m common.log`
"""
