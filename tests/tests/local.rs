//! A file of this machine that changes while it is read: an error that says so, whenever it happens, and never a
//! sidecar of two versions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use e2e::{options, testdata};
use h5refs::fetch::{Counters, Policy};
use h5refs::render::Layout;
use h5refs::sidecar::{Options, Sidecar, sidecar};
use h5refs::sink::write_sidecar;
use h5refs::source::{Piece, Source, Version};
use h5refs::{Error, Result};

/// What another process does with a file.
type Change = fn(&Path);

const CHANGES: [(&str, Change); 5] = [
    ("it is cut off", |path| {
        let file = writable(path);
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    }),
    ("it is emptied", |path| _ = File::create(path).unwrap()),
    ("it grows", |path| {
        let file = writable(path);
        file.set_len(file.metadata().unwrap().len() + 1).unwrap();
    }),
    // As long as before, at another time, which is set as clocks may be coarse.
    ("it is written to", |path| writable(path).set_modified(SystemTime::UNIX_EPOCH).unwrap()),
    ("it is deleted", |path| std::fs::remove_file(path).unwrap()),
];

/// Another file takes its name, of the same length and time.
const REPLACED: Change = |path| {
    let other = path.with_extension("new");
    std::fs::copy(path, &other).unwrap();
    let modified = std::fs::metadata(path).unwrap().modified().unwrap();
    writable(&other).set_modified(modified).unwrap();
    std::fs::rename(&other, path).unwrap();
};

fn writable(path: &Path) -> File {
    OpenOptions::new().write(true).open(path).unwrap()
}

/// A file that changes before a certain read, or after the last one.
#[derive(Debug)]
struct Changing {
    file: Arc<dyn Source>,
    path: PathBuf,
    change: Change,
    /// Reads until then.
    left: AtomicUsize,
    reads: AtomicUsize,
}

impl Changing {
    fn count(&self) {
        self.reads.fetch_add(1, Ordering::SeqCst);
        let less = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less) == Ok(1) {
            (self.change)(&self.path);
        }
    }
}

#[async_trait]
impl Source for Changing {
    fn url(&self) -> &str {
        self.file.url()
    }

    async fn read(&self, range: Range<u64>) -> Result<Piece> {
        self.count();
        self.file.read(range).await
    }

    async fn read_several(&self, ranges: Vec<Range<u64>>) -> Result<Vec<Piece>> {
        self.count();
        self.file.read_several(ranges).await
    }

    fn version(&self) -> Version {
        self.file.version()
    }

    fn whole(&self) -> Option<Bytes> {
        self.file.whole()
    }

    fn is_near(&self) -> bool {
        self.file.is_near()
    }

    async fn unchanged(&self) -> Result<()> {
        self.count();
        self.file.unchanged().await
    }
}

/// Makes the sidecar of a copy that changes before the read of that number, counted from one; how many there were.
/// To look at the file at the end counts as one.
async fn make(file: &str, policy: Policy, change: Change, at: usize) -> (Result<Sidecar>, usize) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(file);
    std::fs::copy(testdata(file), &path).unwrap();
    let file = h5refs::source::open(path.to_str().unwrap(), &options()).await.unwrap();
    assert!(file.whole().is_none(), "a file is mapped only if that is asked for");
    let (left, reads) = (AtomicUsize::new(at), AtomicUsize::new(0));
    let source = Changing { file, path, change, left, reads };
    let mut options = Options::default();
    options.policy = policy;
    options.references.inline_threshold = 1 << 20;
    let made = sidecar(&source, &options, &Counters::default()).await;
    (made, source.reads.into_inner())
}

#[tokio::test]
async fn whenever_a_file_changes_it_is_an_error() {
    let (made, reads) = make("layouts.h5", Policy::exact(), |_| {}, 0).await;
    made.unwrap();
    assert!(reads > 10, "{reads} reads");
    for (what, change) in CHANGES.into_iter().chain(cfg!(unix).then_some(("replaced", REPLACED))) {
        let mut changed = 0;
        for at in 1..=reads {
            let (made, reads) = make("layouts.h5", Policy::exact(), change, at).await;
            // Which reads are one may differ from run to run, and so may how many there are.
            if at > reads {
                made.unwrap();
                break;
            }
            let error = made.err().unwrap_or_else(|| panic!("{what} before read {at}: no error"));
            assert!(matches!(error, Error::Changed { .. }), "{what} before read {at}: {error}");
            assert!(error.is_storage());
            changed += 1;
        }
        assert!(changed > 10, "{what}: {changed} times");
    }
}

/// As it is read by default: whole, if it is small.
#[tokio::test]
async fn so_it_is_by_default() {
    for (what, change) in CHANGES {
        for at in [1, 2] {
            let (made, reads) = make("layouts.h5", Policy::default(), change, at).await;
            assert!(matches!(made, Err(Error::Changed { .. })), "{what} {at} of {reads}: {made:?}");
        }
    }
}

/// What another process lengthens and shortens all the time gives an error or the sidecar of one version.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_all_the_time_gives_no_mixture() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.h5");
    std::fs::copy(testdata("layouts.h5"), &path).unwrap();
    let (length, stop) = (std::fs::metadata(&path).unwrap().len(), Arc::new(AtomicUsize::new(0)));
    let expected = {
        let source = h5refs::source::open(path.to_str().unwrap(), &options()).await.unwrap();
        let made = sidecar(&*source, &Options::default(), &Counters::default()).await.unwrap();
        made.json().unwrap()
    };
    let (other, stopped) = (path.clone(), Arc::clone(&stop));
    let writer = std::thread::spawn(move || {
        while stopped.load(Ordering::SeqCst) == 0 {
            let bytes = std::fs::read(testdata("layouts.h5")).unwrap();
            writable(&other).set_len(length / 3).unwrap();
            std::fs::write(&other, bytes).unwrap();
        }
    });
    for _ in 0..100 {
        let made = async {
            let source = h5refs::source::open(path.to_str().unwrap(), &options()).await?;
            let mut options = Options::default();
            options.policy = Policy::exact();
            sidecar(&*source, &options, &Counters::default()).await
        };
        match made.await {
            Ok(made) => assert!(made.json().unwrap() == expected || !made.is_complete()),
            // Opened while it was short, it is a file that is cut off, and said to be.
            Err(error) => assert!(error.is_storage() || error.is_malformed(), "{error}"),
        }
    }
    stop.store(1, Ordering::SeqCst);
    writer.join().unwrap();
}

/// The sidecar that was there stays, and no other is begun.
#[tokio::test]
async fn of_a_file_that_changes_nothing_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("a.json");
    std::fs::write(&place, "before").unwrap();
    for (_, change) in CHANGES {
        let write = async {
            let made = make("layouts.h5", Policy::default(), change, 1).await.0?;
            write_sidecar(place.to_str().unwrap(), &made, Layout::default(), &options()).await
        };
        assert!(write.await.is_err_and(|error| error.is_storage()));
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "before");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
