//! Passes bytes, whatever they are.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Bytes passed at once; what a slow or a cut connection has in hand.
const CHUNK: usize = 16 << 10;

/// What becomes of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They pass.
    Open,
    /// Connections are reset, new ones at once.
    Reset,
    /// They wait until this is over; connections stay.
    Stall,
    /// Half of the next piece passes, then the connection is closed in good order.
    Truncate,
    /// So many a second pass, on each connection and in each direction.
    Slow(u32),
}

/// A way to a server that can be disturbed. Dropping it closes every connection.
pub struct Wire {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

struct Shared {
    upstream: SocketAddr,
    way: watch::Sender<Way>,
    /// Changes when every present connection is to be reset.
    cut: watch::Sender<u64>,
    accepted: AtomicU64,
}

impl Wire {
    /// Opens a port on loopback that leads to `upstream`.
    ///
    /// # Errors
    /// No port.
    pub async fn open(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            way: watch::Sender::new(Way::Open),
            cut: watch::Sender::new(0),
            accepted: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what becomes of bytes, on present and on new connections.
    pub fn set(&self, way: Way) {
        self.shared.way.send_replace(way);
        if way == Way::Reset {
            self.cut();
        }
    }

    /// Resets every present connection.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|times| *times += 1);
    }

    /// Connections accepted so far.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.accepted.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(connection(stream, Arc::clone(&shared)));
    }
}

async fn connection(mut near: TcpStream, shared: Arc<Shared>) {
    let mut cut = shared.cut.subscribe();
    let open = *shared.way.borrow() != Way::Reset;
    let far = if open { TcpStream::connect(shared.upstream).await.ok() } else { None };
    let Some(mut far) = far else { return reset(&near) };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let is_cut = {
        let ((near_read, near_write), (far_read, far_write)) = (near.split(), far.split());
        tokio::select! {
            _ = cut.changed() => true,
            () = pass(far_read, near_write, shared.way.subscribe()) => false,
            () = pass(near_read, far_write, shared.way.subscribe()) => false,
        }
    };
    if is_cut {
        reset(&near);
        reset(&far);
    }
}

/// Makes the close that follows a reset.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

/// Passes bytes in one direction until either side has enough.
async fn pass(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else { return };
        if way.wait_for(|way| *way != Way::Stall).await.is_err() {
            return;
        }
        let now = *way.borrow();
        if let Way::Slow(bytes) = now {
            tokio::time::sleep(Duration::from_secs_f64(read as f64 / f64::from(bytes.max(1)))).await;
        }
        let piece = if now == Way::Truncate { &buffer[..read / 2] } else { &buffer[..read] };
        if to.write_all(piece).await.is_err() || now == Way::Truncate {
            return;
        }
    }
}
