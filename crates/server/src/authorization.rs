//! The `Authorization` header, or what scripts of our pages show in its place: its form only. Whether a session is valid is found out later, after the parameters; whether a
//! signature is right before them, because that is told in plain text.

use crate::page_session;
use crate::refusal::FrontRefusal;
use crate::request_date::RequestDate;
use hyper::header::{AUTHORIZATION, DATE, HeaderMap};
use hyper::{Method, StatusCode};
use imprint_api::ReplyZone;
use imprint_domain::Timestamp;
use imprint_service::SignedRequest;

/// What a request shows of whom it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// A session.
    Session(String),
    /// A signature.
    Signed(SignedRequest),
}

/// What of a request is signed besides its date, and when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signable<'a> {
    /// The method.
    pub(crate) method: &'a Method,
    /// The path behind `/v1`.
    pub(crate) path: &'a str,
    /// Now.
    pub(crate) now: Timestamp,
    /// The zone of the server's own clock.
    pub(crate) zone: &'a ReplyZone,
}

impl Credentials {
    /// Reads them. Scripts of our pages have their session in the cookie of this name.
    pub(crate) fn read(headers: &HeaderMap, cookie: &str, request: Signable<'_>) -> Result<Self, FrontRefusal> {
        let value = headers.get(AUTHORIZATION);
        if value.is_none()
            && let Some(session) = page_session::session_of_script(headers, cookie)
        {
            return Ok(Self::Session(session.to_owned()));
        }
        let value = value.ok_or_else(|| FrontRefusal::bad_request("missing header 'Authorization'"))?;
        let value = value.to_str().unwrap_or_default().trim();
        if let Some(session) = value.strip_prefix("OAuth") {
            return Ok(Self::Session(session.trim().to_owned()));
        }
        if let Some(key) = value.strip_prefix("ZStack") {
            return signed(headers, key.trim(), request).map(Self::Signed);
        }
        let text = "the header 'Authorization' must be of the type OAuth or ZStack: 'OAuth <session uuid>', or \
                    'ZStack <access key id>:<signature>'";
        Err(FrontRefusal::bad_request(text))
    }
}

fn signed(headers: &HeaderMap, key: &str, request: Signable<'_>) -> Result<SignedRequest, FrontRefusal> {
    let missing = || FrontRefusal::bad_request("missing header 'Date', which a request with an access key needs");
    let date = headers.get(DATE).ok_or_else(missing)?.to_str().unwrap_or_default();
    let parsed = RequestDate::parse(date).ok_or_else(|| {
        FrontRefusal::bad_request("the header 'Date' must have the form 'Mon, 04 Mar 2024 09:07:05 GMT'")
    })?;
    if !parsed.is_recent(request.now, request.zone) {
        // This very text is what clients know.
        return Err(FrontRefusal {
            status: StatusCode::FORBIDDEN,
            text: "requestTimeTooSkewed".to_owned(),
            allow: None,
        });
    }
    let (key_id, signature) = key
        .split_once(':')
        .filter(|(key_id, signature)| !key_id.is_empty() && !signature.is_empty() && !signature.contains(':'))
        .ok_or_else(|| {
            FrontRefusal::bad_request("wrong access key format: it must be 'ZStack <access key id>:<signature>'")
        })?;
    let text = format!("{}\n{date}\n/v1{}", request.method, request.path);
    Ok(SignedRequest { key_id: key_id.to_owned(), signature: signature.to_owned(), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mar 4, 2024 9:07:05 AM UTC.
    const NOW: Timestamp = Timestamp(1_709_543_225_000);

    fn read(authorization: &[u8], date: Option<&str>) -> Result<Credentials, (u16, String)> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, authorization.try_into().unwrap());
        if let Some(date) = date {
            headers.insert(DATE, date.parse().unwrap());
        }
        let zone = ReplyZone::default();
        let request = Signable { method: &Method::GET, path: "/images", now: NOW, zone: &zone };
        Credentials::read(&headers, "imprint-session", request)
            .map_err(|refusal| (refusal.status.as_u16(), refusal.text))
    }

    #[test]
    fn the_session_is_what_follows_oauth() {
        for (value, session) in [("OAuth abc", "abc"), ("  OAuth   abc  ", "abc"), ("OAuthabc", "abc"), ("OAuth", "")] {
            assert_eq!(read(value.as_bytes(), None), Ok(Credentials::Session(session.to_owned())), "{value}");
        }
    }

    #[test]
    fn other_types_are_refused() {
        for value in [&b"Bearer x"[..], b"oauth x", b"zstack a:b", b"", b"abc", b"OAuth \xff"] {
            assert_eq!(read(value, None).unwrap_err().0, 400, "{value:?}");
        }
    }

    #[test]
    fn a_signed_request_says_what_was_signed() {
        let date = "Mon, 04 Mar 2024 09:07:05 CST";
        let signed = SignedRequest {
            key_id: "key".to_owned(),
            signature: "c2ln".to_owned(),
            text: format!("GET\n{date}\n/v1/images"),
        };
        for value in ["ZStack key:c2ln", " ZStack  key:c2ln ", "ZStackkey:c2ln"] {
            assert_eq!(read(value.as_bytes(), Some(date)), Ok(Credentials::Signed(signed.clone())), "{value}");
        }
    }

    #[test]
    fn a_signed_request_is_checked_in_the_protocols_order() {
        let check = |value: &str, date: Option<&str>| read(value.as_bytes(), date).unwrap_err();
        let (status, text) = check("ZStack broken", None);
        assert!(status == 400 && text.contains("missing header 'Date'"), "{text}");
        let (status, text) = check("ZStack broken", Some("yesterday"));
        assert!(status == 400 && text.contains("'Date' must have the form"), "{text}");
        let skewed = check("ZStack broken", Some("Mon, 04 Mar 2024 10:07:05 GMT"));
        assert_eq!(skewed, (403, "requestTimeTooSkewed".to_owned()));
        for value in ["ZStack", "ZStack broken", "ZStack a:b:c", "ZStack :b", "ZStack a:"] {
            let (status, text) = check(value, Some("Mon, 04 Mar 2024 09:07:05 GMT"));
            assert!(status == 400 && text.contains("access key format"), "{value}: {text}");
        }
    }
}
