//! Passwords in URLs, which are shown nowhere: `http://user:password@host/…` becomes `http://user@host/…`.

use std::borrow::Cow;

/// The text without the passwords of the URLs in it. What only looks like one is taken out too: a text that is shown must
/// not tell a password because its URL was mistyped.
pub fn without_url_passwords(text: &str) -> Cow<'_, str> {
    let (mut shown, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("://") {
        // A text that begins with a URL is one as a whole; in others it ends where it cannot go on.
        let begins = shown.is_empty() && !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let url = if begins { after } else { after.split([' ', '"']).next().unwrap_or_default() };
        let (kept, skipped) = user_and_password(url);
        shown.push_str(before);
        shown.push_str("://");
        shown.push_str(kept);
        rest = after.get(skipped..).unwrap_or_default();
    }
    if shown.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(shown + rest)
}

/// What is kept of what stands before a host, and how many bytes it stands for.
fn user_and_password(url: &str) -> (&str, usize) {
    let slashes = url.len() - url.trim_start_matches(['/', '\\']).len();
    let authority = url.get(slashes..).unwrap_or_default().split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let user_end = |userinfo: &str| slashes + userinfo.find(':').unwrap_or(userinfo.len());
    if let Some((userinfo, _)) = authority.rsplit_once('@') {
        let kept = url.get(..user_end(userinfo)).unwrap_or_default();
        return (kept, slashes + userinfo.len());
    }
    let Some((_, port)) = authority.split_once(':').filter(|_| !authority.starts_with('[')) else { return ("", 0) };
    let host = url.rfind('@');
    if port.bytes().all(|byte| byte.is_ascii_digit()) && !(port.is_empty() && host.is_some()) {
        return ("", 0);
    }
    // That is no port: a password that was not encoded, or that was cut off.
    (url.get(..user_end(authority)).unwrap_or_default(), host.unwrap_or(url.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, shown: &str) {
        assert_eq!(without_url_passwords(text), shown, "{text}");
    }

    #[test]
    fn a_password_is_taken_out_and_nothing_else_is() {
        check("http://u:secret@h/x", "http://u@h/x");
        check("https://:secret@h:8443/x?y=1#z", "https://@h:8443/x?y=1#z");
        check("ftp://u:se:cr@et@h", "ftp://u@h");
        check(r#"{"url":"http://u:secret@h/x","b":"http://v:more@i"}"#, r#"{"url":"http://u@h/x","b":"http://v@i"}"#);
        check("fetch http://u:a@h and http://v:b@i: no", "fetch http://u@h and http://v@i: no");
        for plain in [
            "",
            "no URL: a@b",
            "http://h:8080/a@b:c",
            "http://u@h/x",
            "http://[::1]:80/x",
            "http://[fe80::a]/x",
            "http://h:/x",
            "upload://disk",
            "zstore://default/9b1c",
            "file:///data/images/a:b@c.raw",
        ] {
            check(plain, plain);
        }
    }

    #[test]
    fn a_password_that_no_url_could_hold_or_that_was_cut_off_is_taken_out_too() {
        check("http://u:se/cr/et@h/x", "http://u@h/x");
        check("http://u:se?cr#et@h/x", "http://u@h/x");
        check("http:///u:secret@h/x", "http:///u@h/x");
        check("http://u:secr", "http://u");
        check("http://u:se\tcr@h/x", "http://u@h/x");
        check("http://u:/secret@h", "http://u@h");
        check("http://u:sec \"ret@h", "http://u@h");
        check("http://u:a://secret@h/x", "http://u@h/x");
    }

    proptest! {
        #[test]
        fn no_password_of_a_url_is_shown(user in "[a-z]{0,4}", password in "[A-Z:%]{0,6}QQ[A-Z:%]{0,6}", rest in "[a-z:/@?#]{0,9}") {
            let text = format!("got http://{user}:{password}@host/{rest}, \"http://{user}:{password}@other\"");
            prop_assert!(!without_url_passwords(&text).contains("QQ"), "{}", without_url_passwords(&text));
        }

        #[test]
        fn any_text_can_be_shown(text in "(\\PC|://|[@:/])*") {
            let shown = without_url_passwords(&text).into_owned();
            prop_assert!(shown.len() <= text.len());
        }
    }
}
