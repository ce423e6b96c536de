//! What indexing a large granule takes of memory.

use e2e::granule::{Granule, Shape};
use e2e::network::{Network, Speed};
use e2e::options;
use e2e::peak::{self, Peak};
use h5refs::fetch::Counters;
use h5refs::render::Layout;
use h5refs::sidecar::{Options, sidecar};
use h5refs::sink::write_sidecar;

#[global_allocator]
static ALLOCATOR: Peak = Peak;

/// Memory follows what is found, and not what is read: 549,450 chunks of which 132 MB are read.
#[tokio::test(start_paused = true)]
async fn a_large_granule_takes_less_than_150_mb() {
    let granule = Granule::new(Shape { groups: 30, datasets: 33, chunks: 555 });
    // Far enough away that as much is in flight as may be.
    let granule = Network::new(granule, Speed::REGION);
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("granule.json");
    peak::reset();
    let counters = Counters::default();
    let mut wide = Options::default();
    wide.policy.adapt = false;
    // Chunk data is read with the nodes between them, and has to be let go.
    wide.policy.gap = 256 << 10;
    wide.references.inline_threshold = 0;
    let made = sidecar(&granule, &wide, &counters).await.unwrap();
    let layout = Layout::default();
    let size = write_sidecar(place.to_str().unwrap(), &made, layout, &options()).await.unwrap();
    let (peak, trace) = (peak::peak(), counters.trace());
    println!("{peak} bytes at most; {size} bytes written; {trace:?}");
    assert_eq!(made.counts.referenced_chunks, 549_450);
    assert_eq!(size, std::fs::metadata(&place).unwrap().len());
    assert!(trace.peak_in_flight > 1, "{trace:?}");
    assert!(trace.bytes > 500 << 20, "much more is read than may be kept: {trace:?}");
    assert!(peak < 150_000_000, "{peak} bytes");
}
