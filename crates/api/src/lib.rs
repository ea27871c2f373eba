//! Operations, parameters, inventories and error codes of the REST API.
