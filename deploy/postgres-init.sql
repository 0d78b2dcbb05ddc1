-- Runs once, when PostgreSQL makes its data folder; the ledger's own database is made by POSTGRES_DB.
CREATE DATABASE mlflow;
