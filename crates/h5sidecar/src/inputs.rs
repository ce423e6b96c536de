//! The files that are asked for: by name, by globs, by lists of them.

use std::collections::BTreeSet;
use std::io::Read as _;

use h5refs::Error;
use h5refs::source::Opener;

use crate::args::IndexArgs;
use crate::places::is_remote;

/// Bytes that a list of files may have.
const LONGEST: u64 = 256 << 20;
/// Bytes of it that are read at once.
const PIECE: u64 = 8 << 20;

/// What is to be indexed.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// Each once, in the order they were asked for.
    pub(crate) list: Vec<Input>,
    /// Whether there are, or on another day may be, several.
    pub(crate) several: bool,
}

/// Who names a file: the user, or whoever wrote a list that is on a server. That one is not given the user's token,
/// nor files of this machine.
#[derive(Clone, Copy)]
enum Named {
    Here,
    Elsewhere,
}

/// A file, or what was asked for and leads to none.
#[derive(Debug)]
pub(crate) enum Input {
    File(String),
    None(String, Error),
}

impl Input {
    /// How it was asked for.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(name) | Self::None(name, _) => name.clone(),
        }
    }
}

impl Inputs {
    /// All files that the arguments and the lists name.
    ///
    /// # Errors
    /// A list that cannot be read: what is in it would not be done, and nobody told.
    pub(crate) async fn of(args: &IndexArgs, opener: &Opener) -> anyhow::Result<Self> {
        let mut names: Vec<(String, Named)> =
            args.files.iter().map(|name| (name.clone(), Named::Here)).collect();
        for manifest in &args.manifest {
            let named = if is_remote(manifest) { Named::Elsewhere } else { Named::Here };
            names.extend(lines(&read(manifest, opener).await?).map(|name| (name, named)));
        }
        let mut inputs = Self { several: !args.manifest.is_empty(), ..Self::default() };
        let mut known = BTreeSet::new();
        for (name, named) in names {
            match named {
                Named::Here => opener.trust(&name),
                Named::Elsewhere if !is_remote(&name) => {
                    let location = h5refs::error::redact(&name);
                    let reason = "a list from elsewhere leads to no file of this machine".into();
                    inputs.list.push(Input::None(name, Error::Usage { location, reason }));
                    continue;
                }
                Named::Elsewhere => {}
            }
            match opener.expand(&name).await {
                Ok(files) => {
                    inputs.several |= files.len() > 1 || files.first() != Some(&name);
                    let new = files.into_iter().filter(|file| known.insert(file.clone()));
                    inputs.list.extend(new.map(Input::File));
                }
                Err(error) => inputs.list.push(Input::None(name, error)),
            }
        }
        inputs.several |= inputs.list.len() > 1;
        Ok(inputs)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter_map(|input| match input {
            Input::File(file) => Some(file.as_str()),
            Input::None(..) => None,
        })
    }
}

/// A location a line; blank lines and those that begin with `#` are for people.
fn lines(text: &str) -> impl Iterator<Item = String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

async fn read(manifest: &str, opener: &Opener) -> anyhow::Result<String> {
    let bytes = match manifest {
        "-" => {
            tokio::task::spawn_blocking(|| {
                let mut bytes = Vec::new();
                std::io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes).map(|_| bytes)
            })
            .await??
        }
        location => whole(location, opener).await?,
    };
    let refused = |reason: &str| {
        let location = match manifest {
            "-" => "standard input".to_owned(),
            location => h5refs::error::redact(location),
        };
        Error::Usage { location, reason: reason.to_owned() }
    };
    if bytes.len() as u64 > LONGEST {
        return Err(refused("more than 256 MiB: no list of files").into());
    }
    String::from_utf8(bytes).map_err(|_| refused("not text in UTF-8: no list of files").into())
}

async fn whole(location: &str, opener: &Opener) -> anyhow::Result<Vec<u8>> {
    let source = opener.open(location).await?;
    let mut bytes = Vec::new();
    loop {
        let at = bytes.len() as u64;
        let piece = source.read(at..at + PIECE).await?.bytes;
        bytes.extend_from_slice(&piece);
        // There are fewer only where the file ends.
        if (piece.len() as u64) < PIECE || bytes.len() as u64 > LONGEST {
            return Ok(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_a_location_a_line() {
        let text = "\u{feff}a.h5\r\n\n  # why\n s3://b/c d.h5 \n#\nx#1.h5";
        assert_eq!(lines(text).collect::<Vec<_>>(), ["a.h5", "s3://b/c d.h5", "x#1.h5"]);
    }
}
