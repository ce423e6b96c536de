//! All further paths that links give to objects: another hard link to a dataset, a soft link to a group
//! with all that is below.
//!
//! A link is taken whole or left out with a reason. Left out are those that lead nowhere, to another file,
//! back to a group they are in (such a path never ends), and those for which there would be too many paths:
//! twenty groups with two links each to the next make a million.

use h5meta::Index;
use h5meta::message::LinkTarget;
use h5meta::model::{Group, NamedLink, Object, ObjectKind};
use h5meta::wire::Address;

use super::{LeftOut, List, Resolver, below};
use crate::kerchunk::unsayable;

/// What a path costs besides its own bytes: the documents of the object it leads to, and keeping it. More
/// than they take: a file of a few kilobytes shall not make a sidecar of hundreds of megabytes.
const OVERHEAD: u64 = 2048;

/// What a link costs that is kept with its paths, besides its text.
const LINK: u64 = 256;

/// What a path is held in, besides its text and that of the object's first.
const PLACE: u64 = 128;

/// What it costs to look at a link, besides its name and the groups on the way to it.
const LOOK: u64 = 16;

const TOO_MANY: &str = "would be too many paths";
const BACK: &str = "leads back to a group that it is in";

/// A link, and the objects that it leads to.
#[derive(Clone, Debug)]
pub(crate) struct Linked {
    /// The link, in case it is left out after all.
    pub(crate) link: LeftOut,
    /// New paths, a group before what it holds, each with the object's first path.
    pub(crate) places: Vec<(String, String)>,
}

/// The links of a file beyond those that give objects their first paths.
#[derive(Clone, Debug, Default)]
pub(crate) struct Links {
    pub(crate) linked: Vec<Linked>,
    pub(crate) left_out: List,
}

impl Links {
    /// All links, none of them followed.
    pub(crate) fn none(index: &Index, mut left_out: List) -> Self {
        for (holder, link) in further(index) {
            left_out.add(index, &holder.path, link, "only first names are asked for");
        }
        Self { linked: Vec::new(), left_out }
    }

    /// All links, followed as far as their paths cost no more than `most` bytes.
    pub(crate) fn all(index: &Index, most: u64, mut left_out: List) -> Self {
        let mut linked = Vec::new();
        let resolver = Resolver::default();
        let mut expansion = Expansion { index, resolver, left: most, work: most.saturating_mul(2) };
        let mut further: Vec<_> = further(index).collect();
        // The deepest first: if there are too many paths, little is lost for the links that bring few.
        further.sort_by_cached_key(|(holder, _)| {
            std::cmp::Reverse(holder.path.trim_end_matches('/').matches('/').count())
        });
        for (holder, link) in further {
            match expansion.expand(holder, link, left_out.rest()) {
                Ok((places, below)) => {
                    left_out.append(below);
                    let link = LeftOut::of(index, &holder.path, link);
                    linked.push(Linked { link, places });
                }
                Err(why) => left_out.add(index, &holder.path, link, why),
            }
        }
        Self { linked, left_out }
    }

    /// Bytes that the paths are held in, about.
    pub(crate) fn size(&self) -> u64 {
        let places = self.linked.iter().flat_map(|linked| &linked.places);
        let places =
            places.map(|(path, first)| PLACE.saturating_add((path.len() + first.len()) as u64));
        let link =
            |link: &LeftOut| LINK.saturating_add((link.path.len() + link.target.len()) as u64);
        let links = self.linked.iter().map(|linked| link(&linked.link));
        places.chain(links).fold(0, u64::saturating_add)
    }
}

/// Every link that gives no object its first path, with the group that holds it, in the order of the file's paths.
fn further(index: &Index) -> impl Iterator<Item = (&Object, &NamedLink)> {
    let links = |(holder, group)| links(group).map(move |link| (holder, link));
    index.groups().flat_map(links).filter(|(holder, link)| {
        let LinkTarget::Hard(address) = link.target else { return true };
        !index.object_at(address).is_some_and(|object| is_first(object, holder, link))
    })
}

/// Whether a link gives an object its first path.
fn is_first(object: &Object, holder: &Object, link: &NamedLink) -> bool {
    let group = object.path.strip_suffix(&*link.name).and_then(|path| path.strip_suffix('/'));
    group == Some(holder.path.trim_end_matches('/'))
}

/// The links that a path can go through; the others are problems of the file, and reported as such.
fn links(group: &Group) -> impl Iterator<Item = &NamedLink> {
    let mut before: Option<&str> = None;
    group.links.iter().filter(move |link| {
        let name = link.name.as_str();
        let second = before.replace(name) == Some(name);
        !second && !name.is_empty() && name != "." && name != ".." && !name.contains('/')
    })
}

/// Follows links, within a budget.
struct Expansion<'a> {
    index: &'a Index,
    resolver: Resolver,
    /// Bytes that paths may still take.
    left: u64,
    /// The same, with those that were tried and not taken, and what it took to look.
    work: u64,
}

/// An object on the way.
struct Visit {
    address: Address,
    above: Option<usize>,
    /// Groups above it.
    depth: u64,
}

impl<'a> Expansion<'a> {
    /// The paths that a link of a group gives; and the links below that are left out.
    ///
    /// # Errors
    /// Why the link is left out.
    #[expect(clippy::type_complexity, reason = "two lists, used once")]
    fn expand(
        &mut self,
        holder: &'a Object,
        link: &'a NamedLink,
        mut left_out: List,
    ) -> Result<(Vec<(String, String)>, List), &'static str> {
        let object = self.target(holder, link)?;
        let path = below(&holder.path, &link.name);
        if let Some(why) = unsayable(&path) {
            return Err(why);
        }
        if is_above(&object.path, &holder.path) {
            return Err(BACK);
        }
        let mut left = self.left;
        self.take(&mut left, path.len(), object)?;
        // The link itself is kept with its paths.
        left = left.checked_sub(LINK + (path.len() + object.path.len()) as u64).ok_or(TOO_MANY)?;
        let mut places = Vec::new();
        let mut visits: Vec<Visit> = Vec::new();
        // A stack of our own: how deep the tree is, is the file's to choose.
        let mut stack = vec![(path, object, None)];
        while let Some((path, object, above)) = stack.pop() {
            let here = visits.len();
            let depth =
                above.and_then(|above: usize| visits.get(above)).map_or(0, |it| it.depth + 1);
            visits.push(Visit { address: object.address, above, depth });
            if let ObjectKind::Group(group) = &object.kind {
                let from = stack.len();
                for link in links(group) {
                    self.look(depth, link.name.len())?;
                    let Ok(child) = self.target(object, link) else { continue };
                    self.look(0, child.path.len())?;
                    let is_back = is_above(&child.path, &holder.path)
                        || is_on_the_way(&visits, here, child.address);
                    let why_not = match is_back {
                        true => Some(BACK),
                        false => unsayable(&link.name),
                    };
                    match why_not {
                        Some(why) => left_out.add(self.index, &path, link, why),
                        None => {
                            self.take(&mut left, path.len() + link.name.len(), child)?;
                            stack.push((below(&path, &link.name), child, Some(here)));
                        }
                    }
                }
                stack[from..].reverse();
            }
            places.push((path, object.path.clone()));
        }
        self.left = left;
        Ok((places, left_out))
    }

    /// What a link leads to.
    fn target(
        &mut self,
        holder: &'a Object,
        link: &'a NamedLink,
    ) -> Result<&'a Object, &'static str> {
        let found = match &link.target {
            LinkTarget::Hard(address) => self.index.object_at(*address),
            LinkTarget::Soft(path) => match std::str::from_utf8(path) {
                Ok(path) => self.resolver.link(self.index, holder, link, path)?,
                Err(_) => return Err("leads to a path that is not UTF-8"),
            },
            LinkTarget::External { .. } => return Err("leads to another file"),
            _ => return Err("of a kind that only its maker can follow"),
        };
        let object = found.ok_or("leads nowhere")?;
        match &object.kind {
            ObjectKind::Group(_) | ObjectKind::Dataset(_) => Ok(object),
            ObjectKind::NamedDatatype(_) => Err("leads to a datatype, which Zarr has none of"),
            _ => Err("leads to an object that could not be read"),
        }
    }

    /// Takes what a path of so many bytes to an object costs: before it is made, for a group may have many links.
    fn take(&mut self, left: &mut u64, path: usize, object: &Object) -> Result<(), &'static str> {
        let cost = OVERHEAD.saturating_add((path + object.path.len()) as u64);
        *left = left.checked_sub(cost).ok_or(TOO_MANY)?;
        self.work = self.work.checked_sub(cost).ok_or(TOO_MANY)?;
        Ok(())
    }

    /// Takes what it costs to look at a link: to go through the groups above it, and to compare names.
    fn look(&mut self, above: u64, name: usize) -> Result<(), &'static str> {
        let cost = LOOK.saturating_add(above).saturating_add(name as u64 / 16);
        self.work = self.work.checked_sub(cost).ok_or(TOO_MANY)?;
        Ok(())
    }
}

/// Whether one first path is that of a group which the other is in, or is the same.
fn is_above(group: &str, path: &str) -> bool {
    let rest = path.strip_prefix(group.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_on_the_way(visits: &[Visit], from: usize, address: Address) -> bool {
    let mut at = visits.get(from);
    while let Some(visit) = at {
        if visit.address == address {
            return true;
        }
        at = visit.above.and_then(|above| visits.get(above));
    }
    false
}
