"""What is checked of every answer besides what the OpenAPI document says."""

import schemathesis


@schemathesis.check
def never_our_own_fault(ctx, response, case):
    """500 means a fault of the server's own; 503 is how the API tells every error."""
    assert response.status_code != 500, "the server answered 500"


@schemathesis.check
def one_error_and_nothing_else(ctx, response, case):
    """A 503 holds `error` alone, with a code, a description and details."""
    if response.status_code == 503:
        body = response.json()
        assert list(body) == ["error"], "the body holds more than the error"
        assert all(body["error"][key] for key in ("code", "description", "details"))
