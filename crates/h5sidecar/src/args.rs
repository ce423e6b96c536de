//! What a user can ask for.

use std::time::Duration;

use bytesize::ByteSize;
use clap::{Parser, Subcommand};
use h5refs::kerchunk::{CodecSet, Which};
use h5refs::limits;
use h5refs::render::Format;
use h5refs::sidecar::Checksums;
use h5refs::sidecar::Options;
use h5refs::source::SourceOptions;

use crate::benchmark::BenchArgs;

/// Makes kerchunk sidecars for HDF5 and NetCDF-4 files, on disk or on object storage, without libhdf5.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = NOTES)]
pub(crate) struct Args {
    /// Say on standard error what is retried and why, and at the end what was sent
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const NOTES: &str = "Sizes are bytes, or have a unit: 500, 64kB, 1MiB. Exit codes: 0 done; 1 wrong usage; 2 done, but not everything could be \
    referenced, or decoded (with --strict), or the file is cut off; 3 storage or network failed, worth trying again; 4 not HDF5, \
    or broken; a sidecar that does not fit its file; 130 interrupted";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a sidecar for each file: kerchunk references
    Index(IndexArgs),
    /// List what a file holds: groups, datasets, where their chunks are
    Ls(LsArgs),
    /// Check a sidecar against its file: every reference, and a sample of the chunks
    Verify(VerifyArgs),
    /// Time how a file is prepared in each of several formats, by this and other tools
    Bench(BenchArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct IndexArgs {
    /// Files: paths, or s3://, gs://, az://, abfs://, http(s):// URLs; in paths and keys * matches within a
    /// name, ** through directories
    #[arg(required_unless_present = "manifest", value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// A list of further files, one a line, of any location; - for standard input. Blank lines and those
    /// that begin with # are passed over
    #[arg(long, value_name = "FILE")]
    pub(crate) manifest: Vec<String>,
    /// Files at a time
    #[arg(short, long, value_name = "N", default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) jobs: u16,
    /// Where to write: a file, a directory, any store's URL, or - for standard output. By default
    /// NAME.json (or as the format has it) beside a local file, in the current directory for a remote one
    #[arg(short, long)]
    pub(crate) output: Option<String>,
    /// What the references call the file (one file only); by default the name as given
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Only objects whose path matches: * within one name, ** through groups; a group means all below it
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    pub(crate) include: Vec<String>,
    /// No objects whose path matches
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    pub(crate) exclude: Vec<String>,
    /// Root the sidecar at this group
    #[arg(long, value_name = "PATH", help_heading = "Selection")]
    pub(crate) group: Option<String>,
    /// Objects under all paths that links give them, or each under its first path only, as kerchunk does
    #[arg(long, value_enum, default_value = "all", help_heading = "Selection")]
    pub(crate) links: Links,
    /// Bytes that further paths may add to the sidecar
    #[arg(long, default_value = "256MiB", value_name = "SIZE", help_heading = "Selection")]
    pub(crate) max_linked: ByteSize,
    /// Put chunks of fewer stored bytes than this into the sidecar itself
    #[arg(long, default_value = "500", value_name = "SIZE")]
    pub(crate) inline_threshold: ByteSize,
    /// Bytes of variable-length strings that one dataset may put into the sidecar: readers cannot
    /// follow them in the file
    #[arg(long, default_value = "64MiB", value_name = "SIZE")]
    pub(crate) max_inline_vlen: ByteSize,
    /// Open the other files that datasets have their data in (external storage, virtual datasets), and
    /// reference these too: those below the directory of the file
    #[arg(long)]
    pub(crate) follow_external: bool,
    /// Open those below this directory too; for remote files, those whose URL begins with this, in the same
    /// store
    #[arg(long, value_name = "PLACE", requires = "follow_external")]
    pub(crate) follow_below: Vec<String>,
    /// How many other files one file may lead to
    #[arg(long, default_value_t = 1000, value_name = "N", requires = "follow_external")]
    pub(crate) max_files: u64,
    /// Decode datasets of fewer bytes than this into the sidecar, where no codecs of Zarr readers can say
    /// what was done to their chunks
    #[arg(long, default_value = "1MiB", value_name = "SIZE")]
    pub(crate) transcode_below: ByteSize,
    /// Cut larger contiguous datasets into chunks of at most this size, to be read in parallel
    #[arg(long, value_name = "SIZE")]
    pub(crate) subchunk: Option<ByteSize>,
    /// What the sidecar looks like; by default what the name of --output ends with says, else json
    #[arg(long, value_enum, help_heading = "Format")]
    pub(crate) format: Option<FormatName>,
    /// Have the name of the file once in the sidecar, and not in each reference (not for GDAL)
    #[arg(long, help_heading = "Format")]
    pub(crate) templates: bool,
    /// Leave out of JSON the one document with all metadata, which zarr-python needs to find groups below
    /// the first level
    #[arg(long, help_heading = "Format")]
    pub(crate) no_consolidated: bool,
    /// References in a table of the parquet format: as many are fetched at once
    #[arg(long, default_value_t = 10_000, value_name = "N", help_heading = "Format",
        value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) record_size: u32,
    /// The codecs that readers have: numcodecs', which come with zarr, or those of imagecodecs too (szip,
    /// lz4), which are to be installed
    #[arg(long, value_enum, default_value = "numcodecs", help_heading = "Format")]
    pub(crate) codecs: Codecs,
    /// Leave sidecars alone that were made of the same version of their file, with the same options, by this
    /// version of the program; implies --record-version. What cannot be proven to be so is made anew
    #[arg(long)]
    pub(crate) if_stale: bool,
    /// Say in the sidecar which version of the file it is of (length, entity tag) and how it was made, for
    /// h5sidecar verify and --if-stale
    #[arg(long, help_heading = "Format")]
    pub(crate) record_version: bool,
    /// Write a report, one JSON object a line and file: counts, problems, what is not referenced
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<String>,
    /// Exit with 2 if anything of a file is not referenced
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print nothing but errors
    #[arg(short, long)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Links {
    First,
    All,
}

impl From<Links> for Which {
    fn from(links: Links) -> Self {
        match links {
            Links::First => Self::First,
            Links::All => Self::All,
        }
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum FormatName {
    Json,
    #[value(name = "json.gz")]
    JsonGz,
    #[value(name = "json.zst")]
    JsonZst,
    Parquet,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Json => Self::Json,
            FormatName::JsonGz => Self::JsonGz,
            FormatName::JsonZst => Self::JsonZst,
            FormatName::Parquet => Self::Parquet,
        }
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum Codecs {
    Numcodecs,
    Imagecodecs,
}

impl From<Codecs> for CodecSet {
    fn from(codecs: Codecs) -> Self {
        match codecs {
            Codecs::Numcodecs => Self::Numcodecs,
            Codecs::Imagecodecs => Self::Imagecodecs,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct LsArgs {
    /// A path, or an s3://, gs://, az://, abfs://, http(s):// URL
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Add the byte range of every chunk
    #[arg(long)]
    pub(crate) chunks: bool,
    /// Print the whole index as one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// A sidecar in any of the formats: a path, or a URL of any store
    #[arg(value_name = "SIDECAR")]
    pub(crate) sidecar: String,
    /// The file that it is of, wherever the sidecar says that is
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<String>,
    /// Decode every chunk
    #[arg(long, conflicts_with = "sample")]
    pub(crate) all: bool,
    /// Decode the first chunk of every array, and about so many more
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) sample: u64,
    /// The report of h5sidecar index: is the file still the version that it tells?
    #[arg(long, value_name = "REPORT")]
    pub(crate) indexed: Option<std::path::PathBuf>,
    /// Print a report for scripts, one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 2 if there are chunks among these that cannot be decoded here
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) storage: StorageArgs,
}

/// How files are reached. Credentials are found the way each store's own tools find them.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Storage")]
pub(crate) struct StorageArgs {
    /// Send no credentials: public buckets
    #[arg(long)]
    anonymous: bool,
    /// Talk to this service in place of Amazon's, Google's or Azure's
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The S3 region; by default the environment's, the profile's, or the bucket is asked
    #[arg(long)]
    region: Option<String>,
    /// The profile of the AWS configuration files
    #[arg(long)]
    profile: Option<String>,
    /// A token for https URLs, sent to the URL's own host only
    #[arg(long, env = "H5SIDECAR_BEARER_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    bearer_token: Option<String>,
    /// Leave .netrc alone (NETRC, or in the home directory), whose users and passwords https hosts are sent
    /// that it has them for, also where a redirect leads there
    #[arg(long)]
    no_netrc: bool,
    /// Map local files into memory, in place of reading what is needed of them: a little faster, and a file that
    /// another process shortens meanwhile ends this one
    #[arg(long, overrides_with = "no_mmap")]
    mmap: bool,
    /// Read local files piece by piece, as is the default
    #[arg(long, overrides_with = "mmap")]
    no_mmap: bool,
    /// Pass over metadata checksums: for files that were edited or damaged
    #[arg(long)]
    no_verify: bool,
    /// Allow a file more, or less, of something: see --help for the names
    #[arg(long = "limit", value_name = "NAME=VALUE", value_parser = limit, long_help = limits_help())]
    limits: Vec<(String, u64)>,
    /// Requests in flight at once, over all files
    #[arg(long, value_name = "N", default_value_t = 256,
        value_parser = clap::value_parser!(u16).range(1..=4096))]
    concurrency: u16,
    /// How often a failed request is sent again
    #[arg(long, value_name = "N", default_value_t = 5)]
    retries: u32,
    /// Seconds of silence after which a request counts as failed
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: u32,
}

impl StorageArgs {
    pub(crate) fn source_options(&self) -> SourceOptions {
        let mut options = SourceOptions::default();
        options.anonymous = self.anonymous;
        options.endpoint = self.endpoint.clone();
        options.region = self.region.clone();
        options.profile = self.profile.clone();
        options.bearer_token = self.bearer_token.clone().map(Into::into);
        options.netrc = !self.no_netrc;
        options.mmap = self.mmap;
        options.concurrency = self.concurrency.into();
        options.retries = self.retries;
        options.read_timeout = Duration::from_secs(self.timeout.into());
        options
    }

    pub(crate) fn options(&self) -> Options {
        let mut options = Options::default();
        options.policy.concurrency = self.concurrency.into();
        if self.no_verify {
            options.checksums = Checksums::Skip;
        }
        for (name, value) in &self.limits {
            // There is one of that name, or it would not have been taken.
            let _known = limits::set(&mut options, name, *value);
        }
        options
    }
}

/// `links=1000`, `inline_bytes=16MiB`.
fn limit(text: &str) -> Result<(String, u64), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is needed")?;
    let value = value.parse::<ByteSize>()?.as_u64();
    if !limits::set(&mut Options::default(), name, value) {
        let names: Vec<&str> = limits::all().into_iter().map(|(name, ..)| name).collect();
        return Err(format!("there is no such limit; there are {}", names.join(", ")));
    }
    Ok((name.to_owned(), value))
}

fn limits_help() -> String {
    let mut help = "Allow a file more, or less, of something. What a limit stops is an error or in the report, with \
        the limit's name. Values may have units, as sizes have"
        .to_owned();
    for (name, default, about) in limits::all() {
        help.push_str(&format!("\n- {name}={default}: {about}"));
    }
    help
}
