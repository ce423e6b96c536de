//! The test files with faults, many times over: whatever is wrong with one, its sidecar is right or there is none,
//! soon.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "a test")]

use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use e2e::{testdata, testfiles, workspace};
use fastrand::Rng;
use h5sidecar_fuzz::mutations::mutated;
use h5sidecar_fuzz::refs;

/// Mutated files in all: without optimisation each takes 10 ms. CI tries 100,000. The environment variable `MUTATIONS` asks for more, `MUTATION` for a single one by its
/// number, which is kept.
const MUTATIONS: usize = 2_000;

/// More than any file here may take, by far, on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// What is taken for a file that never ends.
const NEVER: Duration = Duration::from_secs(60);

/// Threads: it is half the time on two cores, and more would only be in the way of others.
const THREADS: usize = 2;

#[test]
fn mutated_files_have_right_sidecars_or_none() {
    let files: Vec<(String, Bytes)> = testfiles()
        .into_iter()
        .map(|name| (name.clone(), Bytes::from(std::fs::read(testdata(&name)).unwrap())))
        .filter(|(_, bytes)| bytes.len() < 1 << 20)
        .collect();
    let count = std::env::var("MUTATIONS").map_or(MUTATIONS, |count| count.parse().unwrap());
    let one = std::env::var("MUTATION").ok().map(|n| n.parse::<usize>().unwrap());
    let (first, count) = one.map_or((0, count), |n| (n, n + 1));
    let next = AtomicUsize::new(first);
    let under_way: [Mutex<Option<(usize, Instant)>>; THREADS] = Default::default();
    let failures = Mutex::new(Vec::new());
    let slowest = Mutex::new(None);
    let start = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = under_way
            .iter()
            .map(|mine| {
                scope.spawn(|| {
                    while let Some(n) =
                        Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < count)
                    {
                        *mine.lock().unwrap() = Some((n, Instant::now()));
                        failures.lock().unwrap().extend(failure(&files, n));
                        let since = mine.lock().unwrap().take();
                        let took = since.map(|(_, since)| (since.elapsed(), n));
                        let mut slowest = slowest.lock().unwrap();
                        *slowest = (*slowest).max(took);
                    }
                })
            })
            .collect();
        // A file that never ends cannot be caught as a panic can.
        while !workers.iter().all(|worker| worker.is_finished()) {
            for mine in &under_way {
                if let Some((n, since)) = *mine.lock().unwrap()
                    && since.elapsed() > NEVER
                {
                    let name = &files[n % files.len()].0;
                    eprintln!("mutation {n} of {name} does not end (MUTATION={n} tries it alone)");
                    std::process::exit(101);
                }
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    let slowest = slowest.into_inner().unwrap();
    println!("{count} mutations in {:.1?}; the slowest: {slowest:?}", start.elapsed());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What is wrong with what becomes of one mutation. An input that shows something is kept.
fn failure(files: &[(String, Bytes)], n: usize) -> Option<String> {
    let (name, file) = &files[n % files.len()];
    let mut rng = Rng::with_seed(n as u64);
    let mut input = mutated(file, files, &mut rng).to_vec();
    // Behind the file, where nothing is looked for: how its sidecar is made.
    input.extend(std::array::from_fn::<u8, 4, _>(|_| rng.u8(..)));
    if std::env::var_os("MUTATION").is_some() {
        keep(&input, n);
    }
    let start = Instant::now();
    let held = catch_unwind(|| refs(&input));
    let took = start.elapsed();
    let why = match held {
        Err(_) => "does not hold (see above)".to_owned(),
        Ok(()) if took > SOON => format!("took {took:?}"),
        Ok(()) => return None,
    };
    Some(format!("mutation {n} of {name}: {why}; {}", keep(&input, n)))
}

/// Puts an input beside what is built, for `fuzz/regressions/refs/`; tells where it is.
fn keep(input: &[u8], n: usize) -> String {
    let folder = workspace().join("target/mutations");
    std::fs::create_dir_all(&folder).unwrap();
    let place = folder.join(format!("{n}.h5"));
    std::fs::write(&place, input).unwrap();
    place.display().to_string()
}
