//! What can be set about the store, with the reason for each default.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Gives the time that is written into events.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Settings of a store.
#[derive(Clone)]
pub struct Options {
    /// Objects in a page of a list. 500 is what `kubectl` and client-go ask for; servers are tuned to it.
    pub page: u32,
    /// Whether to try a streaming list first. It costs the server and us one object at a time instead of a page; a
    /// server that refuses it is asked for pages.
    pub streaming: bool,
    /// Pause after the first failure of a watch. Short, because most failures are a server that restarts.
    pub backoff_min: Duration,
    /// Longest pause after a failure. Bounds the delay after an outage; with thirty watches, three requests a second.
    pub backoff_max: Duration,
    /// Pause between looks for a kind that is not served, so that a new CRD is picked up within two seconds.
    pub absent_pause: Duration,
    /// Longest silence on a watch before it is opened anew. API servers send a bookmark about once a minute, so this
    /// notices a dead connection and costs an idle watch on a silent server one cheap request.
    pub idle: Duration,
    /// How long a watch is asked to last. Below the API server's own random 5 to 10 minutes, so that we choose when.
    pub watch_lifetime: Duration,
    /// How long a kind that was listed may be refused (401, 403) before nothing of it is answered any more. Long enough for
    /// an API server that has just started and does not know its roles yet, and so answers 403 to everybody.
    pub refusal_grace: Duration,
    /// Longest wait for the answer to a read other than a watch.
    pub request_timeout: Duration,
    /// Longest wait for the answer to a write. Below the 20 s that a guest has for its call, so that a silent API server
    /// is not taken for a slow guest.
    pub write_timeout: Duration,
    /// First lists that run at the same time: bounds memory and the API server's load at start.
    pub concurrent_lists: usize,
    /// What requests are signed with (`User-Agent`): it tells replicas apart in the API server's audit log.
    pub agent: String,
    /// Seed of the jitter. Random by default; given by whoever wants a run to repeat.
    pub seed: u64,
    /// Time for events.
    pub clock: Clock,
    /// Kinds whose objects are held compressed, as `Kind.group` or `Kind`. None by default: a read of such an object
    /// costs some microseconds more, which only who knows how often a kind is read can weigh against its memory.
    pub compress: Vec<String>,
    /// Bytes of compressed objects that are also kept as they are, those read last. Enough for the objects that all
    /// workers look at in the same moment, and nothing beside the memory that compression saves.
    pub unpacked_bytes: usize,
    /// Whether answers to own writes enter the cache at once. Turned off only to show what it is for.
    pub write_through: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            page: 500,
            streaming: true,
            backoff_min: Duration::from_millis(200),
            backoff_max: Duration::from_secs(10),
            absent_pause: Duration::from_millis(1500),
            idle: Duration::from_secs(90),
            watch_lifetime: Duration::from_secs(290),
            refusal_grace: Duration::from_secs(3),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(12),
            concurrent_lists: 4,
            agent: format!("backplane/{}", env!("CARGO_PKG_VERSION")),
            seed: rand::random(),
            clock: Arc::new(Timestamp::now),
            compress: Vec::new(),
            unpacked_bytes: 4 << 20,
            write_through: true,
        }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("page", &self.page).field("streaming", &self.streaming).finish_non_exhaustive()
    }
}
