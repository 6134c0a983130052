//! Ingest, store and query traces.
