//! Mutated files through all of a sidecar: as many as one likes, each from its number, so that a failure can be had
//! again.

use std::ops::Range;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastrand::Rng;

use crate::mutations::mutated;
use crate::refs;

/// More than any file may take, by far, on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// What is taken for a file that never ends.
const NEVER: Duration = Duration::from_secs(60);

/// Threads: it is half the time on two cores, and more would only be in the way of others.
const THREADS: usize = 2;

/// Files that are mutated, with their names.
pub type Files = [(String, Bytes)];

/// Tries the mutations of these numbers through [`refs`]: what is wrong with each that it does not hold of, whose
/// input is put into the folder `kept`. Ends the process if one does not end, which no panic can.
pub fn failures(files: &Files, numbers: Range<usize>, kept: &Path) -> Vec<String> {
    let next = AtomicUsize::new(numbers.start);
    let under_way: [Mutex<Option<(usize, Instant)>>; THREADS] = Default::default();
    let failures = Mutex::new(Vec::new());
    let look = |mine: &Mutex<_>| {
        while let Some(n) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < numbers.end)
        {
            *locked(mine) = Some((n, Instant::now()));
            let why = failure(files, n, kept);
            locked(&failures).extend(why);
            *locked(mine) = None;
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            under_way.iter().map(|mine| scope.spawn(move || look(mine))).collect();
        while !workers.iter().all(|worker| worker.is_finished()) {
            for mine in &under_way {
                let endless = locked(mine).filter(|(_, since)| since.elapsed() > NEVER);
                if let Some((n, _)) = endless {
                    let place = keep(&input(files, n), n, kept);
                    eprintln!("mutation {n} does not end: {}", place.display());
                    std::process::exit(101);
                }
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    failures.into_inner().unwrap_or_default()
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What is wrong with what becomes of one mutation, if anything is.
fn failure(files: &Files, n: usize, kept: &Path) -> Option<String> {
    let input = input(files, n);
    let start = Instant::now();
    let held = catch_unwind(|| refs(&input));
    let took = start.elapsed();
    let why = match held {
        Err(_) => "does not hold (see above)".to_owned(),
        Ok(()) if took > SOON => format!("took {took:?}"),
        Ok(()) => return None,
    };
    let name = &files[n % files.len()].0;
    Some(format!("mutation {n} of {name}: {why}; {}", keep(&input, n, kept).display()))
}

/// A mutated file, and behind it, where nothing is looked for, how its sidecar is made.
fn input(files: &Files, n: usize) -> Vec<u8> {
    let (_, file) = &files[n % files.len()];
    let mut rng = Rng::with_seed(n as u64);
    let mut input = mutated(file, files, &mut rng).to_vec();
    input.extend(std::array::from_fn::<u8, 4, _>(|_| rng.u8(..)));
    input
}

fn keep(input: &[u8], n: usize, kept: &Path) -> PathBuf {
    let place = kept.join(format!("{n}.h5"));
    let written = std::fs::create_dir_all(kept).and_then(|()| std::fs::write(&place, input));
    written.expect("a folder to keep what was found in");
    place
}
