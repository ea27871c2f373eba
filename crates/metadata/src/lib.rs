//! Metadata on SQLite and PostgreSQL; the one place where SQL is written.
