//! The pages of the reference that are checked in are those of the declarations.

use imprint_api::reference_pages;
use std::path::Path;

#[test]
fn the_pages_that_are_checked_in_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api");
    for page in reference_pages() {
        let path = folder.join(&page.file);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &page.text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page.text, "docs/api/{} is out of date: run UPDATE=1 cargo test -p imprint-api", page.file);
    }
}
