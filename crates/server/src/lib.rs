//! Routes, log-ins, errors to responses, configuration.
