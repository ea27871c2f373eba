//! The `Authorization` header: its form only. Whether a session is valid is found out later, after the parameters.

use crate::refusal::FrontRefusal;
use hyper::StatusCode;
use hyper::header::HeaderValue;

/// Reads the session out of the header.
pub(crate) fn session_of(header: Option<&HeaderValue>) -> Result<String, FrontRefusal> {
    let value = header.ok_or_else(|| FrontRefusal::bad_request("missing header 'Authorization'"))?;
    let value = value.to_str().unwrap_or_default().trim();
    if let Some(session) = value.strip_prefix("OAuth") {
        return Ok(session.trim().to_owned());
    }
    if value.starts_with("ZStack") {
        let text = "unknown access key id: this server has no access keys, log in and send 'OAuth <session uuid>'";
        return Err(FrontRefusal { status: StatusCode::FORBIDDEN, text: text.to_owned() });
    }
    Err(FrontRefusal::bad_request("the header 'Authorization' must be of the type OAuth: 'OAuth <session uuid>'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &'static str) -> Result<String, u16> {
        session_of(Some(&HeaderValue::from_static(value))).map_err(|refusal| refusal.status.as_u16())
    }

    #[test]
    fn the_session_is_what_follows_oauth() {
        assert_eq!(check("OAuth abc"), Ok("abc".to_owned()));
        assert_eq!(check("  OAuth   abc  "), Ok("abc".to_owned()));
        assert_eq!(check("OAuthabc"), Ok("abc".to_owned()));
        assert_eq!(check("OAuth"), Ok(String::new()));
    }

    #[test]
    fn other_types_are_refused() {
        for value in ["Bearer x", "oauth x", "", "abc"] {
            assert_eq!(check(value), Err(400), "{value}");
        }
        assert_eq!(check("ZStack key:signature"), Err(403));
        let text = session_of(Some(&HeaderValue::from_static("ZStack k:s"))).unwrap_err().text;
        assert!(text.contains("access key id"), "{text}");
        assert_eq!(session_of(None).unwrap_err().text, "missing header 'Authorization'");
        let bytes = HeaderValue::from_bytes(b"OAuth \xff").unwrap();
        assert_eq!(session_of(Some(&bytes)).unwrap_err().status, 400);
    }
}
