//! A request as a command line.

use super::ExampleRequest;
use super::invisible::{escaped, in_units};

pub(super) fn write(request: &ExampleRequest) -> String {
    let session = if request.session { " -H \"Authorization: OAuth $SESSION\"" } else { "" };
    let line = format!("curl -X {} \"$IMPRINT{}\"{session}", request.method.as_str(), request.url());
    match &request.body {
        None => line,
        // Within single quotes a shell takes everything as it is but the quote itself.
        Some(body) => {
            let body = escaped(&body.to_string(), in_units).replace('\'', "'\\''");
            format!("{line} \\\n  -d '{body}'")
        }
    }
}
