//! A typed client over the API's declarations.
