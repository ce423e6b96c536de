//! The object that a path leads to.

use std::collections::HashMap;

use h5meta::message::LinkTarget;
use h5meta::model::{Group, NamedLink, Object, ObjectKind};
use h5meta::{Address, Index};

/// Soft links on the way before they are taken for a circle. libhdf5 stops after 16 unless told otherwise.
const MOST_LINKS: usize = 40;

const CIRCLE: &str = "a circle of soft links";

/// Finds objects by path, through groups and soft links. Each soft link is followed once, however many lead through
/// it: a path may be long, and lead through others as long.
#[derive(Debug, Default)]
pub(crate) struct Resolver {
    /// Where soft links lead, by where they are in the memory of their index.
    known: HashMap<usize, End>,
}

/// Where a path ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// At an object, through so many soft links.
    At(Address, usize),
    Nowhere,
    /// It cannot be followed.
    Lost(&'static str),
}

/// A path on the way.
struct Way<'a> {
    /// The soft link that it is the path of.
    link: Option<&'a NamedLink>,
    at: &'a Object,
    steps: std::str::Split<'a, char>,
    /// Soft links so far.
    links: usize,
}

impl Resolver {
    /// The object at `path`, which starts at the root or at `from`; `None` if there is none.
    ///
    /// # Errors
    /// A path through a link to another file, or a circle of soft links.
    pub(crate) fn path<'a>(
        &mut self,
        index: &'a Index,
        from: &'a Object,
        path: &'a str,
    ) -> Result<Option<&'a Object>, &'static str> {
        self.end(index, from, None, path)
    }

    /// The object that a soft link of the group `holder` leads to, as [`Resolver::path`] has it.
    pub(super) fn link<'a>(
        &mut self,
        index: &'a Index,
        holder: &'a Object,
        link: &'a NamedLink,
        path: &'a str,
    ) -> Result<Option<&'a Object>, &'static str> {
        match self.known.get(&key(link)) {
            Some(&End::At(address, _)) => Ok(index.object_at(address)),
            Some(End::Nowhere) => Ok(None),
            Some(&End::Lost(why)) => Err(why),
            None => self.end(index, holder, Some(link), path),
        }
    }

    fn end<'a>(
        &mut self,
        index: &'a Index,
        from: &'a Object,
        link: Option<&'a NamedLink>,
        path: &'a str,
    ) -> Result<Option<&'a Object>, &'static str> {
        // A stack of our own: how many links lead through each other is the file's to choose.
        let mut ways: Vec<Way<'a>> = Vec::new();
        let mut next = Some((from, link, path));
        let end = loop {
            if let Some((from, link, path)) = next.take() {
                let Some(root) = index.objects.first() else { break End::Nowhere };
                let at = if path.starts_with('/') { root } else { from };
                // Who meets it while it is on the way has come back to where it was.
                self.know(link, End::Lost(CIRCLE));
                ways.push(Way { link, at, steps: path.split('/'), links: 0 });
            }
            let Some(way) = ways.last_mut() else { break End::Nowhere };
            let step = match way.steps.next() {
                // HDF5 knows `.`, but no `..`.
                Some("" | ".") => continue,
                Some(step) => step,
                None => {
                    let (link, at, links) = (way.link, way.at, way.links);
                    self.know(link, End::At(at.address, links));
                    ways.pop();
                    let Some(way) = ways.last_mut() else { return Ok(Some(at)) };
                    match way.arrive(at, links) {
                        Ok(()) => continue,
                        Err(why) => break End::Lost(why),
                    }
                }
            };
            let ObjectKind::Group(group) = &way.at.kind else { break End::Nowhere };
            let Some(link) = find(group, step) else { break End::Nowhere };
            match &link.target {
                LinkTarget::Hard(address) => match index.object_at(*address) {
                    Some(object) => way.at = object,
                    None => break End::Nowhere,
                },
                LinkTarget::Soft(target) => match self.known.get(&key(link)) {
                    Some(&End::At(address, links)) => {
                        let Some(object) = index.object_at(address) else { break End::Nowhere };
                        if let Err(why) = way.arrive(object, links) {
                            break End::Lost(why);
                        }
                    }
                    Some(&end) => break end,
                    None => match std::str::from_utf8(target) {
                        Ok(path) => next = Some((way.at, Some(link), path)),
                        Err(_) => break End::Lost("through a path that is not UTF-8"),
                    },
                },
                _ => break End::Lost("behind a link to another file"),
            }
        };
        // So end all that lead there.
        for way in ways {
            self.know(way.link, end);
        }
        match end {
            End::Lost(why) => Err(why),
            _ => Ok(None),
        }
    }

    fn know(&mut self, link: Option<&NamedLink>, end: End) {
        if let Some(link) = link {
            self.known.insert(key(link), end);
        }
    }
}

impl<'a> Way<'a> {
    /// Goes on from where a soft link leads, which itself leads through `links` others.
    fn arrive(&mut self, at: &'a Object, links: usize) -> Result<(), &'static str> {
        self.at = at;
        self.links = self.links.saturating_add(links).saturating_add(1);
        if self.links > MOST_LINKS { Err(CIRCLE) } else { Ok(()) }
    }
}

/// What tells a link from all others. Its name and its group would too, but names are as long as a file likes.
fn key(link: &NamedLink) -> usize {
    std::ptr::from_ref(link).addr()
}

/// Links are by name.
fn find<'a>(group: &'a Group, name: &str) -> Option<&'a NamedLink> {
    let first = group.links.partition_point(|link| link.name.as_str() < name);
    group.links.get(first).filter(|link| link.name == name)
}
