//! A request as a command line.

use super::{ExampleRequest, seen};

pub(super) fn write(request: &ExampleRequest) -> String {
    let session = if request.session { " -H \"Authorization: OAuth $SESSION\"" } else { "" };
    let line = format!("curl -X {} \"$IMPRINT{}\"{session}", request.method.as_str(), request.url());
    match &request.body {
        None => line,
        // Within single quotes a shell takes everything as it is but the quote itself.
        Some(body) => format!("{line} \\\n  -d '{}'", seen(&body.to_string()).replace('\'', "'\\''")),
    }
}
