"""The ledger on PostgreSQL: one record of money for several machines. Nothing of it is loaded without that setting."""
