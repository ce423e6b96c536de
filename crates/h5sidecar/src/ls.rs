//! `h5sidecar ls`: what a file holds.

use std::io::{self, BufWriter, Write};

use h5meta::message::{Dataspace, LinkTarget};
use h5meta::model::{Dataset, Index, Object, ObjectKind, Problem, Storage};
use h5refs::document::{describe, document, index_type};
use h5refs::fetch::Counters;
use h5refs::kerchunk::{filter_name, first_names};
use h5refs::limits;
use h5refs::sidecar;
use h5refs::source;

use crate::args::LsArgs;
use crate::exit::Exit;
use crate::human::{bytes, fault, plural, say};
use crate::plain::{shown, write_json};
use crate::progress;

pub(crate) async fn run(args: LsArgs) -> anyhow::Result<Exit> {
    let source = source::open(&args.file, &args.storage.source_options()).await?;
    let counters = Counters::default();
    let options = args.storage.options();
    let work = sidecar::index(&*source, &options, &counters);
    let name = shown(&h5refs::error::redact(&args.file));
    let (index, problems) = progress::shown(&name, &counters, args.json, work).await?;

    let listing = |mut out: &mut dyn Write| match args.json {
        true => write_json(&mut out, &document(&index, &problems)).and_then(|()| writeln!(out)),
        false => tree(out, &index, args.chunks),
    };
    if let Err(why) = limits::fits(&options, index.file_length, listing) {
        say(&format!("h5sidecar: {name}: {why}\n"));
        return Ok(Exit::Malformed);
    }
    let mut out = BufWriter::new(io::stdout().lock());
    match listing(&mut out).and_then(|()| out.flush()) {
        // Whoever read the listing has enough of it.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Ok),
        printed => printed?,
    }
    if !args.json {
        for Problem { path, error, .. } in &problems {
            say(&format!("{}: {}\n", shown(path), shown(&fault(error))));
        }
    }
    Ok(Exit::Ok)
}

/// Each object on a line, under its group.
fn tree(out: &mut dyn Write, index: &Index, chunks: bool) -> io::Result<()> {
    for object in &index.objects {
        let depth = object.path.matches('/').count() - usize::from(object.path == "/");
        let indent = "  ".repeat(depth);
        let name = object.path.rsplit('/').next().unwrap_or_default();
        write!(out, "{indent}{}", shown(name))?;
        match &object.kind {
            ObjectKind::Group(group) => {
                writeln!(out, "/{}", also(object))?;
                for link in &group.links {
                    let target = match &link.target {
                        LinkTarget::Soft(path) => text(path),
                        LinkTarget::External { file, path } => {
                            format!("{} in {}", text(path), text(file))
                        }
                        LinkTarget::UserDefined { class } => format!("a link of class {class}"),
                        _ => continue,
                    };
                    writeln!(out, "{indent}  {} -> {}", shown(&link.name), shown(&target))?;
                }
            }
            ObjectKind::Dataset(dataset) => {
                writeln!(out, "  {}{}", describe_dataset(dataset), also(object))?;
                if chunks {
                    self::chunks(out, dataset, &indent)?;
                }
            }
            ObjectKind::NamedDatatype(datatype) => {
                let described = datatype.as_deref().map_or_else(|| "unreadable".into(), describe);
                writeln!(out, "  datatype {}{}", shown(&described), also(object))?;
            }
            _ => writeln!(out, "  unreadable{}", also(object))?,
        }
    }
    Ok(())
}

fn describe_dataset(dataset: &Dataset) -> String {
    let datatype = dataset.datatype.as_deref().map_or_else(|| "unreadable type".into(), describe);
    let shape = match &dataset.dataspace {
        Some(Dataspace::Null) => "null".into(),
        Some(Dataspace::Scalar) => "scalar".into(),
        Some(Dataspace::Simple { shape, .. }) => format!("{shape:?}"),
        None => "unreadable shape".into(),
    };
    let storage = match &dataset.storage {
        Storage::Compact { data } => format!("compact  {}", bytes(data.len() as u64)),
        Storage::Contiguous { at: None, .. } => "contiguous, not written".into(),
        Storage::Contiguous { size, .. } => format!("contiguous  {}", bytes(*size)),
        Storage::Chunked { chunk_shape, index, chunks, .. } => {
            let found = match chunks {
                Some(chunks) => format!(
                    "{}  {}",
                    plural(chunks.len() as u64, "chunk"),
                    bytes(chunks.stored_size())
                ),
                None => "not all chunks found".into(),
            };
            format!("chunks {chunk_shape:?}{}  {found}  {}", filters(dataset), index_type(*index))
        }
        Storage::External { files } => {
            let names = files.iter().map(|file| &file.name[..]);
            format!("external, {}", in_files(plural(files.len() as u64, "file part"), names))
        }
        Storage::Virtual { mappings: Some(mappings) } => {
            let names = mappings.iter().map(|mapping| &mapping.source_file[..]);
            format!("virtual, {}", in_files(plural(mappings.len() as u64, "mapping"), names))
        }
        Storage::Virtual { mappings: None } => "virtual, mappings unreadable".into(),
        _ => "unreadable layout".into(),
    };
    format!("{} {shape}  {storage}", shown(&datatype))
}

/// What is in which files: the first few, each once.
fn in_files<'a>(what: String, names: impl Iterator<Item = &'a [u8]>) -> String {
    match first_names(names) {
        names if names.is_empty() => what,
        names => format!("{what}: {}", shown(&names)),
    }
}

fn filters(dataset: &Dataset) -> String {
    let mut described = String::new();
    for filter in dataset.filters.iter() {
        described.push_str("  ");
        described.push_str(&shown(filter_name(filter)));
        if let (1, Some(level)) = (filter.id, filter.client_data.first()) {
            described.push_str(&format!("({level})"));
        }
    }
    described
}

fn chunks(out: &mut dyn Write, dataset: &Dataset, indent: &str) -> io::Result<()> {
    match &dataset.storage {
        Storage::Contiguous { at: Some(at), size } => {
            writeln!(out, "{indent}    {} + {size}", at.0)?;
        }
        Storage::Chunked { chunks: Some(chunks), .. } => {
            for chunk in chunks.iter() {
                write!(out, "{indent}    {:?}  {} + {}", chunk.offset, chunk.at.0, chunk.size)?;
                match chunk.filter_mask {
                    0 => writeln!(out)?,
                    mask => writeln!(out, "  filter mask {mask:#b}")?,
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The other paths of an object.
fn also(object: &Object) -> String {
    match object.aliases.as_slice() {
        [] => String::new(),
        aliases => format!("  (also {})", shown(&aliases.join(", "))),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
