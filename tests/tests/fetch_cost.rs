//! What indexing a large granule costs: counted exactly, and in the time of a simulated network.
//!
//! The granule has 549,450 chunks in 990 datasets, the nodes of their B-trees scattered over 1.1 GB.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::fmt::Write as _;
use std::time::Duration;

use e2e::granule::{Granule, Shape};
use e2e::network::{Network, Speed};
use e2e::snapshot::assert_snapshot;
use e2e::workspace;
use h5meta::{Limits, Walk};
use h5refs::fetch::{Counters, Policy, Trace, walk};
use h5refs::source::Source;

const LARGE: Shape = Shape { groups: 30, datasets: 33, chunks: 555 };
/// The pointers to a leaf: superblock; of the root, its header, B-tree and symbol node; the same of a group;
/// a dataset's header, its B-tree's root, and the leaf.
const DEPTH: u64 = 1 + 3 + 3 + 3;

async fn trace(source: &dyn Source, policy: &Policy) -> Trace {
    let counters = Counters::default();
    walk(Walk::new(Limits::default()), source, policy, &counters).await.unwrap();
    counters.trace()
}

fn cost(speed: Speed, trace: Trace) -> f64 {
    speed.cost(trace.waves, trace.requests, trace.bytes)
}

/// Every block once and nothing else; merged, fewer reads in no more rounds.
#[tokio::test]
async fn a_large_granule_costs_what_its_metadata_does() {
    let granule = Granule::new(LARGE);
    let exact = trace(&granule, &Policy::exact()).await;
    assert!(exact.waves <= DEPTH, "{exact:?}");
    assert!(exact.requests * 100 <= granule.blocks() * 105, "{exact:?} of {}", granule.blocks());
    assert!(exact.bytes * 2 <= granule.metadata() * 3, "{exact:?} of {}", granule.metadata());
    let merged = trace(&granule, &Policy::fixed()).await;
    assert!(merged.waves <= exact.waves && merged.requests < exact.requests, "{merged:?}");
    let mut snapshot = format!(
        "{} blocks, {} bytes of metadata in a file of {}; pointers {DEPTH} deep\n",
        granule.blocks(),
        granule.metadata(),
        granule.length(),
    );
    for (name, Trace { waves, requests, bytes, .. }) in [("exact", exact), ("default", merged)] {
        writeln!(snapshot, "{name}: {waves} waves, {requests} requests, {bytes} bytes").unwrap();
    }
    assert_snapshot(&workspace().join("tests/snapshots/fetch_cost.txt"), &snapshot);
}

/// No choice of gap and first read is much better than the default, by the model.
#[tokio::test]
async fn the_default_is_nearly_the_best() {
    let granule = Granule::new(Shape { groups: 10, datasets: 33, chunks: 185 });
    for speed in [Speed::REGION, Speed { bandwidth: 90e6, ..Speed::REGION }] {
        let chosen = cost(speed, trace(&granule, &Policy::fixed()).await);
        let mut best = (f64::INFINITY, 0, 0);
        for gap in [0, 16 << 10, 64 << 10, 256 << 10, 1 << 20] {
            for first_read in [1, 64 << 10, 1 << 20, 4 << 20] {
                let mut policy = Policy::fixed();
                (policy.gap, policy.first_read) = (gap, first_read);
                let cost = cost(speed, trace(&granule, &policy).await);
                if cost < best.0 {
                    best = (cost, gap, first_read);
                }
            }
        }
        println!("{speed:?}: {chosen:.3} s, the best {best:?}");
        assert!(chosen <= best.0 * 1.2, "{chosen:.3} s; gap and first read {best:?}");
    }
}

/// The time that passes on a network is near the least that the same reads can take one wave after the
/// other; and the policy follows what it measures.
#[tokio::test(start_paused = true)]
async fn a_network_is_used_as_well_as_it_can_be() {
    let far = Speed {
        first_byte: Duration::from_millis(100),
        requests: 600.0,
        connection: 2e6,
        bandwidth: 10e6,
    };
    for (speed, gaps) in [(Speed::REGION, 50_000..=61_000), (far, 4096..=4096)] {
        let network = Network::new(Granule::new(LARGE), speed);
        let counters = Counters::default();
        let start = tokio::time::Instant::now();
        let policy = Policy::default();
        walk(Walk::new(Limits::default()), &network, &policy, &counters).await.unwrap();
        let took = start.elapsed().as_secs_f64();
        let floor = cost(speed, counters.trace());
        println!("{took:.2} s, at least {floor:.2} s; {:?}", counters.trace());
        assert!(took <= floor * 1.5, "{took:.2} s, at least {floor:.2} s");
        let gap = counters.pace().unwrap().adapt(&policy).gap;
        assert!(gaps.contains(&gap), "{gap}");
    }
}
