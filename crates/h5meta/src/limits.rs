//! What reading a file may cost.

/// Budgets, charged before anything is allocated or asked for.
///
/// The defaults are far above what real products hold (an ICESat-2 ATL03 granule has about 1,200
/// objects, 550,000 chunks and 25 MB of metadata) and low enough that a hostile file ends soon.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Objects (object headers) in the file.
    pub objects: u64,
    /// Chunk records in the file.
    pub chunks: u64,
    /// Steps of the walk: one for each block decoded, however often it is pointed to.
    pub steps: u64,
    /// Bytes of one block of metadata: what a size field may make us ask for at once.
    pub block_bytes: u64,
    /// Bytes of metadata decoded in all. Blocks that overlap are stopped sooner: no file holds many
    /// times its own length.
    pub metadata_bytes: u64,
    /// Bytes of heap blocks that went through filters, as they are without them.
    pub inflated_bytes: u64,
    /// Elements decoded in one attribute, variable-length ones counted.
    pub attribute_elements: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            objects: 10_000_000,
            chunks: 100_000_000,
            steps: 100_000_000,
            block_bytes: 256 << 20,
            metadata_bytes: 16 << 30,
            inflated_bytes: 64 << 20,
            attribute_elements: 4_000_000,
        }
    }
}
