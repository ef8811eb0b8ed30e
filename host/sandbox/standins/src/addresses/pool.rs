//! Addresses that are real on this machine: one /24 of the loopback network per world.
//!
//! Linux routes all of 127.0.0.0/8 to `lo`, so a server can listen on any of these without configuration. The block is
//! drawn at random and probed, so that worlds side by side, in one process or several, do not meet. On systems that
//! give `lo` only 127.0.0.1 the probe fails everywhere and every allocation says so.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

/// How many blocks are tried before giving up.
const TRIES: usize = 64;

/// Why there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PoolError {
    /// No block of the loopback network can be listened on.
    #[error("no free block of loopback addresses was found")]
    NoBlock,
    /// All 254 are given away.
    #[error("every address of the block is in use")]
    Exhausted,
}

/// Addresses of one world, each given to one holder.
#[derive(Debug)]
pub(crate) struct Pool {
    block: [u8; 3],
    holders: BTreeMap<u8, String>,
    /// Keeps the block from worlds that start later: whoever listens here has it.
    _claim: Option<TcpListener>,
}

/// Port on which the first address of a block is claimed for as long as the pool lives.
const CLAIM_PORT: u16 = 6443;

impl Pool {
    /// Draws blocks until one is free; `random` gives any number.
    pub(crate) fn draw(mut random: impl FnMut() -> u64) -> Result<Self, PoolError> {
        for _ in 0..TRIES {
            let number = random();
            // 127.0.x.y and 127.255.x.y are left to others: localhost, resolvers, broadcast.
            let block = [127, 1 + (number % 254) as u8, (number >> 8) as u8];
            let first = Ipv4Addr::new(block[0], block[1], block[2], 1);
            if let Ok(claim) = TcpListener::bind((first, CLAIM_PORT)) {
                return Ok(Self { block, holders: BTreeMap::new(), _claim: Some(claim) });
            }
        }
        Err(PoolError::NoBlock)
    }

    /// The address of a holder: the one it has, or the next free one.
    pub(crate) fn give(&mut self, holder: &str) -> Result<Ipv4Addr, PoolError> {
        let held = self.holders.iter().find(|(_, by)| *by == holder).map(|(last, _)| *last);
        let free = || (2..=254).find(|last| !self.holders.contains_key(last));
        let last = held.or_else(free).ok_or(PoolError::Exhausted)?;
        self.holders.insert(last, holder.to_owned());
        Ok(self.at(last))
    }

    /// Notes that a holder already has an address; `false` if it is outside the block or somebody else's.
    pub(crate) fn keep(&mut self, holder: &str, address: &str) -> bool {
        let Some(last) = self.last_of(address) else { return false };
        self.holders.entry(last).or_insert_with(|| holder.to_owned()) == holder
    }

    /// Takes a holder's address back.
    pub(crate) fn release(&mut self, holder: &str) {
        self.holders.retain(|_, by| by != holder);
    }

    fn at(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(self.block[0], self.block[1], self.block[2], last)
    }

    fn last_of(&self, address: &str) -> Option<u8> {
        let octets = address.parse::<Ipv4Addr>().ok()?.octets();
        (octets[..3] == self.block && octets[3] >= 2).then_some(octets[3])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(seed: u64) -> Pool {
        let mut next = seed;
        Pool::draw(move || {
            next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            next >> 16
        })
        .expect("loopback has room")
    }

    #[test]
    fn a_holder_keeps_its_address_and_a_released_one_is_given_again() {
        let mut pool = pool(1);
        let first = pool.give("a").expect("free");
        assert_eq!(pool.give("a"), Ok(first));
        let second = pool.give("b").expect("free");
        assert_ne!(first, second);
        pool.release("a");
        assert_eq!(pool.give("c"), Ok(first));
    }

    #[test]
    fn an_address_given_can_be_listened_on() {
        let address = pool(2).give("a").expect("free");
        assert!(address.is_loopback());
        TcpListener::bind((address, 0)).expect("loopback addresses need no configuration");
    }

    #[test]
    fn two_worlds_of_one_seed_get_different_blocks() {
        let (mut one, mut two) = (pool(3), pool(3));
        assert_ne!(one.give("a"), two.give("a"));
    }

    #[test]
    fn an_address_found_on_an_object_is_kept_for_it_alone() {
        let mut pool = pool(4);
        let address = pool.at(9).to_string();
        assert!(pool.keep("a", &address));
        assert!(!pool.keep("b", &address));
        assert!(!pool.keep("a", "10.0.0.1"));
        assert_eq!(pool.give("a"), Ok(pool.at(9)));
    }

    #[test]
    fn an_empty_pool_says_so() {
        let mut pool = pool(5);
        for n in 2..=254 {
            pool.give(&n.to_string()).expect("free");
        }
        assert_eq!(pool.give("one more"), Err(PoolError::Exhausted));
    }
}
