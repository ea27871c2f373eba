//! Everything can be reached and done with the keyboard alone.

use imprint_browser::{Browser, PASSWORD, Server};
use serde_json::json;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const SPACE: &str = " ";

/// Goes on with the tabulator until the focus is on what has this id; wherever it is, it is seen.
fn go_to(browser: &Browser, id: &str) {
    for _ in 0..80 {
        browser.keys(TAB);
        let seen = browser.script(
            "const it = document.activeElement, style = getComputedStyle(it);
            const { width, height } = it.getBoundingClientRect();
            return [it.id || it.outerHTML.slice(0, 200), style.outlineStyle != 'none' && width > 0 && height > 0]",
            &[],
        );
        assert_eq!(seen[1], json!(true), "the focus on '{}' is not seen", seen[0]);
        if seen[0] == *id {
            return;
        }
    }
    panic!("{id} is not reached: {}", browser.text());
}

#[test]
fn sign_in_and_a_form_need_no_pointer() {
    let server = Server::start();
    let browser = Browser::start(server.base());
    browser.open("/sign-in");
    // The first field gets the focus by itself.
    browser.wait_until("the focus", || browser.script("return document.activeElement.id", &[]) == json!("account"));
    browser.keys(&format!("admin{TAB}{PASSWORD}{ENTER}"));
    browser.wait_for("Sign out");

    browser.open("/do/CreateTag");
    let focus = |what: &str| browser.script(&format!("return document.activeElement.{what}"), &[]);
    browser.keys(TAB);
    browser.wait_until("the way to skip the menu", || focus("className") == json!("skip"));
    browser.keys(ENTER);
    browser.wait_until("the content", || focus("id") == json!("content"));
    go_to(&browser, "field-name");
    browser.keys("by keys");
    go_to(&browser, "field-value");
    browser.keys("v");
    browser.keys(ENTER);
    browser.wait_until("the tag's page", || browser.place().starts_with("/tags/"));
    let place = browser.place();
    let tag = place.split('?').next().unwrap_or_default();

    browser.open(&tag.replace("/tags/", "/do/DeleteTag?uuid="));
    go_to(&browser, "sure");
    browser.keys(SPACE);
    browser.keys(ENTER);
    browser.wait_for("Done: Delete");
    assert_eq!(browser.complaints(), [""; 0]);
    browser.open(tag);
    browser.wait_for("Not found");
}
