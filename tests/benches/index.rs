//! What indexing costs the processor, a part at a time: `cargo bench --package e2e`.
//!
//! Elements are chunks: of 549,450 in 990 datasets, or of one B-tree node.

#![expect(clippy::unwrap_used, missing_docs, reason = "a benchmark that cannot go on shall panic")]

use std::hint::black_box;
use std::io;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use e2e::granule::{CHILDREN, Granule, Shape, leaf};
use h5meta::btree::v1::{Keys, Node};
use h5meta::wire::{Sizes, Width};
use h5meta::{Index, Limits, Walk};
use h5refs::fetch::{Counters, Policy, plan, walk};
use h5refs::kerchunk::References;
use h5refs::render::{Format, Layout};
use h5refs::sidecar::{Options, sidecar};

const LARGE: Shape = Shape { groups: 30, datasets: 33, chunks: 555 };
const CHUNKS: u64 = LARGE.groups * LARGE.datasets * LARGE.chunks;

fn decode(criterion: &mut Criterion) {
    let bytes = leaf();
    let width = Width::new(8).unwrap();
    let sizes = Sizes { offsets: width, lengths: width };
    let mut group = criterion.benchmark_group("decode");
    group.throughput(Throughput::Elements(CHILDREN));
    group.bench_function("B-tree v1 leaf", |bencher| {
        bencher.iter(|| {
            let node = Node::decode(black_box(&bytes), Keys::Chunk { rank: 1 }, sizes).unwrap();
            node.chunks().map(|chunk| chunk.unwrap().address.0).fold(0, u64::wrapping_add)
        });
    });
    group.finish();
}

fn index(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let granule = Granule::new(LARGE);
    let walked = || -> Index {
        let (policy, counters) = (Policy::fixed(), Counters::default());
        let walk = walk(Walk::new(Limits::default()), &granule, &policy, &counters);
        runtime.block_on(walk).unwrap().0
    };
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10).throughput(Throughput::Elements(CHUNKS));
    group.bench_function("walk", |bencher| bencher.iter(walked));
    let index = walked();
    let mut options = Options::default();
    options.references.inline_threshold = 0;
    group.bench_function("references", |bencher| {
        bencher.iter(|| References::new(&index, &[], &options.references));
    });
    let made = runtime.block_on(sidecar(&granule, &options, &Counters::default())).unwrap();
    for (name, format) in [("json", Format::Json), ("json.gz", Format::JsonGz)] {
        let mut layout = Layout::default();
        layout.format = format;
        group.bench_function(format!("render {name}"), |bencher| {
            bencher.iter(|| made.write_to(layout, &mut io::sink()).unwrap());
        });
    }
    group.finish();
}

fn planning(criterion: &mut Criterion) {
    let ranges: Vec<_> =
        (0..10_000_u64).map(|n| n * 7919 % 10_000 * 100_000).map(|at| at..at + 2096).collect();
    let mut group = criterion.benchmark_group("plan");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("10,000 ranges", |bencher| {
        bencher.iter(|| plan(black_box(&ranges), &Policy::fixed(), None));
    });
    group.finish();
}

criterion_group!(benches, decode, planning, index);
criterion_main!(benches);
