//! Checking passwords, a few at a time, on threads of their own.
//!
//! A check takes 19 MiB and tens of milliseconds of a core. On threads of their own the memory of one check serves the
//! next, and the number of those who wait is bounded: whoever comes when it is reached is told at once, so that a flood
//! of wrong log-ins holds up nothing but log-ins.

use crate::password;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Checks at a time.
const THREADS: usize = 2;

/// Checks that wait at most.
const WAITING: usize = 128;

/// As many checks wait as may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

struct Check {
    digest: String,
    hash: String,
    answer: oneshot::Sender<bool>,
}

/// The threads; they end when this is dropped.
#[derive(Debug)]
pub(crate) struct PasswordChecks(mpsc::Sender<Check>);

impl PasswordChecks {
    pub(crate) fn start() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..THREADS {
            let receiver = receiver.clone();
            std::thread::spawn(move || run(&receiver));
        }
        Self(sender)
    }

    /// Whether `digest` is the one that was hashed.
    pub(crate) async fn verify(&self, digest: String, hash: String) -> Result<bool, TooMany> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Check { digest, hash, answer }).map_err(|_| TooMany)?;
        // A thread that panicked has verified nothing.
        Ok(answered.await.unwrap_or(false))
    }
}

fn run(receiver: &Mutex<mpsc::Receiver<Check>>) {
    loop {
        // The lock is held while waiting: the other thread waits for it instead.
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(Check { digest, hash, answer }) = next else { return };
        // Whoever asked may have gone.
        let _ = answer.send(password::verify(&digest, &hash));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_turned_away_and_the_others_are_answered() {
        let checks = PasswordChecks::start();
        let (right, hash) = (password::digest_of("right"), password::hash(&password::digest_of("right")));
        let asked: Vec<_> = (0..WAITING * 2)
            .map(|nth| {
                let digest = if nth % 2 == 0 { right.clone() } else { password::digest_of("wrong") };
                checks.verify(digest, hash.clone())
            })
            .collect();
        let answers = futures_util::future::join_all(asked).await;
        let turned_away = answers.iter().filter(|answer| **answer == Err(TooMany)).count();
        assert!(turned_away > 0 && turned_away < WAITING * 2, "{turned_away}");
        for (nth, answer) in answers.into_iter().enumerate().filter(|(_, answer)| answer.is_ok()) {
            assert_eq!(answer, Ok(nth % 2 == 0));
        }
        assert_eq!(checks.verify(right, hash).await, Ok(true));
    }
}
