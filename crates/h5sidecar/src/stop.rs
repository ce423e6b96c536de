//! Ctrl-C, and `SIGTERM` on Unix: the wish to end now, with nothing left half done.

use std::time::Duration;

use tokio::sync::watch;

use crate::exit::Exit;

/// Whether the user wants to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens from now on. Whoever asks twice does not want to wait: then the process ends where it stands.
    ///
    /// # Errors
    /// If the system lets nobody listen.
    pub(crate) fn listen() -> std::io::Result<Self> {
        let mut signals = Signals::new()?;
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(async move {
            signals.next().await;
            // Nobody may be left to hear it.
            let _ = stop.send(true);
            signals.next().await;
            std::process::exit(i32::from(Exit::Interrupted as u8));
        });
        Ok(Self(stopped))
    }

    pub(crate) fn is_wanted(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is wanted.
    pub(crate) async fn wanted(&self) {
        if self.0.clone().wait_for(|wanted| *wanted).await.is_err() {
            // Nobody can want it any more.
            std::future::pending().await
        }
    }

    /// What `work` comes to, unless the user wants to end before.
    ///
    /// # Errors
    /// [`Interrupted`]; the work is dropped where it waited.
    pub(crate) async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            () = self.wanted() => Err(Interrupted),
            done = work => Ok(done),
        }
    }

    /// Waits for what goes on in spite of it, as long as `is_needed`, or for a moment.
    pub(crate) async fn leave(&self, is_needed: impl Fn() -> bool) {
        const STEP: Duration = Duration::from_millis(20);
        const MOMENT: u32 = 25;
        const LONGEST: u32 = 500;
        self.wanted().await;
        for step in 0..LONGEST {
            if step >= MOMENT && !is_needed() {
                break;
            }
            tokio::time::sleep(STEP).await;
        }
    }
}

/// The user wanted to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
        Ok(Self { interrupt: signal(interrupt)?, terminate: signal(terminate)? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
