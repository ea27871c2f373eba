//! The passwords of accounts in forms: what is typed, and what travels.

use crate::controls::Control;
use crate::pairs::Pairs;
use crate::visit::Visit;
use imprint_api::{Access, OperationDescription, ParamRule};
use sha2::{Digest, Sha512};

/// Whether a parameter is the password of an account.
pub(crate) fn is_password(operation: &OperationDescription, rule: &ParamRule) -> bool {
    rule.secret && operation.group == "identity" && rule.name.to_lowercase().ends_with("password")
}

/// Whether a parameter sets the password of an account, and does not show that one knows it.
fn is_new_password(operation: &OperationDescription, rule: &ParamRule) -> bool {
    is_password(operation, rule) && operation.access != Access::Anyone && !rule.name.starts_with("old")
}

/// The field in which a new password is typed once more.
pub(crate) fn again(name: &str) -> String {
    format!("{name}Again")
}

/// Whether a new password was typed in two ways: then nobody knows which one was meant.
pub(crate) fn differ(operation: &OperationDescription, form: &Pairs) -> bool {
    let typed = |name: &str| form.raw(name).unwrap_or_default();
    let mut new = operation.rules.iter().filter(|rule| is_new_password(operation, rule));
    new.any(|rule| typed(&rule.name) != typed(&again(&rule.name)))
}

/// The controls, and after each new password the one in which it is typed once more.
pub(crate) fn with_repeats(
    visit: &Visit,
    operation: &OperationDescription,
    controls: Vec<Control>,
    typed: &Pairs,
) -> Vec<Control> {
    let is_new = |control: &Control| {
        operation.rules.iter().any(|rule| rule.name == control.name && is_new_password(operation, rule))
    };
    let repeat = |control: &Control| Control {
        name: again(&control.name),
        label: visit.texts.password_again.to_owned(),
        wrong: differ(operation, typed).then(|| visit.texts.passwords_differ.to_owned()),
        input: control.input,
        required: control.required,
        ..Control::default()
    };
    let both = |control: Control| {
        let repeat = is_new(&control).then(|| repeat(&control));
        std::iter::once(control).chain(repeat)
    };
    controls.into_iter().flat_map(both).collect()
}

/// A password as it travels.
pub(crate) fn digest(password: &str) -> String {
    hex::encode(Sha512::digest(password))
}
