//! The console as its users meet it: in a real browser, on a real server.

#[cfg(test)]
mod accessibility;
#[cfg(test)]
mod api_reference;
#[cfg(test)]
mod daily_work;
#[cfg(test)]
mod hostile_texts;
#[cfg(test)]
mod keyboard;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod sessions;
