//! Whether metadata checksums are verified.

/// What is done about the checksums that newer structures end with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// A structure whose checksum is not that of its bytes is an error.
    #[default]
    Verify,
    /// Checksums are passed over: for files that were edited, and for fuzzing what lies behind them.
    Skip,
}
