"""Measurements against peers and limits: `make bench`. What is measured against what stands in jobs/, the
servers that we are measured against in peers/, the outcome in docs/performance.md."""
