//! The parameters of a call, in two stages: first the front reads them and checks their types (a plain refusal), later the
//! declared rules are checked (an error of the API). Between the two lie the checks of the call's headers.

mod check;
mod read;

pub(crate) use check::check;
pub(crate) use check::references;
pub(crate) use read::body_object;
pub(crate) use read::read;
pub(crate) use read::typed;
