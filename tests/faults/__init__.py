"""`make faults`: twenty clients use two replicas of everything while parts of it are killed and cut off.

plan.py      which faults, when: drawn from a seed
system.py    what is disturbed: processes, and a proxy on every way between them
engine.py    carries a plan out
load.py      the clients, and what they do (messages.py: in rooms)
client.py    one of them; follower.py its sockets, record.py what it writes down
truth.py     what the server says in the end: the log, and every answer a client could get
checker.py   what must hold between the two, rule by rule; evidence.py and bounds.py help it
clock.py     how much time the machine had
run.py       one run of all that; report.py writes docs/reliability.md
breaks.py    how a history can go wrong, for the checker to name it; histories.py has one that went well
broken.py    starts a service with a fault in its code, so that the checker can be seen to find it
special.py   faults that take their time
hostile.py   clients that mean harm (attacks.py), beside one that does not
soak.py      hours of it without faults: memory, descriptors, tasks and connections must stay flat
"""
