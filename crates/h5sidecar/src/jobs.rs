//! Several files at one time.

use std::collections::{HashMap, VecDeque};
use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

/// Runs `work` on every item, `at_once` of them at a time; hands each outcome to `done`, with the item's number.
///
/// Each has a thread of its own: while it computes, it keeps nobody else's answers waiting. What panics is
/// an error of that item. Dropped, it begins with no further items, and waits for none.
pub(crate) async fn each<I, T, F, W>(
    items: Vec<I>,
    at_once: usize,
    work: W,
    mut done: impl FnMut(usize, Result<T, JoinError>),
) where
    I: Send + 'static,
    T: Send + 'static,
    F: Future<Output = T>,
    W: Fn(I) -> F + Clone + Send + 'static,
{
    let mut waiting: VecDeque<(usize, I)> = items.into_iter().enumerate().collect();
    let mut running = JoinSet::new();
    let mut numbers = HashMap::new();
    loop {
        while running.len() < at_once.max(1)
            && let Some((n, item)) = waiting.pop_front()
        {
            let (work, runtime) = (work.clone(), Handle::current());
            let task = running.spawn_blocking(move || runtime.block_on(work(item)));
            numbers.insert(task.id(), n);
        }
        let Some(joined) = running.join_next_with_id().await else { break };
        let (id, outcome) = match joined {
            Ok((id, outcome)) => (id, Ok(outcome)),
            Err(error) => (error.id(), Err(error)),
        };
        if let Some(n) = numbers.remove(&id) {
            done(n, outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn so_many_run_at_once_and_each_has_an_outcome() {
        let (running, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let most = Arc::clone(&peak);
        let work = move |n: u64| {
            let (running, peak) = (Arc::clone(&running), Arc::clone(&peak));
            async move {
                peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(20 - n)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                assert_ne!(n, 7, "one that panics");
                n
            }
        };
        let mut outcomes = Vec::new();
        each((0..20).collect(), 5, work, |n, outcome| outcomes.push((n, outcome))).await;
        assert_eq!(outcomes.len(), 20);
        for (n, outcome) in outcomes {
            match n {
                7 => assert!(outcome.is_err_and(|error| error.is_panic())),
                n => assert_eq!(outcome.unwrap(), n as u64),
            }
        }
        assert_eq!(most.load(Ordering::SeqCst), 5);
    }

    /// On a runtime of one thread, each computes for as long as another does not.
    #[tokio::test]
    async fn what_computes_does_not_keep_others_waiting() {
        let both = Arc::new(std::sync::Barrier::new(2));
        let work = move |_: u64| {
            let both = Arc::clone(&both);
            // Never to be done in async code, unless it has its own thread.
            async move { both.wait().is_leader() }
        };
        let mut leaders = 0;
        each(vec![0, 1], 2, work, |_, leads| leaders += usize::from(leads.unwrap())).await;
        assert_eq!(leaders, 1);
    }
}
