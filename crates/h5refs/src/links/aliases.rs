//! All further paths that links give to objects: another hard link to a dataset, a soft link to a group
//! with all that is below.
//!
//! A link is taken whole or left out with a reason. Left out are those that lead nowhere, to another file,
//! back to a group they are in (such a path never ends), and those for which there would be too many paths:
//! twenty groups with two links each to the next make a million.

use h5meta::Index;
use h5meta::message::LinkTarget;
use h5meta::model::{NamedLink, Object, ObjectKind};
use h5meta::wire::Address;

use super::{LeftOut, below, resolve};
use crate::kerchunk::unsayable;

/// What a path costs besides its own bytes: the documents of the object it leads to, and keeping it. More
/// than they take: a file of a few kilobytes shall not make a sidecar of hundreds of megabytes.
const OVERHEAD: u64 = 4096;

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
    pub(crate) left_out: Vec<LeftOut>,
}

impl Links {
    /// All links, none of them followed.
    pub(crate) fn none(index: &Index) -> Self {
        let mut links = Self::default();
        for (link, _) in further(index) {
            links.left_out.push(link.because("only first names are asked for"));
        }
        links
    }

    /// All links, followed as far as their paths cost no more than `most` bytes.
    pub(crate) fn all(index: &Index, most: u64) -> Self {
        let mut links = Self::default();
        let mut expansion = Expansion { index, left: most, work: most.saturating_mul(2) };
        let mut further: Vec<_> = further(index).collect();
        // The deepest first: if there are too many paths, little is lost for the links that bring few.
        further.sort_by_key(|(link, _)| std::cmp::Reverse(link.path.matches('/').count()));
        for (link, leads) in further {
            let (holder, object) = match leads {
                Ok(leads) => leads,
                Err(why) => {
                    links.left_out.push(link.because(why));
                    continue;
                }
            };
            match expansion.expand(&link.path, holder, object) {
                Ok((places, left_out)) => {
                    links.left_out.extend(left_out);
                    links.linked.push(Linked { link, places });
                }
                Err(why) => links.left_out.push(link.because(why)),
            }
        }
        links
    }
}

/// The group that holds a link, and the object that the link leads to.
type Leads<'a> = Result<(&'a Object, &'a Object), String>;

/// Every link that gives no object its first path, in the order of the file's paths.
fn further(index: &Index) -> impl Iterator<Item = (LeftOut, Leads<'_>)> {
    let groups = index.objects.iter().filter_map(|object| match &object.kind {
        ObjectKind::Group(group) => Some((object, group)),
        _ => None,
    });
    groups.flat_map(move |(holder, group)| {
        nameable(&group.links).filter_map(move |link| {
            let path = below(&holder.path, &link.name);
            let object = match link.target {
                LinkTarget::Hard(address) => index.object_at(address),
                _ => None,
            };
            let leads_to = object.map_or("", |object| &object.path);
            if leads_to == path {
                return None;
            }
            let leads = target(index, holder, link);
            let left_out = LeftOut::of(link, path, leads_to);
            Some((left_out, leads.map(|object| (holder, object))))
        })
    })
}

/// What a link leads to.
fn target<'a>(
    index: &'a Index,
    holder: &'a Object,
    link: &NamedLink,
) -> Result<&'a Object, String> {
    let found = match &link.target {
        LinkTarget::Hard(address) => index.object_at(*address),
        LinkTarget::Soft(path) => match std::str::from_utf8(path) {
            Ok(path) => resolve(index, holder, path)?,
            Err(_) => return Err("leads to a path that is not UTF-8".into()),
        },
        LinkTarget::External { .. } => return Err("leads to another file".into()),
        _ => return Err("of a kind that only its maker can follow".into()),
    };
    let object = found.ok_or("leads nowhere")?;
    match &object.kind {
        ObjectKind::Group(_) | ObjectKind::Dataset(_) => Ok(object),
        ObjectKind::NamedDatatype(_) => Err("leads to a datatype, which Zarr has none of".into()),
        _ => Err("leads to an object that could not be read".into()),
    }
}

/// The links that a path can go through; the others are problems of the file, and reported as such.
fn nameable(links: &[NamedLink]) -> impl Iterator<Item = &NamedLink> {
    let mut before: Option<&str> = None;
    links.iter().filter(move |link| {
        let name = link.name.as_str();
        let second = before.replace(name) == Some(name);
        !second && !name.is_empty() && name != "." && name != ".." && !name.contains('/')
    })
}

/// Follows links, within a budget.
struct Expansion<'a> {
    index: &'a Index,
    /// Bytes that paths may still take.
    left: u64,
    /// The same, with those that were tried and not taken.
    work: u64,
}

/// An object on the way.
struct Visit {
    address: Address,
    above: Option<usize>,
}

impl<'a> Expansion<'a> {
    /// The paths that a link at `path` gives, held by a group `holder`; and the links below that are left out.
    ///
    /// # Errors
    /// Why the link is left out.
    #[expect(clippy::type_complexity, reason = "two lists, used once")]
    fn expand(
        &mut self,
        path: &str,
        holder: &Object,
        object: &'a Object,
    ) -> Result<(Vec<(String, String)>, Vec<LeftOut>), String> {
        const BACK: &str = "leads back to a group that it is in";
        if let Some(why) = unsayable(path) {
            return Err(why.into());
        }
        if is_above(&object.path, &holder.path) {
            return Err(BACK.into());
        }
        let (mut places, mut left_out) = (Vec::new(), Vec::new());
        let mut left = self.left;
        let mut visits: Vec<Visit> = Vec::new();
        // A stack of our own: how deep the tree is, is the file's to choose.
        let mut stack = vec![(path.to_owned(), object, None)];
        while let Some((path, object, above)) = stack.pop() {
            let cost = OVERHEAD.saturating_add((path.len() + object.path.len()) as u64);
            left = left.checked_sub(cost).ok_or("would be too many paths")?;
            self.work = self.work.checked_sub(cost).ok_or("would be too many paths")?;
            let here = visits.len();
            visits.push(Visit { address: object.address, above });
            if let ObjectKind::Group(group) = &object.kind {
                let from = stack.len();
                for link in nameable(&group.links) {
                    let Ok(child) = target(self.index, object, link) else { continue };
                    let path = below(&path, &link.name);
                    let is_back = is_above(&child.path, &holder.path)
                        || is_on_the_way(&visits, here, child.address);
                    let why_not = match is_back {
                        true => Some(BACK),
                        false => unsayable(&link.name),
                    };
                    match why_not {
                        Some(why) => {
                            left_out.push(LeftOut::of(link, path, &child.path).because(why));
                        }
                        None => stack.push((path, child, Some(here))),
                    }
                }
                stack[from..].reverse();
            }
            places.push((path, object.path.clone()));
        }
        self.left = left;
        Ok((places, left_out))
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
