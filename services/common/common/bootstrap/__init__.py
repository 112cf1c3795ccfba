"""What a new installation needs before its first migration: secrets, databases and least-privilege accounts.

The secrets may be held in a JSON file (`make dev`), in the environment (compose) or in Secrets (Kubernetes);
the databases and accounts are made the same way everywhere. Everything here may be run again at any time.
"""

from common.bootstrap.databases import SERVICES, account_names, bootstrap
from common.bootstrap.secrets import new_secrets, read_or_make_secrets

__all__ = ["SERVICES", "account_names", "bootstrap", "new_secrets", "read_or_make_secrets"]
