"""What every service does the same way; it holds no noun of any service and imports none of them."""
