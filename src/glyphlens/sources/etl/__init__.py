"""The ETL Character Database (AIST): what its records say, which files its sets have, and their decoded pixels."""
