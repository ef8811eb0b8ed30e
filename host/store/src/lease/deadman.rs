//! Lets the kernel end a process that outlives its leases.
//!
//! A check before a write leaves a gap: a process can be stopped between the two, and writes when it wakes. No check closes
//! it. So while a lease is held, a timer of the kernel is set to a moment between the end of our own right and the moment
//! from which others may act, and its signal is `SIGKILL`, which ends even a stopped or frozen process. A replica that runs
//! moves the timer with each renewal, and takes it back when it gives up a lease that it could not renew; only one that did
//! not run for seconds meets it. It never runs again, so it writes nothing again, neither here nor to a cloud.

use std::time::Duration;

use tokio::sync::oneshot;

/// The way to the timer. A timer belongs to the thread that made it, so it has one.
pub(super) struct Deadman(Option<std::sync::mpsc::Sender<Order>>);

struct Order {
    at: Option<Duration>,
    done: oneshot::Sender<()>,
}

impl Deadman {
    /// No timer: for tests within one process, and for whoever wants to be frozen and live.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// A timer that is not set.
    pub(super) fn new() -> std::io::Result<Self> {
        let (orders, received) = std::sync::mpsc::channel();
        let (ready, is_ready) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new().name("deadman".into()).spawn(move || timer::keep(&received, &ready))?;
        match is_ready.recv() {
            Ok(result) => result.map(|()| Self(Some(orders))),
            Err(_) => Err(std::io::Error::other("the timer's thread ended")),
        }
    }

    /// Sets the timer to a moment of the boot clock, or takes it back. When this returns it is done.
    pub(super) async fn set(&self, at: Option<Duration>) {
        let Some(orders) = &self.0 else { return };
        let (done, is_done) = oneshot::channel();
        if orders.send(Order { at, done }).is_ok() {
            // The thread answers everything it receives.
            let _ = is_done.await;
        }
    }
}

#[cfg(target_os = "linux")]
mod timer {
    use std::sync::mpsc::{Receiver, SyncSender};

    use nix::sys::signal::{SigEvent, SigevNotify, Signal};
    use nix::sys::time::TimeSpec;
    use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
    use nix::time::ClockId;

    use super::Order;

    pub(super) fn keep(orders: &Receiver<Order>, ready: &SyncSender<std::io::Result<()>>) {
        let kill = SigEvent::new(SigevNotify::SigevSignal { signal: Signal::SIGKILL, si_value: 0 });
        let mut timer = match Timer::new(ClockId::CLOCK_BOOTTIME, kill) {
            Ok(timer) => timer,
            Err(error) => return drop(ready.send(Err(error.into()))),
        };
        drop(ready.send(Ok(())));
        for order in orders {
            // Zero takes it back.
            let at = TimeSpec::from(order.at.unwrap_or_default());
            if let Err(error) = timer.set(Expiration::OneShot(at), TimerSetTimeFlags::TFD_TIMER_ABSTIME) {
                tracing::error!(%error, "the timer that ends a frozen replica could not be set");
            }
            // Whoever asked may have gone.
            let _ = order.done.send(());
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod timer {
    use std::sync::mpsc::{Receiver, SyncSender};

    use super::Order;

    pub(super) fn keep(_: &Receiver<Order>, ready: &SyncSender<std::io::Result<()>>) {
        drop(ready.send(Err(std::io::ErrorKind::Unsupported.into())));
    }
}
