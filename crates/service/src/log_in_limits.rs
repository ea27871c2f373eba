//! How often log-ins may fail.
//!
//! Every attempt puts its source, the address that it comes from, into debt; time pays debts off, and so does a right
//! password, at once. A source too deep in debt is turned away before its password is checked. An account too deep in debt,
//! because many sources try it, turns away those that have failed before, and still lets in whoever has not: nobody can lock
//! another out. Names count as they are sent, whether or not an account has them.

use crate::{Refusal, Service, ServiceError};
use imprint_domain::Timestamp;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a failure weighs on its source, in milliseconds.
const SOURCE_COST: i64 = 3_000;

/// Failures that a source may have at once; then one for each [`SOURCE_COST`].
const SOURCE_BURST: i64 = 30;

/// How long a failure weighs on the account.
const ACCOUNT_COST: i64 = 1_000;

/// Failures that an account may have at once before it turns away sources that have failed.
const ACCOUNT_BURST: i64 = 60;

/// Failures that a source may have while the account is hammered by others.
const FEW: i64 = 3;

/// Sources, and accounts, that are remembered at most; whoever has failed least is forgotten first.
const CAPACITY: usize = 10_000;

/// Too many attempts have failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyFailures {
    /// Seconds after which the next attempt is looked at.
    pub(crate) retry_after: i64,
}

/// Who has failed how often.
#[derive(Debug, Default)]
pub(crate) struct LogInLimits(Mutex<Debts>);

#[derive(Debug, Default)]
struct Debts {
    sources: Table<IpAddr>,
    accounts: Table<String>,
}

impl LogInLimits {
    fn debts(&self) -> MutexGuard<'_, Debts> {
        // A panic while the tables were locked leaves at worst a debt that is not paid off.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits an attempt, which counts as failed until [`Self::succeeded`] says otherwise: so many at once cannot slip through.
    pub(crate) fn begin(&self, source: IpAddr, account: &str, now: Timestamp) -> Result<(), TooManyFailures> {
        let (source, account) = (network_of(source), name_of(account));
        let mut debts = self.debts();
        let of_source = debts.sources.debt(&source, now);
        let is_hammered = debts.accounts.debt(&account, now) + ACCOUNT_COST > ACCOUNT_BURST * ACCOUNT_COST;
        let allowed = if is_hammered { FEW } else { SOURCE_BURST } * SOURCE_COST;
        let beyond = of_source + SOURCE_COST - allowed;
        if beyond > 0 {
            return Err(TooManyFailures { retry_after: beyond.saturating_add(999) / 1000 });
        }
        debts.sources.add(source, SOURCE_COST, now);
        // Beyond its limit an account's debt grows no more: it shall not be hammered for longer than it is.
        if !is_hammered {
            debts.accounts.add(account, ACCOUNT_COST, now);
        }
        Ok(())
    }

    /// The password was right, or was not looked at.
    pub(crate) fn succeeded(&self, source: IpAddr, account: &str, now: Timestamp) {
        let mut debts = self.debts();
        debts.sources.add(network_of(source), -SOURCE_COST, now);
        debts.accounts.add(name_of(account), -ACCOUNT_COST, now);
    }
}

impl Service {
    /// Whether that is the password with this hash. It is not looked at when too many tries from there have failed.
    pub(crate) async fn is_password(
        &self,
        client: IpAddr,
        account: &str,
        password: String,
        hash: String,
    ) -> Result<bool, ServiceError> {
        let begun = self.log_ins.begin(client, account, self.clock.now());
        begun.map_err(|limit| Refusal::TooManyFailedLogIns { seconds: limit.retry_after })?;
        let right = self.passwords.verify(password, hash).await;
        if right != Ok(false) {
            self.log_ins.succeeded(client, account, self.clock.now());
        }
        let right = right.map_err(|_| Refusal::TooManyLogIns)?;
        if !right {
            tracing::info!(%client, "a wrong password was sent");
        }
        Ok(right)
    }
}

/// Who has one IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Names are as long as their senders like.
fn name_of(account: &str) -> String {
    account.chars().take(255).collect()
}

/// The debts of some.
#[derive(Debug)]
struct Table<K>(HashMap<K, Debt>);

/// What somebody owes, in milliseconds, and as of when.
#[derive(Clone, Copy, Debug)]
struct Debt {
    millis: i64,
    since: Timestamp,
}

impl Debt {
    fn at(self, now: Timestamp) -> i64 {
        // A clock that was set back pays nothing off.
        (self.millis - (now.0 - self.since.0).max(0)).max(0)
    }
}

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone> Table<K> {
    fn debt(&self, who: &K, now: Timestamp) -> i64 {
        self.0.get(who).map_or(0, |debt| debt.at(now))
    }

    fn add(&mut self, who: K, millis: i64, now: Timestamp) {
        let debt = Debt { millis: (self.debt(&who, now) + millis).max(0), since: now };
        if debt.millis == 0 {
            self.0.remove(&who);
            return;
        }
        if self.0.len() >= CAPACITY && !self.0.contains_key(&who) {
            self.make_room(now);
        }
        self.0.insert(who, debt);
    }

    fn make_room(&mut self, now: Timestamp) {
        self.0.retain(|_, debt| debt.at(now) > 0);
        if self.0.len() >= CAPACITY {
            let least = self.0.iter().min_by_key(|(_, debt)| debt.at(now)).map(|(who, _)| who.clone());
            least.and_then(|who| self.0.remove(&who));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp(1_000_000);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    /// How many of `tries` attempts at once are looked at.
    fn looked_at(limits: &LogInLimits, source: IpAddr, tries: usize, now: Timestamp) -> usize {
        (0..tries).filter(|_| limits.begin(source, "admin", now).is_ok()).count()
    }

    #[test]
    fn a_source_fails_so_often_at_once_and_then_every_three_seconds() {
        let limits = LogInLimits::default();
        assert_eq!(looked_at(&limits, address(1), 1000, START), 30);
        assert_eq!(limits.begin(address(1), "admin", START), Err(TooManyFailures { retry_after: 3 }));
        assert_eq!(looked_at(&limits, address(1), 100, START.plus_seconds(2)), 0);
        assert_eq!(looked_at(&limits, address(1), 100, START.plus_seconds(3)), 1);
        assert_eq!(looked_at(&limits, address(1), 100, START.plus_seconds(1000)), 30);
    }

    #[test]
    fn whoever_has_not_failed_gets_in_while_others_hammer_the_account() {
        let limits = LogInLimits::default();
        for source in 1..=50 {
            looked_at(&limits, address(source), 1000, START);
        }
        assert!(limits.begin(address(1), "admin", START).is_err());
        assert!(limits.begin(address(200), "admin", START).is_ok());
        limits.succeeded(address(200), "admin", START);
        // A new source may fail a few times, not more; other accounts are not concerned.
        assert_eq!(looked_at(&limits, address(201), 100, START), 3);
        assert!(limits.begin(address(201), "alice", START).is_ok());
        assert!(!limits.debts().accounts.0.is_empty());
    }

    #[test]
    fn a_right_password_leaves_no_debt() {
        let limits = LogInLimits::default();
        for _ in 0..1000 {
            limits.begin(address(1), "admin", START).unwrap();
            limits.succeeded(address(1), "admin", START);
        }
        let debts = limits.debts();
        assert!(debts.sources.0.is_empty() && debts.accounts.0.is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_worst_are_remembered() {
        let limits = LogInLimits::default();
        looked_at(&limits, address(1), 30, START);
        for nth in 0..10_050_u32 {
            let source = IpAddr::from((0x0a01_0000 + nth).to_be_bytes());
            limits.begin(source, &format!("name {nth}"), START).unwrap();
        }
        assert!(limits.debts().sources.0.len() <= CAPACITY && limits.debts().accounts.0.len() <= CAPACITY);
        assert!(limits.begin(address(1), "admin", START).is_err());
    }

    #[test]
    fn the_addresses_of_one_network_are_one_source() {
        let limits = LogInLimits::default();
        let v6 = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        assert_eq!((0..100).filter(|nth| limits.begin(v6(*nth), "admin", START).is_ok()).count(), 30);
        assert_eq!(network_of("::ffff:192.0.2.1".parse().unwrap()), address(1));
    }
}
