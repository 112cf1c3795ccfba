"""Those we are measured against, and limits: each does the same job, on the same rows, with the same
tokens."""
