//! The rows of the report: who finds the chunks of the file, and how.

/// Who does the work of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A way of `tests/python/bench/peers.py`, which makes references.
    References(&'static str),
    /// A way of `tests/python/bench/peers.py`, which lists chunks.
    Chunks(&'static str),
    /// Our program, with chunks below so many bytes inlined.
    Ours(u64),
    /// Our program, which maps the file.
    OursMapped(u64),
    /// Nobody: what it takes if all goes as well as can be, with chunks below so many bytes read.
    Nobody(u64),
}

/// What a row is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) key: &'static str,
    pub(crate) what: &'static str,
    pub(crate) who: Who,
}

const fn way(key: &'static str, what: &'static str, who: Who) -> Way {
    Way { key, what, who }
}

/// What the study had kerchunk inline, and so has everyone who inlines.
pub(crate) const INLINE: u64 = 300;

/// On the store that is far away.
pub(crate) const REMOTE: [Way; 11] = [
    way(
        "kerchunk-study",
        "kerchunk, the study's code, 5 MiB read-ahead",
        Who::References("kerchunk-study"),
    ),
    way("kerchunk-1mib", "kerchunk, 1 MiB blocks, all kept", Who::References("kerchunk-1mib")),
    way("kerchunk-8mib", "kerchunk, 8 MiB blocks, all kept", Who::References("kerchunk-8mib")),
    way("virtualizarr", "VirtualiZarr on obstore", Who::Chunks("virtualizarr")),
    way("pyfive", "pyfive, 1 MiB blocks, all kept", Who::Chunks("pyfive")),
    way(
        "async-hdf5-default",
        "async-hdf5, 8 MiB blocks (its default)",
        Who::Chunks("async-hdf5-default"),
    ),
    way("async-hdf5-best", "async-hdf5, 64 KiB blocks", Who::Chunks("async-hdf5-best")),
    way("ours", "h5sidecar", Who::Ours(INLINE)),
    way("floor", "the floor of h5sidecar", Who::Nobody(INLINE)),
    way("ours-without-inlining", "h5sidecar, nothing inlined", Who::Ours(0)),
    way("floor-without-inlining", "the floor, nothing inlined", Who::Nobody(0)),
];

/// On the disk of this machine, where only the processor is slow.
pub(crate) const LOCAL: [Way; 4] = [
    way("h5py-local", "h5py, chunk_iter alone", Who::Chunks("h5py-chunk-iter")),
    way("kerchunk-local", "kerchunk", Who::References("kerchunk-local")),
    way("ours-local", "h5sidecar", Who::Ours(INLINE)),
    way("ours-local-mapped", "h5sidecar --mmap", Who::OursMapped(INLINE)),
];

/// The way of that name.
pub(crate) fn key(name: &str) -> Result<String, String> {
    let keys = || REMOTE.iter().chain(&LOCAL).map(|way| way.key);
    match keys().any(|key| key == name) {
        true => Ok(name.to_owned()),
        false => Err(format!("one of {}", keys().collect::<Vec<_>>().join(", "))),
    }
}
